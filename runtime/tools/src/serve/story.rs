//! All that is known about one codelet, and the search for the next one that somebody asks for.

use crate::analyse::{Analysis, waits_of};
use crate::run::{Access, NONE, Run, Sort, Task};
use serde_json::{Value, json};
use sprat::trace::{Event, MODES};
use std::collections::HashSet;

/// So many of those that a codelet spawned, or made ready, are named.
const NAMED: usize = 20;

/// The accesses of one task.
fn accesses_of(accesses: &[(u32, Access)], at: usize) -> &[(u32, Access)] {
    let begin = accesses.partition_point(|(task, _)| (*task as usize) < at);
    let end = accesses.partition_point(|(task, _)| (*task as usize) <= at);
    &accesses[begin..end]
}

/// One codelet's whole story.
pub(super) fn story(
    run: &Run,
    analysis: &Analysis,
    accesses: &[(u32, Access)],
    at: usize,
) -> Value {
    let task = &run.tasks[at];
    let other = |at: u32| match at {
        NONE => Value::Null,
        at => json!({ "task": at, "name": run.name(run.tasks[at as usize].kind) }),
    };
    // Who names this one: nobody asks so often that a list of these would pay.
    let those = |is: &dyn Fn(&Task) -> bool| {
        let all = run.tasks.iter().enumerate().filter(|(_, one)| is(one));
        let all: Vec<usize> = all.map(|(other, _)| other).collect();
        let named = all.iter().take(NAMED).map(|&at| other(at as u32));
        json!({ "count": all.len(), "first": named.collect::<Vec<_>>() })
    };
    let sort = match task.sort {
        Sort::Codelet => "codelet",
        Sort::Step => "codelet of a graph",
        Sort::Body => "body of a scope",
        Sort::Replay => "work on a graph",
    };
    let own = task.interval();
    let inside = run.spans.iter().filter(|span| {
        span.stream == task.stream
            && own.start <= span.interval.start
            && span.interval.end <= own.end
    });
    let spans = inside.take(NAMED).map(|span| {
        json!({ "name": run.name(span.kind), "start_ns": span.interval.start, "end_ns": span.interval.end })
    });
    json!({
        "task": at, "name": run.name(task.kind), "place": run.place(task.kind), "sort": sort,
        "engine": task.stream, "region": run.regions.get(task.stream as usize),
        "spawn_ns": task.spawn, "ready_ns": task.ready, "start_ns": task.start, "end_ns": task.end,
        "waits": waits_of(run, analysis, task),
        "asked_for": hint(task.hint), "stolen": task.stolen, "away": task.away,
        "graph": matches!(task.sort, Sort::Step | Sort::Replay).then_some(task.graph),
        "round": (task.sort == Sort::Step).then_some(task.round),
        "on_critical_path": analysis.chain.members.binary_search(&(at as u32)).is_ok(),
        "spawned_by": other(task.spawner), "made_ready_by": other(task.cause),
        "spawned": those(&|one| one.spawner == at as u32),
        "made_ready": those(&|one| one.cause == at as u32),
        "accesses": uses(run, accesses, at),
        "spans": spans.collect::<Vec<_>>(),
    })
}

/// Which blocks it used, and how.
fn uses(run: &Run, accesses: &[(u32, Access)], at: usize) -> Vec<Value> {
    let told = |one: &Access| {
        let home = (one.home != u16::MAX).then_some(one.home);
        let mode = MODES.get(usize::from(one.mode)).unwrap_or(&"?");
        json!({ "block": run.block_name(one.block), "mode": mode, "bytes": one.bytes, "home": home })
    };
    let task = &run.tasks[at];
    if task.sort != Sort::Step {
        return accesses_of(accesses, at)
            .iter()
            .map(|(_, one)| told(one))
            .collect();
    }
    // A graph has told once what its codelets use.
    let graph = run.graphs.get(&task.graph);
    let codelet = graph.and_then(|graph| graph.codelets.get(task.codelet as usize));
    let uses = codelet.into_iter().flat_map(|codelet| &codelet.uses);
    uses.map(|one| {
        told(&Access {
            block: (one.block, one.generation),
            bytes: one.bytes,
            home: one.home,
            mode: one.mode,
        })
    })
    .collect()
}

/// What a codelet's hints say.
fn hint(hint: u32) -> Vec<String> {
    let number = hint & 0xffff;
    let affinity = match hint >> 16 & 0xff {
        1 => format!("engine {number}, if possible"),
        2 => format!("engine {number} alone (on_xe)"),
        3 => format!("region {number} (on_region)"),
        4 => "a thread for files".to_owned(),
        5 => format!("with its group (with), {number}"),
        6 => "where its blocks are (near)".to_owned(),
        _ => String::new(),
    };
    let priority = match Event::priority(hint) {
        1 => "low priority",
        2 => "high priority",
        _ => "",
    };
    let all = [affinity, priority.to_owned()];
    all.into_iter().filter(|one| !one.is_empty()).collect()
}

/// The first one from this place on, by their starts, whose name has this text in it, or that used a block of such a name; or which
/// has this number, written as `#17`.
pub(super) fn next(
    run: &Run,
    accesses: &[(u32, Access)],
    text: &str,
    from: usize,
) -> Option<Value> {
    let told = |at: usize| {
        let task = &run.tasks[at];
        json!({ "task": at, "name": run.name(task.kind), "engine": task.stream, "start_ns": task.start, "end_ns": task.end })
    };
    if let Some(number) = text
        .strip_prefix('#')
        .and_then(|number| number.parse().ok())
    {
        return (number < run.tasks.len()).then(|| told(number));
    }
    let asked = text.to_lowercase();
    let has = |name: &str| name.to_lowercase().contains(&asked);
    let kinds: Vec<bool> = run.kinds.iter().map(|kind| has(&kind.name)).collect();
    let blocks = run.block_names.iter().filter(|(_, name)| has(name));
    let blocks: HashSet<_> = blocks.map(|(block, _)| *block).collect();
    (from..run.tasks.len())
        .find(|&at| {
            let task = &run.tasks[at];
            let named = kinds.get(usize::from(task.kind)) == Some(&true);
            let uses = || {
                let mut own = accesses_of(accesses, at).iter();
                !blocks.is_empty() && own.any(|(_, one)| blocks.contains(&one.block))
            };
            task.sort != Sort::Replay && (named || uses())
        })
        .map(told)
}
