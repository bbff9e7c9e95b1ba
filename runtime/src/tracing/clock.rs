//! The clock of a trace: the processor's time-stamp counter where it runs at one rate on all cores, else the system's.

use crate::trace::Clock as Both;
use std::time::Instant;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    begin: Instant,
    counts: bool,
}

impl Clock {
    /// Finds out which.
    pub(crate) fn new() -> Self {
        Clock {
            begin: Instant::now(),
            counts: counter_is_invariant(),
        }
    }

    /// What the ticks are, for people.
    pub(crate) fn name(&self) -> &'static str {
        match self.counts {
            true => "time-stamp counter",
            false => "clock_gettime",
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self.counts {
            true => counter(),
            false => self.ns(),
        }
    }

    /// About 100 µs in ticks: how often an engine looks at its queues at most.
    #[inline]
    pub(crate) fn pause(&self) -> u64 {
        match self.counts {
            // Counters run at one to some thousand million ticks a second.
            true => 250_000,
            false => 100_000,
        }
    }

    /// Some tenths of a microsecond in ticks: what an engine does between two codelets of its queue takes less.
    #[inline]
    pub(super) fn moment(&self) -> u64 {
        self.pause() / 256
    }

    fn ns(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }

    /// Both clocks at once: between two reads of the counter that lie closely together, of a few tries.
    pub(crate) fn both(&self) -> Both {
        let read = |_| {
            let before = self.now();
            let ns = self.ns();
            let after = self.now();
            let middle = before + after.saturating_sub(before) / 2;
            (after.saturating_sub(before), Both { ticks: middle, ns })
        };
        let best = (0..5).map(read).min_by_key(|(width, _)| *width);
        best.expect("there are tries").1
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn counter() -> u64 {
    // SAFETY: all processors of this architecture have it, and systems let programs read it.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn counter() -> u64 {
    unreachable!("no counter is used here")
}

/// Whether the counter has one rate, whatever the cores do, and the system trusts it to be the same on all cores.
#[cfg(target_arch = "x86_64")]
fn counter_is_invariant() -> bool {
    use std::arch::x86_64::__cpuid;
    const HIGHEST: u32 = 0x8000_0000;
    const POWER: u32 = 0x8000_0007;
    let invariant = __cpuid(HIGHEST).eax >= POWER && __cpuid(POWER).edx & (1 << 8) != 0;
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    let trusted = ["tsc", "kvm-clock", "hyperv_clocksource_tsc_page"];
    let source = std::fs::read_to_string(path).unwrap_or_default();
    invariant && trusted.contains(&source.trim())
}

#[cfg(not(target_arch = "x86_64"))]
fn counter_is_invariant() -> bool {
    false
}
