//! What a control engine shares with the world: who asks it, who answers, and the try-lock around its routine.

use crate::counters::CeCounters;
use crate::decide::controller::Watch;
use crate::idle::Parker;
use crate::mutants::mutant;
use crate::seen_engine::SeenEngines;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::tracing::Settled;
use crossbeam_utils::CachePadded;
use std::collections::BTreeMap;

/// See the module. Model: `models/control.rs`.
pub(crate) struct Control {
    /// Something is to be decided.
    pub(crate) requested: CachePadded<AtomicBool>,
    /// The control engine looks by itself now and then. A hint.
    pub(crate) watching: AtomicBool,
    /// The routine runs; whoever turns this on runs it.
    pub(crate) busy: AtomicBool,
    pub(crate) bed: Parker,
    /// For the routine.
    pub(crate) watch: Mutex<Watch>,
    /// It is to see what its engines do, while scopes are open.
    pub(crate) sees: AtomicBool,
    /// Whether it sleeps until it is asked, as no scope is open: who opens one then asks it.
    pub(crate) rests: Settled,
    /// For the routine, likewise.
    pub(crate) health: Mutex<SeenEngines>,
    pub(crate) counters: CeCounters,
    /// Codelets that it moved between domains, by the way between their memories in tenths of the way to one's own.
    pub(crate) brokered: Mutex<BTreeMap<u64, u64>>,
    /// For tests: the control engine's thread does nothing while this is set.
    pub(crate) paused: AtomicBool,
}

impl Control {
    /// Asks for a decision.
    pub(crate) fn ask(&self) {
        // AcqRel: what led to the request is seen by the routine that answers it (which swaps it off).
        let order = if mutant!("control_ask_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::AcqRel
        };
        if !self.requested.swap(true, order) {
            self.bed.wake();
        }
    }

    /// Runs the routine, unless somebody does already: then false, and whoever runs it now will run it once more if
    /// something was asked for meanwhile. So no request is left behind.
    pub(crate) fn answer(&self, mut routine: impl FnMut()) -> bool {
        // Pairs with the fence below: who finds it busy here after a request is seen to have asked there.
        if !mutant!("control_no_asker_fence") {
            fence(Ordering::SeqCst);
        }
        let mut ran = false;
        // Acquire pairs with the Release below: the routine's runs are in order.
        while self
            .busy
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
        {
            // AcqRel: sees what led to the request.
            self.requested.swap(false, Ordering::AcqRel);
            routine();
            let order = if mutant!("control_release_relaxed") {
                Ordering::Relaxed
            } else {
                Ordering::Release
            };
            self.busy.store(false, order);
            ran = true;
            if !mutant!("control_no_answerer_fence") {
                fence(Ordering::SeqCst);
            }
            let again = self.requested.load(Ordering::Relaxed);
            if !again || mutant!("control_answers_once") {
                break;
            }
        }
        ran
    }

    pub(crate) fn new() -> Self {
        Control {
            requested: CachePadded::new(AtomicBool::new(false)),
            watching: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            bed: Parker::new(),
            watch: Mutex::new(Watch::default()),
            sees: AtomicBool::new(false),
            rests: Settled::new(),
            health: Mutex::new(SeenEngines::default()),
            counters: CeCounters::new(),
            brokered: Mutex::new(BTreeMap::new()),
            paused: AtomicBool::new(false),
        }
    }
}
