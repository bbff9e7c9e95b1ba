//! Which bytes of a block an access covers: a range, or equally long pieces at equal distances (a tile of a matrix).

/// The bytes of a range or a tile, from the block's start.
///
/// A tile is `rows` pieces of `columns` bytes, `stride` bytes from one's start to the next one's; no piece reaches over a
/// multiple of the stride, as no row of a tile reaches over the matrix's edge. What is one piece is a range: it has one
/// row and no stride. So two extents that cover the same bytes are mostly equal (not if one is empty).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    start: u64,
    columns: u64,
    rows: u64,
    stride: u64,
}

impl Extent {
    /// `bytes` bytes in one piece.
    #[inline]
    pub fn range(start: u64, bytes: u64) -> Self {
        Extent {
            start,
            columns: bytes,
            rows: 1,
            stride: 0,
        }
    }

    /// `rows` pieces of `columns` bytes. The first piece ends at or before the next multiple of the stride.
    #[inline]
    pub fn tile(start: u64, columns: u64, rows: u64, stride: u64) -> Self {
        if rows == 0 || columns == 0 {
            return Extent::range(start, 0);
        }
        debug_assert!(rows == 1 || start % stride + columns <= stride);
        if rows == 1 || columns == stride {
            return Extent::range(start, rows * columns);
        }
        Extent {
            start,
            columns,
            rows,
            stride,
        }
    }

    /// The first byte.
    #[inline]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The first byte behind the last one.
    #[inline]
    pub fn end(&self) -> u64 {
        self.start + (self.rows - 1) * self.stride + self.columns
    }

    /// Bytes of a piece.
    #[inline]
    pub fn columns(&self) -> u64 {
        self.columns
    }

    /// Pieces.
    #[inline]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes in all.
    #[inline]
    pub fn bytes(&self) -> u64 {
        self.rows * self.columns
    }

    /// Bytes from a piece's start to the next one's; 0 if there is one only.
    #[inline]
    pub fn stride(&self) -> u64 {
        self.stride
    }

    /// Whether it covers nothing.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.columns == 0
    }

    #[inline]
    fn is_range(&self) -> bool {
        self.rows == 1
    }

    /// Its pieces.
    fn pieces(&self) -> impl Iterator<Item = Extent> + use<> {
        let Extent { start, columns, .. } = *self;
        let stride = self.stride;
        (0..self.rows).map(move |row| Extent::range(start + row * stride, columns))
    }

    /// Whether two accesses to these must be taken to touch the same bytes. Exact among ranges, between a range and a
    /// tile, and among tiles with the same stride. Tiles with different strides count as overlapping if the spans from
    /// their first to their last bytes do: so that the answer never takes more than a few nanoseconds.
    #[inline]
    pub fn overlaps(&self, other: &Extent) -> bool {
        if self.start >= other.end() || other.start >= self.end() {
            return false;
        }
        if self.is_empty() || other.is_empty() {
            return false;
        }
        self.quick(other).unwrap_or(true)
    }

    /// Whether the two have a byte in common, exactly. Takes time for each row of the lower of two tiles with different
    /// strides, and else as [`Extent::overlaps`].
    pub fn meets(&self, other: &Extent) -> bool {
        self.overlaps(other)
            && self.quick(other).unwrap_or_else(|| {
                let (low, high) = match self.rows <= other.rows {
                    true => (self, other),
                    false => (other, self),
                };
                low.pieces().any(|piece| high.is_cut_by(&piece))
            })
    }

    /// Whether the two have a byte in common, if that can be said at once. Neither is empty.
    #[inline]
    fn quick(&self, other: &Extent) -> Option<bool> {
        if self.is_range() {
            Some(other.is_cut_by(self))
        } else if other.is_range() {
            Some(self.is_cut_by(other))
        } else if self.stride == other.stride {
            let [a, b] = [self, other].map(|tile| Rectangle::of(tile, tile.stride));
            Some(a.meets(&b))
        } else {
            None
        }
    }

    /// Whether a range that is not empty has a byte in common with it.
    #[inline]
    fn is_cut_by(&self, range: &Extent) -> bool {
        // The first piece that ends behind the range's start: does it start before the range's end?
        let behind = range.start.checked_sub(self.start + self.columns);
        let row = match (behind, self.stride) {
            (None, _) => 0,
            (Some(_), 0) => return false,
            (Some(bytes), stride) => bytes / stride + 1,
        };
        row < self.rows && self.start + row * self.stride < range.end()
    }

    /// Whether all bytes of the other are among these, exactly. What is empty is in everything.
    pub fn contains(&self, other: &Extent) -> bool {
        if other.is_empty() {
            return true;
        }
        if self.is_empty() || other.start < self.start || other.end() > self.end() {
            return false;
        }
        if self.is_range() {
            return true;
        }
        if self.stride == other.stride {
            let [a, b] = [self, other].map(|tile| Rectangle::of(tile, tile.stride));
            return a.contains(&b);
        }
        let holds = |piece: Extent| {
            let row = (piece.start - self.start) / self.stride;
            piece.end() <= self.start + row * self.stride + self.columns
        };
        other.pieces().all(holds)
    }

    /// Adds what is left of these bytes without the other's, in extents that do not overlap. Exact. Few, but for tiles
    /// with different strides, where there is at least one for each row.
    pub fn minus(&self, other: &Extent, left: &mut Vec<Extent>) {
        if !self.meets(other) {
            if !self.is_empty() {
                left.push(*self);
            }
            return;
        }
        let stride = match (self.stride, other.stride) {
            (0, 0) => {
                let behind = self.end().saturating_sub(other.end());
                let before = other.start.saturating_sub(self.start);
                let sides = [(self.start, before), (self.end() - behind, behind)];
                let sides = sides.map(|(start, bytes)| Extent::range(start, bytes));
                return left.extend(sides.into_iter().filter(|side| !side.is_empty()));
            }
            (0, stride) | (stride, 0) => stride,
            (a, b) if a == b => a,
            _ => return self.pieces().for_each(|piece| piece.minus(other, left)),
        };
        let mut pieces = Rectangle::all_of(self, stride);
        for cut in Rectangle::all_of(other, stride) {
            pieces = pieces
                .iter()
                .flat_map(|piece| piece.without(&cut))
                .collect();
        }
        left.extend(pieces.iter().map(|piece| piece.extent(stride)));
    }
}

/// Rows and columns of a matrix whose rows are `stride` bytes long: first ones, and first ones behind.
#[derive(Clone, Copy)]
struct Rectangle {
    rows: (u64, u64),
    columns: (u64, u64),
}

impl Rectangle {
    /// A tile of that stride.
    #[inline]
    fn of(tile: &Extent, stride: u64) -> Self {
        let (row, column) = (tile.start / stride, tile.start % stride);
        Rectangle {
            rows: (row, row + tile.rows),
            columns: (column, column + tile.columns),
        }
    }

    /// A range or a tile of that stride. A range is the rest of a row, whole rows, and the start of one.
    fn all_of(extent: &Extent, stride: u64) -> Vec<Self> {
        if !extent.is_range() {
            return vec![Rectangle::of(extent, stride)];
        }
        let (start, end) = (extent.start, extent.end());
        let (first, last) = (start / stride, end / stride);
        if first == last {
            return vec![Rectangle::of(extent, stride)];
        }
        let whole = start.div_ceil(stride);
        let parts = [
            ((first, whole), (start % stride, stride)),
            ((whole, last), (0, stride)),
            ((last, last + 1), (0, end % stride)),
        ];
        let parts = parts.map(|(rows, columns)| Rectangle { rows, columns });
        parts.into_iter().filter(|part| !part.is_empty()).collect()
    }

    fn extent(&self, stride: u64) -> Extent {
        let start = self.rows.0 * stride + self.columns.0;
        let columns = self.columns.1 - self.columns.0;
        Extent::tile(start, columns, self.rows.1 - self.rows.0, stride)
    }

    fn is_empty(&self) -> bool {
        self.rows.0 >= self.rows.1 || self.columns.0 >= self.columns.1
    }

    #[inline]
    fn meets(&self, other: &Rectangle) -> bool {
        let cross = |a: (u64, u64), b: (u64, u64)| a.0 < b.1 && b.0 < a.1;
        cross(self.rows, other.rows) && cross(self.columns, other.columns)
    }

    fn contains(&self, other: &Rectangle) -> bool {
        let holds = |a: (u64, u64), b: (u64, u64)| a.0 <= b.0 && b.1 <= a.1;
        holds(self.rows, other.rows) && holds(self.columns, other.columns)
    }

    /// What is left without another: above, below, and on both sides of it.
    fn without(&self, cut: &Rectangle) -> Vec<Rectangle> {
        if !self.meets(cut) {
            return vec![*self];
        }
        let both = |a: (u64, u64), b: (u64, u64)| (a.0.max(b.0), a.1.min(b.1));
        let rows = both(self.rows, cut.rows);
        let columns = both(self.columns, cut.columns);
        let around = [
            ((self.rows.0, rows.0), self.columns),
            ((rows.1, self.rows.1), self.columns),
            (rows, (self.columns.0, columns.0)),
            (rows, (columns.1, self.columns.1)),
        ];
        let around = around.map(|(rows, columns)| Rectangle { rows, columns });
        around.into_iter().filter(|part| !part.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests;
