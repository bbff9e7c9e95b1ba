//! The fields of a page, listed once: writing and reading go through the same list, so that they cannot differ.

use super::{Control, Doing, Engine, Moves, Page, Region, Replay, Still};
use crate::counters::{CeCounts, XeCounts};
use crate::trace::{Numbers, put};

/// A text on a page: short, and without control characters when it was read, since it goes to terminals.
pub type Text = String;

/// The longest text, in bytes.
const LONGEST: usize = 400;

/// Onto a page, or from it.
pub(super) enum Way<'a> {
    Out(Vec<u8>),
    In(Numbers<'a>),
}

/// `None`: there is no such page.
pub(super) type Passed = Option<()>;

impl Way<'_> {
    fn number(&mut self, number: &mut u64) -> Passed {
        match self {
            Way::Out(bytes) => put(bytes, *number),
            Way::In(numbers) => *number = numbers.number()?,
        }
        Some(())
    }

    fn numbers<const N: usize>(&mut self, numbers: [&mut u64; N]) -> Passed {
        numbers
            .into_iter()
            .try_for_each(|number| self.number(number))
    }

    fn text(&mut self, text: &mut Text) -> Passed {
        match self {
            Way::Out(bytes) => {
                let cut = (0..=LONGEST.min(text.len())).rev();
                let end = cut.into_iter().find(|&at| text.is_char_boundary(at));
                let text = &text[..end.unwrap_or(0)];
                put(bytes, text.len() as u64);
                bytes.extend_from_slice(text.as_bytes());
            }
            Way::In(numbers) => {
                let length = numbers.small::<usize>()?;
                let bytes = numbers.bytes(length)?;
                let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
                *text = String::from_utf8_lossy(bytes).chars().map(shown).collect();
            }
        }
        Some(())
    }

    /// Each item is at least a byte, so what is read is no longer than what it is read from.
    fn list<T: Default>(
        &mut self,
        list: &mut Vec<T>,
        mut item: impl FnMut(&mut Self, &mut T) -> Passed,
    ) -> Passed {
        let mut count = list.len() as u64;
        self.number(&mut count)?;
        if let Way::In(_) = self {
            for _ in 0..count {
                let mut one = T::default();
                item(self, &mut one)?;
                list.push(one);
            }
            return Some(());
        }
        list.iter_mut().try_for_each(|one| item(self, one))
    }
}

impl Page {
    /// All but its number, which stands in the head.
    pub(super) fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        way.numbers([
            &mut self.time_ns,
            &mut self.open_scopes,
            &mut self.live_codelets,
            &mut self.codelet_bytes,
            &mut self.suspended,
            &mut self.open_xes,
        ])?;
        way.list(&mut self.about, |way, (key, value)| {
            way.text(key)?;
            way.text(value)
        })?;
        way.list(&mut self.engines, |way, one| one.pass(way))?;
        way.list(&mut self.controls, |way, one| one.pass(way))?;
        way.list(&mut self.regions, |way, one| one.pass(way))?;
        self.moves.pass(way)?;
        way.list(&mut self.replays, |way, one| one.pass(way))?;
        let mut still: Vec<Still> = self.still.take().into_iter().collect();
        way.list(&mut still, |way, one| one.pass(way))?;
        self.still = still.pop();
        Some(())
    }
}

impl Doing {
    const ALL: [Doing; 5] = [
        Doing::Sleeps,
        Doing::Looks,
        Doing::Runs,
        Doing::WaitsInReplay,
        Doing::Hosts,
    ];

    fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        let mut number = Self::ALL.iter().position(|one| one == self)? as u64;
        way.number(&mut number)?;
        *self = *Self::ALL.get(usize::try_from(number).ok()?)?;
        Some(())
    }
}

impl Engine {
    fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        way.numbers([&mut self.cpu, &mut self.region, &mut self.domain])?;
        self.doing.pass(way)?;
        way.text(&mut self.name)?;
        way.text(&mut self.spawned_at)?;
        way.numbers([
            &mut self.for_ns,
            &mut self.begun,
            &mut self.queued,
            &mut self.looks.0,
            &mut self.looks.1,
        ])?;
        let XeCounts {
            ran,
            skipped,
            cancelled,
            repeated,
            stolen,
            posted,
            parked,
            stood_in,
        } = &mut self.counts;
        way.numbers([
            ran, skipped, cancelled, repeated, stolen, posted, parked, stood_in,
        ])
    }
}

impl Control {
    fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        way.numbers([&mut self.queued, &mut self.silent_ns])?;
        let CeCounts {
            rounds,
            brokered,
            stuck_checks,
            stuck_scopes,
        } = &mut self.counts;
        way.numbers([rounds, brokered, stuck_checks, stuck_scopes])
    }
}

impl Region {
    fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        way.numbers([
            &mut self.blocks,
            &mut self.block_bytes,
            &mut self.in_use_bytes,
            &mut self.recycled_bytes,
            &mut self.mapped_bytes,
        ])
    }
}

impl Moves {
    fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        way.numbers([
            &mut self.moved,
            &mut self.moved_bytes,
            &mut self.copied,
            &mut self.copied_bytes,
            &mut self.refused,
            &mut self.replica_bytes,
        ])
    }
}

impl Replay {
    fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        way.text(&mut self.called_at)?;
        way.numbers([
            &mut self.codelets,
            &mut self.before,
            &mut self.round,
            &mut self.rounds,
            &mut self.for_ns,
        ])
    }
}

impl Still {
    fn pass(&mut self, way: &mut Way<'_>) -> Passed {
        way.numbers([&mut self.for_ns, &mut self.count])?;
        way.list(&mut self.waiting, |way, one| {
            way.text(&mut one.name)?;
            way.text(&mut one.spawned_at)?;
            way.list(&mut one.waits_for, |way, text| way.text(text))
        })
    }
}
