//! Files of the system that say something else for a while: what was found in them comes back when who holds them lets go, when the process ends in order, and when a fault of the
//! runtime ends it. It does not when the process is killed.
//!
//! What somebody else writes meanwhile stays: who knows better is not overruled. So it must be known what is ours. The system may round what is written, and it may do so later than
//! the write ends, as Linux does with `scaling_max_freq`: the policy's maximum follows by a work item of the kernel's. Until then the file says what it did before.
//!
//! A child of `fork` has these files in its memory, too, but they are not its own: it changes nothing, and waits for no lock that nobody may have any more.

use crate::small_files::{read, wrong};
use crate::sync::plain::{Arc, AtomicU32, Mutex, MutexGuard, Ordering};
use crate::sync::sleep;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// So long it is waited at the most until the system has applied what was written, before something else is.
const APPLIES: Duration = Duration::from_millis(20);
/// Until something else counts as what the system has made of it; a file that still says the same as before says so for good.
const LATEST: Duration = Duration::from_secs(1);

/// All of the process.
static ALL: Mutex<Table> = Mutex::new(Table {
    files: Vec::new(),
    is_over: false,
});
/// The process that brings everything back when it ends; 0: none yet.
static PROCESS: AtomicU32 = AtomicU32::new(0);

struct Table {
    files: Vec<Arc<Mutex<State>>>,
    /// The process ends: nothing is changed any more, of files that are held from now on either.
    is_over: bool,
}

/// Brings back all that was found, and changes nothing any more: the process ends.
pub(crate) fn restore_all() {
    // A child has not begun this, and a lock may be held by a thread that it does not have. Relaxed: a number of its own thread's, or one that nobody else changes.
    if PROCESS.load(Ordering::Relaxed) != std::process::id() {
        return;
    }
    held(&ALL).end();
}

extern "C" fn at_exit() {
    restore_all();
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A file that is held. See the module.
pub(crate) struct HeldFile(Arc<Mutex<State>>);

/// Why one is not written to any more.
pub(crate) enum Lost {
    /// The system refuses it.
    Refused(String),
    /// Somebody else has written something else.
    Taken(String),
}

struct State {
    path: PathBuf,
    /// Who holds it.
    process: u32,
    found: String,
    /// What was written last, or tried.
    wrote: Option<String>,
    wrote_at: Instant,
    /// What it said before that, and may say until the system has applied it.
    before: String,
    /// What the system has made of it, once that was seen.
    made: Option<String>,
    /// Nothing is written any more.
    is_over: bool,
}

impl HeldFile {
    /// From now on what is in this file is brought back. It is no other's at the same time.
    pub(crate) fn hold(path: &Path) -> io::Result<Self> {
        let (found, process) = (read(path)?, std::process::id());
        let state = held(&ALL).enter(State {
            path: path.to_owned(),
            process,
            before: found.clone(),
            found,
            wrote: None,
            wrote_at: Instant::now(),
            made: None,
            is_over: false,
        });
        if PROCESS.swap(process, Ordering::Relaxed) == 0 {
            // SAFETY: the function unwinds nowhere into C (it only locks, waits, reads and writes, and ignores what fails), and lives as long as
            // the program, which is linked with it.
            unsafe { libc::atexit(at_exit) };
        }
        Ok(HeldFile(state))
    }

    /// Writes this, or what was found there, unless it was written last.
    pub(crate) fn write(&self, text: Option<&str>) -> Result<(), Lost> {
        held(&self.0).write(text)
    }

    /// Whether it is known what the system has made of what was written last; looks, if it was not.
    pub(crate) fn settles(&self) -> bool {
        let state = &mut *held(&self.0);
        if state.made.is_none()
            && let Ok(now) = read(&state.path)
        {
            state.is_ours(now);
        }
        state.made.is_some() || state.wrote.is_none()
    }
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        held(&self.0).end();
        let files = &mut held(&ALL).files;
        files.retain(|other| !Arc::ptr_eq(other, &self.0));
    }
}

impl Table {
    fn end(&mut self) {
        self.is_over = true;
        self.files.iter().for_each(|state| held(state).end());
    }

    fn enter(&mut self, mut state: State) -> Arc<Mutex<State>> {
        state.is_over |= self.is_over;
        let state = Arc::new(Mutex::new(state));
        self.files.push(state.clone());
        state
    }
}

impl State {
    fn write(&mut self, text: Option<&str>) -> Result<(), Lost> {
        let text = text.unwrap_or(&self.found);
        if self.is_over || text == self.wrote.as_ref().unwrap_or(&self.found) {
            return Ok(());
        }
        let text = text.to_owned();
        let now = self.now().map_err(|error| self.refused(&error))?;
        if !self.is_ours(now.clone()) {
            self.is_over = true;
            let path = self.path.display();
            return Err(Lost::Taken(format!(
                "{path}: somebody else has written `{now}` there, which stays"
            )));
        }
        // Before it is written: it may have been done though it is said to have failed.
        (self.before, self.made) = (now, None);
        self.wrote_at = Instant::now();
        let written = std::fs::write(&self.path, &text);
        self.wrote = Some(text);
        written.map_err(|error| self.refused(&error))?;
        // If it does not tell, it is looked at later.
        if let Ok(now) = read(&self.path) {
            self.is_ours(now);
        }
        Ok(())
    }

    /// What it says, once the system has applied what was written, or takes too long.
    fn now(&self) -> io::Result<String> {
        loop {
            let now = read(&self.path)?;
            let waits = self.made.is_none() && self.wrote.as_ref().is_some_and(|it| *it != now);
            if !waits || now != self.before || self.wrote_at.elapsed() >= APPLIES {
                return Ok(now);
            }
            sleep(Duration::from_millis(1));
        }
    }

    /// Whether this, which it says now, comes of what was written last.
    fn is_ours(&mut self, now: String) -> bool {
        let Some(wrote) = &self.wrote else {
            return now == self.found;
        };
        if self.made.is_none() && (now != self.before || self.wrote_at.elapsed() >= LATEST) {
            self.made = Some(now.clone());
        }
        now == *wrote || now == *self.made.as_ref().unwrap_or(&self.before)
    }

    /// Brings back what was found, and writes nothing any more.
    fn end(&mut self) {
        let is_over = std::mem::replace(&mut self.is_over, true);
        let changed = self.wrote.as_ref().is_some_and(|it| *it != self.found);
        if is_over || !changed || self.process != std::process::id() {
            return;
        }
        // One that does not tell what it says may say what was written.
        let now = self.now();
        if now.map_or(true, |now| self.is_ours(now)) {
            let _ = std::fs::write(&self.path, &self.found);
        }
    }

    fn refused(&self, error: &io::Error) -> Lost {
        Lost::Refused(wrong(&self.path, error, HELPS))
    }
}

const HELPS: &str = "run as an administrator, or have one allow it (chmod a+w), to have it written";

// Its files are the system's, which Miri does not have.
#[cfg(not(miri))]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::small_files::made_up::Tree;
    use std::io::Write;

    const FILE: &str = "maximum";

    fn hold(text: &str) -> (Tree, HeldFile) {
        let tree = Tree::new("held");
        tree.write(FILE, text);
        let file = HeldFile::hold(&tree.root().join(FILE)).unwrap();
        (tree, file)
    }

    fn write(file: &HeldFile, text: Option<&str>) {
        assert!(file.write(text).is_ok());
    }

    /// As if the system had not applied yet what was written, when that was looked at: the file says this.
    fn lags(tree: &Tree, file: &HeldFile, text: &str) {
        tree.write(FILE, text);
        let state = &mut *held(&file.0);
        (state.made, state.wrote_at) = (None, Instant::now());
    }

    #[test]
    fn what_the_system_applies_later_is_brought_back_too() {
        // Not applied before it ends; as it was written; rounded.
        for later in [None, Some("1500"), Some("1466")] {
            let (tree, file) = hold("3000\n");
            write(&file, Some("1500"));
            lags(&tree, &file, "3000\n");
            assert!(!file.settles());
            if let Some(later) = later {
                tree.write(FILE, later);
            }
            drop(file);
            assert_eq!(tree.read(FILE), "3000", "{later:?}");
        }
        // It is waited for before something else is written: here for as long as it takes.
        let (tree, file) = hold("3000\n");
        write(&file, Some("1500"));
        lags(&tree, &file, "3000\n");
        held(&file.0).wrote_at += Duration::from_secs(100);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                std::thread::sleep(Duration::from_millis(3));
                // In one piece, as the system does it: not emptied before.
                let path = tree.root().join(FILE);
                let opened = std::fs::OpenOptions::new().write(true).open(path);
                opened.unwrap().write_all(b"1466\n").unwrap();
            });
            write(&file, Some("2250"));
        });
        assert_eq!(tree.read(FILE), "2250");
        assert_eq!(held(&file.0).wrote.as_deref(), Some("2250"));
        drop(file);
        assert_eq!(tree.read(FILE), "3000");
    }

    #[test]
    fn what_was_rounded_once_is_known_and_something_else_is_not_ours() {
        let (tree, file) = hold("3000\n");
        write(&file, Some("1500"));
        lags(&tree, &file, "3000\n");
        tree.write(FILE, "1466\n");
        assert!(file.settles());
        // Said again, it is not written again.
        write(&file, Some("1500"));
        assert_eq!(tree.read(FILE), "1466\n");
        tree.write(FILE, "1600\n");
        let lost = file.write(Some("2250"));
        assert!(matches!(&lost, Err(Lost::Taken(why)) if why.contains("`1600`")));
        assert_eq!(tree.read(FILE), "1600\n");
        write(&file, None);
        drop(file);
        assert_eq!(tree.read(FILE), "1600\n");
    }

    #[test]
    fn what_was_changed_before_anything_was_written_stays() {
        let (tree, file) = hold("3000\n");
        tree.write(FILE, "1600\n");
        assert!(matches!(file.write(Some("1500")), Err(Lost::Taken(_))));
        drop(file);
        assert_eq!(tree.read(FILE), "1600\n");
    }

    #[test]
    fn one_that_cannot_be_read_back_is_brought_back() {
        let (tree, file) = hold("3000\n");
        write(&file, Some("1500"));
        // No text.
        tree.write_bytes(FILE, &[0xff]);
        assert!(matches!(file.write(Some("2250")), Err(Lost::Refused(_))));
        drop(file);
        assert_eq!(tree.read(FILE), "3000");
    }

    #[test]
    fn what_the_process_holds_is_brought_back_at_its_end_and_nothing_is_changed_then() {
        let tree = Tree::new("held");
        let state = |name: &str| {
            tree.write(name, "3000\n");
            State {
                path: tree.root().join(name),
                process: std::process::id(),
                found: "3000".to_owned(),
                wrote: None,
                wrote_at: Instant::now(),
                before: "3000".to_owned(),
                made: None,
                is_over: false,
            }
        };
        // A table of its own: tests run at the same time.
        let mut table = Table {
            files: Vec::new(),
            is_over: false,
        };
        let first = table.enter(state("first"));
        assert!(held(&first).write(Some("1500")).is_ok());
        table.end();
        let second = table.enter(state("second"));
        for (state, name) in [(first, "first"), (second, "second")] {
            assert!(held(&state).write(Some("2250")).is_ok());
            assert_eq!(tree.read(name).trim(), "3000");
        }
    }

    #[test]
    fn a_child_of_fork_brings_nothing_back_and_waits_for_nobody() {
        let (tree, file) = hold("3000\n");
        write(&file, Some("1500"));
        let all = held(&ALL);
        // SAFETY: the child only asks for its number, compares it, and ends; that needs no lock, which another thread might have had.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: sets a timer of the child's alone, whose signal ends it.
            unsafe { libc::alarm(20) };
            restore_all();
            held_in_child(&file);
            // SAFETY: ends the child, and runs nothing of the parent's.
            unsafe { libc::_exit(7) };
        }
        drop(all);
        let mut status = 0;
        // SAFETY: the child is this process's, and `status` is a place for its status.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(waited, child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7);
        assert_eq!(tree.read(FILE), "1500");
        drop(file);
        assert_eq!(tree.read(FILE), "3000");
    }

    /// As if it were dropped there.
    fn held_in_child(file: &HeldFile) {
        held(&file.0).end();
    }
}
