//! A greyscale PNG as characters, so that the demo's picture can be seen in any terminal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// From dark to bright.
const SHADES: &[u8] = b" .:-=+*#%@";

/// Draws a base64 PNG of 8-bit grey; nothing where it is not one.
pub(super) fn draw(base64: &str) -> Option<String> {
    let bytes = STANDARD.decode(base64).ok()?;
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut pixels).ok()?;
    if info.color_type != png::ColorType::Grayscale || info.bit_depth != png::BitDepth::Eight {
        return None;
    }
    let shade = |pixel: &u8| char::from(SHADES[usize::from(*pixel) * (SHADES.len() - 1) / 255]);
    let rows = pixels.chunks(info.line_size).take(info.height as usize);
    let rows: Vec<String> = rows.map(|row| row.iter().map(shade).collect::<String>()).collect();
    Some(rows.join("\n"))
}
