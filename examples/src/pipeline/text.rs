//! Text that nobody wrote, to be compressed: lines as a server's log has them.

use std::io::{BufWriter, Write};

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng as _, SeedableRng as _};
use sprat::Result;

const WORDS: [&str; 16] = [
    "opened", "closed", "session", "request", "answered", "in", "for", "user", "table", "index",
    "cache", "missed", "found", "retry", "after", "timeout",
];

/// Writes about so many bytes of lines.
///
/// # Errors
/// If they cannot be written.
pub fn write(to: impl Write, bytes: u64) -> Result<()> {
    let mut to = BufWriter::new(to);
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let (mut written, mut time) = (0, 0u64);
    while written < bytes {
        let mut bits = random.next_u64();
        time += bits % 1000;
        let mut line = format!("{time:012} worker-{:02} ", bits >> 60);
        for _ in 0..4 + bits % 5 {
            bits = bits.rotate_right(4);
            line += WORDS[(bits % 16) as usize];
            line.push(' ');
        }
        line += &format!("{:x}\n", random.next_u32());
        to.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    to.flush()?;
    Ok(())
}
