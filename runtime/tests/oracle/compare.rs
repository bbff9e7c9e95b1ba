//! What happened, compared with what a program means.

use crate::expect::{Contents, Expected, Fate};
use crate::run::{Run, Verdict, name};
use sprat::{ErrorKind, Result};
use std::sync::atomic::{AtomicU32, Ordering};

impl Run<'_> {
    pub fn compare_result(&self, expected: &Expected, result: Result<()>) -> Verdict {
        let (failed, skipped) = (expected.failed() as u64, expected.skipped() as u64);
        let error = match result {
            Ok(()) => {
                return same(
                    "failed and skipped, as told by Ok",
                    &(0, 0),
                    &(failed, skipped),
                );
            }
            Err(error) => error,
        };
        if error.kind() != ErrorKind::Failed {
            return Err(format!("not a failure, but {:?}: {error}", error.kind()));
        }
        let failure = error.failure().ok_or("a failed scope without a failure")?;
        let told = (failure.failed, failure.skipped);
        same(
            "failed and skipped, as told by the error",
            &told,
            &(failed, skipped),
        )?;
        let is = |of, n| failure.codelet == name(of, n);
        let of_event = expected.dropped.iter().any(|&event| is('e', event));
        let of_codelet = expected.fates.iter().enumerate().any(|(id, fate)| {
            is('n', id)
                && match fate {
                    Fate::Failed { panicked } => {
                        let said = format!("oracle: n{id}");
                        failure.panicked == *panicked && failure.cause == said
                    }
                    Fate::Refused => !failure.panicked,
                    _ => false,
                }
        });
        match of_event || of_codelet {
            true => Ok(()),
            false => Err(format!(
                "the error names none of those that failed: {error}"
            )),
        }
    }

    pub fn compare_codelets(&self, expected: &Expected) -> Verdict {
        same(
            "clashes in blocks",
            &self.clashes.load(Ordering::Relaxed),
            &0,
        )?;
        same("strays", &self.strays.load(Ordering::Relaxed), &0)?;
        for (id, fate) in expected.fates.iter().enumerate() {
            let seen = &self.seen[id];
            let load = |count: &AtomicU32| count.load(Ordering::Relaxed);
            let told = (load(&seen.spawned), load(&seen.ran), load(&seen.dropped));
            let meant = match fate {
                Fate::Absent => (0, 0, 0),
                Fate::Ran(_) | Fate::Failed { .. } => (1, 1, 1),
                Fate::Skipped | Fate::Refused => (1, 0, 1),
            };
            let what = format!("n{id}, {fate:?} (spawned, ran, captures dropped)");
            same(&what, &told, &meant)?;
            if let Fate::Ran(digest) = fate {
                let what = format!("what n{id} computed");
                same(&what, &seen.digest.load(Ordering::Relaxed), digest)?;
            }
        }
        let alive = self.values_alive.load(Ordering::Relaxed);
        same("values alive after the end", &alive, &0)
    }

    pub fn compare_blocks(&self, expected: &Expected) -> Verdict {
        for (block, contents) in expected.blocks.iter().enumerate() {
            let what = format!("block {block}");
            let Some(&id) = self.blocks[block].get() else {
                same(&what, &Contents::Absent, contents)?;
                continue;
            };
            let found = match self.rt.read(id, <[u64]>::to_vec) {
                Ok(data) => Contents::Data(data),
                Err(error) if error.kind() == ErrorKind::Failed => {
                    // The reading codelet is refused, or skipped.
                    match error.failure().ok_or("no failure")?.failed {
                        0 => Contents::Poisoned,
                        _ => Contents::Destroyed,
                    }
                }
                Err(error) => return Err(format!("{what}: {error}")),
            };
            same(&what, &found, contents)?;
            if found != Contents::Destroyed {
                self.rt
                    .destroy(id)
                    .map_err(|error| format!("{what}: {error}"))?;
            }
        }
        Ok(())
    }
}

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, meant: &T) -> Verdict {
    match found == meant {
        true => Ok(()),
        false => Err(format!("{what}: {found:?}, and should be {meant:?}")),
    }
}
