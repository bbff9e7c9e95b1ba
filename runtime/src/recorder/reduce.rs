//! Reductions in a recording: groups of codelets that add to lanes, each in a turn that the program fixes, and a codelet of the
//! runtime's own that puts the lanes together where a group ends. Page: `docs/design/reductions.md`, "In graphs".

use super::{Recording, Site};
use crate::access::{BlockKey, Declared, Desk, Lent, Mode, Operator, OperatorTable};
use crate::decide::graph::{Use, Wish};
use crate::decide::lanes::{LANES, tree};
use crate::error::{Error, ErrorKind, Result};
use crate::recorded::{Fault, IDENTITY, Recorded, Table};
use crate::shared::Shared;

/// What a block is that codelets reduce into.
#[derive(Default)]
pub(super) struct Reduced {
    /// The group that goes on.
    group: Option<Group>,
    /// The cells of its lanes, and their places in what is lent. Groups use them one after the other.
    lanes: Vec<(u32, u32)>,
}

struct Group {
    operator: Operator,
    members: usize,
    /// Of the first member.
    site: Site,
}

impl Recording {
    /// A codelet reduces into a block: what it uses for that is added to `uses`, and all but the last of what it is lent to
    /// `lent_to`. The last one: its lane.
    pub(super) fn reduce(
        &mut self,
        shared: &Shared,
        (key, operator): (BlockKey, Operator),
        site: Site,
        uses: &mut Vec<Use>,
    ) -> Result<u32> {
        let slot = shared.blocks.find(shared.id, key.0)?;
        shared.can_reduce(slot, key.0, operator)?;
        let bytes = slot.bytes();
        let (cell, _) = self.block(shared, key, Mode::Reduce(operator))?;
        // What it builds on, in the sense of order and of poison.
        let mode = Mode::Read;
        uses.push(Use { cell, mode });
        let place = self.by_block[&key.0];
        let reduced = self.reduced.entry(place).or_default();
        let group = reduced.group.get_or_insert(Group {
            operator,
            members: 0,
            site,
        });
        let member = group.members;
        group.members += 1;
        self.open_groups += usize::from(member == 0);
        let lane = member % LANES;
        if lane == reduced.lanes.len() {
            let start = self.bodies.zeroed(bytes).ok_or_else(|| {
                Error::new(
                    ErrorKind::System,
                    format!("no memory for a lane of a reduction, {bytes} bytes; reduce into a smaller block"),
                )
            })?;
            let start = start.as_ptr();
            let cell = self.program.cell(None);
            let lent = self.lend(Lent { start, bytes });
            let reduced = self.reduced.entry(place).or_default();
            reduced.lanes.push((cell, lent));
        }
        let (cell, lent) = self.reduced[&place].lanes[lane];
        let mode = match member < LANES {
            true => {
                let mark = self.lend(Lent {
                    start: IDENTITY,
                    bytes: usize::from(operator.number()),
                });
                self.lent_to.push(mark);
                Mode::Write
            }
            false => Mode::Reduce(operator),
        };
        uses.push(Use { cell, mode });
        Ok(lent)
    }

    /// Ends the groups that a codelet with these accesses does not belong to.
    pub(super) fn end_groups(&mut self, declared: &[Declared]) {
        if self.open_groups == 0 {
            return;
        }
        for one in declared {
            let (key, mode) = match one {
                Declared::Block(key, mode) => (key, *mode),
                // What is written is not all of the block.
                Declared::Part(part) => (&part.block, Mode::ReadWrite),
                _ => continue,
            };
            let Some(&place) = self.by_block.get(&key.0) else {
                continue;
            };
            let group = self.reduced.get(&place).and_then(|one| one.group.as_ref());
            let ends = |group: &Group| mode != Mode::Reduce(group.operator);
            if group.is_some_and(ends) {
                // Nobody will look at the sum if all is written.
                self.end_group(place, mode != Mode::Write);
            }
        }
    }

    /// Ends all groups: the program is over.
    pub(super) fn end_all_groups(&mut self) {
        let places: Vec<u32> = self.reduced.keys().copied().collect();
        places
            .into_iter()
            .for_each(|place| self.end_group(place, true));
    }

    /// Ends a block's group, if there is one: with a codelet that puts it together if that is wanted.
    fn end_group(&mut self, place: u32, wanted: bool) {
        let reduced = self.reduced.get_mut(&place);
        let Some((reduced, group)) = reduced.and_then(|one| one.group.take().map(|g| (one, g)))
        else {
            return;
        };
        self.open_groups -= 1;
        if !wanted {
            return;
        }
        let block = self.blocks[place as usize];
        let lanes = &reduced.lanes[..group.members.min(LANES)];
        let first = self.lent_to.len() as u32;
        let (all, mode) = ([(block.cell, block.lent)], Mode::ReadWrite);
        let all = all.iter().chain(lanes);
        self.lent_to.extend(all.clone().map(|(_, lent)| lent));
        let uses: Vec<Use> = all.map(|&(cell, _)| Use { cell, mode }).collect();
        let site = Site {
            name: "reduction",
            ..group.site
        };
        let operator = group.operator;
        self.add(Wish::default(), site, uses, first, false, &mut |captures| {
            let combine = Combine {
                table: &Combine::TABLE,
                operator,
            };
            let captured = captures.put(combine).as_ptr().cast();
            // SAFETY: it begins with the table for its type, and stays as long as the captures.
            unsafe { Recorded::new(captured) }
        });
    }
}

/// What puts a group together.
#[repr(C)]
struct Combine {
    table: &'static Table,
    operator: Operator,
}

impl Combine {
    const TABLE: Table = Table {
        run: Self::run,
        discard: Self::discard,
        value: 0,
        is_ours: true,
    };

    /// See [`Run`](crate::recorded::Run): it is lent the block, then the lanes that members have added to.
    unsafe fn run(codelet: &Recorded, _: *const (), desk: &Desk<'_>) -> Result<(), Box<Fault>> {
        // SAFETY: the premise of `Run`: it is what was captured.
        let operator = unsafe { (*codelet.captured().cast::<Combine>()).operator };
        // SAFETY: the premise of `Run`: the desk is the codelet's.
        let lent = unsafe { codelet.slots(desk) }.rest();
        let table = OperatorTable::of(operator);
        let (block, lanes) = (lent[0], &lent[1..]);
        let add = |into: *mut u8, from: *mut u8| {
            // SAFETY: the block and the lanes, each as long as the block, initialised and aligned for any element, are held by
            // this codelet alone; no two of them are the same; the operator was named, so it was there.
            unsafe { table.combine(into, from, block.bytes) }
        };
        tree(lanes.len()).for_each(|(into, from)| add(lanes[into].start, lanes[from].start));
        add(block.start, lanes[0].start);
        Ok(())
    }

    /// See [`Table::discard`]: there is nothing to drop.
    unsafe fn discard(_: *mut ()) {}
}
