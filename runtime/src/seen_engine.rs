//! What a control engine remembers of what it saw of its engines' threads.

use crate::decide::health::Health;
use crate::decide::run_share::RunShare;
use crate::power_watch::PowerWatch;
use crate::run_times::RunTimes;

/// Of all of them.
#[derive(Default)]
pub(crate) struct SeenEngines {
    pub(crate) health: Health,
    pub(crate) engines: Vec<SeenEngine>,
    pub(crate) looked_ns: u64,
    /// Claims of sleepers by then.
    pub(crate) claims: u64,
    /// What they draw, and how many of them may work, how fast.
    pub(crate) power: PowerWatch,
    /// Late looks so far, each a sign of everybody.
    pub(crate) late: u64,
}

/// Of one.
#[derive(Default)]
pub(crate) struct SeenEngine {
    /// The thread in the seat, and its times.
    thread: u32,
    times: Option<RunTimes>,
    share: RunShare,
    /// How long it had run by the last look, and all that it and those before it have run in the seat, in nanoseconds.
    ran_ns: u64,
    pub(crate) busy_ns: u64,
    /// Whether its times were told at the last look.
    pub(crate) is_known: bool,
    /// How often it was another one than before.
    pub(crate) threads: u64,
    /// See [`RunShare::look`].
    pub(crate) ended: (u64, u64),
}

impl SeenEngine {
    /// This thread sits there now. How long it has had a processor, in nanoseconds; `None` if that is not told.
    pub(crate) fn look(&mut self, thread: u32) -> Option<u64> {
        let (ran_ns, waited_ns) = self.add_up(thread)?;
        self.ended = self.share.look(ran_ns, waited_ns);
        Some(ran_ns)
    }

    /// The same, for `busy_ns` alone: what is concluded from looks that come at their times knows nothing of it. How long the thread has had a processor, and waited for one.
    pub(crate) fn add_up(&mut self, thread: u32) -> Option<(u64, u64)> {
        let is_new = self.thread != thread;
        if is_new {
            (self.thread, self.times) = (thread, RunTimes::of(thread));
            self.threads += 1;
        }
        let told = self.times.as_ref().and_then(RunTimes::read);
        self.is_known = told.is_some();
        let (ran_ns, waited_ns) = told?;
        if is_new {
            self.share.begin(ran_ns, waited_ns);
        } else {
            self.busy_ns += ran_ns.saturating_sub(self.ran_ns);
        }
        self.ran_ns = ran_ns;
        Some((ran_ns, waited_ns))
    }
}
