//! What an engine keeps for itself.

use crate::arena::{Arena, RecordCache};
use crate::binding::Binding;
use crate::block_table::{BlockTable, SlotCache};
use crate::decide::route::Here;
use crate::decide::scores::Scores;
use crate::decide::shuffle::Shuffle;
use crate::decide::theft::Victim;
use crate::event::SpareCells;
use crate::instead::Instead;
use crate::levels::LocalLevels;
use crate::marks::Marker;
use crate::memory_region::{Magazine, Pool};
use crate::sync::Arc;
use crate::tracing::Tracer;
use crate::wide::Wide;
use crossbeam_deque::Worker;
use std::collections::VecDeque;

/// What is ready and not begun, and who says what is next.
pub(crate) struct InAnyOrder {
    pub(crate) shuffle: Shuffle,
    pub(crate) ready: Vec<u32>,
}

/// Where a codelet lay from ready to start. The numbers are places in [`trace::VIA`](crate::trace::VIA).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Via {
    Next = 0,
    Own = 1,
    Pinned = 2,
    Inbox = 3,
    Region = 4,
    Domain = 5,
    Stolen = 6,
    High = 7,
    Low = 8,
}

/// Where the list lies of those whose bodies an engine runs one after the other in their turns, in its innermost frame; null if none.
#[derive(Clone, Copy)]
pub(crate) struct InHand(pub(crate) *const ());

// SAFETY: only an address; it is used by the thread that set it, in whose frames the list lies.
unsafe impl Send for InHand {}

/// The state of one engine that only the occupant of its seat touches; threads outside of all seats have one too.
pub(crate) struct Local {
    /// Where it is; `None` outside of all seats.
    pub(crate) here: Option<Here>,
    pub(crate) domain: u16,
    /// The engine's own queue; `None` outside of all seats, where ready codelets go to the domain's injector.
    pub(crate) queue: Option<Worker<u32>>,
    /// Taken from `pinned`: what nobody else may run.
    pub(crate) pinned: VecDeque<u32>,
    pub(crate) records: RecordCache,
    pub(crate) slots: SlotCache,
    pub(crate) events: SpareCells,
    pub(crate) magazine: Magazine,
    /// A codelet kept to run right after the body that made it ready; 0 if none. Only while `runs`.
    pub(crate) kept: u32,
    /// The engine is running codelets, and looks at `kept` after each.
    pub(crate) runs: bool,
    /// While it runs codelets: how many more it runs before it looks elsewhere.
    pub(crate) left: u32,
    /// Those who have their turns one after the other in what runs here.
    pub(crate) in_turn: InHand,
    /// The other engines of the domain.
    pub(crate) others: u16,
    /// The body that runs is a host's: it may take its time.
    pub(crate) host: bool,
    /// Whether the host that sits here is bound to the seat's processor.
    pub(crate) binding: Binding,
    /// Children that ended here and are not yet taken off their parent's count: the parent and how many.
    pub(crate) ended: (u32, u64),
    /// The body that runs holds blocks that it does not touch itself.
    pub(crate) only_holds: bool,
    /// The body that runs, a codelet's, has made blocks.
    pub(crate) made_blocks: bool,
    /// Codelets started since the last look around.
    pub(crate) since: u32,
    /// Thefts tried so far.
    pub(crate) attempt: u32,
    /// What it knows of the other engines of the domain, by their places there; it grows when they are looked at.
    pub(crate) watches: Vec<Victim>,
    /// Where codelets of a kind run best; once one was weighed.
    pub(crate) scores: Option<Box<Scores>>,
    /// The next look may take what the last one has left: [`Victim::is_near`].
    pub(crate) near: bool,
    /// Spawns that a host's body may still do before it looks how many codelets live.
    pub(crate) until_look: u32,
    /// In the checking mode alone.
    pub(crate) any_order: Option<Box<InAnyOrder>>,
    /// Something of the high level was put in the own queue of that level, and may lie there.
    pub(crate) urgent: bool,
    /// The queues of the levels that are not normal.
    pub(crate) levels: Box<LocalLevels>,
    /// What becomes of spawns here.
    pub(crate) instead: Instead,
    /// What notes events, if a trace is kept.
    pub(crate) tracer: Option<Box<Tracer>>,
    /// What leaves marks, if a page is kept.
    pub(crate) marker: Option<Box<Marker>>,
    /// There is one of these two.
    pub(crate) notes: bool,
    /// Where what is found next lay, for the trace. It is set by who finds something elsewhere than in the own queue.
    pub(crate) via: Via,
    /// What entries the codelet has whose body runs, if it has many.
    pub(crate) wide_body: Wide,
    /// The same of that for whose children a place has come last.
    pub(crate) wide_places: Wide,
    /// Reused between spawns.
    pub(crate) declared: Vec<crate::access::Declared>,
    /// Reused between entrances.
    pub(crate) doors: Vec<crate::entrance::Door>,
    /// Reused between entrances.
    pub(crate) door_parts: Vec<crate::entrance::DoorPart>,
}

impl Local {
    pub(crate) fn new(here: Option<Here>, domain: u16, pool: Arc<Pool>) -> Self {
        Local {
            here,
            domain,
            queue: here.map(|_| Worker::new_lifo()),
            pinned: VecDeque::new(),
            records: RecordCache::default(),
            slots: SlotCache::default(),
            events: SpareCells::default(),
            magazine: Magazine::new(pool),
            kept: 0,
            runs: false,
            left: 0,
            in_turn: InHand(std::ptr::null()),
            others: 0,
            host: false,
            binding: Binding::Free,
            ended: (0, 0),
            only_holds: false,
            made_blocks: false,
            since: 0,
            attempt: 0,
            watches: Vec::new(),
            scores: None,
            near: false,
            until_look: 0,
            any_order: None,
            urgent: false,
            levels: Box::new(LocalLevels::new(here.is_some())),
            instead: Instead::Spawn,
            tracer: None,
            marker: None,
            notes: false,
            via: Via::Own,
            wide_body: Wide::default(),
            wide_places: Wide::default(),
            declared: Vec::new(),
            doors: Vec::new(),
            door_parts: Vec::new(),
        }
    }
}

impl Local {
    /// It runs what is ready in an order of its own: the checking mode.
    #[inline]
    pub(crate) fn checks(&self) -> bool {
        self.any_order.is_some()
    }

    /// Gives back what it keeps.
    #[inline]
    pub(crate) fn leave(&mut self, arena: &Arena, blocks: &BlockTable) {
        self.records.clear(arena);
        blocks.clear(&mut self.slots, &mut self.magazine);
        self.magazine.flush();
    }
}
