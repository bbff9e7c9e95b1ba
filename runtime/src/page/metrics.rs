//! A page as OpenMetrics text, for programs that gather figures.

use super::{Control, Engine, Page, Region};
use std::fmt::Write;

/// What is told of each of a list: the name, its type, what it means, and the value.
type Row<T> = (&'static str, Kind, &'static str, fn(&T) -> u64);

/// Counters only grow; the names of their samples end in `_total`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

const OF_ENGINES: &[Row<Engine>] = &[
    (
        "codelets_ran",
        Kind::Counter,
        "Codelets whose bodies ran, by engine",
        |xe| xe.counts.ran,
    ),
    (
        "codelets_skipped",
        Kind::Counter,
        "Codelets skipped after a failure",
        |xe| xe.counts.skipped,
    ),
    (
        "codelets_cancelled",
        Kind::Counter,
        "Codelets not started since their scope was cancelled",
        |xe| xe.counts.cancelled,
    ),
    (
        "codelets_repeated",
        Kind::Counter,
        "Bodies of repeatable codelets that ran again",
        |xe| xe.counts.repeated,
    ),
    (
        "codelets_stolen",
        Kind::Counter,
        "Codelets taken from other engines of the domain",
        |xe| xe.counts.stolen,
    ),
    (
        "codelets_posted",
        Kind::Counter,
        "Codelets posted to other engines",
        |xe| xe.counts.posted,
    ),
    (
        "parked",
        Kind::Counter,
        "Times that the engine went to sleep",
        |xe| xe.counts.parked,
    ),
    (
        "stood_in",
        Kind::Counter,
        "Times that the engine stood in for a silent control engine",
        |xe| xe.counts.stood_in,
    ),
    (
        "queued_codelets",
        Kind::Gauge,
        "Codelets in the engine's own queue, and 1 more if any were posted to it",
        |xe| xe.queued,
    ),
];

const OF_CONTROLS: &[Row<Control>] = &[
    (
        "control_rounds",
        Kind::Counter,
        "Times that the control engine's routine ran",
        |ce| ce.counts.rounds,
    ),
    (
        "codelets_brokered",
        Kind::Counter,
        "Codelets moved between domains",
        |ce| ce.counts.brokered,
    ),
    (
        "stuck_checks",
        Kind::Counter,
        "Looks for stuck scopes",
        |ce| ce.counts.stuck_checks,
    ),
    ("stuck_scopes", Kind::Counter, "Scopes found stuck", |ce| {
        ce.counts.stuck_scopes
    }),
    (
        "injected_codelets",
        Kind::Gauge,
        "Codelets that came to the domain from outside and wait",
        |ce| ce.queued,
    ),
];

const OF_REGIONS: &[Row<Region>] = &[
    (
        "blocks",
        Kind::Gauge,
        "Blocks that have their memory in the region",
        |region| region.blocks,
    ),
    (
        "block_bytes",
        Kind::Gauge,
        "Bytes of these blocks",
        |region| region.block_bytes,
    ),
    (
        "in_use_bytes",
        Kind::Gauge,
        "Bytes that the region's pool has handed out",
        |region| region.in_use_bytes,
    ),
    (
        "recycled_bytes",
        Kind::Gauge,
        "Bytes that wait in the pool",
        |region| region.recycled_bytes,
    ),
    (
        "mapped_bytes",
        Kind::Gauge,
        "Bytes of addresses that the pool has from the system",
        |region| region.mapped_bytes,
    ),
];

const OF_ALL: &[Row<Page>] = &[
    (
        "open_scopes",
        Kind::Gauge,
        "Scopes of hosts that have not ended",
        |page| page.open_scopes,
    ),
    (
        "live_codelets",
        Kind::Gauge,
        "Codelets that live, with records kept at hand",
        |page| page.live_codelets,
    ),
    (
        "codelet_bytes",
        Kind::Gauge,
        "Bytes of codelets' records",
        |page| page.codelet_bytes,
    ),
    (
        "suspended",
        Kind::Gauge,
        "1 while the runtime is suspended",
        |page| page.suspended,
    ),
    (
        "open_engines",
        Kind::Gauge,
        "Execution engines that may work",
        |page| page.open_xes,
    ),
    (
        "blocks_moved",
        Kind::Counter,
        "Blocks that went to another region",
        |page| page.moves.moved,
    ),
    (
        "moved_bytes",
        Kind::Counter,
        "Bytes of blocks that went to another region",
        |page| page.moves.moved_bytes,
    ),
    (
        "blocks_copied",
        Kind::Counter,
        "Copies of blocks that were made",
        |page| page.moves.copied,
    ),
    (
        "copied_bytes",
        Kind::Counter,
        "Bytes of copies that were made",
        |page| page.moves.copied_bytes,
    ),
    (
        "moves_refused",
        Kind::Counter,
        "Moves and copies that were not made",
        |page| page.moves.refused,
    ),
    (
        "replica_bytes",
        Kind::Gauge,
        "Bytes that copies take now",
        |page| page.moves.replica_bytes,
    ),
];

impl Page {
    /// Its counts as [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) text, which Prometheus and others gather.
    pub fn open_metrics(&self) -> String {
        Self::open_metrics_of(&[self])
    }

    /// The same of several runtimes of a program, in one text: each sample then has a label `runtime`, from 1 on.
    pub fn open_metrics_of(pages: &[&Page]) -> String {
        let mut out = String::new();
        rows(
            &mut out,
            OF_ALL,
            &labelled(pages, |page| vec![(String::new(), page)]),
        );
        rows(
            &mut out,
            OF_ENGINES,
            &labelled(pages, |page| numbered("xe", &page.engines)),
        );
        rows(
            &mut out,
            OF_CONTROLS,
            &labelled(pages, |page| numbered("domain", &page.controls)),
        );
        rows(
            &mut out,
            OF_REGIONS,
            &labelled(pages, |page| {
                let mut regions = numbered("region", &page.regions);
                if let Some((label, _)) = regions.last_mut() {
                    *label = "region=\"interleaved\"".to_owned();
                }
                regions
            }),
        );
        out.push_str("# EOF\n");
        out
    }
}

fn numbered<'a, T>(name: &str, list: &'a [T]) -> Vec<(String, &'a T)> {
    let label = |(at, one)| (format!("{name}=\"{at}\""), one);
    list.iter().enumerate().map(label).collect()
}

/// What pages have of a kind, each with its labels as a sample takes them.
fn labelled<'a, T>(
    pages: &[&'a Page],
    of: impl Fn(&'a Page) -> Vec<(String, &'a T)>,
) -> Vec<(String, &'a T)> {
    let mut all = Vec::new();
    for (number, &page) in (1..).zip(pages) {
        let runtime = (pages.len() > 1).then(|| format!("runtime=\"{number}\""));
        for (label, one) in of(page) {
            let own = Some(label).filter(|label| !label.is_empty());
            let labels: Vec<_> = runtime.iter().cloned().chain(own).collect();
            let labels = match labels.is_empty() {
                true => String::new(),
                false => format!("{{{}}}", labels.join(",")),
            };
            all.push((labels, one));
        }
    }
    all
}

/// Families one after the other, the samples of each together.
fn rows<T>(out: &mut String, rows: &[Row<T>], samples: &[(String, &T)]) {
    for (name, kind, help, value) in rows {
        let (word, ending) = match kind {
            Kind::Counter => ("counter", "_total"),
            Kind::Gauge => ("gauge", ""),
        };
        // Writing to a string does not fail.
        let _ = writeln!(out, "# TYPE sprat_{name} {word}");
        if name.ends_with("_bytes") {
            let _ = writeln!(out, "# UNIT sprat_{name} bytes");
        }
        let _ = writeln!(out, "# HELP sprat_{name} {help}.");
        for (labels, one) in samples {
            let _ = writeln!(out, "sprat_{name}{ending}{labels} {}", value(one));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_is_told_once_with_its_samples_behind_it() {
        let mut page = Page {
            engines: vec![Engine::default(); 2],
            controls: vec![Control::default()],
            regions: vec![Region::default(); 2],
            ..Page::default()
        };
        page.engines[1].counts.ran = 41;
        page.regions[0].block_bytes = 1 << 60;
        let text = page.open_metrics();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.last(), Some(&"# EOF"));
        let ran = (lines.iter()).position(|line| line.contains("TYPE sprat_codelets_ran "));
        assert_eq!(
            lines[ran.unwrap()..][..4],
            [
                "# TYPE sprat_codelets_ran counter",
                "# HELP sprat_codelets_ran Codelets whose bodies ran, by engine.",
                "sprat_codelets_ran_total{xe=\"0\"} 0",
                "sprat_codelets_ran_total{xe=\"1\"} 41",
            ]
        );
        assert!(lines.contains(&"# UNIT sprat_block_bytes bytes"));
        assert!(lines.contains(&"sprat_block_bytes{region=\"0\"} 1152921504606846976"));
        assert!(lines.contains(&"sprat_block_bytes{region=\"interleaved\"} 0"));
        let mut families: Vec<_> = (lines.iter())
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .collect();
        let all = families.len();
        families.sort_unstable();
        families.dedup();
        assert_eq!(families.len(), all);
    }

    #[test]
    fn runtimes_of_a_program_are_told_apart_in_one_text() {
        let page = |scopes| Page {
            open_scopes: scopes,
            engines: vec![Engine::default()],
            ..Page::default()
        };
        let text = Page::open_metrics_of(&[&page(3), &page(4)]);
        assert_eq!(text.matches("# EOF\n").count(), 1);
        assert_eq!(text.matches("# TYPE sprat_open_scopes ").count(), 1);
        for sample in [
            "\nsprat_open_scopes{runtime=\"1\"} 3\nsprat_open_scopes{runtime=\"2\"} 4\n",
            "\nsprat_parked_total{runtime=\"2\",xe=\"0\"} 0\n",
        ] {
            assert!(text.contains(sample), "{text}");
        }
    }
}
