//! One chunk, compressed by one core alone.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use sprat::{Error, Result};

/// Room that a chunk may need when it is compressed. What cannot be made smaller is stored as it is, a few bytes in each
/// 32 KiB more.
pub fn most_bytes(chunk: usize) -> usize {
    chunk + chunk / 256 + 1024
}

/// Compresses a chunk to a gzip file of its own, at the beginning of `to`, and gives its length. Files of gzip one after
/// the other are a gzip file again, of all that is in them (RFC 1952).
///
/// # Errors
/// If there is not enough room.
pub fn compress(chunk: &[u8], level: u32, to: &mut [u8]) -> Result<usize> {
    let most = to.len();
    let compress = |to: &mut [u8]| {
        let mut encoder = GzEncoder::new(Cursor::new(to), Compression::new(level));
        encoder.write_all(chunk)?;
        Ok(encoder.finish()?.position() as usize)
    };
    compress(to).map_err(|error: std::io::Error| {
        Error::msg(format!(
            "{} bytes do not fit into {most} when they are compressed: {error}",
            chunk.len()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_pcg::Pcg64Mcg;
    use rand_pcg::rand_core::{Rng as _, SeedableRng as _};
    use std::io::Read as _;

    #[test]
    fn even_noise_fits_and_comes_back() {
        let mut noise = vec![0; 300_000];
        Pcg64Mcg::seed_from_u64(1).fill_bytes(&mut noise);
        let text = b"ten words are enough to be made shorter ".repeat(1000);
        for level in [0, 1, 6, 9] {
            for chunk in [&noise[..], &text, &noise[..1], &[]] {
                let mut to = vec![0; most_bytes(chunk.len())];
                let length = compress(chunk, level, &mut to).unwrap();
                let mut back = Vec::new();
                let mut decoder = flate2::read::GzDecoder::new(&to[..length]);
                decoder.read_to_end(&mut back).unwrap();
                assert!(back == chunk, "{level} {}", chunk.len());
            }
        }
        assert!(compress(&noise, 6, &mut [0; 100]).is_err());
    }
}
