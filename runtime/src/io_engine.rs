//! Threads that access files on behalf of codelets: engines without a seat, which may block.
//!
//! An access to a file is a codelet like any other, that enters its block's queue where it is spawned; only its affinity
//! sends it here when it is ready. What others see of it is its end, which happens as that of a host's body outside of
//! all seats: counted, so that nobody looks for stuck scopes meanwhile (`docs/design/io.md`).

use crate::codelet::flag;
use crate::engine::{AtReady, Engine, Followers};
use crate::error::{Error, Result};
use crate::local::Local;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::sync::thread;
use crate::topology;
use crate::tracing::Trace;

impl Shared {
    /// A codelet that accesses a file is about to be spawned. Follow with `io.forget()` if it is not.
    pub(crate) fn expect_access(&self) -> Result<()> {
        let started = self.io.expect(|number, cpus| {
            let shared = self.hold();
            let name = format!("sprat-io{number}");
            thread::Builder::new().name(name).spawn(move || {
                if let Some(cpus) = cpus {
                    // Refused inside some containers: then it works wherever it is put.
                    let _ = topology::set_affinity(&cpus);
                }
                shared.io_loop();
            })
        });
        started.map_err(|error| {
            let text =
                "a thread for accesses to files could not be started; raise the limit on threads";
            Error::system(text, error)
        })
    }

    /// The thread's life.
    fn io_loop(&self) {
        let mut local = Local::new(None, 0, self.homes.outside_pool().clone());
        local.tracer = self.trace.as_ref().map(Trace::join);
        // SAFETY: the state is ours, and lives until the end of this function.
        let engine = unsafe { Engine::new(self, None, &raw mut local) };
        while let Some(id) = self.io.take() {
            engine.run_access(id);
        }
        engine.retire();
    }
}

impl Engine<'_> {
    /// Runs a codelet that accesses a file, which may take long.
    fn run_access(&self, id: u32) {
        let shared = self.shared;
        let record = shared.arena.record(id);
        // SAFETY: it is ready, so it lives, and the queue it came through published it to us.
        let vtable = unsafe { record.vtable() };
        if record.flags() & flag::AT_READY != 0 {
            let _moves = Moves::begin(shared);
            if let AtReady::Wait = self.enter_at_ready(id, vtable.payload) {
                shared.io.put_down(id);
                return;
            }
        }
        let children = match self.is_traced() {
            false => self.run_body::<false>(id, record, vtable),
            true => self.run_body::<true>(id, record, vtable),
        };
        let _moves = Moves::begin(shared);
        shared.io.put_down(id);
        shared.io.forget();
        self.body_ended(id, record, children, &mut Followers::posted());
        self.settle_ended();
    }
}

/// While this lives nobody looks whether scopes are stuck.
struct Moves<'a>(&'a Shared);

impl<'a> Moves<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.outside_bodies.fetch_add(1, Ordering::SeqCst);
        shared.wait_for_inspection();
        Moves(shared)
    }
}

impl Drop for Moves<'_> {
    fn drop(&mut self) {
        // Perhaps nobody became ready, and a scope has lost its last hope.
        self.0.looked_at.store(u64::MAX, Ordering::Relaxed);
        self.0.outside_bodies.fetch_sub(1, Ordering::SeqCst);
        if self.0.open_scopes.load(Ordering::Relaxed) > 0 {
            // All may sleep, and the control engine be silent: who wakes up for this looks before it sleeps again.
            self.0.notify(&self.0.domains[0]);
        }
    }
}
