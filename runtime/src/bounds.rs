//! Where a part of a block lies: checked once, where a codelet is spawned, and kept in two nodes behind the entry.

use crate::entry::{Entry, Found};
use crate::error::{Error, ErrorKind, Result};
use crate::extent::Extent;
use std::fmt;
use std::ops::Range;

/// A part's bytes, and of how many bytes its elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) extent: Extent,
    element: u32,
}

/// What a part of a block was declared as, in elements.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// One row for a range.
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
    /// [`RANGE`] for a range.
    pub(crate) leading: usize,
    pub(crate) element: u32,
}

/// The leading dimension of a range; none that a tile can have.
pub(crate) const RANGE: usize = usize::MAX;

/// The end of a range that goes to the block's end.
pub(crate) const TO_THE_END: usize = usize::MAX;

impl Asked {
    /// The bounds of a part of a block with this name and so many bytes.
    pub(crate) fn within(&self, block: &str, bytes: usize) -> Result<Bounds> {
        let len = bytes / self.element as usize;
        let refuse = |why: String| {
            Err(Error::new(
                ErrorKind::Access,
                format!("block {block} has {len} elements, and {self} {why}"),
            ))
        };
        let Range { start, end } = self.columns.clone();
        let end = match self.leading {
            RANGE if end == TO_THE_END => len,
            _ => end,
        };
        if start > end || self.rows.start > self.rows.end {
            return refuse("ends before it starts; name the start first".to_owned());
        }
        let rows = self.rows.end - self.rows.start;
        if self.leading != RANGE && end > self.leading {
            return refuse(format!(
                "has columns behind the leading dimension {}; name columns from 0 to there",
                self.leading
            ));
        }
        let nothing = rows == 0 || start == end;
        // Where it ends (or would start, if there is nothing in it), if that is a number.
        let (row, column) = match (nothing, self.leading) {
            (false, _) => (self.rows.end - 1, end),
            (true, RANGE) => (0, start),
            (true, _) => (self.rows.start, 0),
        };
        let at = row.checked_mul(self.leading);
        let behind = at.and_then(|at| at.checked_add(column));
        if behind.is_none_or(|behind| behind > len) {
            return refuse("reaches behind them; keep it inside the block".to_owned());
        }
        if !nothing && rows > u32::MAX as usize {
            return refuse(format!(
                "has {rows} rows; at most 4,294,967,295 are possible"
            ));
        }
        let element = u64::from(self.element);
        let extent = if nothing {
            Extent::range(0, 0)
        } else if self.leading == RANGE {
            Extent::range(start as u64 * element, (end - start) as u64 * element)
        } else {
            let first = self.rows.start * self.leading + start;
            Extent::tile(
                first as u64 * element,
                (end - start) as u64 * element,
                rows as u64,
                self.leading as u64 * element,
            )
        };
        Ok(Bounds {
            extent,
            element: self.element,
        })
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = &self.columns;
        match (self.leading, *end) {
            (RANGE, TO_THE_END) => write!(f, "[{start}..]"),
            (RANGE, end) => write!(f, "[{start}..{end}]"),
            (leading, end) => {
                let rows = &self.rows;
                write!(f, "[rows {rows:?}, columns {start}..{end} of {leading}]")
            }
        }
    }
}

impl Bounds {
    /// The two nodes that keep it.
    pub(crate) fn found(&self) -> [Found; 2] {
        let Bounds { extent, element } = self;
        let second = extent.rows() | u64::from(*element) << 32;
        [
            Found::bounds(extent.start(), extent.columns()),
            Found::bounds(second, extent.stride()),
        ]
    }

    /// The bounds of the part whose entry was taken from these entries last; takes their two nodes.
    pub(crate) fn take<'a>(entries: &mut impl Iterator<Item = (u32, &'a Entry)>) -> Self {
        let mut numbers = || {
            let node = entries.next().map(|(_, entry)| entry.numbers());
            node.expect("two nodes follow the entry of a part")
        };
        let (start, columns) = numbers();
        let (second, stride) = numbers();
        let rows = second & u64::from(u32::MAX);
        Bounds {
            extent: Extent::tile(start, columns, rows, stride),
            element: (second >> 32) as u32,
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let element = u64::from(self.element);
        let [start, columns, stride] = [
            self.extent.start(),
            self.extent.columns(),
            self.extent.stride(),
        ]
        .map(|bytes| bytes / element);
        if stride == 0 {
            return write!(f, "[{start}..{}]", start + columns);
        }
        let (row, column) = (start / stride, start % stride);
        write!(
            f,
            "[rows {row}..{}, columns {column}..{} of {stride}]",
            row + self.extent.rows(),
            column + columns
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: usize, end: usize) -> Asked {
        Asked {
            rows: 0..1,
            columns: start..end,
            leading: RANGE,
            element: 8,
        }
    }

    fn tile(rows: Range<usize>, columns: Range<usize>, leading: usize) -> Asked {
        Asked {
            rows,
            columns,
            leading,
            element: 4,
        }
    }

    #[test]
    fn parts_are_kept_in_their_nodes() {
        let parts = [
            (range(3, 7), "[3..7]"),
            (range(3, TO_THE_END), "[3..100]"),
            (tile(2..5, 1..4, 10), "[rows 2..5, columns 1..4 of 10]"),
            (tile(2..5, 0..10, 10), "[20..50]"),
        ];
        for (asked, shown) in parts {
            let bounds = asked.within("0", 100 * asked.element as usize).unwrap();
            let nodes = bounds.found().map(|found| Entry::new(found, 0));
            let mut entries = nodes.iter().map(|entry| (0, entry));
            assert_eq!(Bounds::take(&mut entries), bounds);
            assert_eq!(bounds.to_string(), shown);
        }
    }

    #[test]
    fn a_part_must_lie_in_its_block() {
        let wrong = [
            (range(5, 101), "and [5..101] reaches behind"),
            (range(usize::MAX - 1, TO_THE_END), "ends before it starts"),
            (range(6, 5), "ends before it starts"),
            (tile(0..3, 5..11, 10), "behind the leading dimension 10"),
            (tile(8..11, 0..1, 10), "reaches behind"),
            (range(101, 101), "reaches behind"),
            (tile(0..2, 0..1, 0), "behind the leading dimension 0"),
            (tile(11..11, 0..1, 10), "reaches behind"),
            (tile(0..usize::MAX, 0..2, usize::MAX / 2), "reaches behind"),
        ];
        for (asked, why) in wrong {
            let error = asked.within("u (3)", 100 * asked.element as usize);
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("block u (3) has 100 elements"), "{error}");
            assert!(error.contains(why), "{error}");
        }
        // The last row may end where the block ends.
        assert!(tile(8..10, 5..10, 10).within("", 400).is_ok());
        assert!(tile(9..10, 0..5, 10).within("", 380).is_ok());
        assert!(range(100, 100).within("", 800).is_ok());
        assert!(tile(3..3, 5..10, 10).within("", 400).is_ok());
        assert!(tile(10..10, 10..10, 10).within("", 400).is_ok());
    }
}
