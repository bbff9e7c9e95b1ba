//! A part of the timeline with all that is in it: what `sprat serve` answers while somebody looks closer.

use super::base64;
use super::timeline::{List, is_gap, list, number, unit};
use crate::analyse::Analysis;
use crate::interval::Interval;
use crate::run::{Run, Sort, Task};
use serde::Serialize;

/// All that engines did in a part of the run, if that is not too much.
#[derive(Debug, Serialize)]
pub struct Detail {
    from: u64,
    to: u64,
    /// So much happened that nothing of it is told.
    too_much: bool,
    rows: Vec<DetailRow>,
}

#[derive(Debug, Serialize)]
struct DetailRow {
    tasks: List,
    /// The tasks' places in the run: 32 bits.
    at: String,
    gaps: List,
}

/// So many tasks and gaps are sent at a time.
const SENT: usize = 40_000;

/// See [`Detail`].
pub fn detail(run: &Run, analysis: &Analysis, from: u64, to: u64) -> Detail {
    let unit = unit(run);
    let inside = |span: Interval| span.start < to && span.end > from;
    // They come by their starts; what began before and holds others is among those that reach in.
    let until = run.tasks.partition_point(|task| task.start < to);
    let drawn = |task: &&Task| task.sort != Sort::Replay && task.stream < run.xes;
    let mut tasks: Vec<Vec<(Interval, u16)>> = vec![Vec::new(); run.xes as usize];
    let mut places: Vec<Vec<u8>> = vec![Vec::new(); run.xes as usize];
    let mut sent = 0;
    for (at, task) in (0u32..).zip(&run.tasks[..until]) {
        if inside(task.interval()) && drawn(&task) {
            let row = task.stream as usize;
            tasks[row].push((task.interval(), task.kind));
            places[row].extend(at.to_le_bytes());
            sent += 1;
        }
        if sent > SENT {
            break;
        }
    }
    let mut gaps: Vec<Vec<(Interval, u16)>> = Vec::new();
    for did in &analysis.rows {
        if sent > SENT {
            break;
        }
        let begin = did.partition_point(|(span, _)| span.end <= from);
        let end = did.partition_point(|(span, _)| span.start < to);
        let list = did[begin..end.max(begin)]
            .iter()
            .filter(|one| is_gap(one.1));
        gaps.push(
            list.take(SENT + 1)
                .map(|(span, what)| (*span, number(*what)))
                .collect(),
        );
        sent += gaps.last().map_or(0, Vec::len);
    }
    let too_much = sent > SENT;
    let rows = tasks.iter().zip(&places).zip(&gaps);
    let rows = rows.map(|((tasks, at), gaps)| DetailRow {
        tasks: list(tasks, unit),
        at: base64::encode(at),
        gaps: list(gaps, unit),
    });
    Detail {
        from,
        to,
        too_much,
        rows: if too_much { Vec::new() } else { rows.collect() },
    }
}
