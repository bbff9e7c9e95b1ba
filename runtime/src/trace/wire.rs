//! How events stand in a file: a byte that says which, and then numbers in groups of seven bits, the lowest first. Times are
//! differences to the time before, codelets to the codelet before: most fit in one or two bytes.

use super::event::Event;

/// What the next event is told as a difference to. It begins anew with each chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    time: u64,
    codelet: u32,
    generation: u32,
    block: u32,
}

/// Appends a number.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A difference as a number that is small if the difference is.
#[inline]
fn zigzag(difference: i64) -> u64 {
    ((difference << 1) ^ (difference >> 63)) as u64
}

#[inline]
fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

impl Before {
    /// Differences begin at this time.
    pub(crate) fn at(time: u64) -> Self {
        Before {
            time,
            ..Before::default()
        }
    }

    #[inline]
    fn put_time(&mut self, out: &mut Vec<u8>, time: u64) {
        put(out, zigzag(time.wrapping_sub(self.time) as i64));
        self.time = time;
    }

    /// A start, and how long it took.
    #[inline]
    fn put_span(&mut self, out: &mut Vec<u8>, start: u64, end: u64) {
        self.put_time(out, start);
        self.put_time(out, end);
    }

    #[inline]
    fn put_codelet(&mut self, out: &mut Vec<u8>, codelet: u32) {
        let difference = i64::from(codelet) - i64::from(self.codelet);
        put(out, zigzag(difference));
        self.codelet = codelet;
    }

    #[inline]
    fn put_generation(&mut self, out: &mut Vec<u8>, generation: u32) {
        let difference = i64::from(generation) - i64::from(self.generation);
        put(out, zigzag(difference));
        self.generation = generation;
    }
}

/// Appends an event.
#[inline]
pub(crate) fn encode(out: &mut Vec<u8>, before: &mut Before, event: &Event) {
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
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            before.put_generation(out, generation);
            put(out, zigzag(i64::from(parent) - i64::from(codelet)));
            put(out, u64::from(cost_ns));
            put(out, u64::from(hint));
            put(out, u64::from(kind));
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
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            before.put_generation(out, generation);
            put(out, zigzag(i64::from(cause) - i64::from(codelet)));
            put(out, u64::from(cause_generation));
            put(out, u64::from(hint));
        }
        Event::Run {
            start,
            end,
            codelet,
            generation,
            kind,
        } => {
            out.push(3);
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            before.put_generation(out, generation);
            put(out, u64::from(kind));
        }
        Event::Access {
            bytes,
            block,
            generation,
            home,
            mode,
        } => {
            out.push(4);
            put(out, bytes);
            put(out, zigzag(i64::from(block) - i64::from(before.block)));
            before.block = block;
            put(out, u64::from(generation));
            // Moved by one, so that the usual regions and "not known" are short.
            put(out, u64::from(home.wrapping_add(1)));
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
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            before.put_generation(out, generation);
            put(out, u64::from(kind));
            out.push(u8::from(cancelled));
        }
        Event::Steal {
            time,
            codelet,
            victim,
        } => {
            out.push(6);
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            put(out, u64::from(victim));
        }
        Event::Parked { start, end, host } => {
            out.push(7);
            before.put_span(out, start, end);
            out.push(u8::from(host));
        }
        Event::Searched { start, end } => {
            out.push(8);
            before.put_span(out, start, end);
        }
        Event::Seated { start, end, scope } => {
            out.push(9);
            before.put_span(out, start, end);
            before.put_codelet(out, scope);
        }
        Event::Body {
            start,
            end,
            scope,
            generation,
        } => {
            out.push(10);
            before.put_span(out, start, end);
            before.put_codelet(out, scope);
            before.put_generation(out, generation);
        }
        Event::Step {
            start,
            end,
            round,
            codelet,
            graph,
        } => {
            out.push(11);
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            // Rounds change seldom: what the generation is for others.
            before.put_generation(out, round);
            put(out, u64::from(graph));
        }
        Event::Blocked { start, end, graph } => {
            out.push(12);
            before.put_span(out, start, end);
            put(out, u64::from(graph));
        }
        Event::Replay {
            start,
            end,
            codelet,
            generation,
            graph,
        } => {
            out.push(15);
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            before.put_generation(out, generation);
            put(out, u64::from(graph));
        }
        Event::Count {
            time,
            value,
            codelet,
            kind,
        } => {
            out.push(13);
            before.put_time(out, time);
            before.put_codelet(out, codelet);
            put(out, u64::from(kind));
            out.extend_from_slice(&value.to_le_bytes());
        }
        Event::Span {
            start,
            end,
            codelet,
            kind,
        } => {
            out.push(14);
            before.put_span(out, start, end);
            before.put_codelet(out, codelet);
            put(out, u64::from(kind));
        }
    }
}

/// Numbers out of bytes; `None` behind the last whole one.
#[derive(Clone, Debug)]
pub(crate) struct Numbers<'a>(pub(crate) &'a [u8]);

impl<'a> Numbers<'a> {
    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(first)
    }

    /// A number; `None` too if it has more than 64 bits.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 127);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    /// A number of 32 bits that stands as a difference to another one.
    #[inline]
    fn near(&mut self, other: u32) -> Option<u32> {
        let number = i64::from(other).checked_add(unzigzag(self.number()?))?;
        u32::try_from(number).ok()
    }

    #[inline]
    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

/// The events of a chunk, in the order in which they were noted: to the end, or to the first that is not whole or makes no sense.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    bytes: Numbers<'a>,
    before: Before,
}

impl<'a> Events<'a> {
    pub(crate) fn new(bytes: &'a [u8], base: u64) -> Self {
        Events {
            bytes: Numbers(bytes),
            before: Before::at(base),
        }
    }

    /// Whether all bytes were understood, after the last event.
    pub fn is_at_the_end(&self) -> bool {
        self.bytes.0.is_empty()
    }

    #[inline]
    fn time(&mut self) -> Option<u64> {
        let difference = unzigzag(self.bytes.number()?);
        self.before.time = self.before.time.wrapping_add(difference as u64);
        Some(self.before.time)
    }

    #[inline]
    fn codelet(&mut self) -> Option<u32> {
        self.before.codelet = self.bytes.near(self.before.codelet)?;
        Some(self.before.codelet)
    }

    #[inline]
    fn generation(&mut self) -> Option<u32> {
        self.before.generation = self.bytes.near(self.before.generation)?;
        Some(self.before.generation)
    }

    fn event(&mut self) -> Option<Event> {
        Some(match self.bytes.byte()? {
            1 => {
                let (time, codelet, generation) =
                    (self.time()?, self.codelet()?, self.generation()?);
                Event::Spawn {
                    time,
                    codelet,
                    generation,
                    parent: self.bytes.near(codelet)?,
                    cost_ns: self.bytes.small()?,
                    hint: self.bytes.small()?,
                    kind: self.bytes.small()?,
                }
            }
            2 => {
                let (time, codelet, generation) =
                    (self.time()?, self.codelet()?, self.generation()?);
                Event::Ready {
                    time,
                    codelet,
                    generation,
                    cause: self.bytes.near(codelet)?,
                    cause_generation: self.bytes.small()?,
                    hint: self.bytes.small()?,
                }
            }
            3 => Event::Run {
                start: self.time()?,
                end: self.time()?,
                codelet: self.codelet()?,
                generation: self.generation()?,
                kind: self.bytes.small()?,
            },
            4 => {
                let bytes = self.bytes.number()?;
                self.before.block = self.bytes.near(self.before.block)?;
                Event::Access {
                    bytes,
                    block: self.before.block,
                    generation: self.bytes.small()?,
                    home: self.bytes.small::<u16>()?.wrapping_sub(1),
                    mode: self
                        .bytes
                        .byte()
                        .filter(|&mode| usize::from(mode) < super::MODES.len())?,
                }
            }
            5 => Event::Skip {
                time: self.time()?,
                codelet: self.codelet()?,
                generation: self.generation()?,
                kind: self.bytes.small()?,
                cancelled: self.bytes.flag()?,
            },
            6 => Event::Steal {
                time: self.time()?,
                codelet: self.codelet()?,
                victim: self.bytes.small()?,
            },
            7 => Event::Parked {
                start: self.time()?,
                end: self.time()?,
                host: self.bytes.flag()?,
            },
            8 => Event::Searched {
                start: self.time()?,
                end: self.time()?,
            },
            9 => Event::Seated {
                start: self.time()?,
                end: self.time()?,
                scope: self.codelet()?,
            },
            10 => Event::Body {
                start: self.time()?,
                end: self.time()?,
                scope: self.codelet()?,
                generation: self.generation()?,
            },
            11 => Event::Step {
                start: self.time()?,
                end: self.time()?,
                codelet: self.codelet()?,
                round: self.generation()?,
                graph: self.bytes.small()?,
            },
            12 => Event::Blocked {
                start: self.time()?,
                end: self.time()?,
                graph: self.bytes.small()?,
            },
            13 => Event::Count {
                time: self.time()?,
                codelet: self.codelet()?,
                kind: self.bytes.small()?,
                value: f64::from_le_bytes(self.bytes.bytes(8)?.try_into().ok()?),
            },
            14 => Event::Span {
                start: self.time()?,
                end: self.time()?,
                codelet: self.codelet()?,
                kind: self.bytes.small()?,
            },
            15 => Event::Replay {
                start: self.time()?,
                end: self.time()?,
                codelet: self.codelet()?,
                generation: self.generation()?,
                graph: self.bytes.small()?,
            },
            _ => return None,
        })
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        let before = self.clone();
        let event = self.event();
        if event.is_none() {
            // What is not whole stays, so that `is_at_the_end` tells of it.
            *self = before;
        }
        event
    }
}
