//! A running program, seen from outside: see `docs/design/live.md`.

pub mod json;
pub mod text;
pub mod watch;

use sprat::page::{Flaw, Page, Watched, running};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A program that shows itself, or did.
#[derive(Debug)]
pub struct Shown {
    /// The file.
    pub path: PathBuf,
    watched: Watched,
}

impl Shown {
    /// Opens a page.
    ///
    /// # Errors
    /// A sentence.
    pub fn open(path: &Path) -> Result<Self, String> {
        let watched = Watched::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!(
                "{}: No such file, and no process's number; `sprat top` alone lists the programs that show themselves",
                path.display()
            ),
            _ => format!("{}: {error}", path.display()),
        })?;
        Ok(Shown {
            path: path.to_owned(),
            watched,
        })
    }

    /// What it shows now, and whether it lives.
    ///
    /// # Errors
    /// What is wrong with the page.
    pub fn look(&self) -> Result<(Page, bool), Flaw> {
        // First, so that what a program wrote last counts as the last.
        let alive = self.watched.is_alive();
        Ok((self.watched.read()?, alive))
    }
}

/// The programs that `who` names: the number of a process, or a file. Without, all of this user's.
///
/// # Errors
/// A sentence, if `who` names none.
pub fn find(who: Option<&str>) -> Result<Vec<Shown>, String> {
    let Some(who) = who else {
        let all = running().into_iter();
        return Ok(all.filter_map(|path| Shown::open(&path).ok()).collect());
    };
    if !who.chars().all(|c| c.is_ascii_digit()) || who.is_empty() {
        return Ok(vec![Shown::open(Path::new(who))?]);
    }
    let own = format!("{}{who}", sprat::page::PREFIX);
    let further = format!("{own}-");
    let is_its = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        *name == own || name.starts_with(&further)
    };
    let paths: Vec<_> = running().into_iter().filter(is_its).collect();
    match paths.is_empty() {
        false => paths.iter().map(|path| Shown::open(path)).collect(),
        true if Path::new("/proc").join(who).exists() || !Path::new("/proc/self").exists() => {
            Err(format!(
                "process {who} shows no page: start the program with SPRAT_TOP=1 in its environment (and if it shows itself in a file, name that)"
            ))
        }
        true => Err(format!(
            "there is no process {who}; `sprat top` alone lists the programs that show themselves"
        )),
    }
}

/// What the page says about the run under this word.
pub fn about<'a>(page: &'a Page, word: &str) -> &'a str {
    let found = page.about.iter().find(|(key, _)| key == word);
    found.map_or("?", |(_, value)| value)
}
