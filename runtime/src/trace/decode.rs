//! Bytes to events: see `wire.rs`.

use super::event::{Event, MODES, VIA};
use super::wire::{
    Before, LENGTHS, RUN_ALIKE, SHORT_RUN, SHORT_SPAWN, SPAWN_ALIKE, WORD, unzigzag,
};

/// The events of a chunk, in the order in which they were noted: to the end, or to the first that is not whole or makes no sense.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    bytes: &'a [u8],
    before: Before,
}

impl<'a> Events<'a> {
    pub(crate) fn new(bytes: &'a [u8], base: u64) -> Self {
        Events {
            bytes,
            before: Before::at(base),
        }
    }

    /// Whether all bytes were understood, after the last event.
    pub fn is_at_the_end(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// The numbers of one event.
struct In<'a> {
    bytes: &'a [u8],
    /// The bits of those that were not taken yet.
    lengths: u32,
}

impl In<'_> {
    /// The next one; `None` if its bytes are not there.
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let length = LENGTHS[(self.lengths & 7) as usize];
        self.lengths >>= 3;
        let (own, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        let mut number = [0; 8];
        number[..length].copy_from_slice(own);
        Some(u64::from_le_bytes(number))
    }

    #[inline]
    fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    #[inline]
    fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// As `put_near` wrote it.
    #[inline]
    fn near(&mut self, before: &mut u32) -> Option<u32> {
        let number = i64::from(*before).checked_add(unzigzag(self.number()?))?;
        *before = u32::try_from(number).ok()?;
        Some(*before)
    }

    /// As `put_same` wrote it.
    #[inline]
    fn same<T: Copy + Into<u64> + TryFrom<u64>>(&mut self, before: &mut T) -> Option<T> {
        *before = T::try_from((*before).into() ^ self.number()?).ok()?;
        Some(*before)
    }

    #[inline]
    fn time(&mut self, before: &mut Before) -> Option<u64> {
        let difference = unzigzag(self.number()?);
        before.time = before.time.wrapping_add(difference as u64);
        Some(before.time)
    }
}

fn event(which: u8, read: &mut In<'_>, before: &mut Before) -> Option<Event> {
    Some(match which {
        1 => Event::Spawn {
            time: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            generation: read.same(&mut before.generation)?,
            parent: read.same(&mut before.parent)?,
            cost_ns: read.same(&mut before.cost_ns)?,
            hint: read.same(&mut before.hint)?,
            kind: read.same(&mut before.kind)?,
        },
        2 => Event::Ready {
            time: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            cause: read.near(&mut before.cause)?,
            generation: read.same(&mut before.generation)?,
            cause_generation: read.same(&mut before.cause_generation)?,
            hint: read.same(&mut before.hint)?,
        },
        3 => {
            let (start, end) = (read.time(before)?, read.time(before)?);
            let codelet = read.near(&mut before.codelet)?;
            let generation = read.same(&mut before.generation)?;
            let kind = read.same(&mut before.kind)?;
            let [ended, via] = read.same(&mut before.how)?.to_le_bytes();
            if usize::from(via) >= VIA.len() || ended > 2 {
                return None;
            }
            Event::Run {
                start,
                end,
                codelet,
                generation,
                kind,
                via,
                ended,
            }
        }
        4 => {
            let block = read.near(&mut before.block)?;
            let bytes = read.same(&mut before.bytes)?;
            let generation = read.same(&mut before.block_generation)?;
            let at = read.same(&mut before.at)?;
            let mode = at as u8;
            if usize::from(mode) >= MODES.len() {
                return None;
            }
            Event::Access {
                bytes,
                block,
                generation,
                home: u16::try_from(at >> 8).ok()?.wrapping_sub(1),
                mode,
            }
        }
        5 => Event::Skip {
            time: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            generation: read.same(&mut before.generation)?,
            kind: read.same(&mut before.kind)?,
            cancelled: read.flag()?,
            blame: read.small()?,
        },
        6 => Event::Steal {
            time: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            victim: read.small()?,
            distance: read.small()?,
        },
        7 => Event::Parked {
            start: read.time(before)?,
            end: read.time(before)?,
            host: read.flag()?,
        },
        8 => Event::Searched {
            start: read.time(before)?,
            end: read.time(before)?,
        },
        9 => Event::Seated {
            start: read.time(before)?,
            end: read.time(before)?,
            scope: read.near(&mut before.codelet)?,
        },
        10 => Event::Body {
            start: read.time(before)?,
            end: read.time(before)?,
            scope: read.near(&mut before.codelet)?,
            generation: read.same(&mut before.generation)?,
        },
        11 => Event::Step {
            start: read.time(before)?,
            end: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            round: read.same(&mut before.generation)?,
            graph: read.same(&mut before.graph)?,
        },
        12 => Event::Blocked {
            start: read.time(before)?,
            end: read.time(before)?,
            graph: read.same(&mut before.graph)?,
        },
        13 => Event::Count {
            time: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            kind: read.same(&mut before.kind)?,
            value: f64::from_bits(read.number()?),
        },
        14 => Event::Span {
            start: read.time(before)?,
            end: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            kind: read.same(&mut before.kind)?,
        },
        15 => Event::Replay {
            start: read.time(before)?,
            end: read.time(before)?,
            codelet: read.near(&mut before.codelet)?,
            generation: read.same(&mut before.generation)?,
            graph: read.same(&mut before.graph)?,
        },
        16 => Event::Queued {
            time: read.time(before)?,
            own: read.small()?,
            domain: read.small()?,
            posted: read.flag()?,
        },
        _ => return None,
    })
}

/// One that is eight bytes.
#[inline]
fn short(bytes: u64, before: &mut Before) -> Option<Event> {
    let part = |from: u32, bits: u32| bytes >> from & ((1 << bits) - 1);
    let away = unzigzag(part(8, 16));
    let codelet = u32::try_from(i64::from(before.codelet) + away).ok()?;
    before.codelet = codelet;
    let from = before.time;
    let later = |after: u64| from.wrapping_add(unzigzag(after) as u64);
    let Before {
        generation, kind, ..
    } = *before;
    if bytes as u8 == SPAWN_ALIKE {
        let time = later(part(24, SHORT_SPAWN));
        before.time = time;
        return Some(Event::Spawn {
            time,
            codelet,
            generation,
            parent: before.parent,
            cost_ns: before.cost_ns,
            hint: before.hint,
            kind,
        });
    }
    let start = later(part(24, 16));
    let end = start.wrapping_add(part(40, SHORT_RUN));
    before.time = end;
    let [ended, via] = before.how.to_le_bytes();
    Some(Event::Run {
        start,
        end,
        codelet,
        generation,
        kind,
        via,
        ended,
    })
}

impl Iterator for Events<'_> {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        if let Some(&(SPAWN_ALIKE | RUN_ALIKE)) = self.bytes.first() {
            let (eight, rest) = self.bytes.split_first_chunk()?;
            let mut before = self.before;
            let event = short(u64::from_le_bytes(*eight), &mut before)?;
            (self.bytes, self.before) = (rest, before);
            return Some(event);
        }
        let (word, bytes) = self.bytes.split_first_chunk::<WORD>()?;
        let word = u32::from_le_bytes(*word);
        let (mut before, lengths) = (self.before, word >> 8);
        let mut read = In { bytes, lengths };
        let event = event(word as u8, &mut read, &mut before)?;
        // One that has more numbers than it should have makes no sense; what is not understood stays, so that `is_at_the_end` tells of it.
        if read.lengths != 0 {
            return None;
        }
        (self.bytes, self.before) = (read.bytes, before);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::Encoder;
    use super::*;

    /// Numbers of all lengths, near each other and far apart.
    fn number(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
        let bits = (*seed >> 58) as u32;
        (*seed << 7).checked_shr(63 - bits).unwrap_or(0)
    }

    /// One event of each sort, with some numbers in it.
    fn events(seed: &mut u64) -> Vec<Event> {
        let mut long = || number(seed);
        let (time, start, end, bytes) = (long(), long(), long(), long());
        let mut small = || long() as u32;
        let (codelet, generation, parent, cause) = (small(), small(), small(), small());
        let (cause_generation, cost_ns, hint, graph) = (small(), small(), small(), small());
        let (block, round, own, domain) = (small(), small(), small(), small());
        let (kind, home, victim) = (small() as u16, small() as u16, small() as u16);
        let (host, cancelled, posted) = (kind & 1 == 0, kind & 2 == 0, kind & 4 == 0);
        let (via, ended, mode) = ((kind % 9) as u8, (kind % 3) as u8, (kind % 7) as u8);
        let (blame, scope, distance) = (kind ^ 1, parent, hint as u16);
        let value = f64::from(codelet) * 0.1;
        #[rustfmt::skip]
        let all = vec![
            Event::Spawn { time, codelet, generation, parent, cost_ns, hint, kind },
            Event::Ready { time, codelet, generation, cause, cause_generation, hint },
            Event::Run { start, end, codelet, generation, kind, via, ended },
            Event::Access { bytes, block, generation, home, mode },
            Event::Skip { time, codelet, generation, kind, cancelled, blame },
            Event::Steal { time, codelet, victim, distance },
            Event::Parked { start, end, host },
            Event::Searched { start, end },
            Event::Seated { start, end, scope },
            Event::Body { start, end, scope, generation },
            Event::Step { start, end, round, codelet, graph },
            Event::Replay { start, end, codelet, generation, graph },
            Event::Blocked { start, end, graph },
            Event::Count { time, value, codelet, kind },
            Event::Span { start, end, codelet, kind },
            Event::Queued { time, own, domain, posted },
        ];
        all
    }

    #[test]
    fn what_is_written_is_read() {
        let (mut seed, mut all) = (1, Vec::new());
        for _ in 0..500 {
            let mut more = events(&mut seed);
            // Also after others, and twice, when nothing is different.
            let turn = all.len() % more.len();
            more.rotate_left(turn);
            all.extend(more.iter().flat_map(|event| [*event, *event]));
            all.push(more[0]);
        }
        let mut encoder = Encoder::new(all.len() * 80, 0);
        encoder.begin(7);
        all.iter().for_each(|event| encoder.put(event));
        let mut read = Events::new(encoder.bytes(), 7);
        for event in &all {
            assert_eq!(read.next(), Some(*event));
        }
        assert!(read.next().is_none() && read.is_at_the_end());
    }

    #[test]
    fn codelets_that_are_alike_take_few_bytes() {
        let mut encoder = Encoder::new(1000, 0);
        encoder.begin(0);
        let mut length = 0;
        for at in 0..3u32 {
            length = encoder.bytes().len();
            let (start, codelet) = (u64::from(at) * 2600, 1000 - 4 * at);
            #[rustfmt::skip]
            let both = [
                Event::Spawn { time: start, codelet, generation: 3, parent: 9, cost_ns: 0, hint: 7, kind: 5 },
                Event::Run { start: start + 90, end: start + 2500, codelet, generation: 3, kind: 5, via: 1, ended: 0 },
            ];
            both.iter().for_each(|event| encoder.put(event));
        }
        let last = encoder.bytes().len() - length;
        assert_eq!(last, 16);
    }

    /// What does not fit in the eight bytes takes more, and is read all the same.
    #[test]
    fn codelets_that_are_alike_and_far_apart() {
        let spawn = |time, codelet| Event::Spawn {
            time,
            codelet,
            generation: 0,
            parent: 0,
            cost_ns: 0,
            hint: 0,
            kind: 0,
        };
        let run = |start, end, codelet| Event::Run {
            start,
            end,
            codelet,
            generation: 0,
            kind: 0,
            via: 0,
            ended: 0,
        };
        let (far, long) = (1u64 << (SHORT_SPAWN - 1), 1u64 << SHORT_RUN);
        for (event, is_short) in [
            (spawn(far - 1, 0), true),
            (spawn(far, 0), false),
            (spawn(0, (1 << 15) - 1), true),
            (spawn(0, 1 << 15), false),
            (run((1 << 15) - 1, 1 << 15, 0), true),
            (run(1 << 15, 1 << 15, 0), false),
            (run(5, 5 + long - 1, 9), true),
            (run(5, 5 + long, 9), false),
            (run(0, 0, 1 << 15), false),
            // An end before its start is damage, and told as it is.
            (run(5, 4, 0), false),
        ] {
            let mut encoder = Encoder::new(100, 1);
            encoder.begin(0);
            encoder.put(&event);
            let bytes = encoder.bytes();
            assert_eq!(
                matches!(bytes[0], SPAWN_ALIKE | RUN_ALIKE),
                is_short,
                "{event:?}"
            );
            assert_eq!(Events::new(bytes, 0).next(), Some(event));
            assert_eq!(Events::new(&bytes[..bytes.len() - 1], 0).next(), None);
        }
    }

    #[test]
    fn what_makes_no_sense_is_left() {
        let one = |bytes: &[u8]| Events::new(bytes, 0).next();
        assert!(one(&[8, 1, 0, 0, 2]).is_some());
        // Cut off, unknown, with a number too many, a run that ended in no way.
        assert_eq!(one(&[8, 1, 0, 0]), None);
        assert_eq!(one(&[8, 1, 0]), None);
        assert_eq!(one(&[99, 0, 0, 0]), None);
        assert_eq!(one(&[8, 0, 0b10, 0, 1]), None);
        assert_eq!(one(&[3, 0, 0, 0b10, 3]), None);
        // A codelet before the first one.
        assert_eq!(one(&[SPAWN_ALIKE, 1, 0, 0, 0, 0, 0, 0]), None);
    }
}
