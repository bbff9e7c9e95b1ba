//! The blocks that a recording uses, whole and in parts: their cells, their places in the list of what is lent, and how the
//! graph as a whole uses each of them.

use super::Recording;
use crate::access::{BlockKey, Declared, Lent, Mode, PartKey};
use crate::decide::graph::Piece;
use crate::declare_part::asked;
use crate::error::{Error, ErrorKind, Result};
use crate::extent::Extent;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;

/// A block of a graph.
#[derive(Clone, Copy)]
pub(crate) struct UsedBlock {
    pub(crate) cell: u32,
    pub(crate) key: BlockKey,
    /// How the graph as a whole uses it.
    pub(crate) mode: Mode,
    /// Its number among those of which the graph uses parts.
    pub(crate) split: Option<u32>,
    /// The place of all of it in what is lent.
    pub(super) lent: u32,
}

/// A part of a block in what is lent.
#[derive(Clone, Copy)]
pub(crate) struct PartLent {
    pub(crate) lent: u32,
    /// The block's place among the graph's.
    pub(crate) block: u32,
    pub(crate) extent: Extent,
}

/// A block of which parts are used.
pub(super) struct Split {
    whole: Extent,
    /// What nobody has used yet, as long as all others were written before they were read.
    untouched: Vec<Extent>,
}

impl Recording {
    /// The cell of a block and its place in what is lent.
    pub(super) fn block(
        &mut self,
        shared: &Shared,
        key: BlockKey,
        mode: Mode,
    ) -> Result<(u32, u32)> {
        let place = match self.by_block.get(&key.0) {
            Some(&place) => {
                self.use_again(place, mode, None);
                place
            }
            None => self.use_first(shared, key, mode)?,
        };
        let block = &self.blocks[place as usize];
        Ok((block.cell, block.lent))
    }

    /// The cell of a part, and its place in what is lent. `rest` is what is declared behind it.
    pub(super) fn part(
        &mut self,
        shared: &Shared,
        key: &PartKey,
        rest: &[Declared],
    ) -> Result<(u32, u32)> {
        let id = key.block.0;
        let bytes = shared.blocks.find(shared.id, id)?.bytes();
        let bounds = asked(key, rest).within(&shared.blocks.label(id), bytes)?;
        let extent = bounds.extent;
        let found = self.by_block.get(&id).copied();
        let place = match found {
            Some(place) => place,
            None => self.use_first(shared, key.block, key.mode)?,
        };
        let split = match self.blocks[place as usize].split {
            Some(split) => split,
            None => self.split(place, Extent::range(0, bytes as u64), found.is_none()),
        };
        self.use_again(place, key.mode, Some(&extent));
        if let Some(&there) = self.by_part.get(&(split, extent)) {
            return Ok(there);
        }
        let home = self.program.home(self.blocks[place as usize].cell);
        let cell = self.program.cell(home);
        let lent = self.lend(Lent::default());
        self.part_lents.push(PartLent {
            lent,
            block: place,
            extent,
        });
        self.pieces.push(Piece {
            cell,
            of: split,
            extent,
        });
        self.by_part.insert((split, extent), (cell, lent));
        Ok((cell, lent))
    }

    /// A block is used for the first time; its place.
    fn use_first(&mut self, shared: &Shared, key: BlockKey, mode: Mode) -> Result<u32> {
        let slot = shared.blocks.find(shared.id, key.0)?;
        let home = slot.home.load(Ordering::Relaxed);
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
        let lent = self.lend(Lent::default());
        self.blocks.push(UsedBlock {
            cell,
            key,
            mode,
            split: None,
            lent,
        });
        self.block_lents.push((lent, place));
        self.by_block.insert(key.0, place);
        Ok(place)
    }

    /// A part of a block is used for the first time; `first` if nothing of it was used before. Its number among such blocks.
    fn split(&mut self, place: u32, whole: Extent, first: bool) -> u32 {
        let number = self.splits.len() as u32;
        let block = &mut self.blocks[place as usize];
        block.split = Some(number);
        let untouched = match first {
            true => vec![whole],
            false => Vec::new(),
        };
        self.splits.push(Split { whole, untouched });
        self.pieces.push(Piece {
            cell: block.cell,
            of: number,
            extent: whole,
        });
        number
    }

    /// A block is used again, or a part of it for the first time, too.
    fn use_again(&mut self, place: u32, mode: Mode, part: Option<&Extent>) {
        let block = &mut self.blocks[place as usize];
        match block.mode {
            Mode::Read if mode.writes() => block.mode = Mode::ReadWrite,
            Mode::Write => (),
            _ => return,
        }
        let Some(split) = block.split else {
            return;
        };
        let Split { whole, untouched } = &mut self.splits[split as usize];
        let extent = part.unwrap_or(whole);
        if mode == Mode::Write {
            for old in std::mem::take(untouched) {
                old.minus(extent, untouched);
            }
        } else if untouched.iter().any(|left| left.meets(extent)) {
            block.mode = Mode::ReadWrite;
        }
    }

    /// All is known: blocks of which parts were written and not all are not written as a whole.
    pub(super) fn settle_blocks(&mut self) {
        for block in &mut self.blocks {
            let split = block.split.map(|split| &self.splits[split as usize]);
            let left = split.is_some_and(|split| !split.untouched.is_empty());
            if left && block.mode == Mode::Write {
                block.mode = Mode::ReadWrite;
            }
        }
        self.program.split(std::mem::take(&mut self.pieces));
    }
}
