//! Pictures as SVG in the page's colours, drawn by plotters.
//!
//! plotters knows colours as numbers only. It is given one number for each colour of the page,
//! which no picture has otherwise, and in the finished text these are replaced by the page's
//! variables, so that a picture changes with the page's theme.

mod axis;
mod calibration;
mod distribution;
mod ink;
mod over_time;
mod picture;
mod strip;

pub use axis::Axis;
pub use calibration::{CalibrationPoint, calibration};
pub use distribution::{bins, levels};
pub use ink::Ink;
pub use over_time::{Form, Line, Mark, OverTime, Point, over_time};
pub use strip::{Cell, strip};

#[cfg(test)]
mod tests;
