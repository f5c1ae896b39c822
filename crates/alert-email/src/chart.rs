//! The histogram of a daily report as PNG, because mail programs show no SVG. Its labels are text of
//! the mail.

use anyhow::{Context as _, Result};

/// The content ID of the picture.
pub(crate) const PICTURE: &str = "predictions";

/// Pixels; the picture is shown at half the size, for dense screens.
pub(crate) const WIDTH: usize = 1120;
pub(crate) const HEIGHT: usize = 320;

const GAP: usize = 8;
const AXIS: usize = 4;

/// Colors of the background, the bars and the axis; visible on white and on black. The background
/// is transparent.
const PALETTE: [[u8; 3]; 3] = [[255, 255, 255], [74, 134, 207], [140, 148, 160]];
const OPACITY: [u8; 3] = [0, 255, 255];

/// Draws a bar for each count. The highest bar is as high as the picture, and a count above 0 is at
/// least one pixel high.
pub(crate) fn bars(counts: &[u64]) -> Result<Vec<u8>> {
    let mut pixels = vec![0_u8; WIDTH * HEIGHT];
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let room = HEIGHT - AXIS;
    for (index, &count) in counts.iter().enumerate() {
        let (left, right) = (index * WIDTH / counts.len(), (index + 1) * WIDTH / counts.len());
        let height = (count as f64 / most as f64 * room as f64).ceil() as usize;
        for row in room - height.min(room)..room {
            let from = row * WIDTH;
            pixels[from + left + GAP / 2..from + right.saturating_sub(GAP / 2).max(left + GAP / 2)]
                .fill(1);
        }
    }
    pixels[room * WIDTH..].fill(2);
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(PALETTE.as_flattened().to_vec());
    encoder.set_trns(OPACITY.to_vec());
    let mut writer = encoder.write_header().context("writing the header of the histogram")?;
    writer.write_image_data(&pixels).context("writing the pixels of the histogram")?;
    writer.finish().context("finishing the histogram")?;
    Ok(picture)
}
