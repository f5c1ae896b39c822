//! Both stores, over real files and a real S3 endpoint.

mod contract;
mod cut_answers;
mod locations;
mod reading;
