//! Both databases: SQLite files, and a real MySQL server.

mod addresses;
mod contract;
mod findings;
mod tables;
