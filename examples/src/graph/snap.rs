//! Edge lists as the Stanford network collection (SNAP) has them: two numbers a line, `#` before comments.

use sprat::{Error, Result};

use super::edges::{Edges, from_numbers};
use crate::frame::Lines;

/// Reads an edge list whose first line was read already. Columns after the second (weights, times) are left alone.
///
/// # Errors
/// With the line, what is wrong, and what is expected.
pub fn read(lines: &mut Lines) -> Result<Edges> {
    let mut ends = Vec::new();
    let mut there = lines.number() > 0;
    while there {
        let line = lines.line().trim_ascii();
        if !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"%") {
            match edge(line) {
                Ok(edge) => ends.push(edge),
                Err(what) => return Err(lines.wrong(what)),
            }
        }
        there = lines.next_line()?.is_some();
    }
    if ends.is_empty() {
        return Err(Error::msg(format!(
            "{}: no edge in it; an edge list has two vertex numbers a line",
            lines.name()
        )));
    }
    from_numbers(&ends)
}

/// The first two columns.
fn edge(line: &[u8]) -> Result<[u64; 2], String> {
    let mut words = line
        .split(|byte| byte.is_ascii_whitespace() || *byte == b',')
        .filter(|word| !word.is_empty());
    let mut next = || match words.next() {
        None => Err("one column only; an edge has two vertex numbers".to_owned()),
        Some(word) => number(word),
    };
    Ok([next()?, next()?])
}

/// A vertex's number.
fn number(word: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(word);
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) if word.starts_with(b"-") => Err(format!(
            "`{text}` is negative; vertices are called by whole numbers from 0 on"
        )),
        Err(error) => {
            let shown: String = text.chars().take(40).collect();
            Err(format!(
                "`{shown}` is no vertex number ({error}); an edge list has two whole numbers a line, and `#` before comments"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Names;

    fn parse(text: &[u8]) -> Result<Edges> {
        let text = std::io::Cursor::new(text.to_vec());
        let mut lines = Lines::from_reader("it", text)?;
        lines.next_line()?;
        read(&mut lines)
    }

    #[test]
    fn comments_blanks_and_further_columns() {
        let edges = parse(b"# Nodes: 3\n\n10\t20\r\n20 30 0.5\n 30,10\n").unwrap();
        assert_eq!(edges.vertices, 3);
        assert_eq!(edges.pairs, [[0, 1], [1, 2], [2, 0]]);
        assert_eq!(edges.names, Names::Numbers(vec![10, 20, 30]));
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        for (text, line, what) in [
            (&b"1 2\n3\n"[..], "line 2", "one column"),
            (b"1 -2\n", "line 1", "negative"),
            (b"1 2\n\n1 x\n", "line 3", "no vertex number"),
            (b"1 2\n1 \xff\xfe\n", "line 2", "no vertex number"),
            (b"1 99999999999999999999\n", "line 1", "too large"),
            (b"1 1.5\n", "line 1", "1.5"),
            (b"# nothing\n", "it", "no edge"),
            (b"", "it", "no edge"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(
                message.contains(line) && message.contains(what),
                "{message}"
            );
        }
    }
}
