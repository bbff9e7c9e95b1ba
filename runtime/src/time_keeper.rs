//! Who fires timers: the first domain's control engine, whose sleep ends at the first deadline; and whoever idles or
//! sleeps in a scope, if that one is silent. The same ones ask polled functions ([`crate::poll_keeper`]).

use crate::control::Control;
use crate::engine::{Engine, Followers};
use crate::event::EventRef;
use crate::idle::Parker;
use crate::mutants::mutant;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::lock;
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
    /// An event that fires when this time has come.
    pub(crate) fn add_timer(&self, time: Instant) -> EventRef {
        let event = self.new_event("timer", true);
        if time <= Instant::now() {
            // Nobody knows it yet.
            event.one_shot.fire(false);
        } else if self.timers.add(time, event.clone()) {
            tell(&self.domains[0].control);
        }
        event
    }

    /// Fires what is due, and asks polled functions.
    pub(crate) fn fire_timers(&self) {
        if self.timers.is_late(0) {
            self.fire_due_timers();
            self.look_at_polls();
        }
    }

    fn fire_due_timers(&self) {
        let mut due = self.timers.due().peekable();
        if due.peek().is_none() {
            return;
        }
        let mut stranger = lock(&self.stranger);
        // SAFETY: the lock's guard is ours until the end.
        let engine = unsafe { Engine::new(self, None, &raw mut *stranger) };
        for event in due {
            engine.fire_event(&event, 0, &mut Followers::posted());
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

    /// Fires timers that a silent control engine should have fired `silences` times its patience ago; whether it did. Polled
    /// functions are asked at their time: who is here is awake.
    #[inline]
    pub(crate) fn fire_late_timers(&self, silences: u64) -> bool {
        if !self.timers.is_late(0) {
            return false;
        }
        let late = self.timers.is_late(silences * self.tuning.silence_ns);
        match late {
            true => self.fire_timers(),
            false => self.look_at_polls(),
        }
        late
    }

    /// Sleeps until woken. Sees to it that timers fire meanwhile, and scopes end at their deadlines, though the control engine
    /// be silent.
    pub(crate) fn sleep_in(&self, bed: &Parker) {
        loop {
            let grace = SLEEPERS_PATIENCE * self.tuning.silence_ns;
            let timer = self.timers.sleep(None, grace);
            let deadline = self.cancelling.until_deadline();
            let deadline = deadline.map(|left| left + Duration::from_nanos(self.tuning.silence_ns));
            let Some(time) = timer.into_iter().chain(deadline).min() else {
                break;
            };
            if bed.wait_for(time) {
                return;
            }
            if self.fire_late_timers(SLEEPERS_PATIENCE) {
                // Perhaps nobody became ready, all sleep, and the control engine would have looked for stuck scopes now.
                self.stand_in(&self.domains[0]);
            }
            self.look_at_deadlines();
        }
        bed.wait();
    }
}
