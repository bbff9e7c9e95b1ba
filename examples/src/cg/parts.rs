//! The matrix as data blocks: rows cut into parts of about as many entries.

use std::ops::Range;

use sprat::{Block, Read, Result, Runtime, Scope};

use super::system::System;

/// A part is cut off when it has so many entries: columns and values are 384 KiB.
const ENTRIES: usize = 1 << 15;

/// Some rows of a matrix.
#[derive(Clone, Debug)]
pub struct Part {
    /// The rows.
    pub rows: Range<usize>,
    /// Where each row's entries begin in the other two, and where the last one's end.
    ends: Block<u32>,
    columns: Block<u32>,
    values: Block<f64>,
}

/// A part as codelets see it.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'v> {
    ends: &'v [u32],
    columns: &'v [u32],
    values: &'v [f64],
}

impl Part {
    /// What a codelet declares to read the part.
    pub fn read(&self) -> (Read<u32>, Read<u32>, Read<f64>) {
        (self.ends.read(), self.columns.read(), self.values.read())
    }

    /// A block of the part, for [`near`](sprat::Options::near).
    pub fn home(&self) -> Block<f64> {
        self.values
    }
}

/// Gives the blocks of all parts back.
///
/// # Errors
/// The runtime's.
pub fn destroy(runtime: &Runtime, parts: Vec<Part>) -> Result<()> {
    runtime.finish(|s| {
        for part in parts {
            s.destroy(part.ends);
            s.destroy(part.columns);
            s.destroy(part.values);
        }
        Ok(())
    })
}

impl<'v> Entries<'v> {
    /// What a codelet got for [`Part::read`].
    pub fn new((ends, columns, values): (&'v [u32], &'v [u32], &'v [f64])) -> Entries<'v> {
        Entries {
            ends,
            columns,
            values,
        }
    }

    /// The part times a vector.
    pub fn times(self, vector: &[f64], product: &mut [f64]) {
        for (ends, product) in self.ends.windows(2).zip(product) {
            let range = ends[0] as usize..ends[1] as usize;
            *product = row_times(&self.columns[range.clone()], &self.values[range], vector);
        }
    }
}

/// A row times a vector. The serial program uses it too, so that both round alike.
#[inline]
pub(super) fn row_times(columns: &[u32], values: &[f64], vector: &[f64]) -> f64 {
    let products = columns
        .iter()
        .zip(values)
        .map(|(&column, &value)| value * vector[column as usize]);
    products.fold(0.0, |sum, product| sum + product)
}

/// Where the matrix is cut: by its entries alone, whatever engines there are.
pub fn cuts(system: &System) -> Vec<Range<usize>> {
    let mut cuts = Vec::new();
    let mut first = 0;
    for row in 0..system.rows() {
        let entries = system.ends[row + 1] - system.ends[first];
        if entries >= ENTRIES || row + 1 == system.rows() {
            cuts.push(first..row + 1);
            first = row + 1;
        }
    }
    cuts
}

/// Cuts the matrix into blocks, which belong to engines in contiguous shares.
///
/// # Errors
/// The runtime's; or if there are more entries in a part than can be counted.
pub fn cut(runtime: &Runtime, system: &System) -> Result<Vec<Part>> {
    let cuts = cuts(system);
    let count = cuts.len();
    let mut parts: Vec<Option<Part>> = vec![None; count];
    runtime.finish(|s| {
        for (at, (rows, place)) in cuts.iter().zip(&mut parts).enumerate() {
            let entries = system.ends[rows.end] - system.ends[rows.start];
            let make = move |s: &Scope<'_>, ()| {
                u32::try_from(entries)?;
                *place = Some(Part {
                    rows: rows.clone(),
                    ends: s.block(rows.len() + 1)?,
                    columns: s.block(entries)?,
                    values: s.block(entries)?,
                });
                Ok(())
            };
            let xe = at * runtime.xes() / count;
            s.codelet("make").on_xe(xe).spawn_once((), make);
        }
        Ok(())
    })?;
    let parts: Vec<Part> = parts.into_iter().flatten().collect();
    runtime.finish(|s| {
        for part in &parts {
            let (from, to) = (system.ends[part.rows.start], system.ends[part.rows.end]);
            let access = (part.ends.write(), part.columns.write(), part.values.write());
            s.codelet("fill")
                .near(part.home())
                .spawn(access, move |_, (ends, columns, values)| {
                    let all = &system.ends[part.rows.start..=part.rows.end];
                    for (end, all) in ends.iter_mut().zip(all) {
                        *end = (all - from) as u32;
                    }
                    columns.copy_from_slice(&system.columns[from..to]);
                    values.copy_from_slice(&system.values[from..to]);
                });
        }
        Ok(())
    })?;
    Ok(parts)
}
