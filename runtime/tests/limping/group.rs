//! Control groups of version 1 for single threads, and the threads of a runtime by their names.

use super::{FOREVER, wait_until};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Past the test harness, which shows what tests print only if they fail.
pub fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// A control group of our own; threads in it are let go at the end, however that comes.
pub struct Group {
    path: PathBuf,
    root: PathBuf,
    pub inside: Mutex<Vec<u64>>,
}

impl Group {
    /// `None`, with the reason told, if this machine or this user has none of this kind.
    pub fn new(controller: &str, name: &str) -> Option<Group> {
        let root = Path::new("/sys/fs/cgroup").join(controller);
        let path = root.join(format!("sprat-test-{}-{name}", std::process::id()));
        if !root.join("tasks").exists() {
            skip(&format!("no control groups of version 1 for {controller}"));
            return None;
        }
        if let Err(error) = fs::create_dir(&path) {
            skip(&format!("{} cannot be made: {error}", path.display()));
            return None;
        }
        Some(Group {
            path,
            root,
            inside: Mutex::new(Vec::new()),
        })
    }

    pub fn set(&self, file: &str, text: &str) -> std::io::Result<()> {
        fs::write(self.path.join(file), text)
    }

    pub fn get(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap_or_default()
    }

    pub fn add(&self, thread: u64) -> std::io::Result<()> {
        self.inside.lock().unwrap().push(thread);
        self.set("tasks", &thread.to_string())
    }

    /// Stops the threads in it; returns when they stand.
    pub fn freeze(&self) {
        self.set("freezer.state", "FROZEN").unwrap();
        let begin = Instant::now();
        while self.get("freezer.state").trim() != "FROZEN" {
            assert!(begin.elapsed() < FOREVER, "it does not freeze");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn thaw(&self) {
        let _ = self.set("freezer.state", "THAWED");
    }
}

/// Thaws when a test fails: before it waits for threads that wait for the frozen one. And a process that is killed with a
/// frozen thread does not go away.
pub struct Thaws<'a>(pub &'a Group);

impl Drop for Thaws<'_> {
    fn drop(&mut self) {
        self.0.thaw();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.thaw();
        for thread in self.inside.lock().unwrap().drain(..) {
            // It may have ended.
            let _ = fs::write(self.root.join("tasks"), thread.to_string());
        }
        if let Err(error) = fs::remove_dir(&self.path) {
            skip(&format!("{} is left behind: {error}", self.path.display()));
        }
    }
}

/// The system's number of the calling thread.
pub fn me() -> u64 {
    let link = fs::read_link("/proc/thread-self").unwrap();
    let number = link.file_name().unwrap().to_str().unwrap();
    number.parse().unwrap()
}

/// The threads of a runtime's engines, which name themselves when they begin.
pub fn engines(count: usize) -> Vec<u64> {
    wait_until("engines", || threads("sprat-xe").len(), count);
    threads("sprat-xe")
}

/// The threads whose names begin so.
pub fn threads(name: &str) -> Vec<u64> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let is = |path: &Path| {
        fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.starts_with(name))
    };
    tasks
        .filter(|task| is(&task.path()))
        .map(|task| task.file_name().to_str().unwrap().parse().unwrap())
        .collect()
}

/// How long a thread has had a processor, and has wanted one and had none; `None` if it has ended.
pub fn times(thread: u64) -> Option<[Duration; 2]> {
    let text = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    let mut numbers = text.split_whitespace();
    let mut next = || Some(Duration::from_nanos(numbers.next()?.parse().ok()?));
    Some([next()?, next()?])
}
