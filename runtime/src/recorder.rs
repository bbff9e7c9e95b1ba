//! What a recording collects: codelets in program order, with what they use, instead of running them.

mod blocks;
mod reduce;
mod uses;
mod wish;

pub(crate) use blocks::{PartLent, UsedBlock};

use crate::access::{Declared, Lent, Mode};
use crate::affinity::Affinity;
use crate::captures::Captures;
use crate::codelet::Body;
use crate::decide::graph::{Piece, Program, Use, Wish};
use crate::engine::Frame;
use crate::error::{Error, ErrorKind, Result};
use crate::extent::Extent;
use crate::id::{BlockId, CodeletId, IdHasher};
use crate::instead::Instead;
use crate::recorded::{Bodies, IDENTITY, Recorded};
use crate::shared::Shared;
use crate::spawn::Spec;
use crate::sync::plain::{AtomicU64, Ordering};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::panic::Location;
use {blocks::Split, reduce::Reduced, wish::wish};

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
    /// Bytes of the argument that each round gets.
    argument: usize,
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
    /// Which of them are parts of blocks.
    pub(crate) part_lents: Vec<PartLent>,
    /// What each codelet is lent, codelet by codelet: places in `lents`.
    pub(crate) lent_to: Vec<u32>,
    pub(crate) sites: Vec<Site>,
    /// Of each codelet the place in `sites`.
    pub(crate) site_of_codelet: Vec<u32>,
    site_of: HashMap<Site, u32>,
    /// The places in `blocks`.
    by_block: HashMap<BlockId, u32, BuildHasherDefault<IdHasher>>,
    /// Blocks of which parts are used.
    splits: Vec<Split>,
    /// By the block's number among those, the cell of a part, and its place in `lents`.
    by_part: HashMap<(u32, Extent), (u32, u32)>,
    pieces: Vec<Piece>,
    /// By the places in `blocks`.
    reduced: BTreeMap<u32, Reduced>,
    /// How many reductions go on.
    open_groups: usize,
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

    /// Bytes of the argument that each round gets.
    pub(crate) fn argument(&self) -> usize {
        self.argument
    }

    /// For a graph whose rounds get arguments of so many bytes.
    pub(crate) fn new(argument: usize) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(CodeletId::FIRST_RECORDING);
        Recorder {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            argument,
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
        keep: &mut dyn FnMut(&mut Captures) -> Recorded,
    ) -> CodeletId {
        let mut recording = self.recording.borrow_mut();
        let site = Site { name, spawned_at };
        recording.end_groups(declared);
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
        let uses =
            match recording.uses(shared, (self.number, self.argument), (spec, site), declared) {
                Ok(uses) => uses,
                Err(error) => {
                    recording.refuse(site, error);
                    return CodeletId::recorded(0, 0);
                }
            };
        let wish = wish(shared, spec);
        let number = recording.add(wish, site, uses, first, has_value, keep);
        CodeletId::recorded(self.number, number)
    }

    /// The place of a codelet that is about to be recorded and shall stay with another one, which joins a group if it says nothing
    /// itself.
    pub(crate) fn stay_with(&self, shared: &Shared, id: CodeletId) -> Result<Affinity> {
        let mut recording = self.recording.borrow_mut();
        let number = match id.as_recorded() {
            Some((graph, number)) if graph == self.number => number,
            _ => {
                return Err(Error::new(
                    ErrorKind::Graph,
                    "it stays with a codelet that is not in this graph; name one that is, or make a group",
                ));
            }
        };
        let wish = recording.program.wish_mut(number);
        Ok(match wish.at {
            Some(owner) => Affinity::Prefer(owner.xe),
            None => {
                let new = || shared.groups.make(shared.id).number;
                Affinity::Group(*wish.group.get_or_insert_with(new))
            }
        })
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
        recording.end_all_groups();
        recording.settle_blocks();
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

    /// One more codelet, that is lent what stands in `lent_to` from `first` on; its number.
    fn add(
        &mut self,
        wish: Wish,
        site: Site,
        mut uses: Vec<Use>,
        first: u32,
        has_value: bool,
        keep: &mut dyn FnMut(&mut Captures) -> Recorded,
    ) -> u32 {
        let number = self.bodies.list().len() as u32;
        let site = self.site_number(site);
        self.site_of_codelet.push(site);
        let places = &self.lent_to[first as usize..];
        let wants_more = |&place: &u32| {
            let start = self.lents[place as usize].start;
            start.is_null() || start == IDENTITY
        };
        let recorded = self.bodies.add(keep);
        recorded.first_lent = first;
        recorded.lents = places.len() as u16;
        recorded.wants_more = places.iter().any(wants_more);
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
        self.program.codelet(wish, uses.iter().copied());
        self.uses = uses;
        number
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
