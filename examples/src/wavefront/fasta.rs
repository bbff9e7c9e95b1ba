//! FASTA files: a header line that begins with `>`, then lines of letters.

use std::path::Path;

use sprat::Result;

use super::scoring::Alphabet;
use crate::frame::Lines;

/// A sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The first word of the header.
    pub name: String,
    /// The letters' numbers.
    pub codes: Vec<u8>,
    /// How many more sequences the file has.
    pub others: usize,
}

/// Reads the first sequence of a file, which may be compressed with gzip; `-` is standard input.
///
/// # Errors
/// With the file, the line, what is wrong with it, and what to do.
pub fn read(path: &Path, alphabet: Alphabet) -> Result<Sequence> {
    parse(Lines::open(path)?, alphabet)
}

/// Reads the first sequence; the headers of others are counted, their letters are not looked at.
///
/// # Errors
/// As [`read`].
pub fn parse(mut lines: Lines, alphabet: Alphabet) -> Result<Sequence> {
    let mut found: Option<Sequence> = None;
    while let Some(line) = lines.next_line()? {
        let line = line.trim_ascii();
        if let Some(header) = line.strip_prefix(b">") {
            match &mut found {
                Some(sequence) => sequence.others += 1,
                None => {
                    let name = header
                        .split(u8::is_ascii_whitespace)
                        .next()
                        .unwrap_or(header);
                    found = Some(Sequence {
                        name: String::from_utf8_lossy(name).into_owned(),
                        codes: Vec::new(),
                        others: 0,
                    });
                }
            }
            continue;
        }
        // Comments of old files.
        if line.is_empty() || line.starts_with(b";") {
            continue;
        }
        let Some(sequence) = found.as_mut() else {
            return Err(lines.wrong(
                "letters before a header; a FASTA file begins with a line such as `>name`",
            ));
        };
        if sequence.others > 0 {
            continue;
        }
        for (at, &letter) in line.iter().enumerate() {
            match alphabet.code(letter) {
                Some(code) => sequence.codes.push(code),
                None => {
                    let letter = letter.escape_ascii();
                    let (letters, other) = match alphabet {
                        Alphabet::Dna => ("bases", "protein"),
                        Alphabet::Protein => ("amino acids", "dna"),
                    };
                    return Err(lines.wrong(format!(
                        "`{letter}`, letter {}, is none of the {letters}; if this is {other}, say --alphabet {other}",
                        at + 1
                    )));
                }
            }
        }
    }
    match found {
        None => Err(lines.wrong("there is no sequence; a FASTA file has a line such as `>name`")),
        Some(sequence) if sequence.codes.is_empty() => Err(lines.wrong(format!(
            "the first sequence, `{}`, has no letters",
            sequence.name
        ))),
        Some(sequence) => Ok(sequence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &'static [u8], alphabet: Alphabet) -> Result<Sequence, String> {
        let lines = Lines::from_reader("it", text).map_err(|e| e.to_string())?;
        parse(lines, alphabet).map_err(|e| e.to_string())
    }

    #[test]
    fn names_letters_and_further_sequences() {
        let text = b"\n;old\n>one two\r\nAC gt\n".as_slice();
        let error = parsed(text, Alphabet::Dna).unwrap_err();
        assert!(error.contains("letter 3"), "{error}");
        let sequence = parsed(b">one two\r\nACgt\r\n\nnU\n>b\n!!\n>c", Alphabet::Dna).unwrap();
        let expected = Sequence {
            name: "one".to_owned(),
            codes: vec![0, 1, 2, 3, 4, 3],
            others: 2,
        };
        assert_eq!(sequence, expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, says) in [
            (b"".as_slice(), "no sequence"),
            (b">a\n", "has no letters"),
            (b"ACGT\n", "line 1"),
            (b">a\nACGT\nAC-T\n", "line 3"),
            (b">a\nACGT\nAC-T\n", "`-`, letter 3"),
            (b">a\nMEV\n", "--alphabet protein"),
            (b">a\n\xff\n", "\\xff"),
        ] {
            let error = parsed(text, Alphabet::Dna).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
