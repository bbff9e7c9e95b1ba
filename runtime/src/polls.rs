//! Functions that are asked again and again whether something has come. How often is decided in
//! [`crate::decide::polling`]; [`crate::poll_keeper`] asks. See `docs/design/polling.md`.

use crate::decide::polling::{Looked, MOST_NS, pause_ns};
use crate::error::Result;
use crate::event::EventRef;
use crate::panics::{caught, drop_quietly};
use crate::sync::{Mutex, MutexGuard, lock};
use crate::timers::{NONE, Timers};
use std::panic::Location;

/// Whether it has come; an error if it never will.
pub(crate) type Function = Box<dyn FnMut() -> Result<bool> + Send>;

/// An event and the function that tells when it comes.
pub(crate) struct Polled {
    pub(crate) event: EventRef,
    pub(crate) made_at: &'static Location<'static>,
    pub(crate) function: Function,
}

impl Polled {
    /// Asks once. Nothing while it has not come; what went wrong if it never will.
    fn ask(&mut self) -> Option<std::result::Result<(), String>> {
        let mut said = Ok(false);
        match caught(|| said = (self.function)()) {
            Err(panic) => Some(Err(format!(
                "the function that is polled for it panicked: {panic}"
            ))),
            Ok(()) => match said {
                Ok(false) => None,
                Ok(true) => Some(Ok(())),
                Err(error) => Some(Err(error.to_string())),
            },
        }
    }
}

/// See the module.
pub(crate) struct Polls {
    state: Mutex<State>,
    /// Those that are asked. Who holds the lock asks: one function at a time. Locked before `state`, if both are.
    asked: Mutex<Vec<Polled>>,
}

struct State {
    /// Added since the last look.
    new: Vec<Polled>,
    /// When something was added or came last.
    stir: u64,
    /// Nobody is asked any more: see [`Polls::close`].
    closed: bool,
    /// When to look next; [`NONE`] if there is nothing to look at. The timers have it, too.
    next: u64,
}

impl Polls {
    pub(crate) fn new() -> Self {
        Polls {
            state: Mutex::new(State {
                new: Vec::new(),
                stir: 0,
                closed: false,
                next: NONE,
            }),
            asked: Mutex::new(Vec::new()),
        }
    }

    /// Adds one, to be asked at once; true if who sleeps must hear of it. It comes back if none is asked any more.
    pub(crate) fn add(&self, polled: Polled, timers: &Timers) -> std::result::Result<bool, Polled> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(polled);
        }
        let now = timers.now();
        state.new.push(polled);
        state.stir = now;
        let earlier = now < state.next;
        if earlier {
            state.next = now;
            timers.look_at(now);
        }
        Ok(earlier)
    }

    /// Begins a look, if it is time and nobody looks.
    pub(crate) fn look<'a>(&'a self, timers: &'a Timers) -> Option<Look<'a>> {
        let began = timers.now();
        {
            let mut state = lock(&self.state);
            if began < state.next {
                return None;
            }
            // Whoever comes meanwhile need not wait for us; who ends the look knows better.
            state.next = began + MOST_NS;
            timers.look_at(state.next);
        }
        let mut asked = self.asked.try_lock().ok()?;
        asked.append(&mut lock(&self.state).new);
        Some(Look {
            polls: self,
            timers,
            asked,
            began,
            at: 0,
            came: false,
        })
    }

    /// What is left, of which none is asked any more: who asks now has ended when this returns.
    pub(crate) fn close(&self) -> Vec<Polled> {
        let new = {
            let mut state = lock(&self.state);
            state.closed = true;
            std::mem::take(&mut state.new)
        };
        let mut left = std::mem::take(&mut *lock(&self.asked));
        left.extend(new);
        left
    }

    /// Drops what is left: the runtime ends.
    pub(crate) fn clear(&self) {
        self.close().into_iter().for_each(drop_quietly);
    }
}

/// All functions are asked once. Nobody else asks any while this lives.
pub(crate) struct Look<'a> {
    polls: &'a Polls,
    timers: &'a Timers,
    asked: MutexGuard<'a, Vec<Polled>>,
    began: u64,
    at: usize,
    came: bool,
}

impl Look<'_> {
    /// The next one whose waiting is over, and what went wrong if it did.
    pub(crate) fn next(&mut self) -> Option<(Polled, std::result::Result<(), String>)> {
        while let Some(polled) = self.asked.get_mut(self.at) {
            if let Some(verdict) = polled.ask() {
                self.came = true;
                return Some((self.asked.swap_remove(self.at), verdict));
            }
            self.at += 1;
        }
        None
    }

    /// Ends the look. `idle` says whether some engine has nothing to do.
    pub(crate) fn end(self, idle: bool) {
        let mut state = lock(&self.polls.state);
        let now = self.timers.now();
        if self.came {
            state.stir = now;
        }
        state.next = if !state.new.is_empty() {
            now
        } else if self.asked.is_empty() {
            NONE
        } else {
            let pause = pause_ns(Looked {
                idle,
                quiet_ns: now.saturating_sub(state.stir),
                took_ns: now - self.began,
            });
            now.saturating_add(pause).min(NONE - 1)
        };
        self.timers.look_at(state.next);
        // Before the state's lock: who finds that it is time can look.
        drop(self.asked);
    }
}
