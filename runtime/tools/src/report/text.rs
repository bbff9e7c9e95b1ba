//! A report for the terminal.

use crate::analyse::Analysis;
use crate::units::{bytes, count, share, time};
use std::fmt::Write;

/// The report.
pub fn text(analysis: &Analysis) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, analysis);
    out
}

fn write(out: &mut String, a: &Analysis) -> std::fmt::Result {
    let about = |key: &str| a.about.get(key).map_or("?", |value| value);
    writeln!(
        out,
        "{} {}: {} codelets on {} engines in {} (trace of {})",
        about("program"),
        about("arguments"),
        count(a.codelets),
        a.xes,
        time(a.in_scopes_ns as f64),
        time(a.wall_ns as f64)
    )?;
    writeln!(out, "machine: {}", about("machine"))?;
    writeln!(
        out,
        "control engines: {} ({})",
        about("ce mode"),
        about("ce reason")
    )?;
    writeln!(out, "\nFindings")?;
    for (finding, number) in a.findings.iter().zip(1..) {
        writeln!(out, " {number}. {}.", finding.text)?;
        writeln!(out, "    Next: {}.", finding.next)?;
    }
    writeln!(
        out,
        "\nEngines (shares of the time in which scopes were open)"
    )?;
    writeln!(
        out,
        " {:>4} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "xe", "running", "runtime", "spawning", "blocked", "looking", "parked"
    )?;
    for split in &a.engines {
        let of = |part: u64| share(part as f64 / split.total().max(1) as f64);
        writeln!(
            out,
            " {:>4} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            split.xe,
            of(split.running),
            of(split.runtime),
            of(split.body),
            of(split.blocked),
            of(split.looking),
            of(split.parked)
        )?;
    }
    writeln!(
        out,
        "\nBounds: {} by work, {} by path; it took {}",
        time(a.bounds.by_work_ns as f64),
        time(a.bounds.by_path_ns as f64),
        time(a.bounds.took_ns as f64)
    )?;
    writeln!(out, "\nKinds")?;
    writeln!(
        out,
        " {:<24} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10}  spawned at",
        "name", "count", "total", "median", "p99", "queued", "if free"
    )?;
    for row in &a.kinds {
        let free = a.free.iter().find(|free| free.kind == row.kind);
        writeln!(
            out,
            " {:<24} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10}  {}",
            row.name,
            count(row.count),
            time(row.total_ns as f64),
            time(row.median_ns as f64),
            time(row.p99_ns as f64),
            time(row.queued_ns as f64 / row.count.max(1) as f64),
            free.map_or(String::new(), |free| time(free.takes_ns as f64)),
            row.place
        )?;
    }
    if !a.blocks.is_empty() {
        writeln!(out, "\nBlocks that were used most")?;
        for row in a.blocks.iter().take(8) {
            writeln!(
                out,
                " {:<24} {:>12} times, {} read, {} written, {} of both from another region",
                row.name,
                count(row.times),
                bytes(row.read_bytes as f64),
                bytes(row.written_bytes as f64),
                bytes(row.remote_bytes as f64)
            )?;
        }
    }
    moves(out, a)?;
    users(out, a)?;
    for flaw in &a.flaws {
        writeln!(out, "\nnote: {flaw}")?;
    }
    Ok(())
}

fn moves(out: &mut String, a: &Analysis) -> std::fmt::Result {
    if a.moves.is_empty() {
        return Ok(());
    }
    let region = |region: u16| match region {
        u16::MAX => "?".to_owned(),
        region => region.to_string(),
    };
    writeln!(out, "\nBlocks that moved between regions")?;
    for row in &a.moves {
        writeln!(
            out,
            " {:>3} to {:<3} {:>10} moved with {}, {} copied with {}",
            region(row.from),
            region(row.to),
            count(row.moved),
            bytes(row.moved_bytes as f64),
            count(row.copied),
            bytes(row.copied_bytes as f64)
        )?;
    }
    Ok(())
}

/// What the program's user has added to its trace.
fn users(out: &mut String, a: &Analysis) -> std::fmt::Result {
    if !a.counters.is_empty() {
        writeln!(out, "\nCounters")?;
    }
    for row in &a.counters {
        writeln!(
            out,
            " {:<24} {:>12} values from {} to {}, {:.6} on average, {} at last",
            row.name,
            count(row.samples),
            row.least,
            row.most,
            row.mean,
            row.last
        )?;
    }
    if !a.spans.is_empty() {
        writeln!(out, "\nSpans")?;
    }
    for row in &a.spans {
        writeln!(
            out,
            " {:<24} {:>12} times, {} in all, {} at the median, {} at most",
            row.name,
            count(row.count),
            time(row.total_ns as f64),
            time(row.median_ns as f64),
            time(row.max_ns as f64)
        )?;
    }
    Ok(())
}
