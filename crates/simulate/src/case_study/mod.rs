//! How much drift hurts a model, and which of it the monitors see.

mod args;
mod changes;
mod effect;
mod monitors;
mod page;
mod report;
mod study;
mod subject;
#[cfg(test)]
mod tests;

pub(crate) use args::CaseStudyArgs;
pub use report::CaseStudyReport;
pub(crate) use study::case_study;
