//! Which codelets touched which blocks from which memory regions, and what would mend it.

use crate::decide::traffic::{Mend, Traffic, Worst, worst};
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Key, Sums};
use crate::runtime::Runtime;
use std::collections::HashMap;
use std::fmt;

/// How many of the worst are told.
const WORST: usize = 10;

/// What codelets did to data blocks, by memory regions: see [`Runtime::memory_report`]. Its text is a table for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryReport {
    /// How many memory regions the machine has.
    pub regions: usize,
    /// Bytes that codelets touched in their own region.
    pub local_bytes: u64,
    /// Bytes that they touched in another one.
    pub remote_bytes: u64,
    /// Bytes of memory that no region holds alone: adopted memory, which the runtime did not place, and interleaved blocks.
    pub unplaced_bytes: u64,
    /// Bytes that have no line in `touched`, since there were too many blocks. They count in none of the other sums.
    pub other_bytes: u64,
    /// Who touched what, the most bytes first.
    pub touched: Vec<Touched>,
    /// The ten that cost most, by their remote bytes.
    pub worst: Vec<Remote>,
}

/// What the codelets of one kind did to one block, on all engines of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Touched {
    /// The codelets' name.
    pub codelet: &'static str,
    /// Where they are spawned: file and line.
    pub spawned_at: String,
    /// The block's name and number, or its number.
    pub block: String,
    /// The index of the region that the block's memory is in; `None` for adopted and for interleaved memory.
    pub home: Option<usize>,
    /// The index of the engines' region.
    pub region: usize,
    /// How often.
    pub times: u64,
    /// Bytes that they declared to read.
    pub bytes_read: u64,
    /// Bytes that they declared to write.
    pub bytes_written: u64,
}

/// Codelets of one kind that touched one block from another region.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remote {
    /// The codelets' name.
    pub codelet: &'static str,
    /// The block's name and number, or its number.
    pub block: String,
    /// The index of the region that the block's memory is in.
    pub home: usize,
    /// The index of the engines' region.
    pub region: usize,
    /// Bytes that went between the two.
    pub bytes: u64,
    /// What would mend it: a sentence.
    pub advice: String,
}

impl Runtime {
    /// Which codelets touched which data blocks from which memory regions so far, local and remote bytes, the ten worst, and for
    /// each of them what would mend it. What counts is what accesses declare: all of a block, or the part. Values, scratch memory and
    /// lanes of reductions do not count.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::builder().memory_report(true).build()?;
    /// let u = rt.block::<f64>(1000)?;
    /// rt.name(u, "u")?;
    /// rt.finish(|s| {
    ///     s.codelet("fill").spawn(u.write(), |_, u| u.fill(1.0));
    ///     Ok(())
    /// })?;
    /// let report = rt.memory_report()?;
    /// assert_eq!(report.local_bytes + report.remote_bytes, 8000);
    /// assert_eq!(report.touched[0].block, "u (0)");
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if no account is kept: see [`Builder::memory_report`](crate::Builder::memory_report).
    pub fn memory_report(&self) -> Result<MemoryReport> {
        let shared = self.shared();
        let Some(ledgers) = shared.ledgers.as_ref().filter(|ledgers| ledgers.reports) else {
            return Err(Error::new(
                ErrorKind::Config,
                "this runtime keeps no account of who touches what; build it with `memory_report(true)`, or set SPRAT_MEMORY_REPORT=1",
            ));
        };
        let (lines, rest) = ledgers.read();
        let region = |xe: u16| shared.plan.xes[usize::from(xe)].region;
        let label = |key: &Key| shared.blocks.label(key.block);
        let regions = &self.topology().regions;
        let has_memory: Vec<bool> = regions.iter().map(|one| one.bytes > 0).collect();
        Ok(report(&has_memory, &lines, rest, region, label))
    }
}

/// The report of these lines, each with its engine, on a machine with such regions.
fn report(
    has_memory: &[bool],
    lines: &[(u16, Key, Sums)],
    rest: Sums,
    region: impl Fn(u16) -> usize,
    label: impl Fn(&Key) -> String,
) -> MemoryReport {
    let mut sums: HashMap<(Key, usize), Sums> = HashMap::new();
    for (xe, key, done) in lines {
        sums.entry((*key, region(*xe))).or_default().add(*done);
    }
    let mut all: Vec<(Key, usize, Sums)> = sums
        .into_iter()
        .map(|((key, at), sums)| (key, at, sums))
        .collect();
    let bytes = |sums: &Sums| sums.read.saturating_add(sums.written);
    // The rest of the key, so that equal ones have an order.
    all.sort_by_key(|(key, region, sums)| {
        (
            std::cmp::Reverse(bytes(sums)),
            key.codelet,
            key.block.slot(),
            *region,
            key.spawned_at.line(),
        )
    });
    let mut report = MemoryReport {
        regions: has_memory.len(),
        other_bytes: bytes(&rest),
        ..MemoryReport::default()
    };
    let mut traffic = Vec::new();
    let mut numbers = HashMap::new();
    for (at, (key, region, sums)) in all.iter().enumerate() {
        let count = match key.home {
            None => &mut report.unplaced_bytes,
            Some(home) if usize::from(home) == *region => &mut report.local_bytes,
            Some(_) => &mut report.remote_bytes,
        };
        *count = count.saturating_add(bytes(sums));
        let next = numbers.len();
        let block = *numbers.entry(key.block).or_insert(next);
        traffic.extend(key.home.map(|home| Traffic {
            codelet: at,
            block,
            home: usize::from(home),
            region: *region,
            read: sums.read,
            written: sums.written,
        }));
        report.touched.push(Touched {
            codelet: key.codelet,
            spawned_at: key.spawned_at.to_string(),
            block: label(key),
            home: key.home.map(usize::from),
            region: *region,
            times: sums.times,
            bytes_read: sums.read,
            bytes_written: sums.written,
        });
    }
    let tell = |mut one: Worst| {
        // Nothing can live where there is no memory.
        if let Mend::Live(region) = one.mend
            && !has_memory.get(region).is_some_and(|has| *has)
        {
            one.mend = Mend::RunThere;
        }
        let touched = &report.touched[one.codelet];
        Remote {
            codelet: touched.codelet,
            block: touched.block.clone(),
            home: one.home,
            region: one.region,
            bytes: one.remote,
            advice: advice(touched.codelet, &touched.block, &one),
        }
    };
    report.worst = worst(&traffic, WORST).into_iter().map(tell).collect();
    report
}

/// What would mend it, with the user's names.
fn advice(codelet: &str, block: &str, one: &Worst) -> String {
    match one.mend {
        Mend::Live(region) => format!(
            "block {block} lives in region {}, and region {region} does most of what is done to it: make it with `Home::Region({region})`, `migrate` it there, or let `{codelet}` write it first",
            one.home
        ),
        Mend::Copies => format!(
            "block {block} lives in region {}, is read in several regions and hardly written: `replicate` it, so that each has a copy",
            one.home
        ),
        Mend::RunThere => format!(
            "block {block} lives in region {}, and codelets of several regions change it: spawn `{codelet}` near it",
            one.home
        ),
    }
}

/// Bytes for people.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (1u64 << 40, "TiB"),
            (1 << 30, "GiB"),
            (1 << 20, "MiB"),
            (1 << 10, "KiB"),
        ];
        let text = match units.iter().find(|(size, _)| self.0 >= *size) {
            Some((size, unit)) => format!("{:.1} {unit}", self.0 as f64 / *size as f64),
            None => format!("{} B", self.0),
        };
        f.pad(&text)
    }
}

/// How many lines of `touched` the text shows.
const SHOWN: usize = 20;

impl fmt::Display for MemoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "memory: {} local, {} remote",
            Bytes(self.local_bytes),
            Bytes(self.remote_bytes)
        )?;
        match self.regions {
            1 => write!(f, " (there is one memory region, so nothing can be remote)")?,
            regions => write!(f, ", {regions} memory regions")?,
        }
        if self.unplaced_bytes > 0 {
            write!(
                f,
                "; {} of adopted memory, which is wherever its owner put it, or interleaved",
                Bytes(self.unplaced_bytes)
            )?;
        }
        if self.other_bytes > 0 {
            write!(
                f,
                "; {} of blocks that had no room here",
                Bytes(self.other_bytes)
            )?;
        }
        writeln!(f)?;
        for one in &self.worst {
            writeln!(
                f,
                "  {} from region {} by `{}`: {}",
                Bytes(one.bytes),
                one.region,
                one.codelet,
                one.advice
            )?;
        }
        writeln!(
            f,
            "{:>12} {:>12} {:>10}  {:>4} {:>4}  codelet, block",
            "read", "written", "times", "from", "home"
        )?;
        for one in self.touched.iter().take(SHOWN) {
            let home = one
                .home
                .map_or_else(|| "-".to_owned(), |home| home.to_string());
            let (read, written) = (Bytes(one.bytes_read), Bytes(one.bytes_written));
            let Touched {
                times,
                region,
                codelet,
                block,
                ..
            } = one;
            writeln!(
                f,
                "{read:>12} {written:>12} {times:>10}  {region:>4} {home:>4}  {codelet}, {block}"
            )?;
        }
        match self.touched.len() {
            0 => writeln!(f, "no codelet has touched a block"),
            all if all > SHOWN => writeln!(f, "and {} more", all - SHOWN),
            _ => Ok(()),
        }
    }
}
