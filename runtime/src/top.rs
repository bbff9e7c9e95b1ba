//! Showing a run to who looks from outside: the file, and what is known beside the engines' own figures. See `docs/design/live.md`.

use crate::error::{Error, ErrorKind, Result};
use crate::idle::Parker;
use crate::marks::{Mark, Marker};
use crate::page::{
    PREFIX, Page, Place, Watched, folders, header, holds_a_page, own_user, page_bytes, place,
    room_for, running,
};
use crate::sync::{Arc, Mutex, lock, sleep};
use crate::tracing::Names;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// See the module.
pub(crate) struct Top {
    pub(crate) begin: Instant,
    pub(crate) names: Arc<Names>,
    /// Where the thread that writes sleeps.
    pub(crate) bed: Parker,
    about: Vec<(String, String)>,
    replays: Mutex<Replays>,
    pub(crate) seen: Mutex<Seen>,
    paper: Mutex<Paper>,
    path: PathBuf,
}

/// Replays that are under way, and how many there were.
#[derive(Default)]
struct Replays {
    begun: u32,
    list: Vec<Entered>,
}

/// A replay that is under way.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    pub(crate) number: u32,
    pub(crate) called_at: &'static Location<'static>,
    pub(crate) codelets: u64,
    /// Rounds that ran before.
    pub(crate) before: u64,
    /// Rounds that will be; 0 if nobody knows.
    pub(crate) rounds: u64,
    pub(crate) since: Instant,
}

/// What the thread that writes remembers from one look to the next.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) pages: u64,
    /// Of each engine: what it did, since when, and how often it was looked at and found busy.
    pub(crate) engines: Vec<SeenEngine>,
    /// Since when each control engine has left a request.
    pub(crate) silent: Vec<Option<Instant>>,
    /// Blocks and bytes of each pool, and when to count them again.
    pub(crate) blocks: (Option<Instant>, Vec<(u64, u64)>),
    pub(crate) still: SeenStill,
}

/// See [`Seen::engines`].
#[derive(Clone, Copy)]
pub(crate) struct SeenEngine {
    pub(crate) did: (Mark, crate::page::Doing),
    pub(crate) since: Instant,
    pub(crate) looks: (u64, u64),
}

/// Who was found waiting.
#[derive(Default)]
pub(crate) struct SeenStill {
    /// The engines' claims then.
    pub(crate) claims: u64,
    pub(crate) since: Option<Instant>,
    /// When to look again.
    pub(crate) again: Option<Instant>,
    pub(crate) found: Option<crate::page::Still>,
}

/// What is written to, if it is there: a look from inside needs no file.
struct Paper {
    file: File,
    room: usize,
    failed: bool,
}

impl Top {
    /// Makes the file. `about` are lines about the run.
    pub(crate) fn create(place: &Place, about: &str) -> Result<Self> {
        let refused = |error: io::Error| {
            let (place, mend) = match place {
                Place::Shared => (
                    "/dev/shm or a folder for temporary files".to_owned(),
                    "name a file with SPRAT_TOP (or `Builder::top`)",
                ),
                Place::File(path) => (
                    path.display().to_string(),
                    "give SPRAT_TOP (or `Builder::top`) a file in a folder that is there and yours, or 1",
                ),
            };
            let text =
                format!("the page for `sprat top` cannot be written to {place}: {error}; {mend}");
            Error::new(ErrorKind::System, text)
        };
        let (file, path) = open(place).map_err(refused)?;
        let pairs = about.lines().filter_map(|line| line.split_once(": "));
        let about: Vec<_> = pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let engines = about
            .iter()
            .filter(|(key, _)| key.starts_with("xe "))
            .count();
        let mut first = Page {
            about: about.clone(),
            ..Page::default()
        };
        let bytes = page_bytes(&mut first, usize::MAX).map_or(0, |bytes| bytes.len());
        let room = room_for(engines, bytes);
        file.write_all_at(&header(room), 0).map_err(refused)?;
        Ok(Top {
            begin: Instant::now(),
            names: Arc::new(Names::new()),
            bed: Parker::new(),
            about,
            replays: Mutex::default(),
            seen: Mutex::default(),
            paper: Mutex::new(Paper {
                file,
                room,
                failed: false,
            }),
            path,
        })
    }

    pub(crate) fn about(&self) -> &[(String, String)] {
        &self.about
    }

    /// What an engine keeps to leave marks.
    pub(crate) fn marker(&self) -> Box<Marker> {
        Box::new(Marker::new(self.names.clone()))
    }

    /// A replay begins; it ends when what this returns is dropped.
    pub(crate) fn enter(
        &self,
        called_at: &'static Location<'static>,
        (codelets, before, rounds): (u64, u64, u64),
    ) -> Entry<'_> {
        let replays = &mut *lock(&self.replays);
        // 0 is no replay.
        replays.begun = replays.begun.wrapping_add(1).max(1);
        let number = replays.begun;
        replays.list.push(Entered {
            number,
            called_at,
            codelets,
            before,
            rounds,
            since: Instant::now(),
        });
        Entry { top: self, number }
    }

    /// Those that are under way.
    pub(crate) fn replays(&self) -> Vec<Entered> {
        lock(&self.replays).list.clone()
    }

    /// W2: writes a page over the older one.
    pub(crate) fn write(&self, page: &mut Page) {
        let paper = &mut *lock(&self.paper);
        let Some(bytes) = page_bytes(page, paper.room) else {
            if !std::mem::replace(&mut paper.failed, true) {
                eprintln!(
                    "sprat: a page has no room in {}: what it shows stands until one has",
                    self.path.display()
                );
            }
            return;
        };
        let at = place(page.number, paper.room);
        if let Err(error) = paper.file.write_all_at(&bytes, at as u64)
            && !std::mem::replace(&mut paper.failed, true)
        {
            eprintln!(
                "sprat: {} is not written any more: {error}",
                self.path.display()
            );
        }
    }
}

impl Drop for Top {
    fn drop(&mut self) {
        // Whoever looks has it open, and sees it unlocked a moment later.
        let paper = lock(&self.paper);
        if is_there(&paper.file, &self.path).unwrap_or(false) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Takes away what programs left that died more than a day ago, for who would have wanted to know.
fn sweep() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    for path in running() {
        sweep_one(&path, DAY);
    }
}

/// Takes a page away that nobody has written to for so long, and nothing else.
fn sweep_one(path: &Path, long: Duration) {
    let Ok(page) = Watched::own(path) else { return };
    // Until it is closed no runtime takes it: one that was opening it finds that it is not there any more.
    let Some(file) = page.dead() else { return };
    let age = (file.metadata()).and_then(|about| about.modified());
    let is_old = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= long));
    if is_old && is_there(file, path).unwrap_or(false) {
        let _ = std::fs::remove_file(path);
    }
}

/// Whether the file still has this name.
fn is_there(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A replay that is under way: see [`Top::enter`].
pub(crate) struct Entry<'a> {
    top: &'a Top,
    pub(crate) number: u32,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(&self.top.replays)
            .list
            .retain(|one| one.number != self.number);
    }
}

/// A file for a page, locked.
fn open(place: &Place) -> io::Result<(File, PathBuf)> {
    let process = std::process::id();
    match place {
        Place::File(path) => {
            let path = match path.to_str() {
                Some(text) => PathBuf::from(text.replace("%p", &process.to_string())),
                None => path.clone(),
            };
            match take(&path)? {
                Some(file) => Ok((file, path)),
                None => Err(io::Error::other(
                    "another runtime shows itself there; `%p` in the name stands for the process's number, and with `1` instead of a name each runtime of a process has a file of its own",
                )),
            }
        }
        Place::Shared => {
            sweep();
            let mut refused = io::Error::other("there is no such folder");
            for folder in folders() {
                for number in 1.. {
                    let path = folder.join(match number {
                        1 => format!("{PREFIX}{process}"),
                        _ => format!("{PREFIX}{process}-{number}"),
                    });
                    match take(&path) {
                        Ok(Some(file)) => return Ok((file, path)),
                        Ok(None) => (),
                        Err(error) => {
                            refused = error;
                            break;
                        }
                    }
                }
            }
            Err(refused)
        }
    }
}

/// The file with this name, empty and locked; `None` if another one writes there. Links are not followed, and other users' files are
/// theirs, since the folder may be everybody's.
fn take(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    // Who looks whether a program lives has the lock for a moment.
    for _ in 0..LOOKERS {
        let file = options.open(path)?;
        let about = file.metadata()?;
        if !about.is_file() || own_user().is_some_and(|own| own != about.uid()) {
            return Err(io::Error::other(format!(
                "{} is no file of this user's",
                path.display()
            )));
        }
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(1)),
            // It is ours, or this system has no such locks. But its last owner may have taken it away since it was opened.
            _ if !is_there(&file, path)? => (),
            _ => {
                if file.metadata()?.len() > 0 && !holds_a_page(&file)? {
                    return Err(io::Error::other(
                        "there is a file with something else in it, which would be lost",
                    ));
                }
                // Also one that was there, and that others could read.
                file.set_permissions(Permissions::from_mode(0o600))?;
                file.set_len(0)?;
                return Ok(Some(file));
            }
        }
    }
    Ok(None)
}

/// How often to try for a lock.
const LOOKERS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it has none of these flags and locks")]
    fn a_file_of_ones_own_is_taken_once_and_a_link_never() {
        let folder = std::env::temp_dir().join(format!("sprat-top-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("page");
        std::fs::write(&path, "somebody's data").unwrap();
        let refused = take(&path).unwrap_err().to_string();
        assert!(refused.contains("something else in it"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"somebody's data");
        // What a dead program left.
        std::fs::write(&path, header(4096)).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let file = take(&path).unwrap().unwrap();
        let about = file.metadata().unwrap();
        assert_eq!((about.len(), about.mode() & 0o777), (0, 0o600));
        assert!(take(&path).unwrap().is_none());
        drop(file);
        assert!(take(&path).unwrap().is_some());
        let link = folder.join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(take(&link).is_err());
        assert!(take(&folder).is_err());
        assert!(take(Path::new("/dev/null")).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// One takes its file away while the other one opens it: each has a file that is there under its name.
    #[test]
    #[cfg_attr(miri, ignore = "it has none of these flags and locks")]
    fn who_has_a_file_has_the_one_of_that_name() {
        let path = std::env::temp_dir().join(format!("sprat-take-test-{}", std::process::id()));
        let again = || {
            let mut taken = 0;
            for _ in 0..2000 {
                if let Some(file) = take(&path).unwrap() {
                    assert!(is_there(&file, &path).unwrap());
                    taken += 1;
                    std::fs::remove_file(&path).unwrap();
                }
            }
            taken
        };
        let taken = std::thread::scope(|threads| {
            let other = threads.spawn(again);
            again() + other.join().unwrap()
        });
        assert!(taken > 0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has none of these flags and locks")]
    fn only_pages_of_the_dead_are_swept() {
        let folder = std::env::temp_dir().join(format!("sprat-sweep-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let [page, other, empty] = ["1", "2", "3"].map(|name| folder.join(name));
        std::fs::write(&page, header(4096)).unwrap();
        std::fs::write(&other, "notes").unwrap();
        std::fs::write(&empty, "").unwrap();
        let sweep = |long| {
            [&page, &other, &empty].map(|path| {
                sweep_one(path, long);
                path.exists()
            })
        };
        assert_eq!(sweep(Duration::from_secs(3600)), [true; 3]);
        let held = File::open(&page).unwrap();
        held.lock().unwrap();
        assert_eq!(sweep(Duration::ZERO), [true; 3]);
        drop(held);
        assert_eq!(sweep(Duration::ZERO), [false, true, true]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
