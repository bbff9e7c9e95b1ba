//! A file, read: from chunk to chunk, and over what is damaged to the next one that is whole.

use super::decided::Decided;
use super::decode::Events;
use super::file::{Chunk, Clock, Flaw, HEAD, Kind, MAGIC, VERSION, check, tag};
use super::graph::GraphDef;
use super::moved::Moved;
use super::wire::Numbers;

/// A file that has been read.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    bytes: &'a [u8],
}

impl<'a> File<'a> {
    /// Looks at the header.
    ///
    /// # Errors
    /// [`Flaw::Empty`], [`Flaw::Foreign`] or [`Flaw::Version`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, Flaw> {
        if bytes.is_empty() {
            return Err(Flaw::Empty);
        }
        let Some(rest) = bytes.strip_prefix(&MAGIC) else {
            return Err(match MAGIC.starts_with(bytes) {
                true => Flaw::CutOff(0),
                false => Flaw::Foreign,
            });
        };
        let Some((version, _)) = rest.split_first_chunk::<4>() else {
            return Err(Flaw::CutOff(0));
        };
        match u32::from_le_bytes(*version) {
            VERSION => Ok(File { bytes }),
            other => Err(Flaw::Version(other)),
        }
    }

    /// The chunks. A flaw stands in the place of what is not whole, one for each gap, however much is missing there. Of events at the end
    /// of a file what can be read is given first.
    pub fn chunks(self) -> Chunks<'a> {
        Chunks {
            bytes: self.bytes,
            at: MAGIC.len() + 8,
            late: None,
            left: SEARCHES * self.bytes.len(),
        }
    }
}

/// How often the bytes of a file are summed up at most while chunks are looked for, so that a file made to mislead takes its time and no more.
const SEARCHES: usize = 4;

/// A walk through a file.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
    /// A flaw that comes next, behind what was read before it.
    late: Option<Flaw>,
    /// So many bytes may be summed up in search of chunks.
    left: usize,
}

/// A chunk's head, with what follows it in the file.
struct Head<'a> {
    bytes: &'a [u8; HEAD],
    rest: &'a [u8],
}

impl<'a> Head<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let (bytes, rest) = bytes.get(at..)?.split_first_chunk()?;
        Some(Head { bytes, rest })
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }

    fn long(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    fn tag(&self) -> [u8; 4] {
        self.bytes[..4].try_into().expect("four bytes")
    }

    fn is_known(&self) -> bool {
        tag::ALL.contains(&self.tag())
    }

    /// The body, if all of it is there.
    fn body(&self) -> Option<&'a [u8]> {
        self.rest.get(..self.word(8) as usize)
    }

    /// The body, if it is what was written.
    fn sound(&self) -> Option<&'a [u8]> {
        let body = self.body()?;
        (check(&self.bytes[..24], body) == self.long(24)).then_some(body)
    }
}

/// The number and the body of the chunk that these bytes begin with, if it has these letters and is whole.
pub(crate) fn sound_chunk(bytes: &[u8], tag: [u8; 4]) -> Option<(u64, &[u8])> {
    let head = Head::at(bytes, 0).filter(|head| head.tag() == tag)?;
    Some((head.long(16), head.sound()?))
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>, Flaw>;

    fn next(&mut self) -> Option<Result<Chunk<'a>, Flaw>> {
        if let Some(flaw) = self.late.take() {
            return Some(Err(flaw));
        }
        let here = self.at;
        if here >= self.bytes.len() {
            return None;
        }
        let head = Head::at(self.bytes, here);
        if let Some(head) = &head
            && let Some(body) = head.sound()
        {
            self.at += HEAD + body.len();
            let chunk = parse(head.tag(), head.word(4), head.long(16), body);
            return Some(chunk.ok_or(Flaw::Damaged(here)));
        }
        let next = self.search(here + 1);
        self.at = next.unwrap_or(self.bytes.len());
        Some(match head {
            Some(head) if next.is_none() && head.is_known() && head.body().is_none() => {
                let flaw = Flaw::CutOff(here);
                if head.tag() == tag::EVENTS {
                    // All that is there; the flaw comes next.
                    self.late = Some(flaw);
                    let (stream, events) = (head.word(4), Events::new(head.rest, head.long(16)));
                    Ok(Chunk::Events { stream, events })
                } else {
                    Err(flaw)
                }
            }
            None => Err(Flaw::CutOff(here)),
            Some(_) => Err(Flaw::Damaged(here)),
        })
    }
}

impl Chunks<'_> {
    /// So many bytes of the file are behind it.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Where the next whole chunk begins, from some byte on.
    fn search(&mut self, from: usize) -> Option<usize> {
        let last = self.bytes.len().checked_sub(HEAD)?;
        (from..=last).find(|&at| {
            let head = Head::at(self.bytes, at).expect("there is room for a head");
            let Some(body) = head.body().filter(|_| head.is_known()) else {
                return false;
            };
            match self.left.checked_sub(HEAD + body.len()) {
                Some(left) => self.left = left,
                None => return false,
            }
            head.sound().is_some()
        })
    }
}

fn parse<'a>(tag: [u8; 4], stream: u32, base: u64, body: &'a [u8]) -> Option<Chunk<'a>> {
    let mut numbers = Numbers(body);
    Some(match tag {
        tag::ABOUT => Chunk::About(std::str::from_utf8(body).ok()?),
        tag::KINDS => {
            let mut kinds = Vec::new();
            while !numbers.0.is_empty() {
                let number = numbers.small()?;
                let name = text(&mut numbers)?;
                let file = text(&mut numbers)?;
                let line = numbers.small()?;
                kinds.push(Kind {
                    number,
                    name: name.to_owned(),
                    file: file.to_owned(),
                    line,
                });
            }
            Chunk::Kinds(kinds)
        }
        tag::GRAPH => Chunk::Graph(GraphDef::parse(stream, body)?),
        tag::EVENTS => Chunk::Events {
            stream,
            events: Events::new(body, base),
        },
        tag::DROPPED => Chunk::Dropped {
            stream,
            events: base,
        },
        tag::CLOCK => Chunk::Clock(Clock {
            ticks: base,
            ns: u64::from_le_bytes(body.try_into().ok()?),
        }),
        tag::BLOCK => Chunk::BlockName {
            block: stream,
            generation: u32::try_from(base).ok()?,
            name: std::str::from_utf8(body).ok()?,
        },
        tag::MOVES => Chunk::Moves(Moved::parse(body)?),
        tag::DECIDED => Chunk::Decided(Decided::parse(body)?),
        tag::END => Chunk::End,
        _ => return None,
    })
}

/// A text with its length before it.
fn text<'a>(numbers: &mut Numbers<'a>) -> Option<&'a str> {
    let length = numbers.small::<u32>()?;
    std::str::from_utf8(numbers.bytes(length as usize)?).ok()
}
