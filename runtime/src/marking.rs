//! Engines leave marks: [`crate::marks`].

use crate::engine::Engine;
use crate::tracing::Site;

impl Engine<'_> {
    /// A body with this name begins, if the engine leaves marks.
    #[inline]
    pub(crate) fn mark_begins(&self, site: impl FnOnce() -> Site) {
        let marked = self.local(|local| local.marker.as_deref_mut().map(|one| one.begins(site())));
        if let (Some(word), Some(seat)) = (marked, self.seat) {
            seat.marks.set(word);
        }
    }

    /// It has ended.
    #[inline]
    pub(crate) fn mark_ended(&self) {
        let marked = self.local(|local| local.marker.as_deref().map(|one| one.ended()));
        if let (Some(word), Some(seat)) = (marked, self.seat) {
            seat.marks.set(word);
        }
    }

    /// The engine works on a round of a replay, of which no body runs yet; or on none, which is replay 0.
    #[inline]
    pub(crate) fn mark_round(&self, replay: u32, round: u32) {
        if let Some(seat) = self.seat.filter(|_| replay != 0) {
            seat.marks.set_round(replay, round);
        }
    }

    /// The engine's work on a replay has ended.
    #[inline]
    pub(crate) fn mark_no_round(&self) {
        if let Some(seat) = self.seat {
            seat.marks.set_round(0, 0);
        }
    }
}
