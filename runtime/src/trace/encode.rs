//! Events to bytes: see `wire.rs`.

use super::event::Event;
use super::wire::{Before, zigzag};

impl Before {
    /// Differences begin at this time.
    pub(crate) fn at(time: u64) -> Self {
        Before {
            time,
            ..Before::default()
        }
    }

    #[inline]
    fn put_time(&mut self, out: &mut Bytes, time: u64) {
        out.put(zigzag(time.wrapping_sub(self.time) as i64));
        self.time = time;
    }

    /// A start, and how long it took.
    #[inline]
    fn put_span(&mut self, out: &mut Bytes, start: u64, end: u64) {
        self.put_time(out, start);
        self.put_time(out, end);
    }

    #[inline]
    fn put_codelet(&mut self, out: &mut Bytes, codelet: u32) {
        let difference = i64::from(codelet) - i64::from(self.codelet);
        out.put(zigzag(difference));
        self.codelet = codelet;
    }

    #[inline]
    fn put_generation(&mut self, out: &mut Bytes, generation: u32) {
        let difference = i64::from(generation) - i64::from(self.generation);
        out.put(zigzag(difference));
        self.generation = generation;
    }

    #[inline]
    fn put_event(&mut self, out: &mut Bytes, event: &Event) {
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
                out.push(1);
                self.put_time(out, time);
                self.put_codelet(out, codelet);
                self.put_generation(out, generation);
                out.put(zigzag(i64::from(parent) - i64::from(codelet)));
                out.put(u64::from(cost_ns));
                out.put(u64::from(hint));
                out.put(u64::from(kind));
            }
            Event::Ready {
                time,
                codelet,
                generation,
                cause,
                cause_generation,
                hint,
            } => {
                out.push(2);
                self.put_time(out, time);
                self.put_codelet(out, codelet);
                self.put_generation(out, generation);
                out.put(zigzag(i64::from(cause) - i64::from(codelet)));
                out.put(u64::from(cause_generation));
                out.put(u64::from(hint));
            }
            Event::Run {
                start,
                end,
                codelet,
                generation,
                kind,
            } => {
                out.push(3);
                self.put_span(out, start, end);
                self.put_codelet(out, codelet);
                self.put_generation(out, generation);
                out.put(u64::from(kind));
            }
            Event::Access {
                bytes,
                block,
                generation,
                home,
                mode,
            } => {
                out.push(4);
                out.put(bytes);
                out.put(zigzag(i64::from(block) - i64::from(self.block)));
                self.block = block;
                out.put(u64::from(generation));
                // Moved by one, so that the usual regions and "not known" are short.
                out.put(u64::from(home.wrapping_add(1)));
                out.push(mode);
            }
            Event::Skip {
                time,
                codelet,
                generation,
                kind,
                cancelled,
            } => {
                out.push(5);
                self.put_time(out, time);
                self.put_codelet(out, codelet);
                self.put_generation(out, generation);
                out.put(u64::from(kind));
                out.push(u8::from(cancelled));
            }
            Event::Steal {
                time,
                codelet,
                victim,
            } => {
                out.push(6);
                self.put_time(out, time);
                self.put_codelet(out, codelet);
                out.put(u64::from(victim));
            }
            Event::Parked { start, end, host } => {
                out.push(7);
                self.put_span(out, start, end);
                out.push(u8::from(host));
            }
            Event::Searched { start, end } => {
                out.push(8);
                self.put_span(out, start, end);
            }
            Event::Seated { start, end, scope } => {
                out.push(9);
                self.put_span(out, start, end);
                self.put_codelet(out, scope);
            }
            Event::Body {
                start,
                end,
                scope,
                generation,
            } => {
                out.push(10);
                self.put_span(out, start, end);
                self.put_codelet(out, scope);
                self.put_generation(out, generation);
            }
            Event::Step {
                start,
                end,
                round,
                codelet,
                graph,
            } => {
                out.push(11);
                self.put_span(out, start, end);
                self.put_codelet(out, codelet);
                // Rounds change seldom: what the generation is for others.
                self.put_generation(out, round);
                out.put(u64::from(graph));
            }
            Event::Blocked { start, end, graph } => {
                out.push(12);
                self.put_span(out, start, end);
                out.put(u64::from(graph));
            }
            Event::Replay {
                start,
                end,
                codelet,
                generation,
                graph,
            } => {
                out.push(15);
                self.put_span(out, start, end);
                self.put_codelet(out, codelet);
                self.put_generation(out, generation);
                out.put(u64::from(graph));
            }
            Event::Count {
                time,
                value,
                codelet,
                kind,
            } => {
                out.push(13);
                self.put_time(out, time);
                self.put_codelet(out, codelet);
                out.put(u64::from(kind));
                value
                    .to_le_bytes()
                    .into_iter()
                    .for_each(|byte| out.push(byte));
            }
            Event::Span {
                start,
                end,
                codelet,
                kind,
            } => {
                out.push(14);
                self.put_span(out, start, end);
                self.put_codelet(out, codelet);
                out.put(u64::from(kind));
            }
        }
    }
}

/// Appends an event.
#[inline]
pub(crate) fn encode(out: &mut Vec<u8>, before: &mut Before, event: &Event) {
    let mut bytes = Bytes::default();
    before.put_event(&mut bytes, event);
    out.extend_from_slice(bytes.all());
}

/// The bytes of one event, put together where nothing has to grow.
struct Bytes {
    bytes: [u8; ROOM],
    length: usize,
}

/// More than any event takes, and a power of two: places are taken modulo this, so that none needs a check. An event has at most nine numbers of
/// ten bytes.
const ROOM: usize = 128;

impl Default for Bytes {
    #[inline]
    fn default() -> Self {
        Bytes {
            bytes: [0; ROOM],
            length: 0,
        }
    }
}

impl Bytes {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes[self.length % ROOM] = byte;
        self.length += 1;
    }

    /// As [`put`].
    #[inline]
    fn put(&mut self, mut number: u64) {
        while number >= 128 {
            self.push(number as u8 | 128);
            number >>= 7;
        }
        self.push(number as u8);
    }

    #[inline]
    fn all(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
