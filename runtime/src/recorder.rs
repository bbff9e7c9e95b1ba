//! What a recording collects: codelets in program order, with what they use, instead of running them.

use crate::access::{BlockKey, Declared, Lent, Mode};
use crate::affinity::Affinity;
use crate::captures::Captures;
use crate::codelet::Body;
use crate::decide::graph::{Owner, Program, Use, Wish};
use crate::engine::Frame;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{BlockId, CodeletId, IdHasher};
use crate::instead::Instead;
use crate::recorded::{ARGUMENT, Bodies, Recorded, special};
use crate::shared::Shared;
use crate::spawn::{After, Spec};
use crate::sync::plain::{AtomicU64, Ordering};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::panic::Location;

/// A block of a graph.
#[derive(Clone, Copy)]
pub(crate) struct UsedBlock {
    pub(crate) cell: u32,
    pub(crate) key: BlockKey,
    /// How the graph as a whole uses it.
    pub(crate) mode: Mode,
}

/// What many codelets have in common: where they were spawned, and under which name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) spawned_at: &'static Location<'static>,
}

/// See the module.
pub(crate) struct Recorder {
    /// Different for each recording of the process.
    number: u64,
    recording: RefCell<Recording>,
}

/// What others can wait for of a codelet; or [`NONE`].
#[derive(Clone, Copy)]
struct Own {
    /// The cell of its value, and the value's place in what is lent.
    value: u32,
    lent: u32,
    /// The cell of its end, if somebody waits for that.
    end: u32,
}

/// What was recorded so far.
#[derive(Default)]
pub(crate) struct Recording {
    pub(crate) program: Program,
    pub(crate) bodies: Bodies,
    /// In the order of their cells.
    pub(crate) blocks: Vec<UsedBlock>,
    /// What is lent, each once.
    pub(crate) lents: Vec<Lent>,
    /// Which of these are blocks: the place there, and the place in `blocks`.
    pub(crate) block_lents: Vec<(u32, u32)>,
    /// What each codelet is lent, codelet by codelet: places in `lents`.
    pub(crate) lent_to: Vec<u32>,
    pub(crate) sites: Vec<Site>,
    /// Of each codelet the place in `sites`.
    pub(crate) site_of_codelet: Vec<u32>,
    site_of: HashMap<Site, u32>,
    /// The places in `blocks` and in `lents`.
    by_block: HashMap<BlockId, (u32, u32), BuildHasherDefault<IdHasher>>,
    own: Vec<Own>,
    /// Reused between codelets.
    uses: Vec<Use>,
    last_site: Option<(Site, u32)>,
    /// The first thing that cannot be recorded.
    error: Option<Error>,
}

impl Recorder {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn new() -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(CodeletId::FIRST_RECORDING);
        Recorder {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            recording: RefCell::new(Recording {
                program: Program::new(),
                ..Recording::default()
            }),
        }
    }

    /// Records a codelet that has declared this, whose captures `keep` puts away.
    pub(crate) fn record(
        &self,
        shared: &Shared,
        spec: &mut Spec,
        (name, spawned_at): (&'static str, &'static Location<'static>),
        declared: &[Declared],
        has_value: bool,
        keep: impl FnOnce(&mut Captures) -> Recorded,
    ) -> CodeletId {
        let mut recording = self.recording.borrow_mut();
        let site = Site { name, spawned_at };
        let number = recording.bodies.list().len() as u32;
        if recording.is_full() {
            recording.refuse(
                site,
                Error::new(
                    ErrorKind::Graph,
                    "a graph has at most 1,073,741,824 codelets, and twice as many accesses; record several",
                ),
            );
            return CodeletId::recorded(0, 0);
        }
        let first = recording.lent_to.len() as u32;
        let uses = match recording.uses(shared, self.number, spec, declared) {
            Ok(uses) => uses,
            Err(error) => {
                recording.refuse(site, error);
                return CodeletId::recorded(0, 0);
            }
        };
        recording.add(shared, number, site, spec, uses, first, has_value, keep);
        CodeletId::recorded(self.number, number)
    }

    /// Something was spawned that cannot be recorded.
    #[cold]
    pub(crate) fn refuse(&self, body: Body, why: &str) {
        let site = Site {
            name: body.name,
            spawned_at: body.spawned_at,
        };
        let error = Error::new(ErrorKind::Graph, why);
        self.recording.borrow_mut().refuse(site, error);
    }

    /// What was recorded, or what could not be.
    pub(crate) fn finish(self) -> Result<Recording> {
        let mut recording = self.recording.into_inner();
        if let Some(error) = recording.error.take() {
            return Err(error);
        }
        let own = std::mem::take(&mut recording.own);
        let mode = Mode::Write;
        let waited_for = own.iter().zip(0..).filter(|(own, _)| own.end != NONE);
        let more: Vec<(u32, Use)> = waited_for
            .map(|(own, codelet)| {
                let cell = own.end;
                (codelet, Use { cell, mode })
            })
            .collect();
        if !more.is_empty() {
            recording.program.add_uses(&more);
        }
        Ok(recording)
    }
}

/// No cell.
const NONE: u32 = u32::MAX;

/// Codelets that a graph can have. It has twice as many accesses, for all of which and those that come last, the ends of
/// codelets, 32 bits are enough.
const MOST: usize = 1 << 30;

impl Recording {
    fn is_full(&self) -> bool {
        let accesses = self.lent_to.len().max(self.program.all_uses().len());
        self.bodies.list().len() == MOST || accesses >= 2 * MOST
    }

    fn refuse(&mut self, site: Site, error: Error) {
        let Site { name, spawned_at } = site;
        let text =
            format!("codelet `{name}`, spawned at {spawned_at}, cannot be recorded: {error}");
        self.error.get_or_insert(Error::new(error.kind(), text));
    }

    /// What a codelet uses, by what it has declared; the list of what it is lent grows along.
    fn uses(
        &mut self,
        shared: &Shared,
        recording: u64,
        spec: &mut Spec,
        declared: &[Declared],
    ) -> Result<Vec<Use>> {
        let refused = |why: &str| Err(Error::new(ErrorKind::Graph, why));
        if let Some(error) = spec.rare.as_mut().and_then(|rare| rare.error.take()) {
            return Err(error);
        }
        if spec.destroys {
            return refused(
                "a block is destroyed once, and a graph is replayed; destroy it after the replay",
            );
        }
        let count = declared.len() + spec.after().len();
        if count > usize::from(u16::MAX) {
            return Err(Error::new(
                ErrorKind::Access,
                format!("one codelet with {count} accesses; split it, at most 65,535 are possible"),
            ));
        }
        let mut uses = std::mem::take(&mut self.uses);
        uses.clear();
        for one in declared {
            let lent = match *one {
                Declared::Block(_, Mode::Reduce(_)) => {
                    return refused(
                        "reductions are not compiled yet; declare `read_write`, or reduce into blocks of their own",
                    );
                }
                Declared::Block(key, mode) => {
                    let (cell, lent) = self.block(shared, key, mode)?;
                    let clash =
                        |other: &&Use| other.cell == cell && (other.mode.writes() || mode.writes());
                    if uses.iter().any(|other| clash(&other)) {
                        let label = shared.blocks.label(key.0);
                        return Err(Error::new(
                            ErrorKind::Access,
                            format!(
                                "block {label} is declared twice by one codelet, once for writing; declare it once, as `read_write`"
                            ),
                        ));
                    }
                    uses.push(Use { cell, mode });
                    lent
                }
                Declared::Value(key, kept) => {
                    let codelet = self.of_this_recording(recording, key.0)?;
                    let own = self.own[codelet as usize];
                    let (cell, lent) = match kept {
                        true => (own.value, own.lent),
                        false => (self.end(codelet), self.lend_value(codelet)),
                    };
                    uses.push(Use {
                        cell,
                        mode: Mode::Read,
                    });
                    lent
                }
                Declared::Scratch(Some(bytes)) => self.lend(Lent {
                    start: std::ptr::null_mut(),
                    bytes,
                }),
                Declared::Scratch(None) => {
                    return Err(Error::new(
                        ErrorKind::BlockSize,
                        "scratch memory larger than the address space, or of elements aligned to more than 64 bytes; ask for less, or use a type with less alignment",
                    ));
                }
                Declared::Param(of) if of == recording => self.lend(Lent {
                    start: ARGUMENT,
                    bytes: 0,
                }),
                Declared::Param(_) => {
                    return Err(Error::new(
                        ErrorKind::Foreign,
                        "it names the argument of another graph; use that of this one, which `record_with` gives to its closure",
                    ));
                }
                Declared::Weak(..) => {
                    return refused(
                        "weak accesses are for children, and codelets of a graph spawn none; record the children themselves",
                    );
                }
                Declared::Part(_) | Declared::Bounds(..) => {
                    return refused(
                        "parts and tiles of blocks are not compiled yet; use a block for each part",
                    );
                }
            };
            self.lent_to.push(lent);
        }
        for after in spec.after() {
            let After::End(id) = *after else {
                return refused(
                    "an event comes once, and a graph is replayed; wait for the ends of codelets of this graph, or for the event before the replay",
                );
            };
            let codelet = self.of_this_recording(recording, id)?;
            let cell = self.end(codelet);
            uses.push(Use {
                cell,
                mode: Mode::Read,
            });
        }
        Ok(uses)
    }

    /// The number of a codelet of this graph.
    fn of_this_recording(&self, recording: u64, id: CodeletId) -> Result<u32> {
        match id.as_recorded() {
            Some((of, codelet)) if of == recording => Ok(codelet),
            Some(_) => Err(Error::new(
                ErrorKind::Foreign,
                "it names a codelet of another graph; record both in one graph",
            )),
            None => Err(Error::new(
                ErrorKind::Graph,
                "it names a codelet outside of the graph, or one that could not be recorded; write what it gives into a block, and read that",
            )),
        }
    }

    /// The cell of a codelet's end.
    fn end(&mut self, codelet: u32) -> u32 {
        let at = codelet as usize;
        if self.own[at].end == NONE {
            self.own[at].end = self.program.cell(None);
        }
        self.own[at].end
    }

    /// One more thing that is lent; its place.
    fn lend(&mut self, lent: Lent) -> u32 {
        self.lents.push(lent);
        self.lents.len() as u32 - 1
    }

    fn lend_value(&mut self, codelet: u32) -> u32 {
        let value = self.bodies.list()[codelet as usize].value();
        self.lend(value)
    }

    /// The cell of a block and its place in what is lent.
    fn block(&mut self, shared: &Shared, key: BlockKey, mode: Mode) -> Result<(u32, u32)> {
        if let Some(&(place, lent)) = self.by_block.get(&key.0) {
            let block = &mut self.blocks[place as usize];
            if mode.writes() && block.mode == Mode::Read {
                block.mode = Mode::ReadWrite;
            }
            return Ok((block.cell, lent));
        }
        let slot = shared.blocks.find(shared.id, key.0)?;
        let home = slot.home.load(crate::sync::atomic::Ordering::Relaxed);
        let place = self.blocks.len() as u32;
        if place == u32::from(u16::MAX) {
            return Err(Error::new(
                ErrorKind::Graph,
                "a graph uses at most 65,535 blocks; make fewer and larger ones",
            ));
        }
        let cell = self.program.cell(Some(home));
        let mode = match mode {
            Mode::Read | Mode::Write => mode,
            _ => Mode::ReadWrite,
        };
        self.blocks.push(UsedBlock { cell, key, mode });
        let lent = self.lend(Lent::default());
        self.block_lents.push((lent, place));
        self.by_block.insert(key.0, (place, lent));
        Ok((cell, lent))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one codelet")]
    fn add(
        &mut self,
        shared: &Shared,
        number: u32,
        site: Site,
        spec: &Spec,
        mut uses: Vec<Use>,
        first: u32,
        has_value: bool,
        keep: impl FnOnce(&mut Captures) -> Recorded,
    ) {
        let site = self.site_number(site);
        self.site_of_codelet.push(site);
        let places = &self.lent_to[first as usize..];
        let is_scratch = |&place: &u32| self.lents[place as usize].start.is_null();
        let is_argument = |&place: &u32| self.lents[place as usize].start == ARGUMENT;
        let recorded = self.bodies.add(keep);
        recorded.first_lent = first;
        recorded.lents = places.len() as u16;
        if places.iter().any(is_scratch) {
            recorded.special |= special::SCRATCH;
        }
        if places.iter().any(is_argument) {
            recorded.special |= special::ARGUMENT;
        }
        let mut own = Own {
            value: NONE,
            lent: NONE,
            end: NONE,
        };
        if has_value {
            (own.value, own.lent) = (self.program.cell(None), self.lend_value(number));
            uses.push(Use {
                cell: own.value,
                mode: Mode::Write,
            });
        }
        self.own.push(own);
        (self.program).codelet(wish(shared, spec), uses.iter().copied());
        self.uses = uses;
    }

    /// The number of a site; mostly that of the last codelet.
    fn site_number(&mut self, site: Site) -> u32 {
        if let Some((last, number)) = self.last_site
            && std::ptr::eq(last.spawned_at, site.spawned_at)
            && std::ptr::eq(last.name, site.name)
        {
            return number;
        }
        let sites = &mut self.sites;
        let number = *self.site_of.entry(site).or_insert_with(|| {
            sites.push(site);
            sites.len() as u32 - 1
        });
        self.last_site = Some((site, number));
        number
    }
}

/// Where a codelet would run.
fn wish(shared: &Shared, spec: &Spec) -> Wish {
    let (mut wish, seats) = (
        Wish {
            cost: spec.cost_ns,
            ..Wish::default()
        },
        &shared.seats,
    );
    match spec.affinity {
        Affinity::Anywhere | Affinity::Control => (),
        Affinity::Prefer(xe) => {
            let (xe, only) = (xe % seats.len() as u16, false);
            wish.at = Some(Owner { xe, only });
        }
        Affinity::Only(xe) => wish.at = Some(Owner { xe, only: true }),
        // All engines are there.
        Affinity::Region(region) if seats.iter().all(|seat| seat.region == region) => (),
        Affinity::Region(region) => {
            let there = seats.iter().position(|seat| seat.region == region);
            wish.at = there.map(|xe| Owner {
                xe: xe as u16,
                only: true,
            });
        }
        Affinity::Group(group) => wish.group = Some(group),
    }
    wish
}

impl Frame<'_> {
    /// Says that nothing but `spawn` can be recorded, and nothing at all be spawned by a codelet of a graph; `None` where
    /// codelets are spawned as usual.
    #[inline]
    pub(crate) fn refuses(&self, body: Body, why: &str) -> Option<CodeletId> {
        match self.engine.local(|local| local.instead) {
            Instead::Spawn => None,
            instead => Some(self.refuse(body, why, instead)),
        }
    }

    /// Whether it is that of a codelet of a graph. (Then its record is the replay's.)
    pub(crate) fn is_of_a_graph(&self) -> bool {
        let engine = self.engine;
        engine.local(|local| matches!(local.instead, Instead::Refuse))
    }

    #[cold]
    fn refuse(&self, body: Body, why: &str, instead: Instead) -> CodeletId {
        match instead {
            Instead::Record(recorder) => {
                // SAFETY: it stays as long as the engine says so, on this thread.
                let recorder = unsafe { &*recorder.cast::<Recorder>() };
                recorder.refuse(body, why);
            }
            // Who runs a codelet of a graph looks whether it has children.
            _ => self.children.set(self.children.get() + 1),
        }
        CodeletId::recorded(0, 0)
    }
}
