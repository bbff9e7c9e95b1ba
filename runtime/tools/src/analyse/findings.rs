//! What the figures mean, as sentences: each with what it costs, and what to do next.

use super::Analysis;
use super::waits::is_bound;
use crate::interval::sum;
use crate::run::{BlockUse, Run, Task};
use crate::units::{bytes, count, share, time};
use serde::Serialize;

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What it is about, for programs: `grain`, `dependences`, `data`, `bound-to-engines`, `one-spawner`, `queue`, `remote-memory`,
    /// `skipped`, `dropped`, `cut-off`, `well`.
    pub id: &'static str,
    /// About which share of the engines' time is lost by it.
    pub weight: f64,
    /// What is so, with figures.
    pub text: String,
    /// What to do next.
    pub next: String,
}

/// Less than this share of the engines' time is not worth a finding.
const LEAST: f64 = 0.10;
/// Codelets shorter than this are mostly the runtime's work.
const SHORT_NS: u64 = 1000;

/// See the module.
pub(super) fn findings(run: &Run, analysis: &Analysis) -> Vec<Finding> {
    let all = sum(analysis.engines.iter().map(|split| split.total()));
    let part = |time: u64| time as f64 / all.max(1) as f64;
    let mut list = Vec::new();
    if all > 0 {
        list.extend(grain(analysis, part));
        list.extend(bound(run, analysis, part));
        list.extend(dependences(run, analysis, part));
        list.extend(data(analysis, part));
        list.extend(one_spawner(analysis, part));
        list.extend(remote(run, part));
    }
    list.retain(|finding| finding.weight >= LEAST);
    list.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    if list.is_empty() && all > 0 {
        list.push(well(analysis, part));
    }
    list.extend(skipped(analysis));
    let flaws = flaws(analysis);
    // Who reads the rest must know that first.
    list.splice(0..0, flaws);
    list
}

fn finding(id: &'static str, weight: f64, text: String, next: &str) -> Finding {
    Finding {
        id,
        weight,
        text,
        next: next.to_owned(),
    }
}

/// Bodies so short that the runtime's own work is most of the time.
fn grain(analysis: &Analysis, part: impl Fn(u64) -> f64) -> Option<Finding> {
    let own = analysis.engines.iter();
    let own = sum(own.map(|split| split.runtime + split.body));
    let ran: u64 = analysis.kinds.iter().map(|row| row.count).sum();
    let work = sum(analysis.kinds.iter().map(|row| row.total_ns));
    let row = analysis.kinds.iter().max_by_key(|row| row.count)?;
    if work / ran.max(1) >= SHORT_NS || row.median_ns >= SHORT_NS {
        return None;
    }
    let each = own / ran.max(1);
    Some(finding(
        "grain",
        part(own),
        format!(
            "codelets are too short: {} codelets `{}` take {} each, and the runtime and the body that spawns them {} for each, \
             which is {} of the engines' time",
            count(row.count),
            row.name,
            time(row.median_ns as f64),
            time(each as f64),
            share(part(own)),
        ),
        "let each codelet do more (for_each and map_reduce choose chunks by themselves), or record the loop as a graph and replay it",
    ))
}

/// Engines have nothing to do while codelets wait for one that may run them.
fn bound(run: &Run, analysis: &Analysis, part: impl Fn(u64) -> f64) -> Option<Finding> {
    let lost = analysis.idle.ready_elsewhere;
    let queued = |task: &&Task| task.is_work();
    let wait = |task: &Task| task.start - task.ready;
    let waits = || run.tasks.iter().filter(queued);
    let all = sum(waits().map(wait));
    let bound = sum(waits().filter(|task| is_bound(task)).map(wait));
    if all == 0 {
        return None;
    }
    if bound < all.div_ceil(2) {
        return Some(finding(
            "queue",
            part(lost),
            format!(
                "engines had nothing to run for {} of their time while ready codelets lay in another engine's queue: {} in all",
                share(part(lost)),
                time(lost as f64),
            ),
            "codelets may be too short to be worth a wake-up, or the domain's engines are asleep: look at the timeline where that is; \
             give long codelets a cost() so that sleepers are woken for them",
        ));
    }
    let longest = (run.tasks.iter())
        .filter(queued)
        .filter(|task| is_bound(task))
        .max_by_key(|task| wait(task))?;
    let name = run.name(longest.kind);
    let to = match longest.hint >> 16 & 0xff {
        2 => format!("engine {} (on_xe)", longest.hint & 0xffff),
        _ => format!("region {} (on_region)", longest.hint & 0xffff),
    };
    Some(finding(
        "bound-to-engines",
        part(lost),
        format!(
            "codelets `{name}` are bound to {to} and wait there, up to {}, while other engines have nothing to run for {} of the engines' time",
            time(wait(longest) as f64),
            share(part(lost)),
        ),
        "bind only what must run there; use near(block), which others may overrule, and spread the blocks' homes",
    ))
}

/// Engines have nothing to do since everything waits for something else.
fn dependences(run: &Run, analysis: &Analysis, part: impl Fn(u64) -> f64) -> Option<Finding> {
    let lost = analysis.idle.dependences;
    let bounds = analysis.bounds;
    let link = analysis.chain.links.first()?;
    // What engines waited for most, if it is told; else what most of the chain is.
    let most = analysis.awaited.first();
    let (kind, name) = most.map_or((link.kind, &link.name), |one| (one.kind, &one.name));
    let on_path = analysis.chain.links.iter().find(|link| link.kind == kind);
    let of_path = |time: u64| share(time as f64 / bounds.by_path_ns.max(1) as f64);
    let path = bounds.by_path_ns as f64 / bounds.took_ns.max(1) as f64;
    let text = format!(
        "{} of the engines' time waits for `{name}`, which is on the critical path {} of the time: that longest chain of codelets that \
         wait for each other takes {} ({} of the run), and {} of it is {} codelets `{}`{}",
        share(part(lost)),
        of_path(on_path.map_or(0, |link| link.time_ns)),
        time(bounds.by_path_ns as f64),
        share(path.min(1.0)),
        of_path(link.time_ns),
        count(link.count),
        link.name,
        handed_on(run, link.kind, link.count),
    );
    let next = match analysis.free.iter().find(|free| free.kind == link.kind) {
        Some(free) => format!(
            "break the chain there: split the block, declare read where nothing is written, or sum up with reduce. If `{}` cost nothing, \
             the run would take about {} instead of {}",
            link.name,
            time(free.takes_ns as f64),
            time(bounds.took_ns as f64)
        ),
        None => "spawn in codelets instead of one body, or record the loop as a graph".to_owned(),
    };
    Some(finding("dependences", part(lost), text, &next))
}

/// Engines have nothing to do since blocks are on their way, or files are being read.
fn data(analysis: &Analysis, part: impl Fn(u64) -> f64) -> Option<Finding> {
    let lost = analysis.idle.data;
    let waits = |row: &&super::KindRow| row.waits.data;
    let row = analysis.kinds.iter().max_by_key(waits)?;
    Some(finding(
        "data",
        part(lost),
        format!(
            "{} of the engines' time waits for data on its way: blocks that move to another region, or files that are read; most for \
             `{}`, whose {} codelets waited {} for it",
            share(part(lost)),
            row.name,
            count(row.count),
            time(row.waits.data as f64),
        ),
        "move blocks, or read files, earlier than they are needed: a migrate, replicate or read_file that is spawned before other work runs \
         beside it",
    ))
}

/// If one block was changed by most of a chain: which.
fn handed_on(run: &Run, kind: u16, tasks: u64) -> String {
    let by_kind = |(_, one): &(&(u32, u32), &crate::run::BlockUse)| one.kind == kind;
    let most = run
        .blocks
        .iter()
        .filter(by_kind)
        .max_by_key(|(block, one)| (one.writes, **block));
    match most {
        Some((block, one)) if one.writes > tasks / 2 => {
            format!(
                ", which hand {} on from one to the next ({} changes)",
                run.block_name(*block),
                count(one.writes)
            )
        }
        _ => String::new(),
    }
}

/// Nothing is spawned fast enough.
fn one_spawner(analysis: &Analysis, part: impl Fn(u64) -> f64) -> Option<Finding> {
    let lost = analysis.idle.nothing;
    let body = sum(analysis.engines.iter().map(|split| split.body));
    let busy = body as f64 / analysis.in_scopes_ns.max(1) as f64;
    Some(finding(
        "one-spawner",
        part(lost),
        format!(
            "engines had nothing to run for {} of their time, since nothing was spawned that had not begun; the bodies of scopes, \
             which spawn, took {} of the run",
            share(part(lost)),
            share(busy.min(1.0)),
        ),
        "spawn codelets that spawn others instead of all from one body, spawn before you compute in the body, or record a graph; at the \
         end of a scope, smaller codelets end together",
    ))
}

/// Bodies that use blocks of other regions: they would take less time if these were near.
fn remote(run: &Run, part: impl Fn(u64) -> f64) -> Option<Finding> {
    let far = |(_, one): &(&(crate::run::BlockKey, u16), &crate::run::Far)| {
        one.read.saturating_add(one.written)
    };
    let ((block, region), most) = (run.far.iter()).max_by_key(|one| (far(one), one.0))?;
    let used = run.blocks.get(block)?;
    // In floating point, since damage can make any number of these.
    let bytes_of = |one: &BlockUse| one.read as f64 + one.written as f64;
    let all: f64 = run.blocks.values().map(bytes_of).sum();
    let away: f64 = run.blocks.values().map(|one| one.remote as f64).sum();
    // Of the time of a body as much as of its bytes.
    let time_of = |task: &Task| (task.length() as f64 * f64::from(task.away)) as u64;
    let waited = sum(run.tasks.iter().map(time_of));
    let written = match most.written {
        0 => String::new(),
        some => format!(" and written {}", bytes(some as f64)),
    };
    let next = match used.written {
        0 => "replicate it (`replicate`), since nobody writes it",
        _ => {
            "migrate it to where it is used (`migrate`, or a home there with homes, near, or the policy locality), replicate it for a \
              time in which it is only read, or keep the codelets where the block is"
        }
    };
    Some(finding(
        "remote-memory",
        // Twice as far is half of the time.
        part(waited) / 2.0,
        format!(
            "{} was read {}{written} from region {region} and lives in region {} (by `{}`): with others {} of {} that codelets touched lie in \
             another memory region than their engine, in codelets that take {} of the engines' time",
            run.block_name(*block),
            bytes(most.read as f64),
            used.home,
            run.name(used.kind),
            bytes(away),
            bytes(all),
            share(part(waited)),
        ),
        next,
    ))
}

fn skipped(analysis: &Analysis) -> Option<Finding> {
    let (skipped, cancelled) = (analysis.skipped, analysis.cancelled);
    (skipped + cancelled > 0).then(|| {
        finding(
            "skipped",
            0.0,
            format!(
                "{} codelets were skipped since they depend on failed ones, and {} were not started since their scope was cancelled",
                count(skipped),
                count(cancelled)
            ),
            "the scope's error names the first that failed",
        )
    })
}

fn flaws(analysis: &Analysis) -> Vec<Finding> {
    let mut list = Vec::new();
    if analysis.dropped > 0 {
        list.push(finding(
            "dropped",
            0.0,
            format!("{} events are missing: rings were full when they came; the figures are of what is there", count(analysis.dropped)),
            "trace a shorter run, or one with longer codelets",
        ));
    }
    if !analysis.whole {
        let why = analysis
            .flaws
            .first()
            .map_or("the program was killed or still runs", |flaw| flaw);
        list.push(finding(
            "cut-off",
            0.0,
            format!("the trace has no end ({why})"),
            "what follows is about the part that is there",
        ));
    }
    list
}

fn well(analysis: &Analysis, part: impl Fn(u64) -> f64) -> Finding {
    let running = sum(analysis.engines.iter().map(|split| split.running));
    let longest = analysis.kinds.first();
    finding(
        "well",
        0.0,
        format!(
            "engines ran codelets for {} of their time; nothing stands out{}",
            share(part(running)),
            longest.map_or(String::new(), |row| format!(
                "; most of it is `{}` ({})",
                row.name,
                time(row.total_ns as f64)
            )),
        ),
        "to go faster, make the codelets themselves faster",
    )
}
