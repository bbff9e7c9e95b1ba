use super::*;
use crate::small_files::made_up::Tree;

const ALL: Part = Part {
    package: None,
    own: 1,
    all: 1,
};

fn part(package: u32, own: u64, all: u64) -> Part {
    let package = Some(package);
    Part { package, own, all }
}

fn zone(tree: &Tree, zone: &str, name: &str, energy_uj: &str, range_uj: &str) {
    let at = |file| format!("sys/class/powercap/{zone}/{file}");
    tree.write(&at("name"), name);
    tree.write(&at("energy_uj"), energy_uj);
    tree.write(&at("max_energy_range_uj"), range_uj);
}

/// Two packages, one with memory; and what is counted elsewhere, or twice.
fn server() -> Tree {
    let tree = Tree::new("counters");
    zone(&tree, "intel-rapl:0", "package-0\n", "1000\n", "9999\n");
    zone(
        &tree,
        "intel-rapl:0/intel-rapl:0:0",
        "core\n",
        "500\n",
        "9999\n",
    );
    zone(
        &tree,
        "intel-rapl:0/intel-rapl:0:1",
        "dram\n",
        "70\n",
        "99\n",
    );
    zone(
        &tree,
        "intel-rapl:1",
        "package-1-die-0\n",
        "2000\n",
        "9999\n",
    );
    zone(&tree, "intel-rapl:2", "psys\n", "1\n", "9999\n");
    zone(&tree, "intel-rapl-mmio:0", "package-0\n", "1\n", "9999\n");
    zone(&tree, "dtpm", "package-0\n", "1\n", "9999\n");
    tree
}

fn set(tree: &Tree, zone: &str, energy_uj: u64) {
    let file = format!("sys/class/powercap/{zone}/energy_uj");
    tree.write(&file, &format!("{energy_uj}\n"));
}

#[test]
fn packages_and_their_memories_are_counted_once() {
    let tree = server();
    let mut all = EnergyCounters::of(tree.root(), &[ALL], 0).unwrap();
    let mut first = EnergyCounters::of(tree.root(), &[part(0, 1, 1)], 0).unwrap();
    let mut half = EnergyCounters::of(tree.root(), &[part(1, 4, 8)], 0).unwrap();
    assert_eq!(
        (
            all.read(1_000_000),
            first.read(1_000_000),
            half.read(1_000_000)
        ),
        (Ok(0), Ok(0), Ok(0))
    );
    set(&tree, "intel-rapl:0", 1500);
    set(&tree, "intel-rapl:0/intel-rapl:0:0", 900);
    set(&tree, "intel-rapl:0/intel-rapl:0:1", 80);
    set(&tree, "intel-rapl:1", 2100);
    set(&tree, "intel-rapl:2", 5000);
    set(&tree, "intel-rapl-mmio:0", 5000);
    assert_eq!(all.read(1_000_000), Ok((500 + 10 + 100) * 1000));
    assert_eq!(first.read(1_000_000), Ok((500 + 10) * 1000));
    assert_eq!(half.read(1_000_000), Ok(50 * 1000));
}

#[test]
fn a_counter_that_begins_anew_goes_on() {
    let tree = server();
    let mut counters = EnergyCounters::of(tree.root(), &[part(1, 1, 1)], 0).unwrap();
    set(&tree, "intel-rapl:1", 9990);
    assert_eq!(counters.read(1_000_000), Ok(7990 * 1000));
    set(&tree, "intel-rapl:1", 5);
    assert_eq!(counters.read(2_000_000), Ok((7990 + 9 + 5) * 1000));
    assert_eq!(counters.read(1_000_000), Ok((7990 + 9 + 5) * 1000));
}

#[test]
fn a_counter_that_begins_anew_before_it_is_full_counts_nothing_and_is_told() {
    let tree = Tree::new("counters");
    let range = "262143328850\n";
    zone(&tree, "intel-rapl:0", "package-0\n", "5000000\n", range);
    let mut counters = EnergyCounters::of(tree.root(), &[ALL], 0).unwrap();
    let second = 1_000_000_000;
    set(&tree, "intel-rapl:0", 6_000_000);
    assert_eq!(
        (counters.read(second), counters.note.take()),
        (Ok(second), None)
    );
    // As after a sleep of the machine: a whole turn would be 262 kJ in a second.
    set(&tree, "intel-rapl:0", 1000);
    assert_eq!(counters.read(2 * second), Ok(second));
    let note = counters.note.take().unwrap();
    assert!(
        note.contains("intel-rapl:0/energy_uj") && note.contains("begun anew"),
        "{note}"
    );
    // From there on it goes on.
    set(&tree, "intel-rapl:0", 2_001_000);
    assert_eq!(
        (counters.read(3 * second), counters.note.take()),
        (Ok(3 * second), None)
    );
    // In half a minute it may have gone round.
    set(&tree, "intel-rapl:0", 1_000);
    assert_eq!(
        (counters.read(33 * second), counters.note.take()),
        (Ok(3 * second + (262_143_328_850 - 2_000_000) * 1000), None)
    );
}

#[test]
fn what_is_not_there_is_told() {
    let says =
        |tree: &Tree, parts: &[Part]| EnergyCounters::of(tree.root(), parts, 0).err().unwrap();
    let none = Tree::new("no-counters");
    let text = says(&none, &[ALL]);
    assert!(
        text.starts_with("no energy counters: ") && text.contains("sys/class/powercap"),
        "{text}"
    );
    let tree = server();
    let text = says(&tree, &[part(0, 1, 1), part(7, 1, 1)]);
    assert!(text.ends_with("has none of package 7"), "{text}");
    assert!(says(&tree, &[]).ends_with("has none of any package"));
}

#[test]
fn what_makes_no_sense_is_told_and_nothing_is_counted() {
    for (file, content, told) in [
        ("energy_uj", "", "which is no whole number"),
        ("energy_uj", "-5\n", "`-5`, which is no whole number"),
        (
            "energy_uj",
            "99999999999999999999999\n",
            "which is no whole number",
        ),
        (
            "energy_uj",
            "10000\n",
            "it says 10000, and counts up to 9999",
        ),
        ("energy_uj", "\u{7}\n", r"`\u{7}`"),
        ("max_energy_range_uj", "0\n", "it says 0"),
        ("max_energy_range_uj", "many\n", "`many`"),
    ] {
        let tree = server();
        tree.write(&format!("sys/class/powercap/intel-rapl:1/{file}"), content);
        let text = EnergyCounters::of(tree.root(), &[ALL], 0).err().unwrap();
        assert!(
            text.contains(told) && text.contains(file),
            "{file} {content:?}: {text}"
        );
    }
    let tree = server();
    tree.write_bytes("sys/class/powercap/intel-rapl:1/energy_uj", &[0xff, 0xfe]);
    assert!(
        EnergyCounters::of(tree.root(), &[ALL], 0)
            .err()
            .unwrap()
            .contains("no text")
    );
    tree.write_bytes("sys/class/powercap/intel-rapl:1/energy_uj", &[b'1'; 5000]);
    assert!(
        EnergyCounters::of(tree.root(), &[ALL], 0)
            .err()
            .unwrap()
            .contains("too long")
    );
    // A folder, and a pipe to which nobody writes, which must not keep us.
    tree.remove("sys/class/powercap/intel-rapl:1/energy_uj");
    assert!(
        EnergyCounters::of(tree.root(), &[ALL], 0)
            .err()
            .unwrap()
            .contains("energy_uj")
    );
    tree.folder("sys/class/powercap/intel-rapl:1/energy_uj");
    assert!(
        EnergyCounters::of(tree.root(), &[ALL], 0)
            .err()
            .unwrap()
            .contains("no file")
    );
    // A zone with an odd name is none of ours.
    tree.write_bytes("sys/class/powercap/intel-rapl:1/name", &[0xff]);
    assert!(EnergyCounters::of(tree.root(), &[ALL], 0).is_ok());
}

#[test]
fn one_that_breaks_later_is_told() {
    let tree = server();
    let mut counters = EnergyCounters::of(tree.root(), &[ALL], 0).unwrap();
    tree.write("sys/class/powercap/intel-rapl:0/energy_uj", "gone mad\n");
    let text = counters.read(1_000_000).unwrap_err();
    assert!(
        text.starts_with("energy is not measured any more") && text.contains("`gone mad`"),
        "{text}"
    );
}
