//! Reading a graph in whatever format it is.

use clap::ValueEnum;
use sprat::{Error, Result};

use super::edges::Edges;
use super::{debian, market, snap};
use crate::frame::Lines;
use crate::matrix_market::is_banner;

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Edge list: two vertex numbers a line, `#` before comments
    Snap,
    /// Matrix Market: coordinate; pattern, integer or real
    Market,
    /// Debian package list, as `apt-cache dumpavail` prints it
    Debian,
}

/// Reads a graph. Without a format it is found out from the first line.
///
/// # Errors
/// With the file and the line, what is wrong, and what to do.
pub fn read(mut lines: Lines, format: Option<Format>) -> Result<Edges> {
    let Some(first) = lines.next_line()? else {
        return Err(Error::msg(format!("{}: the file is empty", lines.name())));
    };
    let first = first.to_vec();
    let Some(format) = format.or_else(|| guess(&first)) else {
        return Err(lines.wrong(
            "cannot tell the format from this line; say it with --format (snap, market or debian)",
        ));
    };
    match format {
        Format::Snap => snap::read(&mut lines),
        Format::Market => market::read(&first, &mut lines),
        Format::Debian => debian::read(&mut lines),
    }
}

/// The format of a file with this first line.
fn guess(first: &[u8]) -> Option<Format> {
    let begins_with_digit = first.trim_ascii_start().first()?.is_ascii_digit();
    let word = first.split(|&byte| byte == b':').next().unwrap_or(first);
    let is_word = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'-';
    if is_banner(first) {
        Some(Format::Market)
    } else if first.starts_with(b"#") || begins_with_digit {
        Some(Format::Snap)
    } else if word.len() < first.len() && word.iter().all(is_word) {
        Some(Format::Debian)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        for (first, format) in [
            (
                &b"%%MatrixMarket matrix coordinate"[..],
                Some(Format::Market),
            ),
            (b"# Directed graph", Some(Format::Snap)),
            (b"  0\t5", Some(Format::Snap)),
            (b"Package: a", Some(Format::Debian)),
            (b"from,to", None),
            (b"", None),
            (b"\xff\xfe", None),
        ] {
            assert_eq!(guess(first), format);
        }
    }
}
