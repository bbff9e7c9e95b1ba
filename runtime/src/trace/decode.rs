//! Bytes to events: see `wire.rs`.

use super::event::Event;
use super::wire::{Before, Numbers, unzigzag};

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
