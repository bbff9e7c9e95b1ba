//! A page as JSON.

use super::text::left_ns;
use serde_json::{Map, Value, json};
use sprat::page::{Doing, Page};

/// All of it.
pub fn json(page: &Page, alive: bool, path: &std::path::Path) -> Value {
    let about: Map<String, Value> = (page.about.iter())
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    let engines = page.engines.iter().map(|xe| {
        json!({
            "cpu": xe.cpu, "region": xe.region, "domain": xe.domain,
            "doing": match xe.doing {
                Doing::Sleeps => "sleeps",
                Doing::Looks => "looks",
                Doing::Runs => "runs",
                Doing::WaitsInReplay => "waits in replay",
                Doing::Hosts => "hosts",
            },
            "name": xe.name, "spawned_at": xe.spawned_at, "for_ns": xe.for_ns, "begun": xe.begun, "queued": xe.queued,
            "looks": xe.looks.0, "busy_looks": xe.looks.1,
            "ran": xe.counts.ran, "skipped": xe.counts.skipped, "cancelled": xe.counts.cancelled, "repeated": xe.counts.repeated,
            "stolen": xe.counts.stolen, "posted": xe.counts.posted, "parked": xe.counts.parked, "stood_in": xe.counts.stood_in,
        })
    });
    let controls = page.controls.iter().map(|ce| {
        json!({
            "queued": ce.queued, "silent_ns": ce.silent_ns, "rounds": ce.counts.rounds, "brokered": ce.counts.brokered,
            "stuck_checks": ce.counts.stuck_checks, "stuck_scopes": ce.counts.stuck_scopes,
        })
    });
    let last = page.regions.len().saturating_sub(1);
    let regions = page.regions.iter().enumerate().map(|(number, region)| {
        json!({
            "region": if number == last { json!("interleaved") } else { json!(number) },
            "blocks": region.blocks, "block_bytes": region.block_bytes, "in_use_bytes": region.in_use_bytes,
            "recycled_bytes": region.recycled_bytes, "mapped_bytes": region.mapped_bytes,
        })
    });
    let replays = page.replays.iter().map(|replay| {
        json!({
            "called_at": replay.called_at, "codelets": replay.codelets, "before": replay.before, "round": replay.round,
            "rounds": if replay.rounds == 0 { Value::Null } else { json!(replay.rounds) },
            "for_ns": replay.for_ns, "left_ns": left_ns(replay),
        })
    });
    let still = page.still.as_ref().map(|still| {
        let waiting = still.waiting.iter().map(|one| {
            json!({ "name": one.name, "spawned_at": one.spawned_at, "waits_for": one.waits_for })
        });
        json!({ "for_ns": still.for_ns, "count": still.count, "waiting": waiting.collect::<Vec<_>>() })
    });
    json!({
        "file": path.display().to_string(), "alive": alive, "page": page.number, "time_ns": page.time_ns, "about": about,
        "open_scopes": page.open_scopes, "live_codelets": page.live_codelets, "codelet_bytes": page.codelet_bytes,
        "suspended": page.suspended != 0, "open_xes": page.open_xes,
        "engines": engines.collect::<Vec<_>>(), "controls": controls.collect::<Vec<_>>(), "regions": regions.collect::<Vec<_>>(),
        "moves": {
            "moved": page.moves.moved, "moved_bytes": page.moves.moved_bytes, "copied": page.moves.copied,
            "copied_bytes": page.moves.copied_bytes, "refused": page.moves.refused, "replica_bytes": page.moves.replica_bytes,
        },
        "replays": replays.collect::<Vec<_>>(), "still": still,
    })
}
