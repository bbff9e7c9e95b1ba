//! Bodies that wait after all: for interfaces with old programs, whose codelets block.

use crate::scope::Scope;
use crate::sync::atomic::Ordering;
use crate::sync::{sleep, thread};
use std::time::Duration;

/// How often an engine looks for work before it sleeps, and how long it sleeps then.
const LOOKS: u32 = 200;
const NAP: Duration = Duration::from_micros(50);

impl Scope<'_> {
    /// Runs other codelets on this engine, on top of the body that calls, until `done` says so. Codelets should never need
    /// that: each that waits so keeps its stack, and what it waits for may be below it there. No thread but an engine's helps.
    ///
    /// `done` is asked now and then, more often than once for each codelet; a codelet that it ends the wait for may not have run.
    pub fn help_until(&self, done: &dyn Fn() -> bool) {
        let engine = self.frame().engine;
        let shared = engine.shared;
        let Some(seat) = engine.seat else {
            while !done() {
                thread::yield_now();
            }
            return;
        };
        let domain = &shared.domains[usize::from(seat.domain)];
        let (kept, before) = engine.local(|local| {
            let before = (local.runs, local.made_blocks, local.only_holds, local.host);
            // What becomes ready from here on is found in the queue: no body of this engine is about to end.
            (local.runs, local.host) = (false, false);
            (std::mem::take(&mut local.kept), before)
        });
        let (.., in_host_body) = before;
        if in_host_body {
            // What runs here from now on are codelets.
            seat.end_body();
            engine.stop_after_rest();
        }
        if kept != 0 {
            engine.put_in_queue(kept);
        }
        engine.end_who_have_run();
        let aside = engine.trace_aside();
        let mut looks = 0;
        while !done() {
            engine.stop_if_shut();
            engine.settle_ended();
            // This engine may be the one that sees to timers, or the only one that is awake.
            shared.look_at_deadlines();
            shared.fire_late_timers(1);
            let found = match engine.is_shut_out() {
                true => {
                    engine.hand_on(seat, domain);
                    engine.find_pinned(seat)
                }
                false => engine.find(domain),
            };
            match found {
                Some(id) => {
                    engine.run(id, done);
                    looks = 0;
                }
                None if looks < LOOKS => {
                    engine.trace_turns_aside();
                    looks += 1;
                    thread::yield_now();
                }
                None => {
                    engine.trace_turns_aside();
                    if domain.control.requested.load(Ordering::Relaxed) {
                        shared.stand_in(domain);
                    }
                    sleep(NAP);
                }
            }
        }
        // Whose children ended here shall not wait for the body that goes on now.
        engine.settle_ended();
        if in_host_body {
            seat.begin_body();
            shared.gate.tell();
        }
        engine.local(|local| {
            (local.runs, local.made_blocks, local.only_holds, local.host) = before;
        });
        engine.trace_back(aside);
    }
}
