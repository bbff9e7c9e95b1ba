//! The plain way: one thread reads, compresses and writes, chunk after chunk. And the way back.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::time::{Duration, Instant};

use flate2::bufread::MultiGzDecoder;
use sprat::{Error, Result};

use super::chunks::Chunks;
use super::kernel;

/// Compresses so many of the first chunks to `to`, and gives the bytes that it read, and the time.
///
/// # Errors
/// If a file cannot be read or written.
pub fn compress(
    from: &mut File,
    chunks: &Chunks,
    level: u32,
    most: u64,
    to: &mut impl Write,
) -> Result<(u64, Duration)> {
    let begin = Instant::now();
    let mut chunk = vec![0; chunks.chunk];
    let mut compressed = vec![0; kernel::most_bytes(chunks.chunk)];
    let mut bytes = 0;
    for index in 0..most.min(chunks.count()) {
        let chunk = &mut chunk[..chunks.at(index).1];
        from.read_exact(chunk)?;
        let length = kernel::compress(chunk, level, &mut compressed)?;
        to.write_all(&compressed[..length])?;
        bytes += chunk.len() as u64;
    }
    to.flush()?;
    Ok((bytes, begin.elapsed()))
}

/// Whether a gzip file holds what another file is.
///
/// # Errors
/// If they cannot be read; if they differ, with the place.
pub fn verify(compressed: &mut File, original: &mut File) -> Result<()> {
    let mut back = MultiGzDecoder::new(BufReader::new(compressed));
    let mut original = BufReader::new(original);
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut at = 0;
    loop {
        let expected = original.read(&mut a)?;
        let expected = &a[..expected];
        if expected.is_empty() {
            return match back.read(&mut b)? {
                0 => Ok(()),
                _ => Err(Error::msg(format!(
                    "there is more than the {at} bytes of the file"
                ))),
            };
        }
        let got = &mut b[..expected.len()];
        back.read_exact(got)
            .map_err(|error| Error::msg(format!("after {at} bytes: {error}")))?;
        if got != expected {
            return Err(Error::msg(format!("other bytes from byte {at} on")));
        }
        at += expected.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::text;
    use std::io::{Seek as _, SeekFrom};

    #[test]
    fn there_and_back_and_differences_are_found() {
        let mut file = tempfile::tempfile().unwrap();
        text::write(&mut file, 100_000).unwrap();
        let bytes = file.metadata().unwrap().len();
        let chunks = Chunks {
            bytes,
            chunk: 30_000,
        };
        let start = |file: &mut File| file.seek(SeekFrom::Start(0)).unwrap();
        let mut compressed = tempfile::tempfile().unwrap();
        start(&mut file);
        let (read, _) = compress(&mut file, &chunks, 6, u64::MAX, &mut compressed).unwrap();
        assert_eq!(read, bytes);
        assert!(compressed.metadata().unwrap().len() < bytes / 2);
        let mut check = |file: &mut File| {
            start(file);
            start(&mut compressed);
            verify(&mut compressed, file).map_err(|e| e.to_string())
        };
        check(&mut file).unwrap();
        file.seek(SeekFrom::Start(70_000)).unwrap();
        file.write_all(b"!").unwrap();
        assert!(check(&mut file).unwrap_err().contains("from byte 65536"));
        file.set_len(50).unwrap();
        assert!(check(&mut file).unwrap_err().contains("more than the 50"));
    }
}
