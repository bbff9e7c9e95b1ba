//! Who fires timers: the first domain's control engine, whose sleep ends at the first deadline; and whoever idles or
//! sleeps in a scope, if that one is silent.

use crate::engine::{Engine, Followers};
use crate::event::EventCell;
use crate::idle::Parker;
use crate::shared::{Control, Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, lock, mutant};
use crate::timers::Alarm;
use std::time::{Duration, Instant};

/// How often the silence of a control engine a sleeper lets pass before it fires timers itself: with a control engine
/// that is there, it would wake up for nothing.
const SLEEPERS_PATIENCE: u64 = 4;

/// Tells a control engine that there is a first deadline, or an earlier one. It may sleep: woken even if it was asked
/// before, since somebody may answer in its stead, and then it need not have seen the deadline. Model:
/// `models/timers.rs`.
pub(crate) fn tell(control: &Control) {
    control.ask();
    if !mutant!("timer_asks_only") {
        control.bed.wake();
    }
}

impl Shared {
    /// An alarm that fires when this time has come.
    pub(crate) fn add_timer(&self, time: Instant) -> Arc<Alarm> {
        let alarm = Arc::new(Alarm {
            cell: EventCell::new("timer", true),
            runtime: self.id,
        });
        if time <= Instant::now() {
            // Nobody knows it yet.
            alarm.cell.one_shot.fire(false);
        } else if self.timers.add(time, alarm.clone()) {
            tell(&self.domains[0].control);
        }
        alarm
    }

    /// Fires what is due.
    pub(crate) fn fire_timers(&self) {
        if !self.timers.is_late(0) {
            return;
        }
        let due = self.timers.due();
        let mut stranger = lock(&self.stranger);
        // SAFETY: the lock's guard is ours until the end.
        let engine = unsafe { Engine::new(self, None, &raw mut *stranger) };
        for alarm in due {
            engine.fire_event(&alarm.cell, 0, &mut Followers::posted());
        }
        // Perhaps nobody became ready by that, and a scope has lost its last hope.
        self.looked_at.store(u64::MAX, Ordering::Relaxed);
    }

    /// How long a domain's control engine may sleep that would sleep for `nap`, or until woken.
    pub(crate) fn sleep(&self, domain: &Domain, nap: Option<Duration>) -> Option<Duration> {
        match std::ptr::eq(domain, &raw const self.domains[0]) {
            true => self.timers.sleep(nap, 0),
            false => nap,
        }
    }

    /// Fires timers that a silent control engine should have fired `silences` times its patience ago; whether it did.
    #[inline]
    pub(crate) fn fire_late_timers(&self, silences: u64) -> bool {
        let late = self.timers.is_late(silences * self.tuning.silence_ns);
        if late {
            self.fire_timers();
        }
        late
    }

    /// Sleeps until woken. Sees to it that timers fire meanwhile, though the control engine be silent.
    pub(crate) fn sleep_in(&self, bed: &Parker) {
        while self.timers.is_pending() {
            let grace = SLEEPERS_PATIENCE * self.tuning.silence_ns;
            let Some(time) = self.timers.sleep(None, grace) else {
                break;
            };
            if bed.wait_for(time) {
                return;
            }
            self.fire_late_timers(SLEEPERS_PATIENCE);
        }
        bed.wait();
    }
}
