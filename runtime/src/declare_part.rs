//! Parts of blocks that a codelet declares, found and checked: the queue that each enters, and which of them contradict each
//! other.

use crate::access::{BlockKey, Declared, Mode, PartKey};
use crate::block_table::{BlockSlot, QueueCell, destroyed};
use crate::bounds::{Asked, Bounds};
use crate::engine::{Engine, Frame};
use crate::entry::{Entry, EntryKind, Found};
use crate::error::{Error, ErrorKind, Result};
use crate::extent::Extent;
use crate::id::BlockId;
use crate::out_of_reach::ELSEWHERE;
use crate::sync::atomic::Ordering;
use std::collections::{BTreeMap, HashSet};

/// A part as it was declared; `rest` is what is declared behind it.
pub(crate) fn asked(key: &PartKey, rest: &[Declared]) -> Asked {
    let [Declared::Bounds(r0, r1), Declared::Bounds(c0, c1), ..] = *rest else {
        unreachable!("bounds follow a part")
    };
    Asked {
        rows: r0..r1,
        columns: c0..c1,
        leading: key.leading,
        element: key.element,
    }
}

impl Frame<'_> {
    /// The queue that an access of a child to a part enters: that of the parent's access which covers it if the parent
    /// declared the block or parts of it, the block's own if it was made in here, or for everybody. `rest` is what is
    /// declared behind it.
    #[inline(never)]
    pub(crate) fn find_part(
        &self,
        key: &PartKey,
        rest: &[Declared],
    ) -> Result<(Found, [Found; 2])> {
        let shared = self.engine.shared;
        let id = key.block.0;
        let slot = shared.blocks.find(shared.id, id)?;
        let asked = asked(key, rest);
        let bounds = asked.within(&shared.blocks.label(id), slot.bytes())?;
        let kind = EntryKind::Part(key.mode);
        if self.codelet != 0
            && let Some(found) = self.find_in_parent(key, &bounds)
        {
            if !slot.is(id) {
                return Err(destroyed(&shared.blocks.label(id)));
            }
            return found.map(|queue| (Found::new(kind, queue, 0), bounds.found()));
        }
        self.check_reach(id, slot)?;
        let cell: *const QueueCell = &raw const slot.root;
        let found = Found::new(kind, cell.cast_mut().cast(), id.generation());
        Ok((found, bounds.found()))
    }

    /// The queue for children of the parent's access that covers this part; `None` if the parent declared nothing of the
    /// block.
    fn find_in_parent(&self, key: &PartKey, bounds: &Bounds) -> Option<Result<*mut ()>> {
        let id = key.block.0;
        let arena = &self.engine.shared.arena;
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { arena.record(self.codelet).vtable() }.payload;
        let mut entries = arena.entries(self.codelet, payload);
        let mut wrong = None;
        while let Some((_, entry)) = entries.next() {
            let (mode, part) = match entry.kind() {
                EntryKind::Block(mode) => (mode, None),
                EntryKind::Weak => (Engine::weak_mode_of(entry), None),
                EntryKind::Part(mode) => (mode, Some(Bounds::take(&mut entries))),
                _ => continue,
            };
            if Engine::queue_of(entry).slot != id.slot() {
                continue;
            }
            if part.is_some_and(|part| !part.extent.contains(&bounds.extent)) {
                wrong = wrong.or(Some("its parent declared other parts of it"));
            } else if !mode.covers(key.mode) {
                wrong = Some(match mode {
                    Mode::Reduce(_) => "its parent declared it for a reduction",
                    Mode::SharedWrite => "its parent declared it for shared writing",
                    _ => "its parent declared it for reading only",
                });
            } else {
                let whole = part.map(|part| part.extent);
                return Some(Ok(queue_for_children(entry, mode, whole)));
            }
        }
        wrong.map(|why| Err(self.undeclared_part(id, bounds, why)))
    }

    /// Whether the codelet around declared parts of this block.
    #[cold]
    pub(crate) fn has_parts(&self, id: BlockId) -> bool {
        let arena = &self.engine.shared.arena;
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { arena.record(self.codelet).vtable() }.payload;
        let of_it = |entry: &Entry| {
            matches!(entry.kind(), EntryKind::Part(_)) && Engine::queue_of(entry).slot == id.slot()
        };
        let mut entries = arena.entries(self.codelet, payload);
        entries.any(|(_, entry)| of_it(entry))
    }

    /// Whether a block that no codelet around declared may be named here: it was made in here, or is everybody's.
    fn check_reach(&self, id: BlockId, slot: &BlockSlot) -> Result<()> {
        let everybody = self.codelet == 0 && slot.owner.load(Ordering::Relaxed) == 0;
        if everybody || self.made_here(slot) {
            return Ok(());
        }
        Err(match self.codelet {
            0 => self.refused(id, ELSEWHERE),
            _ => self.out_of_reach(id, slot),
        })
    }

    #[cold]
    fn undeclared_part(&self, id: BlockId, bounds: &Bounds, why: &str) -> Error {
        let label = self.engine.shared.blocks.label(id);
        Error::new(
            ErrorKind::Undeclared,
            format!(
                "block {label} {bounds} cannot be used here: {why}; declare in the parent all that its children use of it, with the right that they need"
            ),
        )
    }
}

/// The queue for the children of an access, made when the first of them names it.
fn queue_for_children(entry: &Entry, mode: Mode, part: Option<Extent>) -> *mut () {
    if entry.children().is_null() {
        let cell = QueueCell::for_children(Engine::queue_of(entry), mode, part);
        entry.set_children(Box::into_raw(Box::new(cell)).cast());
    }
    entry.children()
}

/// Which accesses of one codelet to blocks and parts of them do not contradict each other.
pub(crate) struct Fitting {
    /// Places in the list of what is declared.
    pub(crate) places: HashSet<usize>,
    /// Two that contradict each other.
    clash: Option<(usize, usize)>,
}

/// One access, for [`fitting`]: `None` is all of the block.
struct Use {
    place: usize,
    writes: bool,
    extent: Option<Extent>,
}

impl Use {
    fn clashes(&self, other: &Use) -> bool {
        let apart = match (&self.extent, &other.extent) {
            (Some(a), Some(b)) => !a.meets(b),
            _ => false,
        };
        (self.writes || other.writes) && !apart
    }

    fn span(&self) -> (u64, u64) {
        let span = |extent: &Extent| (extent.start(), extent.end());
        self.extent.as_ref().map_or((0, u64::MAX), span)
    }
}

/// Looks for accesses to the same bytes with a write among them. Of those the first write stays, and what does not
/// contradict it. Bounds that are wrong for other reasons are left alone.
pub(crate) fn fitting(declared: &[Declared]) -> Fitting {
    let mut blocks: BTreeMap<BlockKey, Vec<Use>> = BTreeMap::new();
    let mut places = HashSet::new();
    for (place, one) in declared.iter().enumerate() {
        let (key, mode, extent) = match one {
            Declared::Block(key, mode) => (*key, *mode, None),
            // What is for the children only cannot be told from what is for the codelet.
            Declared::Weak(key, _) => (*key, Mode::ReadWrite, None),
            Declared::Part(part) => {
                let asked = asked(part, &declared[place + 1..]);
                // As if the block were as long as can be: what does not fit into it is told elsewhere.
                let Ok(bounds) = asked.within("", isize::MAX as usize) else {
                    places.insert(place);
                    continue;
                };
                (part.block, part.mode, Some(bounds.extent))
            }
            _ => continue,
        };
        let writes = mode.writes();
        let uses = blocks.entry(key).or_default();
        uses.push(Use {
            place,
            writes,
            extent,
        });
    }
    let mut clash: Option<(usize, usize)> = None;
    for mut uses in blocks.into_values() {
        match first_clash(&mut uses) {
            None => places.extend(uses.iter().map(|one| one.place)),
            Some(pair) => {
                clash = Some(clash.map_or(pair, |other| other.min(pair)));
                // The writes first, in their order.
                uses.sort_by_key(|one| (!one.writes, one.place));
                let mut stay: Vec<&Use> = Vec::new();
                for one in &uses {
                    if !stay.iter().any(|other| other.clashes(one)) {
                        stay.push(one);
                    }
                }
                places.extend(stay.iter().map(|one| one.place));
            }
        }
    }
    Fitting { places, clash }
}

/// Two accesses to one block that contradict each other. Looks only at pairs whose spans overlap.
fn first_clash(uses: &mut [Use]) -> Option<(usize, usize)> {
    uses.sort_by_key(Use::span);
    let mut found: Option<(usize, usize)> = None;
    for (at, one) in uses.iter().enumerate() {
        let near = |other: &&Use| other.span().0 < one.span().1;
        for other in uses[at + 1..].iter().take_while(near) {
            if one.clashes(other) {
                let pair = (one.place.min(other.place), one.place.max(other.place));
                found = Some(found.map_or(pair, |found| found.min(pair)));
            }
        }
    }
    found
}

impl Fitting {
    /// The error for what contradicts itself.
    pub(crate) fn error(
        &self,
        declared: &[Declared],
        label: impl Fn(BlockKey) -> String,
    ) -> Option<Error> {
        let (first, second) = self.clash?;
        let name = |place: usize| match &declared[place] {
            Declared::Part(key) => {
                let asked = asked(key, &declared[place + 1..]);
                (key.block, format!("{asked} ({:?})", key.mode))
            }
            Declared::Block(key, mode) => (*key, format!("all of it ({mode:?})")),
            Declared::Weak(key, mode) => (*key, format!("all of it (weak, {mode:?})")),
            _ => unreachable!("blocks and parts clash"),
        };
        let ((key, first), (_, second)) = (name(first), name(second));
        Some(Error::new(
            ErrorKind::Access,
            format!(
                "of block {} one codelet declares {first} and {second}, which overlap, and one of them is for writing; declare parts that do not overlap, or one that covers both as `read_write`",
                label(key)
            ),
        ))
    }
}
