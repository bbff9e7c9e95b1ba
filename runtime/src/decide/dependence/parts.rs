//! The queue of a block of which parts are used: accesses with extents, each of which waits for the earlier ones that
//! overlap it and conflict with it, and for no others.
//!
//! All live accesses stand in one list in program order. Each has a count of the earlier ones that it waits for. Who
//! enters looks at all of them, who leaves looks at the later ones and takes one off the counts of those that waited for
//! it. That is about a nanosecond for each live access to the block, in entering and in leaving; a block of which many
//! thousand parts are in use at a time is better made as several blocks.
//!
//! Poison is kept by extent, exactly: see [`Poisoned`].

use super::{Effect, Entered, Grant, Mode, Poison, Poisoned};
use crate::extent::Extent;
use std::collections::VecDeque;

/// See the module. `T` names a codelet.
#[derive(Clone, Debug)]
pub struct PartsQueue<T> {
    whole: Extent,
    /// In the order of entrance.
    live: VecDeque<Live<T>>,
    /// Holders that have not been told yet.
    granted: VecDeque<Grant<T>>,
    poisoned: Poisoned,
    /// Of those who wait to enter.
    to_come: VecDeque<Extent>,
}

#[derive(Clone, Debug)]
struct Live<T> {
    /// `None` for one of those that held all of it before, of whom nobody knows which it is.
    who: Option<T>,
    mode: Mode,
    weak: bool,
    extent: Extent,
    /// How many earlier accesses it waits for.
    waits_for: u32,
}

impl<T> Live<T> {
    #[inline]
    fn conflicts(&self, mode: Mode, extent: &Extent) -> bool {
        (self.mode.writes() || mode.writes()) && self.extent.overlaps(extent)
    }
}

/// A list longer than this is given back when it has drained.
const KEPT: usize = 64;

impl<T: Copy + PartialEq> PartsQueue<T> {
    /// A queue for accesses inside `whole`.
    pub fn new(whole: Extent) -> Self {
        PartsQueue {
            whole,
            live: VecDeque::new(),
            granted: VecDeque::new(),
            poisoned: Poisoned::default(),
            to_come: VecDeque::new(),
        }
    }

    /// All that there is.
    pub fn whole(&self) -> Extent {
        self.whole
    }

    /// Somebody holds all of it, and has been told; who, if that is certain.
    pub fn hold(&mut self, who: Option<T>, mode: Mode) {
        self.live.push_back(Live {
            who,
            mode,
            weak: false,
            extent: self.whole,
            waits_for: 0,
        });
    }

    /// An access enters. It does not wait for those of the same codelet: these have no byte in common with it, but may seem
    /// to if they are tiles with different strides.
    pub fn enter(&mut self, who: T, mode: Mode, extent: Extent) -> Entered {
        self.enter_for(who, mode, extent, false)
    }

    /// The same; if `weak`, for the children only.
    pub fn enter_for(&mut self, who: T, mode: Mode, extent: Extent, weak: bool) -> Entered {
        let conflicts = |live: &&Live<T>| live.conflicts(mode, &extent) && live.who != Some(who);
        let waits_for = self.live.iter().filter(conflicts).count() as u32;
        self.live.push_back(Live {
            who: Some(who),
            mode,
            weak,
            extent,
            waits_for,
        });
        match waits_for {
            0 => Entered::Granted(self.read_by(mode, weak, &extent)),
            _ => Entered::Queued,
        }
    }

    /// Somebody will enter for this part later, after those who were noted here before.
    pub fn note(&mut self, extent: Extent) {
        self.to_come.push_back(extent);
    }

    /// Somebody enters who has waited to: for the next part that was noted, or else for all of it. If there is nothing to
    /// wait for, [`PartsQueue::next_grant`] tells.
    pub fn enter_late(&mut self, who: T, mode: Mode, weak: bool, part: bool) {
        let noted = match part {
            true => self.to_come.pop_front(),
            false => None,
        };
        let extent = noted.unwrap_or(self.whole);
        if let Entered::Granted(poison) = self.enter_for(who, mode, extent, weak) {
            self.granted.push_back(Grant { who, poison, weak });
        }
    }

    /// A holder leaves. Follow with [`PartsQueue::next_grant`] until it gives nothing.
    pub fn leave(&mut self, who: Option<T>, mode: Mode, extent: &Extent, effect: Effect) {
        if mode.writes() {
            self.set_poison(extent, effect);
        }
        self.take_out(who, mode, extent);
    }

    /// A holder leaves when what it did to the poison is set.
    ///
    /// Of several entries of the same codelet, or of nobody knows whom, which one leaves is told by its extent and whether it writes:
    /// holders that agree in both are readers (or have empty extents), and everybody who waits for one of them waits for all of
    /// them, since a writer between them would keep the later one waiting. But the entry of one that is still here must not go for
    /// another's: a codelet does not wait for itself, and names are used again.
    pub fn take_out(&mut self, who: Option<T>, mode: Mode, extent: &Extent) {
        let same = |live: &Live<T>, who| {
            live.who == who
                && live.waits_for == 0
                && live.mode.writes() == mode.writes()
                && live.extent == *extent
        };
        let place = |who| self.live.iter().position(|live| same(live, who));
        let Some(at) = place(who).or_else(|| place(None)) else {
            debug_assert!(false, "who leaves holds it");
            return;
        };
        self.live.remove(at);
        for index in at..self.live.len() {
            let live = &mut self.live[index];
            // One of the same codelet holds its part, too, or nobody would leave.
            if live.waits_for == 0 || !live.conflicts(mode, extent) {
                continue;
            }
            live.waits_for -= 1;
            if let (0, Some(who)) = (live.waits_for, live.who) {
                let (mode, weak, extent) = (live.mode, live.weak, live.extent);
                let poison = self.read_by(mode, weak, &extent);
                self.granted.push_back(Grant { who, poison, weak });
            }
        }
        if self.live.is_empty() && self.live.capacity() > KEPT {
            self.live = VecDeque::new();
        }
    }

    /// The next access that holds its part because of what left.
    pub fn next_grant(&mut self) -> Option<Grant<T>> {
        self.granted.pop_front()
    }

    /// Whether nobody holds any of it and nobody waits.
    pub fn is_drained(&self) -> bool {
        self.live.is_empty()
    }

    /// The parts of those who wait to enter, in order.
    pub(super) fn to_come(&self) -> impl DoubleEndedIterator<Item = &Extent> {
        self.to_come.iter()
    }

    /// Those that an access waits for which stands here as `who`, or is about to enter: the newest first, `None` for one whose name
    /// nobody knows. If `for_all`, for all that are in here.
    pub(super) fn in_front(
        &self,
        who: Option<T>,
        (mode, extent): (Mode, &Extent),
        for_all: bool,
    ) -> impl Iterator<Item = Option<T>> + use<'_, T> {
        let (extent, all) = (*extent, self.live.len());
        // How a weak one is declared is not told to who asks.
        let is_it = |live: &Live<T>| {
            let same = (live.weak || live.mode == mode) && live.extent == extent;
            live.who == who && live.waits_for > 0 && same
        };
        let behind = match who {
            None => all,
            // Who does not wait has nobody in front.
            Some(_) => self.live.iter().position(is_it).unwrap_or(0),
        };
        let front = self.live.range(..behind).rev();
        let meant = move |live: &&Live<T>| {
            (for_all || live.conflicts(mode, &extent)) && (who.is_none() || live.who != who)
        };
        front.filter(meant).map(|live| live.who)
    }

    /// Those who wait, in order, with how they want which part.
    pub fn waiting(&self) -> impl Iterator<Item = (T, Mode, Extent)> + '_ {
        let waiting = self.live.iter().filter(|live| live.waits_for > 0);
        waiting.filter_map(|live| Some((live.who?, live.mode, live.extent)))
    }

    /// What is poisoned: extents that do not overlap.
    pub fn poisoned(&self) -> &[(Extent, Poison)] {
        self.poisoned.list()
    }

    /// The same, of a queue that nobody will use any more.
    pub fn take_poisoned(&mut self) -> Vec<(Extent, Poison)> {
        self.poisoned.take()
    }

    /// What a holder of this extent does to the poison: a write heals what it covers and nothing else, a failure poisons
    /// that.
    pub fn set_poison(&mut self, extent: &Extent, effect: Effect) {
        self.poisoned.set(extent, effect);
    }

    /// A poison in these bytes, if there is any.
    pub fn poison_in(&self, extent: &Extent) -> Option<Poison> {
        self.poisoned.among(extent)
    }

    fn read_by(&self, mode: Mode, weak: bool, extent: &Extent) -> Option<Poison> {
        match mode.reads() || weak {
            true => self.poison_in(extent),
            false => None,
        }
    }
}

#[cfg(test)]
mod tests;
