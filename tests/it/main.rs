//! The whole way of a log line, over real servers; and the rules that hold for the whole
//! repository.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod alerts;
mod benches;
mod circles;
mod demo;
mod etl;
mod first_model;
mod help;
mod infra;
mod log_line;
mod model_life;
mod programs;
mod prose;
mod purity;
mod reference;
mod score;
mod silence;
mod source;
mod specs;
mod tidy;
mod whole_loop;
