//! The subcommand `top`.

use super::say;
use sprat::page::Page;
use sprat_tools::top::watch::{twice, watch};
use sprat_tools::top::{Shown, find, json, text};
use std::time::Duration;

/// How it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    Once,
    Watch,
    Json,
    Metrics,
}

/// What is told of a program that has written nothing between two looks.
const STANDS: &str = "\n  The page did not change for a quarter of a second: the program is stopped (a debugger, SIGSTOP), or its machine is busy.\n";

/// What is told of one that ended between two looks.
const ENDED: &str = "\n  Since then the program's runtime has ended.\n";

/// Between two looks for rates.
const SHORT: Duration = Duration::from_millis(250);

pub fn top(who: Option<&str>, how: How, pause: Duration) -> Result<(), String> {
    let found = find(who)?;
    if who.is_none() {
        return list(&found, how);
    }
    for shown in &found {
        match how {
            How::Watch => watch(shown, pause, &mut std::io::stdout())?,
            How::Once => {
                let (page, before, alive) = twice(shown, SHORT)?;
                // One that ends well takes its page away.
                let ended = !alive && !shown.path.exists();
                let mut text = text::text(&page, before.as_ref(), alive || ended);
                if ended {
                    text += ENDED;
                } else if alive && before.is_none() {
                    text += STANDS;
                }
                say(&text)?;
            }
            How::Json | How::Metrics => return gathered(&found, how),
        }
    }
    Ok(())
}

/// One document for a program, also for one with several runtimes.
fn gathered(found: &[Shown], how: How) -> Result<(), String> {
    let look = |shown| twice(shown, Duration::ZERO);
    let looks = found.iter().map(look).collect::<Result<Vec<_>, _>>()?;
    if how == How::Metrics {
        let pages: Vec<_> = looks.iter().map(|(page, _, _)| page).collect();
        return say(&Page::open_metrics_of(&pages));
    }
    let mut values: Vec<_> = (found.iter().zip(&looks))
        .map(|(shown, (page, _, alive))| json::json(page, *alive, &shown.path))
        .collect();
    match values.len() {
        1 => say(&super::pretty(&values.remove(0))?),
        _ => say(&super::pretty(&values)?),
    }
}

/// As a shell takes it for one word.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    match path.chars().all(is_plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

/// All that show themselves.
fn list(found: &[Shown], how: How) -> Result<(), String> {
    let mut lines = String::new();
    let mut values = Vec::new();
    for shown in found {
        match shown.look() {
            Ok((page, alive)) => {
                lines += &text::line(&page, alive);
                if !alive {
                    lines += &format!(
                        "{:>21}`rm {}` takes it off this list\n",
                        "",
                        quoted(&shown.path.display().to_string())
                    );
                }
                values.push(json::json(&page, alive, &shown.path));
            }
            Err(flaw) => super::note(&format!("sprat: {}: {flaw}", shown.path.display())),
        }
    }
    match how {
        How::Json => say(&super::pretty(&values)?),
        _ if values.is_empty() => {
            super::note(
                "no program shows itself; start one with SPRAT_TOP=1 in its environment, and it is listed here",
            );
            Ok(())
        }
        _ => say(&format!(
            "{:>8}  {:>9}  {:<24} program\n{lines}sprat top PROCESS shows one of them\n",
            "process", "runs for", "state"
        )),
    }
}
