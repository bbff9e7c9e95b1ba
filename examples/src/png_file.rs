//! PNG files: read as brightness, written in colours.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use png::{ColorType, Decoder, Limits, Transformations};
use sprat::{Error, Result};

use crate::frame::{Output, open};

/// A decoder may take so much memory for a picture; what needs more is refused, not tried.
const MOST_BYTES: usize = 1 << 30;

/// A picture as brightness, from 0 (black) to 1 (white), row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The pixels.
    pub pixels: Vec<f32>,
}

impl Picture {
    /// Reads a file; grey or coloured, of any bit depth. Where it is transparent, black shines through.
    ///
    /// # Errors
    /// With the file's name, what is wrong with it, and what to do.
    pub fn read(path: &Path) -> Result<Picture> {
        let file = open(path)?;
        Self::decode(BufReader::new(file)).map_err(|error| {
            let text = format!(
                "cannot read {} as a PNG picture: {error}; it may be cut off, damaged, or of another format",
                path.display()
            );
            Error::msg(text)
        })
    }

    /// Decodes the bytes of a PNG file.
    ///
    /// # Errors
    /// The decoder's, in its words.
    pub fn decode(from: impl std::io::BufRead + std::io::Seek) -> Result<Picture> {
        let mut decoder = Decoder::new_with_limits(from, Limits { bytes: MOST_BYTES });
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info()?;
        let bytes = reader
            .output_buffer_size()
            .filter(|&bytes| bytes <= MOST_BYTES);
        let bytes = bytes.ok_or_else(|| Error::msg("it is too large to be decoded here"))?;
        let mut data = vec![0; bytes];
        let frame = reader.next_frame(&mut data)?;
        // The last chunk too: a file that is cut off after its pixels is cut off all the same.
        reader.finish()?;
        let samples: Vec<f32> = match frame.bit_depth {
            png::BitDepth::Sixteen => {
                let pairs = data.chunks_exact(2);
                let wide = pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                wide.map(|sample| f32::from(sample) / 65535.0).collect()
            }
            _ => data
                .iter()
                .map(|&sample| f32::from(sample) / 255.0)
                .collect(),
        };
        // The weights of Rec. 709: how bright the eye takes each colour to be.
        let grey = |p: &[f32]| 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
        let pixels = match frame.color_type {
            ColorType::Grayscale => samples,
            ColorType::GrayscaleAlpha => samples.chunks_exact(2).map(|p| p[0] * p[1]).collect(),
            ColorType::Rgb => samples.chunks_exact(3).map(grey).collect(),
            ColorType::Rgba => samples.chunks_exact(4).map(|p| grey(p) * p[3]).collect(),
            ColorType::Indexed => return Err(Error::msg("its palette was not expanded")),
        };
        Ok(Picture {
            width: frame.width as usize,
            height: frame.height as usize,
            pixels,
        })
    }

    /// The brightness at a point, both coordinates from 0 to 1: linear between the centres of pixels.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let place = |t: f32, n: usize| {
            let t = (t * n as f32 - 0.5).clamp(0.0, (n - 1) as f32);
            let low = t as usize;
            (low, (low + 1).min(n - 1), t - low as f32)
        };
        let (x0, x1, fx) = place(x, self.width);
        let (y0, y1, fy) = place(y, self.height);
        let row = |y: usize| {
            let row = &self.pixels[y * self.width..][..self.width];
            row[x0] + fx * (row[x1] - row[x0])
        };
        let (above, below) = (row(y0), row(y1));
        above + fy * (below - above)
    }
}

/// Writes a picture of red, green and blue bytes.
///
/// # Errors
/// With the file's name and what is wrong.
pub fn write_rgb(output: Output, width: usize, height: usize, rgb: &[u8]) -> Result<()> {
    output.write(|file| encode(file.as_file_mut(), width, height, rgb))
}

fn encode(file: &mut File, width: usize, height: usize, rgb: &[u8]) -> Result<()> {
    let mut to = BufWriter::new(file);
    let mut encoder = png::Encoder::new(&mut to, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    to.flush()?;
    Ok(())
}
