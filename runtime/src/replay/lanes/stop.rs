//! Stopping a replay after the highest round that has begun. Protocol and proof: `docs/design/replay.md`, "Cancelling",
//! whose step names stand here.

use super::{Hold, Lanes, Place};
use crate::mutants::mutant;
use crate::sync::atomic::Ordering;

impl Place {
    /// The last round of the lane that has begun.
    fn begun(self) -> u32 {
        self.round - u32::from(self.step == 0)
    }
}

impl Hold {
    /// The caller has the lane.
    fn place(&self) -> Place {
        // SAFETY: the caller has the lane.
        self.place.with(|place| unsafe { *place })
    }
}

impl Lanes {
    /// C2 to C4: makes the highest round that has begun the last one. The caller has claimed this. `wait` is called while
    /// somebody else has a lane, and `passed` if all has ended by this.
    pub(crate) fn stop(&self, mut wait: impl FnMut(), passed: impl Fn()) {
        // C2. Others give lanes back at the end of a round at the latest, and wait for none while they have one.
        for lane in &self.lanes {
            while !lane.take() {
                wait();
            }
        }
        // C3.
        let begun = self.lanes.iter().map(|lane| lane.place().begun()).max();
        let begun = begun.unwrap_or(0);
        // If the last round has begun it is too late: all of them will run.
        let last = (begun < self.rounds()).then_some(begun);
        let early = mutant!("replay_stop_gives_back_first");
        if !early {
            self.end_after(last);
        }
        // C4.
        for lane in &self.lanes {
            let ended = last.is_some() && lane.place().round > begun;
            lane.give_back();
            if ended && !mutant!("replay_stop_forgets_the_ended") {
                self.end(&passed);
            }
        }
        if early {
            self.end_after(last);
        }
    }

    fn end_after(&self, last: Option<u32>) {
        if let Some(last) = last {
            // Relaxed: whoever takes a lane from now on got it from us, and looks after that.
            self.rounds.store(last, Ordering::Relaxed);
        }
        self.stop.answer(last);
    }
}
