//! Text from files and pipes, line by line, as bytes: it need not be UTF-8, and may be compressed with gzip.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;
use sprat::{Error, Result};

use super::progress::reading;

/// What gzip files begin with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes that are read at once.
const BUFFER: usize = 1 << 18;
/// A line that is longer is refused: it comes of a file that is no text.
const LONGEST: usize = 1 << 29;

/// Opens a file.
///
/// # Errors
/// With the file's name, what is wrong, and what to do.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => "; check the name, relative to the current folder",
            _ => "",
        };
        Error::msg(format!("cannot open {}: {error}{hint}", path.display()))
    })
}

/// Text that is read line by line. Messages about it name the file and the line.
pub struct Lines {
    name: String,
    from: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
    bar: ProgressBar,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({}, line {})", self.name, self.number)
    }
}

impl Lines {
    /// Opens a file, or standard input if it is called `-`. Shows on a terminal how much of a file is read.
    ///
    /// # Errors
    /// With the file's name, what is wrong, and what to do.
    pub fn open(path: &Path) -> Result<Lines> {
        if path == Path::new("-") {
            let stdin = std::io::stdin().lock();
            return Lines::new("standard input", stdin, ProgressBar::hidden());
        }
        let file = open(path)?;
        let bar = match file.metadata() {
            Ok(metadata) if metadata.is_file() => reading(metadata.len()),
            _ => ProgressBar::hidden(),
        };
        Lines::new(&path.display().to_string(), bar.wrap_read(file), bar)
    }

    /// Reads from memory or whatever else; `name` is what messages call it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn from_reader(name: &str, from: impl Read + 'static) -> Result<Lines> {
        Lines::new(name, from, ProgressBar::hidden())
    }

    fn new(name: &str, from: impl Read + 'static, bar: ProgressBar) -> Result<Lines> {
        let mut lines = Lines {
            name: name.to_owned(),
            from: Box::new(std::io::empty()),
            line: Vec::new(),
            number: 0,
            bar,
        };
        let mut from = BufReader::with_capacity(BUFFER, from);
        let begin = from.fill_buf().map_err(|error| lines.broken(&error))?;
        lines.from = match begin.starts_with(&GZIP) {
            true => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(from))),
            false => Box::new(from),
        };
        Ok(lines)
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next line without its end, `\n` or `\r\n`; `None` after the last one.
    ///
    /// # Errors
    /// If the file cannot be read, or the line is longer than any text's.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        self.line.clear();
        let mut most = Read::take(&mut self.from, LONGEST as u64);
        let read = most.read_until(b'\n', &mut self.line);
        match read {
            Err(error) => return Err(self.broken(&error)),
            Ok(0) => {
                self.bar.finish_and_clear();
                return Ok(None);
            }
            Ok(_) => self.number += 1,
        }
        if self.line.len() == LONGEST {
            return Err(self.wrong("the line is too long for a text; is it a file of this format?"));
        }
        Ok(Some(self.line()))
    }

    /// The line that was read last.
    pub fn line(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// The number of the line that was read last, from 1 on.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// An error about the line that was read last.
    pub fn wrong(&self, what: impl Display) -> Error {
        self.wrong_at(self.number, what)
    }

    /// An error about the line with this number.
    pub fn wrong_at(&self, number: u64, what: impl Display) -> Error {
        self.bar.finish_and_clear();
        Error::msg(match number {
            0 => format!("{}: {what}", self.name),
            _ => format!("{}, line {number}: {what}", self.name),
        })
    }

    fn broken(&self, error: &std::io::Error) -> Error {
        self.bar.finish_and_clear();
        let after = match self.number {
            0 => String::new(),
            number => format!(" after line {number}"),
        };
        let hint = match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                "; it may be cut off or damaged"
            }
            _ => "",
        };
        Error::msg(format!("cannot read {}{after}: {error}{hint}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn all(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut lines = Lines::from_reader("it", std::io::Cursor::new(bytes.to_vec()))?;
        let mut read = Vec::new();
        while let Some(line) = lines.next_line()? {
            read.push(line.to_vec());
        }
        Ok(read)
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut to = GzEncoder::new(Vec::new(), Compression::fast());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn ends_of_lines_and_of_files() {
        assert_eq!(all(b"").unwrap().len(), 0);
        let lines = [&b"a"[..], b"", b"b\xff"];
        assert_eq!(all(b"a\r\n\nb\xff\n").unwrap(), lines);
        assert_eq!(all(b"a\n\nb\xff").unwrap(), lines);
    }

    #[test]
    fn gzip_in_one_piece_or_several() {
        let two = [zipped(b"a\nb"), zipped(b"c\n")].concat();
        assert_eq!(all(&two).unwrap(), [&b"a"[..], b"bc"]);
        let message = all(&two[..two.len() - 9]).unwrap_err().to_string();
        assert!(message.starts_with("cannot read it"), "{message}");
        assert!(message.ends_with("cut off or damaged"), "{message}");
    }

    #[test]
    fn messages_name_the_line() {
        let text = std::io::Cursor::new(b"a\nb\n".to_vec());
        let mut lines = Lines::from_reader("it", text).unwrap();
        assert_eq!(lines.wrong("empty").to_string(), "it: empty");
        lines.next_line().unwrap();
        lines.next_line().unwrap();
        assert_eq!(lines.wrong("bad").to_string(), "it, line 2: bad");
    }
}
