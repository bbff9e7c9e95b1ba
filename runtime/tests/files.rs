//! Files as dependences: read into blocks, written from them, in order with everything else.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(all(unix, not(sprat_loom)))]

use sprat::{CeMode, Error, ErrorKind, Runtime};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const MODES: [CeMode; 3] = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];

fn runtime(xes: usize) -> Runtime {
    of_mode(xes, CeMode::Shared)
}

fn of_mode(xes: usize, mode: CeMode) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(mode)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sprat-files-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Bytes that differ from place to place.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn has(error: &Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "no `{word}` in: {text}");
    }
}

#[test]
fn a_file_is_read_whole_or_in_part_and_codelets_wait_for_it() {
    let folder = Folder::new("parts");
    for len in [1, 7, 4096, (1 << 20) - 1, (1 << 20) + 1, 5_000_001] {
        let data = bytes(len);
        let path = folder.file("data", &data);
        for mode in MODES {
            let rt = of_mode(2, mode);
            let (data, path) = (&data, &path);
            let middle = len / 2;
            rt.finish(|s| {
                let whole = s.read_file::<u8>(path, ..)?;
                let head = s.read_file::<u8>(path, ..=middle as u64)?;
                let tail = s.read_file::<u8>(path, middle as u64..)?;
                let all = (whole.read(), head.read(), tail.read());
                s.spawn(all, move |_, (whole, head, tail)| {
                    assert!(whole == *data);
                    assert!(head == &data[..=middle]);
                    assert!(tail == &data[middle..]);
                });
                Ok(())
            })
            .unwrap();
        }
    }
}

#[test]
fn elements_are_read_as_they_lie_and_a_remainder_is_refused() {
    let folder = Folder::new("elements");
    let numbers: Vec<u64> = (0..1000).map(|n| n * n).collect();
    let path = folder.file("numbers", bytemuck::cast_slice(&numbers));
    let rt = runtime(1);
    let block = rt.read_file::<u64>(&path, 8..808).unwrap();
    rt.read(block, |block| assert_eq!(block, &numbers[1..101]))
        .unwrap();
    let error = rt.read_file::<u64>(&path, 0..15).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BlockSize);
    has(
        &error,
        &["bytes 0..15", "numbers", "15 bytes", "elements of 8 bytes"],
    );
    for (start, end) in [(5, 5), (9, 3)] {
        let nothing = rt.read_file::<u8>(&path, start..end);
        assert_eq!(nothing.unwrap_err().kind(), ErrorKind::BlockSize);
    }
    let empty = folder.file("empty", &[]);
    let error = rt.read_file::<u8>(&empty, ..).unwrap_err();
    has(&error, &["empty", "at least one"]);
    let error = rt.read_file::<u8>(&path, 0..=u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BlockSize);
    has(&error, &["address space"]);
}

/// Reads `path` in a scope with one who uses the block; the failure.
fn fails(rt: &Runtime, path: &Path, range: std::ops::Range<u64>) -> Error {
    let error = rt
        .finish(|s| {
            let block = s.read_file::<u8>(path, range)?;
            s.codelet("user")
                .spawn(block.read(), |_, _| panic!("must not run"));
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((failure.failed, failure.skipped), (1, 1));
    assert_eq!(failure.codelet, "read_file");
    assert!(!failure.panicked);
    assert!(failure.spawned_at.file().ends_with("files.rs"));
    error
}

#[test]
fn what_goes_wrong_poisons_the_block_and_names_path_range_and_reason() {
    let folder = Folder::new("wrong");
    let rt = runtime(2);
    let missing = folder.0.join("missing");
    let error = fails(&rt, &missing, 3..10);
    has(&error, &["wrong/missing", "bytes 3..10", "No such file"]);
    // Who asks for its length learns it at once.
    let error = rt.read_file::<u8>(&missing, ..).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::System);
    has(&error, &["wrong/missing", "No such file"]);

    let error = fails(&rt, &folder.0, 0..10);
    has(&error, &["bytes 0..10", "it is a directory"]);
    has(
        &rt.read_file::<u8>(&folder.0, ..).unwrap_err(),
        &["no regular file"],
    );

    let short = folder.file("short", &bytes(100));
    let error = fails(&rt, &short, 50..150);
    has(
        &error,
        &["wrong/short", "bytes 50..150", "ends at byte 100"],
    );
    has(&fails(&rt, &short, 500..510), &["ends at byte 500"]);

    let hidden = folder.file("hidden", &bytes(10));
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&hidden).is_err() {
        has(
            &fails(&rt, &hidden, 0..10),
            &["wrong/hidden", "ermission denied"],
        );
    } else {
        // Nothing is hidden from the superuser; a file of the kernel's that refuses to be read is the same to us.
        let error = fails(&rt, Path::new("/proc/self/mem"), 0..10);
        has(&error, &["/proc/self/mem", "os error"]);
    }
}

#[test]
fn a_block_whose_file_could_not_be_read_is_healed_by_one_that_can() {
    let folder = Folder::new("healed");
    let rt = runtime(2);
    let block = rt.block::<u8>(10).unwrap();
    let missing = folder.0.join("file");
    let read = || {
        rt.finish(|s| {
            s.read_file_into(block, &missing, 5)?;
            Ok(())
        })
    };
    assert_eq!(read().unwrap_err().kind(), ErrorKind::Failed);
    has(&rt.read(block, |_| ()).unwrap_err(), &["healed/file"]);
    folder.file("file", &bytes(15));
    read().unwrap();
    rt.read(block, |block| assert_eq!(block, &bytes(15)[5..]))
        .unwrap();
}

#[test]
fn names_are_any_that_the_system_allows() {
    let folder = Folder::new("names");
    let rt = runtime(1);
    let data = bytes(33);
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"no\xffutf8").to_owned();
    for name in ["süß 数据 🐟".into(), "new\nline".into(), "-x".into(), odd] {
        let name: std::ffi::OsString = name;
        let path = folder.0.join(name);
        let block = rt.block::<u8>(33).unwrap();
        rt.write(block, |block| block.copy_from_slice(&data))
            .unwrap();
        rt.write_file(block, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), data);
        let again = rt.read_file::<u8>(&path, ..).unwrap();
        rt.read(again, |again| assert_eq!(again, data)).unwrap();
    }
}

#[test]
fn a_block_is_written_as_it_is_at_that_place_of_the_program() {
    let folder = Folder::new("order");
    for mode in MODES {
        let rt = of_mode(3, mode);
        let block = rt.block::<u32>(100_000).unwrap();
        let path = |step: u32| folder.0.join(format!("step{step}"));
        rt.finish(|s| {
            for step in 0..20 {
                s.spawn(block.read_write(), move |_, block| block.fill(step));
                s.write_file(block, path(step))?;
            }
            Ok(())
        })
        .unwrap();
        for step in 0..20 {
            let written = fs::read(path(step)).unwrap();
            let words: &[u32] = bytemuck::cast_slice(&written);
            assert!(words.len() == 100_000 && words.iter().all(|&word| word == step));
        }
    }
}

#[test]
fn a_file_is_made_over_and_parts_of_it_are_not() {
    let folder = Folder::new("parts-written");
    let path = folder.file("file", &[9; 50]);
    let rt = runtime(2);
    let block = rt.block::<u8>(10).unwrap();
    rt.write(block, |block| block.fill(1)).unwrap();
    rt.finish(|s| {
        let first = s.write_file_at(block, &path, 20)?;
        let second = s.codelet("second").after(&first.event());
        second.write_file_at(block, &path, 60)?;
        Ok(())
    })
    .unwrap();
    let expected = [&[9; 20][..], &[1; 10], &[9; 20], &[0; 10], &[1; 10]].concat();
    assert_eq!(fs::read(&path).unwrap(), expected);
    rt.write_file(block, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), [1; 10]);
}

#[test]
fn what_was_written_is_read_after_its_event() {
    let folder = Folder::new("after");
    let path = folder.0.join("file");
    let rt = runtime(2);
    let block = rt.block::<u64>(1000).unwrap();
    rt.finish(|s| {
        s.spawn(block.write(), |_, block| block.fill(77));
        let written = s.write_file(block, &path)?;
        let options = s.codelet("reader").after(&written.event());
        let again = options.read_file::<u64>(&path, 0..8000)?;
        s.spawn(again.read(), |_, again| assert_eq!(again, [77; 1000]));
        // By the other door, too.
        let late = s.block::<u64>(1)?;
        let options = s.codelet("late").at_ready().after(&written.event());
        let read = options.read_file_into(late, &path, 0)?;
        let after = s.codelet("then").at_ready().after(&read.event());
        after.spawn(late.read(), |_, late| assert_eq!(late, [77]));
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_cannot_be_written_fails_and_names_path_and_reason() {
    let folder = Folder::new("unwritten");
    let rt = runtime(2);
    let block = rt.block::<u8>(10).unwrap();
    let error = rt
        .write_file(block, folder.0.join("no/such/folder"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    has(
        &error,
        &[
            "write_file",
            "writing 10 bytes",
            "no/such/folder",
            "No such file",
        ],
    );
    assert!(
        error
            .failure()
            .unwrap()
            .spawned_at
            .file()
            .ends_with("files.rs")
    );
    has(&rt.write_file(block, &folder.0).unwrap_err(), &["irectory"]);
    if Path::new("/dev/full").exists() {
        has(
            &rt.write_file(block, "/dev/full").unwrap_err(),
            &["/dev/full", "No space left"],
        );
    }
    // Poison is not written.
    let path = folder.0.join("poisoned");
    let error = rt.finish(|s| {
        s.codelet("fails")
            .spawn(block.write(), |_, _| Err::<(), _>(Error::msg("on purpose")));
        s.write_file(block, &path)?;
        Ok(())
    });
    assert_eq!(error.unwrap_err().failure().unwrap().codelet, "fails");
    assert!(!path.exists());
}

#[test]
fn many_files_at_once_read_in_codelets_and_handed_up() {
    let folder = Folder::new("many");
    let paths: Vec<PathBuf> = (0..300)
        .map(|n| folder.file(&format!("f{n}"), &bytes(n + 1)))
        .collect();
    for mode in MODES {
        let rt = of_mode(2, mode);
        let (sum, paths) = (AtomicU64::new(0), &paths);
        let sum = &sum;
        rt.finish(|s| {
            for path in paths {
                s.spawn((), move |s, ()| {
                    let block = s.read_file::<u8>(path, ..)?;
                    s.spawn(block.read(), move |_, data| {
                        let expected = bytes(data.len());
                        assert_eq!(data, expected);
                        sum.fetch_add(data.len() as u64, Ordering::Relaxed);
                    });
                    s.destroy(block);
                    Ok(())
                });
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(sum.load(Ordering::Relaxed), (1..=300).sum::<u64>());
    }
}

/// Nothing that is waited for here takes so long, whatever else the machine does.
const FOREVER: Duration = Duration::from_secs(120);

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < FOREVER, "not: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until it was looked twice whether a scope is stuck: for that all engines sleep.
fn looks_for_stuck_scopes(rt: &Runtime) {
    let looks = || rt.ce_counts().iter().map(|ce| ce.stuck_checks).sum::<u64>();
    let before = looks();
    until("somebody looks for stuck scopes", || looks() >= before + 2);
}

/// A pipe whose other end takes its time blocks nobody else, and its scope is not stuck.
#[test]
fn codelets_go_on_while_a_pipe_is_waited_for() {
    let folder = Folder::new("pipe");
    for mode in MODES {
        let rt = of_mode(2, mode);
        let path = folder.pipe(&format!("{mode:?}"));
        let ran = AtomicU64::new(0);
        let (ran, rt) = (&ran, &rt);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                until("others go on", || ran.load(Ordering::Relaxed) == 1000);
                looks_for_stuck_scopes(rt);
                use std::io::Write;
                let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
                file.write_all(&[1; 5]).unwrap();
                std::thread::sleep(Duration::from_millis(50));
                file.write_all(&[2; 5]).unwrap();
            });
            rt.finish(|s| {
                let block = s.read_file::<u8>(&path, ..10)?;
                for _ in 0..1000 {
                    s.spawn((), |_, ()| {
                        ran.fetch_add(1, Ordering::Relaxed);
                    });
                }
                s.spawn(block.read(), |_, block| {
                    assert_eq!(block, [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
                    assert_eq!(ran.load(Ordering::Relaxed), 1000);
                });
                Ok(())
            })
            .unwrap();
        });
    }
}

/// Both ends of a pipe are accesses of one program.
#[test]
fn one_end_of_a_pipe_does_not_keep_the_other_from_coming() {
    let folder = Folder::new("both-ends");
    let rt = runtime(1);
    let pipe = folder.pipe("pipe");
    let from = rt.block::<u8>(200_000).unwrap();
    rt.write(from, |from| from.copy_from_slice(&bytes(200_000)))
        .unwrap();
    for reader_first in [true, false] {
        let to = rt.block::<u8>(200_000).unwrap();
        rt.finish(|s| {
            if reader_first {
                s.read_file_into(to, &pipe, 0)?;
            }
            s.write_file(from, &pipe)?;
            if !reader_first {
                s.read_file_into(to, &pipe, 0)?;
            }
            Ok(())
        })
        .unwrap();
        rt.read(to, |to| assert!(to == bytes(200_000))).unwrap();
    }
    has(&fails(&rt, &pipe, 5..10), &["stream", "beginning"]);
}

#[test]
fn a_pipe_that_ends_early_is_told() {
    let folder = Folder::new("early");
    let rt = runtime(1);
    let path = folder.pipe("pipe");
    let pipe = path.clone();
    let writer = std::thread::spawn(move || fs::write(pipe, [1; 5]).unwrap());
    has(&fails(&rt, &path, 0..10), &["ends at byte 5"]);
    writer.join().unwrap();
}

#[test]
fn an_access_behind_what_never_comes_is_reported_stuck_and_one_that_goes_on_is_hope() {
    let folder = Folder::new("stuck");
    for mode in MODES {
        let rt = of_mode(2, mode);
        let path = folder.pipe(&format!("{mode:?}"));
        let (pipe, own) = (path.clone(), rt.clone());
        let writer = std::thread::spawn(move || {
            looks_for_stuck_scopes(&own);
            fs::write(pipe, [1; 5]).unwrap();
        });
        let block = rt.block::<u8>(10).unwrap();
        let (mut kept, other) = (None, folder.0.join("never"));
        let error = rt
            .finish(|s| {
                let (never, trigger) = s.event("never");
                kept = Some(trigger);
                s.codelet("blocks")
                    .after(&never)
                    .spawn(block.write(), |_, _| ());
                s.write_file(block, &other)?;
                let slow = s.read_file::<u8>(&path, 0..5)?;
                let both = s.codelet("both").after(&never);
                both.spawn(slow.read(), |_, _| ());
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
        let names: Vec<_> = error.stuck().iter().map(|w| w.codelet.as_str()).collect();
        assert_eq!(names, ["blocks", "write_file", "both"], "{error}");
        assert!(!other.exists());
        // It had hope until the pipe had been read: else its writer would have found nobody at the other end.
        writer.join().unwrap();
    }
}

/// The runtime goes as soon as its scopes have ended, whatever threads it had started.
#[test]
fn a_runtime_with_threads_for_files_ends() {
    let folder = Folder::new("ends");
    let path = folder.file("file", &bytes(3 << 20));
    for mode in MODES {
        for _ in 0..20 {
            let rt = of_mode(2, mode);
            let first = rt.clone();
            let path = &path;
            std::thread::scope(|threads| {
                threads.spawn(move || {
                    first
                        .finish(|s| (0..8).try_for_each(|_| s.read_file::<u8>(path, ..).map(drop)))
                        .unwrap();
                });
                // Meanwhile the others drop theirs.
                drop(rt);
            });
        }
    }
    let left = || {
        let threads = fs::read_dir("/proc/self/task").unwrap();
        let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm"));
        let names = threads.filter_map(|task| name(task.ok()?).ok());
        names.filter(|name| name.starts_with("sprat-io")).count()
    };
    // Other tests of this program have theirs, but not for long.
    if cfg!(target_os = "linux") {
        until("all threads for files have gone", || left() == 0);
    }
}
