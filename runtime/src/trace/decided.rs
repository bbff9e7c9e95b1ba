//! What control engines decided, with what they saw, as a trace tells of it.

use super::wire::{Numbers, put};

/// One look of a control engine that led to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// When, in ticks.
    pub time: u64,
    /// The domain whose control engine it was.
    pub domain: u16,
    /// An idle engine stood in for it.
    pub stood_in: bool,
    /// What it had seen.
    pub seen: Reason,
    /// What it did.
    pub did: Vec<Did>,
}

/// What a control engine had seen when it decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Each domain, by number, and how many scopes were open.
    Queues {
        /// Scopes that had not ended.
        open_scopes: u32,
        /// The domains.
        domains: Vec<DomainSeen>,
    },
    /// A block, and what engines of each region had read and written of it since the last look.
    Accesses {
        /// The block's number.
        block: u32,
        /// Its generation.
        generation: u32,
        /// Its bytes.
        bytes: u64,
        /// The regions that used it.
        regions: Vec<RegionSeen>,
    },
    /// How the engines of the domain do.
    Health {
        /// The first engine of the domain.
        first: u16,
        /// The numbers of a [`Look`](crate::decide::health::Look).
        look: Vec<u64>,
    },
    /// What the engines of the domain do and draw, under a policy that turns some off, or a power cap.
    Power {
        /// The numbers of a [`Look`](crate::decide::regulation::Look).
        look: Vec<u64>,
    },
}

/// A domain, as a control engine saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DomainSeen {
    /// Codelets in queues that other domains may take from.
    pub queued: u32,
    /// Engines.
    pub engines: u32,
    /// Of these, those that slept.
    pub asleep: u32,
    /// Those that looked for work.
    pub searching: u32,
    /// Those where something was queued and nothing had begun since the last look.
    pub stalled: u32,
}

/// What engines of a region did with a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegionSeen {
    /// The region.
    pub region: u16,
    /// Where the block was then.
    pub home: u16,
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
}

/// What a control engine did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// It moved codelets from one domain to another.
    Broker {
        /// From.
        from: u16,
        /// To.
        to: u16,
        /// At most so many.
        count: u32,
    },
    /// It woke an engine of a domain.
    Rouse {
        /// The domain.
        domain: u16,
    },
    /// It looked whether a scope is stuck.
    CheckStuck,
    /// It wished the block in a region, which whoever has it next fulfils.
    Move {
        /// The region.
        to: u16,
    },
    /// It wished copies of the block where it is read.
    Replicate,
    /// It relieved an engine that limps or stands still.
    Relieve {
        /// The engine.
        xe: u16,
    },
    /// It expects nothing more of an engine that stands still.
    GiveUp {
        /// The engine.
        xe: u16,
    },
    /// It trusts an engine again.
    Trust {
        /// The engine.
        xe: u16,
    },
    /// It lets so many of its engines work, in this state of frequency, the fastest being 0.
    Allot {
        /// Engines.
        engines: u32,
        /// The state.
        state: u32,
    },
}

impl Decided {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put(out, self.time);
        put(out, u64::from(self.domain));
        out.push(u8::from(self.stood_in));
        match &self.seen {
            Reason::Queues {
                open_scopes,
                domains,
            } => {
                out.push(0);
                put(out, u64::from(*open_scopes));
                put(out, domains.len() as u64);
                for one in domains {
                    let all = [
                        one.queued,
                        one.engines,
                        one.asleep,
                        one.searching,
                        one.stalled,
                    ];
                    all.iter().for_each(|number| put(out, u64::from(*number)));
                }
            }
            Reason::Accesses {
                block,
                generation,
                bytes,
                regions,
            } => {
                out.push(1);
                put(out, u64::from(*block));
                put(out, u64::from(*generation));
                put(out, *bytes);
                put(out, regions.len() as u64);
                for one in regions {
                    put(out, u64::from(one.region));
                    put(out, u64::from(one.home));
                    put(out, one.read);
                    put(out, one.written);
                }
            }
            Reason::Health { first, look } => {
                out.push(2);
                put(out, u64::from(*first));
                put(out, look.len() as u64);
                look.iter().for_each(|number| put(out, *number));
            }
            Reason::Power { look } => {
                out.push(3);
                put(out, look.len() as u64);
                look.iter().for_each(|number| put(out, *number));
            }
        }
        put(out, self.did.len() as u64);
        for did in &self.did {
            match *did {
                Did::Broker { from, to, count } => {
                    out.push(0);
                    put(out, u64::from(from));
                    put(out, u64::from(to));
                    put(out, u64::from(count));
                }
                Did::Rouse { domain } => {
                    out.push(1);
                    put(out, u64::from(domain));
                }
                Did::CheckStuck => out.push(2),
                Did::Move { to } => {
                    out.push(3);
                    put(out, u64::from(to));
                }
                Did::Replicate => out.push(4),
                Did::Relieve { xe } => {
                    out.push(5);
                    put(out, u64::from(xe));
                }
                Did::GiveUp { xe } => {
                    out.push(6);
                    put(out, u64::from(xe));
                }
                Did::Trust { xe } => {
                    out.push(7);
                    put(out, u64::from(xe));
                }
                Did::Allot { engines, state } => {
                    out.push(8);
                    put(out, u64::from(engines));
                    put(out, u64::from(state));
                }
            }
        }
    }

    /// Those in a chunk; `None` if it makes no sense.
    pub(super) fn parse(bytes: &[u8]) -> Option<Vec<Self>> {
        let mut numbers = Numbers(bytes);
        let mut list = Vec::new();
        while !numbers.0.is_empty() {
            list.push(Decided {
                time: numbers.number()?,
                domain: numbers.small()?,
                stood_in: numbers.flag()?,
                seen: reason(&mut numbers)?,
                did: several(&mut numbers, did)?,
            });
        }
        Some(list)
    }
}

/// A list with its length before it.
fn several<T>(
    numbers: &mut Numbers<'_>,
    one: impl Fn(&mut Numbers<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut list = Vec::new();
    for _ in 0..numbers.small::<u32>()? {
        list.push(one(numbers)?);
    }
    Some(list)
}

fn reason(numbers: &mut Numbers<'_>) -> Option<Reason> {
    Some(match numbers.byte()? {
        0 => Reason::Queues {
            open_scopes: numbers.small()?,
            domains: several(numbers, |numbers| {
                Some(DomainSeen {
                    queued: numbers.small()?,
                    engines: numbers.small()?,
                    asleep: numbers.small()?,
                    searching: numbers.small()?,
                    stalled: numbers.small()?,
                })
            })?,
        },
        1 => Reason::Accesses {
            block: numbers.small()?,
            generation: numbers.small()?,
            bytes: numbers.number()?,
            regions: several(numbers, |numbers| {
                Some(RegionSeen {
                    region: numbers.small()?,
                    home: numbers.small()?,
                    read: numbers.number()?,
                    written: numbers.number()?,
                })
            })?,
        },
        2 => Reason::Health {
            first: numbers.small()?,
            look: several(numbers, |numbers| numbers.number())?,
        },
        3 => Reason::Power {
            look: several(numbers, |numbers| numbers.number())?,
        },
        _ => return None,
    })
}

fn did(numbers: &mut Numbers<'_>) -> Option<Did> {
    Some(match numbers.byte()? {
        0 => Did::Broker {
            from: numbers.small()?,
            to: numbers.small()?,
            count: numbers.small()?,
        },
        1 => Did::Rouse {
            domain: numbers.small()?,
        },
        2 => Did::CheckStuck,
        3 => Did::Move {
            to: numbers.small()?,
        },
        4 => Did::Replicate,
        5 => Did::Relieve {
            xe: numbers.small()?,
        },
        6 => Did::GiveUp {
            xe: numbers.small()?,
        },
        7 => Did::Trust {
            xe: numbers.small()?,
        },
        8 => Did::Allot {
            engines: numbers.small()?,
            state: numbers.small()?,
        },
        _ => return None,
    })
}
