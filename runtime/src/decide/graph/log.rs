//! What a graph was compiled from and what was decided, as text: so that others can decide it again, and compare.
//!
//! The decisions depend on nothing but what stands above them: the engines, the cells with those that have room for a signal, the codelets with what they use and where they
//! would like to run, and for each new plan the speeds that engines had. The simulator reads these, asks the same functions, and must
//! come to the same bytes.

use super::{EVEN, Owner, Piece, Program, Schedule, Use, Wish, owners, owners_at, schedule};
use crate::access::{Mode, Operator};
use crate::error::{Error, ErrorKind, Result};
use crate::extent::Extent;
use std::fmt::{self, Write as _};
use std::str::{FromStr, SplitWhitespace};

/// What decisions depend on.
#[derive(Debug)]
pub struct Inputs {
    engines: u16,
    program: Program,
    /// The cells that have room for a signal, in rising order.
    roomy: Vec<u32>,
    /// The speeds of engines that plans were made for, but for the first plan.
    plans: Vec<Vec<u32>>,
}

const TITLE: &str = "sprat graph 1";

/// The text for decisions that were made. `roomy` are the cells that have room for a signal, in rising order.
pub fn log(
    engines: u16,
    program: &Program,
    roomy: &[u32],
    plans: &[Vec<u32>],
    decided: &Schedule,
) -> String {
    let mut text = String::new();
    let written = write(&mut text, engines, program, roomy, plans, decided);
    written.expect("there is always room in a string");
    text
}

fn write(
    to: &mut String,
    engines: u16,
    program: &Program,
    roomy: &[u32],
    plans: &[Vec<u32>],
    decided: &Schedule,
) -> fmt::Result {
    writeln!(to, "{TITLE}\nengines {engines}")?;
    for cell in 0..program.cells() as u32 {
        match program.home(cell) {
            Some(home) => write!(to, "cell {home}")?,
            None => to.push_str("cell -"),
        }
        let has_room = roomy.binary_search(&cell).is_ok();
        to.push_str(if has_room { " roomy\n" } else { "\n" });
    }
    for Piece { cell, of, extent } in program.parts.pieces() {
        let (start, columns) = (extent.start(), extent.columns());
        let (rows, stride) = (extent.rows(), extent.stride());
        writeln!(to, "piece {cell} {of} {start} {columns} {rows} {stride}")?;
    }
    for codelet in 0..program.len() as u32 {
        let wish = &program.wishes[codelet as usize];
        to.push_str("codelet ");
        match wish.at {
            Some(owner) => write_owner(to, owner)?,
            None => to.push('-'),
        }
        match wish.group {
            Some(group) => write!(to, " {group}")?,
            None => to.push_str(" -"),
        }
        write!(to, " {}", wish.cost)?;
        for one in program.uses(codelet) {
            write!(to, " {}:", one.cell)?;
            write_mode(to, one.mode)?;
        }
        to.push('\n');
    }
    for speeds in plans {
        to.push_str("speeds");
        for speed in speeds {
            write!(to, " {speed}")?;
        }
        to.push('\n');
    }
    for lane in &decided.lanes {
        to.push_str("lane ");
        write_owner(to, lane.owner)?;
        to.push('\n');
        let mut waits = lane.waits.iter();
        for step in &lane.steps {
            write!(to, "step {}", step.codelet)?;
            if step.publishes() {
                to.push_str(" told");
            }
            for wait in waits.by_ref().take(usize::from(step.waits)) {
                let round = if wait.is_in_the_round_before() {
                    "-"
                } else {
                    ""
                };
                write!(to, " {round}{}:{}", wait.lane(), wait.steps)?;
            }
            if step.publishes() {
                let signal = usize::from(step.signal);
                match signal.checked_sub(decided.first_in_cells()) {
                    Some(at) => write!(to, " in {}", decided.signal_cells[at])?,
                    None => write!(to, " line {signal}")?,
                }
            }
            to.push('\n');
        }
    }
    Ok(())
}

fn write_owner(to: &mut String, owner: Owner) -> fmt::Result {
    let only = if owner.only { "!" } else { "" };
    write!(to, "{}{only}", owner.xe)
}

/// How each mode is written, but for reductions.
const MODES: [(Mode, &str); 6] = [
    (Mode::Read, "r"),
    (Mode::Write, "w"),
    (Mode::ReadWrite, "rw"),
    (Mode::Commute, "commute"),
    (Mode::SharedWrite, "shared"),
    (Mode::Exclusive, "exclusive"),
];

fn write_mode(to: &mut String, mode: Mode) -> fmt::Result {
    if let Mode::Reduce(operator) = mode {
        return write!(to, "reduce{}", operator.number());
    }
    let known = MODES.iter().find(|(other, _)| *other == mode);
    to.push_str(known.expect("all modes are there").1);
    Ok(())
}

impl Inputs {
    /// Decides it all again: the text that [`log`] gave if nothing has changed.
    pub fn decide(&self) -> String {
        let owners = match self.plans.last() {
            None => owners(&self.program, self.engines),
            Some(speeds) => owners_at(&self.program, speeds),
        };
        let (program, roomy) = (&self.program, &self.roomy);
        let decided = schedule(program, &owners, |cell| roomy.binary_search(&cell).is_ok());
        log(self.engines, program, roomy, &self.plans, &decided)
    }
}

impl FromStr for Inputs {
    type Err = Error;

    /// Reads what decisions depend on, and passes over what was decided.
    fn from_str(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(wrong(
                1,
                &format!("not a graph's decisions: `{TITLE}` is missing"),
            ));
        }
        let mut inputs = Inputs {
            engines: 0,
            program: Program::new(),
            roomy: Vec::new(),
            plans: Vec::new(),
        };
        let mut pieces = Vec::new();
        for (line, number) in lines.zip(2..) {
            let mut words = line.split_whitespace();
            let read = match words.next() {
                Some("lane" | "step") => break,
                word => inputs.line(word, &mut words, &mut pieces),
            };
            if read.is_none() || words.next().is_some() {
                return Err(wrong(number, &format!("`{line}` is not understood")));
            }
        }
        if inputs.engines == 0 {
            return Err(wrong(2, "the number of engines is missing, or 0"));
        }
        inputs.program.split(pieces);
        Ok(inputs)
    }
}

fn wrong(line: usize, what: &str) -> Error {
    Error::new(
        ErrorKind::Graph,
        format!("line {line}: {what}; give the text of `Graph::decisions` as it was written"),
    )
}

impl Inputs {
    /// Takes a line in that begins with this word; `None` if it makes no sense.
    fn line(
        &mut self,
        word: Option<&str>,
        words: &mut SplitWhitespace<'_>,
        pieces: &mut Vec<Piece>,
    ) -> Option<()> {
        match word? {
            "engines" if self.engines == 0 => self.engines = number(words)?,
            "cell" => {
                let home = words.next()?;
                let home = match home {
                    "-" => None,
                    home => Some(home.parse().ok().filter(|&home| home < self.engines)?),
                };
                let cell = self.program.cell(home);
                match words.next() {
                    None => (),
                    Some("roomy") => self.roomy.push(cell),
                    Some(_) => return None,
                }
            }
            "piece" => {
                let (cell, of) = (number(words)?, number(words)?);
                let known = pieces.iter().map(|piece| piece.of + 1).max().unwrap_or(0);
                let extent = extent([
                    number(words)?,
                    number(words)?,
                    number(words)?,
                    number(words)?,
                ])?;
                if !self.has(cell) || of > known {
                    return None;
                }
                pieces.push(Piece { cell, of, extent });
            }
            "codelet" => self.codelet(words)?,
            "speeds" => {
                let speeds: Option<Vec<u32>> = words.map(|speed| speed.parse().ok()).collect();
                let right = |speed: &u32| (1..=EVEN).contains(speed);
                let speeds = speeds.filter(|speeds| speeds.iter().all(right))?;
                if speeds.len() != usize::from(self.engines) {
                    return None;
                }
                self.plans.push(speeds);
            }
            _ => return None,
        }
        Some(())
    }

    fn has(&self, cell: u32) -> bool {
        (cell as usize) < self.program.cells()
    }

    fn codelet(&mut self, words: &mut SplitWhitespace<'_>) -> Option<()> {
        let at = match words.next()? {
            "-" => None,
            at => {
                let (xe, only) = match at.strip_suffix('!') {
                    Some(xe) => (xe, true),
                    None => (at, false),
                };
                let xe = xe.parse().ok().filter(|&xe| xe < self.engines)?;
                Some(Owner { xe, only })
            }
        };
        let group = match words.next()? {
            "-" => None,
            group => Some(group.parse().ok()?),
        };
        let cost = number(words)?;
        let mut uses = Vec::new();
        for one in words {
            let (cell, name) = one.split_once(':')?;
            let cell = cell.parse().ok().filter(|&cell| self.has(cell))?;
            let known = MODES.iter().find(|(_, other)| *other == name);
            let mode = match (known, name.strip_prefix("reduce")) {
                (Some((mode, _)), _) => *mode,
                (None, operator) => Mode::Reduce(Operator::new(operator?.parse().ok()?)),
            };
            uses.push(Use { cell, mode });
        }
        self.program.codelet(Wish { at, group, cost }, uses);
        Some(())
    }
}

fn number<T: FromStr>(words: &mut SplitWhitespace<'_>) -> Option<T> {
    words.next()?.parse().ok()
}

/// An extent by start, columns, rows and stride.
fn extent([start, columns, rows, stride]: [u64; 4]) -> Option<Extent> {
    // No block is longer than that.
    let longest = isize::MAX as u64;
    let end = rows
        .checked_sub(1)?
        .checked_mul(stride)?
        .checked_add(columns)?;
    if start > longest || end > longest - start {
        return None;
    }
    match (rows, stride) {
        (1, 0) => Some(Extent::range(start, columns)),
        (2.., 1..) if columns > 0 && columns < stride && start % stride + columns <= stride => {
            Some(Extent::tile(start, columns, rows, stride))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "sprat graph 1\nengines 2\ncell 0 roomy\ncell 1\ncell -\npiece 0 0 0 64 1 0\npiece 1 0 8 8 2 16\n\
        codelet - - 0 0:w\ncodelet 1! 3 70 1:r 2:reduce4\nspeeds 1000 500\nlane 0\nstep 0 told -1:1 in 0\nlane 1!\nstep 1 told 0:1 line 6\n";

    #[test]
    fn decisions_are_made_again_from_the_text() {
        let inputs: Inputs = TEXT.parse().unwrap();
        assert_eq!(inputs.decide(), TEXT);
        // What was decided does not count, only what it was decided from.
        let other = TEXT.replace("lane 0", "lane 1");
        assert_eq!(other.parse::<Inputs>().unwrap().decide(), TEXT);
        let moved = TEXT.replace("codelet - - 0 0:w", "codelet 1 - 0 0:w");
        let moved = moved.parse::<Inputs>().unwrap().decide();
        assert!(moved.contains("\nlane 1\nstep 0"), "{moved}");
        // Where signals lie depends on which cells have room.
        let full = TEXT.replace(" roomy", "").parse::<Inputs>().unwrap();
        let full = full.decide();
        assert!(full.contains("\nstep 0 told -1:1 line 2\n"), "{full}");
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        let wrong = [
            ("sprat graph 1\n", "", 1),
            ("engines 2", "engines 0", 3),
            ("engines 2\n", "", 2),
            ("cell 1", "cell 2", 4),
            ("cell 1", "cell", 4),
            ("cell 0 roomy", "cell 0 room", 3),
            ("cell 0 roomy", "cell 0 roomy roomy", 3),
            ("cell -", "cell - -", 5),
            ("piece 1 0 8", "piece 9 0 8", 7),
            ("piece 1 0 8", "piece 1 7 8", 7),
            ("8 8 2 16", "8 8 2 0", 7),
            ("8 8 2 16", "8 9 2 16", 7),
            ("8 8 2 16", "8 8 18446744073709551615 16", 7),
            ("codelet 1!", "codelet 2!", 9),
            ("0:w", "3:w", 8),
            ("0:w", "0:x", 8),
            ("reduce4", "reduce", 9),
            ("1000 500", "1000", 10),
            ("1000 500", "1000 0", 10),
            ("speeds", "speed", 10),
        ];
        for (right, instead, line) in wrong {
            let text = TEXT.replacen(right, instead, 1);
            let error = text.parse::<Inputs>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("line {line}:")),
                "{instead}: {error}"
            );
        }
    }
}
