//! What the kernel says of threads' processor times. Where it says nothing, nobody watches how fast engines run.

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;

thread_local! {
    /// The kernel's number of this thread, once it was looked up.
    static NUMBER: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The kernel's number of the calling thread, or 0 if it tells none.
pub(crate) fn own_number() -> u32 {
    if cfg!(miri) {
        return 0;
    }
    NUMBER.get().unwrap_or_else(|| {
        let link = std::fs::read_link("/proc/thread-self").ok();
        let number = link.and_then(|link| link.file_name()?.to_str()?.parse().ok());
        let number = number.unwrap_or(0);
        NUMBER.set(Some(number));
        number
    })
}

/// Where the kernel tells the times of a thread.
pub(crate) struct RunTimes {
    file: File,
}

impl RunTimes {
    /// Of the thread of this process with this number. `None` if there is none, or its times are not told.
    pub(crate) fn of(thread: u32) -> Option<Self> {
        let file = File::open(format!("/proc/self/task/{thread}/schedstat")).ok()?;
        Some(RunTimes { file })
    }

    /// How long it has had a processor, and how long it wanted one and had none, in nanoseconds. `None` when it has ended, and of kernels
    /// that do not count.
    pub(crate) fn read(&self) -> Option<(u64, u64)> {
        let mut bytes = [0; 64];
        let count = self.file.read_at(&mut bytes, 0).ok()?;
        parse(&bytes[..count])
    }
}

fn parse(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut numbers = std::str::from_utf8(bytes).ok()?.split_whitespace();
    let mut next = || numbers.next()?.parse().ok();
    let (ran_ns, waited_ns) = (next()?, next()?);
    (ran_ns > 0).then_some((ran_ns, waited_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_kernel_writes_them() {
        assert_eq!(
            parse(b"112766363 602081395 34\n"),
            Some((112_766_363, 602_081_395))
        );
        for none in ["", "\n", "7", "7 x 1", "0 0 0", "-1 2 3"] {
            assert_eq!(parse(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no such files")]
    fn a_thread_that_works_has_run() {
        let number = own_number();
        assert_eq!(number, own_number());
        let times = RunTimes::of(number).and_then(|times| Some((times.read()?, times)));
        let Some(((before, _), times)) = times else {
            // This kernel does not tell.
            return;
        };
        let begin = std::time::Instant::now();
        let mut ran = before;
        while ran < before + 10_000_000 && begin.elapsed().as_secs() < 20 {
            ran = times.read().unwrap().0;
        }
        assert!(ran >= before + 10_000_000, "{ran} after {before}");
        assert!(RunTimes::of(u32::MAX).is_none());
    }
}
