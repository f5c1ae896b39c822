//! The whole way of a log line, over real servers; and the rules that hold for the whole repository.

mod help;
mod log_line;
mod programs;
mod tidy;
