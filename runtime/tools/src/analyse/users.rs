//! What users add: counters and spans.

use crate::interval::sum;
use crate::run::Run;
use serde::Serialize;
use std::collections::BTreeMap;

/// A counter of the user's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// How many values it was given.
    pub samples: u64,
    /// The least of them.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// Their mean.
    pub mean: f64,
    /// The last.
    pub last: f64,
}

/// Spans of the user's with one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpanRow {
    /// The name.
    pub name: String,
    /// How many.
    pub count: u64,
    /// The time of all together.
    pub total_ns: u64,
    /// Half of them took no longer.
    pub median_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// All counters, by name.
pub fn counters(run: &Run) -> Vec<Counter> {
    let mut all: BTreeMap<&str, Vec<(u64, f64)>> = BTreeMap::new();
    for sample in &run.samples {
        let list = all.entry(run.name(sample.kind)).or_default();
        list.push((sample.time, sample.value));
    }
    let row = |(name, list): (&str, Vec<(u64, f64)>)| {
        let values = || list.iter().map(|(_, value)| *value);
        let last = list.iter().max_by_key(|(time, _)| *time);
        Counter {
            name: name.to_owned(),
            samples: list.len() as u64,
            least: values().fold(f64::INFINITY, f64::min),
            most: values().fold(f64::NEG_INFINITY, f64::max),
            mean: values().sum::<f64>() / list.len() as f64,
            last: last.map_or(0.0, |(_, value)| *value),
        }
    };
    all.into_iter().map(row).collect()
}

/// All spans by name, those that took most first.
pub fn spans(run: &Run) -> Vec<SpanRow> {
    let mut all: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for span in &run.spans {
        let list = all.entry(run.name(span.kind)).or_default();
        list.push(span.interval.length());
    }
    let row = |(name, mut list): (&str, Vec<u64>)| {
        list.sort_unstable();
        SpanRow {
            name: name.to_owned(),
            count: list.len() as u64,
            total_ns: sum(list.iter().copied()),
            median_ns: list[(list.len() - 1) / 2],
            max_ns: list[list.len() - 1],
        }
    };
    let mut rows: Vec<SpanRow> = all.into_iter().map(row).collect();
    rows.sort_by(|a, b| (b.total_ns, &a.name).cmp(&(a.total_ns, &b.name)));
    rows
}
