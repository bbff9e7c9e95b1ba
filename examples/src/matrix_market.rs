//! Matrix Market files: sparse matrices as lists of entries, and vectors.

use std::io::Write;

use sprat::{Error, Result};

use crate::frame::Lines;

/// How the file begins, in lower case.
const BANNER: &str = "%%matrixmarket";
/// Rows and columns are numbered in 32 bits.
const MOST: u64 = u32::MAX as u64;

/// What the entries below the diagonal say about those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetry {
    /// Nothing: all entries are in the file.
    General,
    /// They are the same, and not in the file.
    Symmetric,
    /// They are the same but for the sign, and not in the file.
    SkewSymmetric,
}

/// A sparse matrix as it is in the file, but numbered from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// What is left out in the file.
    pub symmetry: Symmetry,
    /// Row and column of each entry.
    pub places: Vec<[u32; 2]>,
    /// The entries; empty if the file has only their places (a pattern).
    pub values: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Coordinate,
    Array,
}

struct Header {
    shape: Shape,
    pattern: bool,
    symmetry: Symmetry,
}

/// Whether a file that begins with this line is a Matrix Market file.
pub fn is_banner(line: &[u8]) -> bool {
    let begin = line.get(..BANNER.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(BANNER.as_bytes()))
}

/// Reads a sparse matrix.
///
/// # Errors
/// With the line, what is wrong, and what is expected.
pub fn read_matrix(lines: &mut Lines) -> Result<Matrix> {
    let banner = first_line(lines)?;
    read_matrix_after(&banner, lines)
}

/// Reads a sparse matrix whose first line was read already.
///
/// # Errors
/// As [`read_matrix`].
pub fn read_matrix_after(banner: &[u8], lines: &mut Lines) -> Result<Matrix> {
    let header = header(banner).map_err(|what| lines.wrong(what))?;
    if header.shape == Shape::Array {
        return Err(lines.wrong(
            "the file has a dense matrix (`array`); a sparse one (`coordinate`) is needed here",
        ));
    }
    let [rows, columns, entries] = sizes(lines, "rows, columns and entries")?;
    for (count, of) in [(rows, "rows"), (columns, "columns")] {
        if count > MOST {
            return Err(lines.wrong(format!("{count} {of}; this program numbers at most {MOST}")));
        }
    }
    if header.symmetry != Symmetry::General && rows != columns {
        return Err(lines.wrong(format!(
            "a symmetric matrix has as many columns as rows, and this one has {rows} rows and {columns} columns"
        )));
    }
    if u128::from(entries) > u128::from(rows) * u128::from(columns) {
        return Err(lines.wrong(format!(
            "{entries} entries are more than {rows} rows and {columns} columns hold"
        )));
    }
    let mut matrix = Matrix {
        rows: rows as usize,
        columns: columns as usize,
        symmetry: header.symmetry,
        // Not all at once: the count may be nonsense.
        places: Vec::new(),
        values: Vec::new(),
    };
    let mut row = 0;
    while let Some(line) = next_data(lines)? {
        if row == entries {
            return Err(lines.wrong(format!(
                "one more entry than the {entries} that the file's size line says"
            )));
        }
        row += 1;
        match entry(line, &header, rows, columns) {
            Ok((place, value)) => {
                matrix.places.push(place);
                if !header.pattern {
                    matrix.values.push(value);
                }
            }
            Err(what) => return Err(lines.wrong(what)),
        }
    }
    ended(lines, row, entries)?;
    Ok(matrix)
}

/// Reads a vector: a dense matrix with one column.
///
/// # Errors
/// With the line, what is wrong, and what is expected.
pub fn read_vector(lines: &mut Lines) -> Result<Vec<f64>> {
    let banner = first_line(lines)?;
    let header = header(&banner).map_err(|what| lines.wrong(what))?;
    if header.shape != Shape::Array || header.pattern || header.symmetry != Symmetry::General {
        return Err(lines.wrong(
            "a vector is a dense matrix with one column: `%%MatrixMarket matrix array real general`",
        ));
    }
    let [rows, columns] = sizes(lines, "rows and columns")?;
    if columns != 1 {
        return Err(lines.wrong(format!("a vector has 1 column, and this has {columns}")));
    }
    let mut values = Vec::new();
    while let Some(line) = next_data(lines)? {
        if values.len() as u64 == rows {
            return Err(lines.wrong(format!(
                "one more value than the {rows} that the file's size line says"
            )));
        }
        match real(line) {
            Ok(value) => values.push(value),
            Err(what) => return Err(lines.wrong(what)),
        }
    }
    ended(lines, values.len() as u64, rows)?;
    Ok(values)
}

/// Writes a vector; reading it gives the same bits.
///
/// # Errors
/// If it cannot be written.
pub fn write_vector(to: &mut impl Write, values: &[f64]) -> Result<()> {
    writeln!(to, "%%MatrixMarket matrix array real general")?;
    writeln!(to, "{} 1", values.len())?;
    for value in values {
        writeln!(to, "{value:e}")?;
    }
    Ok(())
}

fn first_line(lines: &mut Lines) -> Result<Vec<u8>> {
    match lines.next_line()? {
        Some(line) => Ok(line.to_vec()),
        None => Err(Error::msg(format!("{}: the file is empty", lines.name()))),
    }
}

/// The next line that is neither empty nor a comment.
fn next_data(lines: &mut Lines) -> Result<Option<&[u8]>> {
    // Twice looked at: a line that is given back in a loop is borrowed in all of it.
    loop {
        match lines.next_line()? {
            None => return Ok(None),
            Some(line) if line.trim_ascii().is_empty() || line.starts_with(b"%") => {}
            Some(_) => return Ok(Some(lines.line().trim_ascii())),
        }
    }
}

fn ended(lines: &Lines, read: u64, promised: u64) -> Result<()> {
    match read == promised {
        true => Ok(()),
        false => Err(Error::msg(format!(
            "{}: the file ends after {read} entries, and its size line says {promised}; it may be cut off",
            lines.name()
        ))),
    }
}

fn header(banner: &[u8]) -> Result<Header, String> {
    let text = String::from_utf8_lossy(banner).to_lowercase();
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [BANNER, "matrix", shape, field, symmetry] = words[..] else {
        let expected = "%%MatrixMarket matrix coordinate real general";
        return Err(format!(
            "a Matrix Market file begins with a line such as `{expected}`, and this one does not"
        ));
    };
    let shape = match shape {
        "coordinate" => Shape::Coordinate,
        "array" => Shape::Array,
        other => return Err(format!("`{other}` is neither `coordinate` nor `array`")),
    };
    let pattern = match field {
        "real" | "double" | "integer" => false,
        "pattern" => true,
        other => {
            return Err(format!(
                "entries are `{other}`; `real`, `integer` and `pattern` are read here"
            ));
        }
    };
    let symmetry = match symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" => Symmetry::SkewSymmetric,
        other => {
            return Err(format!(
                "the matrix is `{other}`; `general`, `symmetric` and `skew-symmetric` are read here"
            ));
        }
    };
    Ok(Header {
        shape,
        pattern,
        symmetry,
    })
}

/// The size line.
fn sizes<const N: usize>(lines: &mut Lines, of: &str) -> Result<[u64; N]> {
    let words: Option<Vec<Option<u64>>> = next_data(lines)?.map(|line| {
        let words = line.split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty());
        words
            .map(|word| str::from_utf8(word).ok()?.parse().ok())
            .collect()
    });
    let Some(words) = words else {
        return Err(Error::msg(format!(
            "{}: the file ends before its size line; it may be cut off",
            lines.name()
        )));
    };
    let numbers: Option<Vec<u64>> = words.into_iter().collect();
    let sizes = numbers.and_then(|numbers| <[u64; N]>::try_from(numbers).ok());
    sizes.ok_or_else(|| {
        lines.wrong(format!(
            "the size line has {N} whole numbers: how many {of}"
        ))
    })
}

/// One entry of a sparse matrix.
fn entry(line: &[u8], header: &Header, rows: u64, columns: u64) -> Result<([u32; 2], f64), String> {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let mut index = |of: &str, most: u64| {
        let word = words.next().unwrap_or_default();
        let number = str::from_utf8(word).ok().and_then(|w| w.parse().ok());
        let number = number.filter(|number| (1..=most).contains(number));
        // Below `MOST`, as `most` is.
        number.map(|number| (number - 1) as u32).ok_or_else(|| {
            let word = String::from_utf8_lossy(word);
            format!("`{word}` is no {of}; {of}s are numbered from 1 to {most}")
        })
    };
    let (row, column) = (index("row", rows)?, index("column", columns)?);
    if column > row && header.symmetry != Symmetry::General {
        return Err(format!(
            "row {}, column {} is above the diagonal; the file of a symmetric matrix has the entries on and below it only",
            row + 1,
            column + 1
        ));
    }
    if column == row && header.symmetry == Symmetry::SkewSymmetric {
        return Err("a skew-symmetric matrix has nothing on its diagonal".to_owned());
    }
    let value = match header.pattern {
        true => 1.0,
        false => real(words.next().unwrap_or_default())?,
    };
    match words.next() {
        None => Ok(([row, column], value)),
        Some(_) => Err("more columns than an entry has".to_owned()),
    }
}

/// A finite number.
fn real(word: &[u8]) -> Result<f64, String> {
    let number = str::from_utf8(word).ok().and_then(|w| w.parse().ok());
    number
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| {
            let word = String::from_utf8_lossy(word);
            let shown: String = word.chars().take(40).collect();
            format!("`{shown}` is no finite number")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Lines {
        Lines::from_reader("it", std::io::Cursor::new(text.to_vec())).unwrap()
    }

    fn matrix(text: &[u8]) -> Result<Matrix> {
        read_matrix(&mut lines(text))
    }

    #[test]
    fn kinds_of_matrices() {
        let text = b"%%MatrixMarket matrix coordinate real symmetric\n% a comment\n\n2 2 2\n1 1 2.5e0\n2 1 -1\n";
        let read = matrix(text).unwrap();
        assert_eq!((read.rows, read.columns), (2, 2));
        assert_eq!(read.symmetry, Symmetry::Symmetric);
        assert_eq!(read.places, [[0, 0], [1, 0]]);
        assert_eq!(read.values, [2.5, -1.0]);
        let read = matrix(b"%%matrixmarket MATRIX coordinate pattern general\r\n2 3 1\r\n2 3\r\n");
        let read = read.unwrap();
        assert_eq!((read.rows, read.columns), (2, 3));
        assert_eq!(read.places, [[1, 2]]);
        assert!(read.values.is_empty());
    }

    #[test]
    fn vectors() {
        let text = b"%%MatrixMarket matrix array real general\n3 1\n1\n% between\n2.5\n-3e2\n";
        assert_eq!(read_vector(&mut lines(text)).unwrap(), [1.0, 2.5, -300.0]);
        let values = [0.1, -1e300, 5e-324, 1.0 / 3.0, -0.0];
        let mut text = Vec::new();
        write_vector(&mut text, &values).unwrap();
        let again = read_vector(&mut lines(&text)).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&again), bits(&values));
        for (text, what) in [
            (
                &b"%%MatrixMarket matrix array real general\n3 2\n"[..],
                "column",
            ),
            (
                b"%%MatrixMarket matrix array real general\n2 1\n1\n",
                "cut off",
            ),
            (
                b"%%MatrixMarket matrix array real general\n1 1\n1\n2\n",
                "line 4",
            ),
            (b"%%MatrixMarket matrix coordinate real general\n", "dense"),
        ] {
            let message = read_vector(&mut lines(text)).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        let general = "%%MatrixMarket matrix coordinate real general\n";
        let symmetric = "%%MatrixMarket matrix coordinate real symmetric\n";
        for (begin, rest, says) in [
            ("", "", &["it", "empty"][..]),
            ("1 2\n", "", &["line 1", "%%MatrixMarket"]),
            ("%%MatrixMarket\n", "", &["line 1", "begins"]),
            (
                "%%MatrixMarket matrix coordinate complex general\n",
                "",
                &["complex"],
            ),
            (
                "%%MatrixMarket matrix coordinate real hermitian\n",
                "",
                &["hermitian"],
            ),
            ("%%MatrixMarket matrix array real general\n", "", &["dense"]),
            (general, "", &["size line", "cut off"]),
            (general, "2 2\n", &["line 2", "3 whole numbers"]),
            (general, "2 2 x\n", &["line 2", "3 whole numbers"]),
            (general, "-2 2 1\n", &["line 2", "3 whole numbers"]),
            (general, "2 2 5\n", &["line 2", "more than"]),
            (general, "5000000000 2 5\n", &["line 2", "at most"]),
            (general, "2 2 2\n1 1 1\n", &["ends after 1", "2", "cut off"]),
            (general, "2 2 1\n1 1 1\n1 2 1\n", &["line 4", "one more"]),
            (general, "2 2 1\n0 1 1\n", &["line 3", "`0`", "1 to 2"]),
            (general, "2 2 1\n-1 1 1\n", &["line 3", "`-1`", "row"]),
            (general, "2 2 1\n1 3 1\n", &["line 3", "`3`", "column"]),
            (general, "2 2 1\n1 2\n", &["line 3", "no finite number"]),
            (general, "2 2 1\n1 2 nan\n", &["line 3", "no finite number"]),
            (general, "2 2 1\n1 2 1 9\n", &["line 3", "more columns"]),
            (symmetric, "2 3 1\n1 1 1\n", &["line 2", "symmetric"]),
            (
                symmetric,
                "2 2 1\n1 2 1\n",
                &["line 3", "above the diagonal"],
            ),
        ] {
            let text = format!("{begin}{rest}");
            let message = matrix(text.as_bytes()).unwrap_err().to_string();
            for part in says {
                assert!(message.contains(part), "{text:?}: {message}");
            }
        }
        matrix(b"%%MatrixMarket matrix coordinate real general\n2 2 1\n\xff 1 1\n").unwrap_err();
    }
}
