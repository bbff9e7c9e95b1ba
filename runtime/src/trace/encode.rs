//! Events to bytes: see `wire.rs`.

use super::event::Event;
use super::wire::{Before, RUN_ALIKE, SHORT_RUN, SHORT_SPAWN, SPAWN_ALIKE, WORD, zigzag};

/// The last of an event's numbers begins before this: the word and seven numbers of eight bytes lie before it. A power of two, so that to
/// stay below it costs nothing.
const LAST: usize = 64;
/// At least what any event takes: numbers of eight bytes from there on, too.
const ROOM: usize = LAST + 7;

const _: () = assert!(WORD + 7 * 8 < LAST && LAST.is_power_of_two());

/// The events of one chunk as bytes, put together where nothing has to grow.
pub(crate) struct Encoder {
    bytes: Box<[u8]>,
    length: usize,
    /// From this length on it is full.
    full: usize,
    before: Before,
}

impl Encoder {
    /// It is full with so many bytes; `more` events have room then.
    pub(crate) fn new(full: usize, more: usize) -> Self {
        Encoder {
            bytes: vec![0; full + (more + 1) * ROOM].into(),
            length: 0,
            full,
            before: Before::default(),
        }
    }

    /// Begins anew; differences begin at this time.
    pub(crate) fn begin(&mut self, time: u64) {
        (self.length, self.before) = (0, Before::at(time));
    }

    /// Those since the beginning.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length >= self.full
    }

    /// Appends an event.
    ///
    /// # Panics
    /// If it is full, and more came than then have room.
    #[inline]
    pub(crate) fn put(&mut self, event: &Event) {
        let room = self.bytes[self.length..].first_chunk_mut();
        let mut out = Out {
            room: room.expect("who finds it full begins anew in time"),
            length: WORD,
            word: 0,
            shift: 8,
        };
        if let Some(eight) = short(&mut self.before, event) {
            out.room[..8].copy_from_slice(&eight.to_le_bytes());
            self.length += 8;
            return;
        }
        put_event(&mut self.before, &mut out, event);
        self.length += out.end();
    }
}

/// The bytes of one event.
struct Out<'a> {
    room: &'a mut [u8; ROOM],
    length: usize,
    word: u32,
    /// Where the next number's bits come in the word.
    shift: u32,
}

impl Out<'_> {
    #[inline]
    fn put(&mut self, number: u64) {
        let bytes = (u64::BITS + 7 - number.leading_zeros()) / 8;
        let code = bytes.min(7);
        // All eight; those that are not needed are written over by what follows. Within the room whatever the length, so that nothing
        // has to be checked.
        let at = self.length % LAST;
        self.room[at..at + 8].copy_from_slice(&number.to_le_bytes());
        self.length += (code + u32::from(code == 7)) as usize;
        self.word |= code << self.shift;
        self.shift += 3;
    }

    #[inline]
    fn end(&mut self) -> usize {
        self.room[..WORD].copy_from_slice(&self.word.to_le_bytes());
        self.length
    }
}

impl Before {
    #[inline]
    fn put_time(&mut self, out: &mut Out<'_>, time: u64) {
        out.put(zigzag(time.wrapping_sub(self.time) as i64));
        self.time = time;
    }

    /// A start, and how long it took.
    #[inline]
    fn put_span(&mut self, out: &mut Out<'_>, start: u64, end: u64) {
        self.put_time(out, start);
        self.put_time(out, end);
    }

    #[inline]
    fn put_codelet(&mut self, out: &mut Out<'_>, codelet: u32) {
        put_near(out, &mut self.codelet, codelet);
    }
}

/// A number that is near the one of its sort before.
#[inline]
fn put_near(out: &mut Out<'_>, before: &mut u32, number: u32) {
    out.put(zigzag(i64::from(number) - i64::from(*before)));
    *before = number;
}

/// A number that is mostly the same as the one of its sort before.
#[inline]
fn put_same<T: Copy + Into<u64>>(out: &mut Out<'_>, before: &mut T, number: T) {
    out.put((*before).into() ^ number.into());
    *before = number;
}

/// A spawn or a run that is told by its codelet and its times alone, as most are, in eight bytes.
#[inline(always)]
fn short(before: &mut Before, event: &Event) -> Option<u64> {
    match *event {
        Event::Spawn {
            time,
            codelet,
            generation,
            parent,
            cost_ns,
            hint,
            kind,
        } => {
            let others = (before.generation ^ generation)
                | (before.parent ^ parent)
                | (before.cost_ns ^ cost_ns)
                | (before.hint ^ hint)
                | u32::from(before.kind ^ kind);
            let after = zigzag(time.wrapping_sub(before.time) as i64);
            let away = zigzag(i64::from(codelet) - i64::from(before.codelet));
            if others != 0 || after >> SHORT_SPAWN != 0 || away >> 16 != 0 {
                return None;
            }
            (before.time, before.codelet) = (time, codelet);
            Some(u64::from(SPAWN_ALIKE) | away << 8 | after << 24)
        }
        Event::Run {
            start,
            end,
            codelet,
            generation,
            kind,
            via,
            ended,
        } => {
            let how = u16::from(via) << 8 | u16::from(ended);
            let others = (before.generation ^ generation)
                | u32::from((before.kind ^ kind) | (before.how ^ how));
            let after = zigzag(start.wrapping_sub(before.time) as i64);
            let length = end.wrapping_sub(start);
            let away = zigzag(i64::from(codelet) - i64::from(before.codelet));
            if others != 0 || after >> 16 != 0 || length >> SHORT_RUN != 0 || away >> 16 != 0 {
                return None;
            }
            (before.time, before.codelet) = (end, codelet);
            Some(u64::from(RUN_ALIKE) | away << 8 | after << 24 | length << 40)
        }
        _ => None,
    }
}

#[inline]
fn put_event(before: &mut Before, out: &mut Out<'_>, event: &Event) {
    match *event {
        Event::Spawn {
            time,
            codelet,
            generation,
            parent,
            cost_ns,
            hint,
            kind,
        } => {
            out.word = 1;
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            put_same(out, &mut before.generation, generation);
            put_same(out, &mut before.parent, parent);
            put_same(out, &mut before.cost_ns, cost_ns);
            put_same(out, &mut before.hint, hint);
            put_same(out, &mut before.kind, kind);
        }
        Event::Ready {
            time,
            codelet,
            generation,
            cause,
            cause_generation,
            hint,
        } => {
            out.word = 2;
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            put_near(out, &mut before.cause, cause);
            put_same(out, &mut before.generation, generation);
            put_same(out, &mut before.cause_generation, cause_generation);
            put_same(out, &mut before.hint, hint);
        }
        Event::Run {
            start,
            end,
            codelet,
            generation,
            kind,
            via,
            ended,
        } => {
            out.word = 3;
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            put_same(out, &mut before.generation, generation);
            put_same(out, &mut before.kind, kind);
            put_same(out, &mut before.how, u16::from(via) << 8 | u16::from(ended));
        }
        Event::Access {
            bytes,
            block,
            generation,
            home,
            mode,
        } => {
            out.word = 4;
            put_near(out, &mut before.block, block);
            put_same(out, &mut before.bytes, bytes);
            put_same(out, &mut before.block_generation, generation);
            // The region is moved by one, so that the usual ones and "not known" are short.
            let at = u32::from(home.wrapping_add(1)) << 8 | u32::from(mode);
            put_same(out, &mut before.at, at);
        }
        Event::Skip {
            time,
            codelet,
            generation,
            kind,
            cancelled,
            blame,
        } => {
            out.word = 5;
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            put_same(out, &mut before.generation, generation);
            put_same(out, &mut before.kind, kind);
            out.put(u64::from(cancelled));
            out.put(u64::from(blame));
        }
        Event::Steal {
            time,
            codelet,
            victim,
            distance,
        } => {
            out.word = 6;
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            out.put(u64::from(victim));
            out.put(u64::from(distance));
        }
        Event::Parked { start, end, host } => {
            out.word = 7;
            before.put_span(out, start, end);
            out.put(u64::from(host));
        }
        Event::Searched { start, end } => {
            out.word = 8;
            before.put_span(out, start, end);
        }
        Event::Seated { start, end, scope } => {
            out.word = 9;
            before.put_span(out, start, end);
            before.put_codelet(out, scope);
        }
        Event::Body {
            start,
            end,
            scope,
            generation,
        } => {
            out.word = 10;
            before.put_span(out, start, end);
            before.put_codelet(out, scope);
            put_same(out, &mut before.generation, generation);
        }
        Event::Step {
            start,
            end,
            round,
            codelet,
            graph,
        } => {
            out.word = 11;
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            // Rounds change seldom: what the generation is for others.
            put_same(out, &mut before.generation, round);
            put_same(out, &mut before.graph, graph);
        }
        Event::Blocked { start, end, graph } => {
            out.word = 12;
            before.put_span(out, start, end);
            put_same(out, &mut before.graph, graph);
        }
        Event::Count {
            time,
            value,
            codelet,
            kind,
        } => {
            out.word = 13;
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            put_same(out, &mut before.kind, kind);
            out.put(value.to_bits());
        }
        Event::Span {
            start,
            end,
            codelet,
            kind,
        } => {
            out.word = 14;
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            put_same(out, &mut before.kind, kind);
        }
        Event::Replay {
            start,
            end,
            codelet,
            generation,
            graph,
        } => {
            out.word = 15;
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            put_same(out, &mut before.generation, generation);
            put_same(out, &mut before.graph, graph);
        }
        Event::Queued {
            time,
            own,
            domain,
            posted,
        } => {
            out.word = 16;
            before.put_time(out, time);
            out.put(u64::from(own));
            out.put(u64::from(domain));
            out.put(u64::from(posted));
        }
    }
}
