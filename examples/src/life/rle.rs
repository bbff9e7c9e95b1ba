//! Patterns as RLE files: `x = 3, y = 3, rule = B3/S23`, then runs of dead (`b`) and living (`o`) cells, `$` at the end
//! of a row, `!` at the end of all.

use std::fmt::Write as _;

use sprat::{Error, Result};

use super::rule::Rule;
use crate::frame::Lines;

/// The sides of a pattern are at most this.
const MOST: usize = 1 << 20;
/// Lines that are written are at most so long.
const LINE: usize = 70;

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Cells in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The rule, if the file names one.
    pub rule: Option<Rule>,
    /// The living cells, column and row, row by row.
    pub alive: Vec<(usize, usize)>,
}

/// Reads a pattern.
///
/// # Errors
/// With the file, the line, what is wrong with it, and what to do.
pub fn parse(mut lines: Lines) -> Result<Pattern> {
    let mut pattern = None;
    while let Some(line) = lines.next_line()? {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let text = String::from_utf8_lossy(line).into_owned();
        pattern = Some(header(&text).map_err(|what| lines.wrong(what))?);
        break;
    }
    let Some(mut pattern) = pattern else {
        return Err(lines.wrong("there is no header; one looks like `x = 3, y = 3, rule = B3/S23`"));
    };
    let mut body = Body {
        pattern: &mut pattern,
        column: 0,
        row: 0,
        count: None,
    };
    let mut ended = false;
    while !ended && let Some(line) = lines.next_line()? {
        if line.starts_with(b"#") {
            continue;
        }
        match body.line(line) {
            Ok(end) => ended = end,
            Err(what) => return Err(lines.wrong(what)),
        }
    }
    match ended {
        true => Ok(pattern),
        false => {
            Err(lines.wrong("the pattern has no end; `!` is missing, so the file may be cut off"))
        }
    }
}

/// `x = m, y = n`, and a rule or none.
fn header(text: &str) -> Result<Pattern, String> {
    let wrong = || format!("`{text}` is no header; one looks like `x = 3, y = 3, rule = B3/S23`");
    let mut pattern = Pattern {
        width: 0,
        height: 0,
        rule: None,
        alive: Vec::new(),
    };
    for part in text.split(',') {
        let (key, value) = part.split_once('=').ok_or_else(wrong)?;
        let value = value.trim();
        let side = || match value.parse::<usize>() {
            Ok(side) if (1..=MOST).contains(&side) => Ok(side),
            _ => Err(format!(
                "a side of `{value}`; give a number from 1 to {MOST}"
            )),
        };
        match key.trim() {
            "x" => pattern.width = side()?,
            "y" => pattern.height = side()?,
            // `B3/S23:T100,200` asks for a torus; the board is this program's to choose, so the rest goes.
            "rule" => pattern.rule = Some(value.split(':').next().unwrap_or(value).parse()?),
            _ => return Err(wrong()),
        }
    }
    match pattern.width.min(pattern.height) {
        0 => Err(wrong()),
        _ => Ok(pattern),
    }
}

/// The body in the reading.
struct Body<'a> {
    pattern: &'a mut Pattern,
    column: usize,
    row: usize,
    /// The number before a letter.
    count: Option<usize>,
}

impl Body<'_> {
    /// Whether the pattern ends in this line.
    fn line(&mut self, line: &[u8]) -> Result<bool, String> {
        for &letter in line {
            match letter {
                b'0'..=b'9' => {
                    let count = self.count.unwrap_or(0) * 10 + usize::from(letter - b'0');
                    if count > MOST {
                        return Err(format!("a run of more than {MOST} cells"));
                    }
                    self.count = Some(count);
                    continue;
                }
                b' ' | b'\t' => continue,
                b'!' => return Ok(true),
                _ => {}
            }
            let count = self.count.take().unwrap_or(1);
            match letter {
                b'$' => (self.column, self.row) = (0, self.row + count),
                b'b' | b'B' | b'.' => self.column += count,
                b'o' | b'O' | b'A' => {
                    let Pattern { width, height, .. } = *self.pattern;
                    if self.column + count > width || self.row >= height {
                        return Err(format!(
                            "a living cell in column {}, row {}, outside of the {width} x {height} of the header",
                            self.column + count,
                            self.row + 1
                        ));
                    }
                    let run = self.column..self.column + count;
                    self.pattern
                        .alive
                        .extend(run.map(|column| (column, self.row)));
                    self.column += count;
                }
                _ => {
                    let letter = letter.escape_ascii();
                    return Err(format!(
                        "`{letter}` is no cell; cells are b (dead) and o (alive), and patterns with more states are not for this program"
                    ));
                }
            }
        }
        Ok(false)
    }
}

/// A pattern as a file. `alive` tells of a cell by column and row.
///
/// # Errors
/// None that a string can have.
pub fn write(
    width: usize,
    height: usize,
    rule: Rule,
    alive: impl Fn(usize, usize) -> bool,
) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "x = {width}, y = {height}, rule = {rule}")?;
    let mut line = String::new();
    let mut token = |count: usize, letter: char| -> Result<(), Error> {
        let token = match count {
            0 => return Ok(()),
            1 => letter.to_string(),
            _ => format!("{count}{letter}"),
        };
        if line.len() + token.len() > LINE {
            writeln!(text, "{line}")?;
            line.clear();
        }
        line += &token;
        if letter == '!' {
            writeln!(text, "{line}")?;
        }
        Ok(())
    };
    let mut ends = 0;
    for row in 0..height {
        let mut column = 0;
        while column < width {
            let state = alive(column, row);
            let from = column;
            while column < width && alive(column, row) == state {
                column += 1;
            }
            // Dead cells at the end of a row are not written.
            if state || column < width {
                token(ends, '$')?;
                ends = 0;
                token(column - from, if state { 'o' } else { 'b' })?;
            }
        }
        ends += 1;
    }
    token(1, '!')?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &'static str) -> Result<Pattern, String> {
        let lines = Lines::from_reader("it", text.as_bytes()).map_err(|e| e.to_string())?;
        parse(lines).map_err(|e| e.to_string())
    }

    #[test]
    fn a_glider() {
        let text = "#N Glider\nx = 3, y = 3, rule = B3/S23\r\nbob$2b\no$3o!anything";
        let glider = parsed(text).unwrap();
        assert_eq!(glider.rule, Some(Rule::LIFE));
        assert_eq!(glider.alive, [(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)]);
        let alive = |x, y| glider.alive.contains(&(x, y));
        let text = write(3, 3, Rule::LIFE, alive).unwrap();
        assert_eq!(text, "x = 3, y = 3, rule = B3/S23\nbo$2bo$3o!\n");
    }

    #[test]
    fn empty_rows_and_long_lines_come_back() {
        let alive = |x: usize, y: usize| y % 3 != 1 && (x * x + y * 7) % 5 < 2;
        let text = write(90, 40, Rule::LIFE, alive).unwrap();
        assert!(text.lines().all(|line| line.len() <= LINE));
        let text: &'static str = text.leak();
        let pattern = parsed(text).unwrap();
        let expected: Vec<_> = (0..40)
            .flat_map(|y| (0..90).map(move |x| (x, y)))
            .filter(|&(x, y)| alive(x, y))
            .collect();
        assert_eq!(pattern.alive, expected);
        assert_eq!(parsed("x = 5, y = 5\n3$2bo2$!").unwrap().alive, [(2, 3)]);
        assert_eq!(parsed("x = 5, y = 5\n!").unwrap().alive, []);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, says) in [
            ("", "no header"),
            ("bo$!", "no header"),
            ("x = 3\nbo!", "line 1"),
            ("x = 0, y = 3\n!", "side of `0`"),
            ("x = 3, y = 99999999999999999999999\n!", "side of"),
            ("x = 3, y = 3, rule = WireWorld\n!", "B3/S23"),
            ("#C\nx = 3, y = 3\nbo$\nbq!", "line 4"),
            ("x = 3, y = 3\nbo$\nbo", "`!` is missing"),
            ("x = 3, y = 3\n4o!", "column 4, row 1"),
            ("x = 3, y = 3\n3$o!", "row 4"),
            ("x = 3, y = 3\n99999999999999999999o!", "a run of more"),
            ("x = 3, y = 3, z = 3\n!", "no header"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
