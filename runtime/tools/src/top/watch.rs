//! Looking again and again: a terminal whose lines are written over. Nothing is changed there that would have to be put back, so
//! the program may be interrupted at any time.

use super::{Shown, text};
use sprat::page::{Flaw, Page};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How long a program may take until its first page, and its second.
const FIRST: Duration = Duration::from_secs(1);

/// Two looks with so much time between them: the second is what counts, the first is for rates. A program that stands still or died
/// has only one.
///
/// # Errors
/// A sentence.
pub fn twice(shown: &Shown, pause: Duration) -> Result<(Page, Option<Page>, bool), String> {
    let told = |flaw: Flaw| format!("{}: {flaw}", shown.path.display());
    let begin = Instant::now();
    let (first, alive) = loop {
        match shown.look() {
            Ok(found) => break found,
            Err(Flaw::Empty) if begin.elapsed() < FIRST => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(flaw) => return Err(told(flaw)),
        }
    };
    if !alive {
        return Ok((first, None, false));
    }
    std::thread::sleep(pause);
    let (second, alive) = shown.look().map_err(told)?;
    match second.number > first.number {
        true => Ok((second, Some(first), alive)),
        false => Ok((second, None, alive)),
    }
}

/// Shows the program until it ends, on a terminal.
///
/// # Errors
/// A sentence.
pub fn watch(shown: &Shown, pause: Duration, out: &mut impl Write) -> Result<(), String> {
    let (mut page, mut before, mut alive) = twice(shown, Duration::from_millis(200))?;
    let mut drawn = 0;
    let mut stands_since = Instant::now();
    loop {
        let mut picture = text::text(&page, before.as_ref(), alive);
        let stood = stands_since.elapsed();
        if alive && stood > Duration::from_secs(2) {
            picture += &format!(
                "\n  The page has not changed for {} s: the program is stopped (a debugger, SIGSTOP), or its machine has no time for it.\n",
                stood.as_secs()
            );
        }
        drawn = draw(&picture, drawn, out).map_err(|e| e.to_string())?;
        if !alive {
            return match shown.path.exists() {
                true => Err("the program died; this was the last that it did".to_owned()),
                false => {
                    writeln!(out, "\nThe program's runtime has ended.").map_err(|e| e.to_string())
                }
            };
        }
        std::thread::sleep(pause);
        let (next, lives) = shown.look().map_err(|e| e.to_string())?;
        alive = lives;
        if next.number > page.number {
            before = Some(std::mem::replace(&mut page, next));
            stands_since = Instant::now();
        }
    }
}

/// Writes over the lines that were drawn last; how many there are now.
fn draw(picture: &str, before: usize, out: &mut impl Write) -> io::Result<usize> {
    let size = terminal_size::terminal_size();
    let (width, height) = size.map_or((usize::MAX, usize::MAX), |(width, height)| {
        (usize::from(width.0), usize::from(height.0))
    });
    let lines: Vec<_> = picture.lines().take(height.saturating_sub(1)).collect();
    let mut frame = String::new();
    if before > 0 {
        frame += &format!("\x1b[{before}A");
    }
    for line in &lines {
        let cut: String = line.chars().take(width).collect();
        frame += &format!("\r{cut}\x1b[K\n");
    }
    // What is left of a longer picture.
    frame += "\x1b[J";
    out.write_all(frame.as_bytes())?;
    out.flush()?;
    Ok(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_over_the_last_one() {
        let mut out = Vec::new();
        let drawn = draw("a\nb\nc\n", 0, &mut out).unwrap();
        assert_eq!(draw("d\n", drawn, &mut out).unwrap(), 1);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "\ra\x1b[K\n\rb\x1b[K\n\rc\x1b[K\n\x1b[J\x1b[3A\rd\x1b[K\n\x1b[J"
        );
    }
}
