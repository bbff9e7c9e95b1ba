//! The machine that the tests find, against what the guest was made with.

use sprat::Topology;
use std::io::Write;

/// What a guest was made with, by the variable that says so.
pub fn said(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn number(variable: &str) -> Option<usize> {
    said(variable).map(|text| text.parse().expect("a whole number"))
}

/// This machine, if it has several regions with memory. If it has not, that is said, or is a failure in a guest that was to
/// have them.
pub fn several() -> Option<Topology> {
    let topology = Topology::detect().unwrap();
    let with_memory = topology.regions.iter().filter(|r| r.bytes > 0).count();
    if let Some(nodes) = number("SPRAT_TEST_NODES") {
        assert_eq!(with_memory, nodes, "regions with memory: {topology}");
    }
    if with_memory < 2 {
        skip("one region here");
        return None;
    }
    Some(topology)
}

/// Whether this process may use the memory of a kernel's node: all of them, or the one that the guest says.
pub fn allowed(node: u32) -> bool {
    number("SPRAT_TEST_ALLOWED").is_none_or(|one| one == node as usize)
}

/// Says in plain sight that a test does nothing.
pub fn skip(why: &str) {
    let test = std::thread::current();
    let line = format!("skipped: {why} ({})\n", test.name().unwrap_or_default());
    // Not by a macro, whose output the harness keeps to itself if a test passes.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
fn the_topology_is_the_guests() {
    let Some(topology) = several() else { return };
    topology.check().unwrap();
    if let Some(cpus) = number("SPRAT_TEST_CPUS") {
        assert_eq!(topology.threads(), cpus, "{topology}");
    }
    if let Some(table) = said("SPRAT_TEST_DISTANCES") {
        let row = |row: &str| row.split(',').map(|far| far.parse().unwrap()).collect();
        let expected: Vec<Vec<u32>> = table.split_whitespace().map(row).collect();
        let found: Vec<_> = topology
            .regions
            .iter()
            .map(|r| r.distances.clone())
            .collect();
        assert_eq!(found, expected);
    }
}
