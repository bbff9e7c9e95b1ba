use super::*;
use crate::small_files::made_up::Tree;

fn name(cpu: u32, file: &str) -> String {
    format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/{file}")
}

fn processor(tree: &Tree, cpu: u32, lowest: u64) {
    tree.write(&name(cpu, "scaling_max_freq"), "3000000\n");
    tree.write(&name(cpu, "scaling_min_freq"), &format!("{lowest}\n"));
    tree.write(&name(cpu, "cpuinfo_min_freq"), "800000\n");
    tree.write(
        &name(cpu, "energy_performance_preference"),
        "balance_performance\n",
    );
    let known = "default performance balance_performance balance_power power\n";
    tree.write(
        &name(cpu, "energy_performance_available_preferences"),
        known,
    );
}

fn machine() -> Tree {
    let tree = Tree::new("frequencies");
    processor(&tree, 0, 800_000);
    processor(&tree, 3, 2_000_000);
    tree
}

fn says(tree: &Tree, cpu: u32) -> (String, String) {
    let read = |file| tree.read(&name(cpu, file)).trim().to_owned();
    (
        read("scaling_max_freq"),
        read("energy_performance_preference"),
    )
}

fn pair(maximum: &str, preference: &str) -> (String, String) {
    (maximum.to_owned(), preference.to_owned())
}

fn says_maximum(tree: &Tree, cpu: u32) -> String {
    says(tree, cpu).0
}

fn set(controls: &mut Frequencies, state: usize, preference: Option<&'static str>) {
    let mut notes = Vec::new();
    controls.set(state, preference, &mut notes).unwrap();
    assert_eq!(notes, Vec::<String>::new());
}

const FOUND: (&str, &str) = ("3000000", "balance_performance");

#[test]
fn states_are_set_and_what_was_found_comes_back() {
    let tree = machine();
    let (mut controls, notes) = Frequencies::of(tree.root(), &[0, 3]).unwrap();
    assert_eq!((controls.speeds(), notes), (&[1000, 750, 500][..], vec![]));
    set(&mut controls, 2, Some("power"));
    assert_eq!(says(&tree, 0), pair("1500000", "power"));
    // Not below what it may have at the least.
    assert_eq!(says(&tree, 3), pair("2000000", "power"));
    set(&mut controls, 1, None);
    assert_eq!(says(&tree, 0), pair("2250000", FOUND.1));
    set(&mut controls, 0, None);
    assert_eq!(says(&tree, 0), pair(FOUND.0, FOUND.1));
    set(&mut controls, 1, Some("balance_power"));
    // Somebody else knows better.
    tree.write(&name(3, "scaling_max_freq"), "1234000\n");
    drop(controls);
    assert_eq!(says(&tree, 0), pair(FOUND.0, FOUND.1));
    assert_eq!(says(&tree, 3), pair("1234000", FOUND.1));
}

#[test]
fn a_panic_brings_back_what_was_found() {
    let tree = machine();
    let caught = std::panic::catch_unwind(|| {
        let (mut controls, _) = Frequencies::of(tree.root(), &[0]).unwrap();
        set(&mut controls, 2, Some("power"));
        assert_eq!(says(&tree, 0), pair("1500000", "power"));
        std::panic::panic_any("a test has asked for this panic");
    });
    assert!(caught.is_err());
    assert_eq!(says(&tree, 0), pair(FOUND.0, FOUND.1));
}

#[test]
fn one_at_a_time_has_them() {
    let tree = machine();
    let mut first = Frequencies::of(tree.root(), &[0]).unwrap();
    set(&mut first.0, 2, None);
    let text = Frequencies::of(tree.root(), &[0]).err().unwrap();
    let tells = |text: &str| text.contains("cpu0") && text.contains("another domain or runtime");
    assert!(tells(&text), "{text}");
    // What is left is had.
    let (mut second, notes) = Frequencies::of(tree.root(), &[3, 0]).unwrap();
    assert!(notes.len() == 1 && tells(&notes[0]), "{notes:?}");
    set(&mut second, 1, None);
    assert_eq!(
        (says_maximum(&tree, 0), says_maximum(&tree, 3)),
        ("1500000".into(), "2250000".into())
    );
    drop(second);
    assert_eq!(says_maximum(&tree, 0), "1500000");
    drop(first);
    assert!(Frequencies::of(tree.root(), &[3, 0]).is_ok());
    assert_eq!(says(&tree, 0).0, FOUND.0);
}

#[test]
fn what_makes_no_sense_is_told_and_nothing_is_changed() {
    let told = |tree: &Tree| Frequencies::of(tree.root(), &[0]).err().unwrap();
    let none = told(&Tree::new("no-frequencies"));
    assert!(
        none.starts_with("no frequency controls: ") && none.contains("cpu0/cpufreq"),
        "{none}"
    );
    for (file, content) in [
        ("scaling_max_freq", ""),
        ("scaling_max_freq", "0\n"),
        ("scaling_max_freq", "fast\n"),
        ("scaling_max_freq", "18446744073709551615\n"),
        ("cpuinfo_min_freq", "-1\n"),
        ("scaling_min_freq", "\u{0}\n"),
    ] {
        let tree = machine();
        tree.write(&name(0, file), content);
        let text = told(&tree);
        assert!(text.contains(file), "{file} {content:?}: {text}");
        assert_eq!(tree.read(&name(0, file)), content);
    }
    let tree = machine();
    tree.remove(&name(0, "scaling_max_freq"));
    tree.folder(&name(0, "scaling_max_freq"));
    assert!(told(&tree).contains("it is no file"));
}

#[test]
fn without_preferences_frequencies_are_set_alone() {
    let tree = machine();
    tree.write(
        &name(0, "energy_performance_available_preferences"),
        "performance\n",
    );
    let (mut controls, notes) = Frequencies::of(tree.root(), &[0]).unwrap();
    assert!(
        notes.len() == 1 && notes[0].contains("it knows no `power`"),
        "{notes:?}"
    );
    set(&mut controls, 2, Some("power"));
    assert_eq!(says(&tree, 0), pair("1500000", FOUND.1));
    drop(controls);
    tree.remove(&name(0, "energy_performance_preference"));
    let (mut controls, notes) = Frequencies::of(tree.root(), &[0]).unwrap();
    assert_eq!(notes, Vec::<String>::new());
    set(&mut controls, 1, Some("power"));
    assert_eq!(tree.read(&name(0, "scaling_max_freq")), "2250000");
}

#[test]
fn a_processor_that_cannot_go_slower_has_one_state() {
    let tree = machine();
    tree.write(&name(0, "scaling_min_freq"), "9000000\n");
    let (controls, _) = Frequencies::of(tree.root(), &[0]).unwrap();
    assert_eq!(controls.speeds(), [1000]);
}

#[test]
fn a_preference_that_is_refused_leaves_maxima() {
    let tree = machine();
    let (mut controls, _) = Frequencies::of(tree.root(), &[0, 3]).unwrap();
    set(&mut controls, 1, Some("power"));
    let file = name(0, "energy_performance_preference");
    tree.remove(&file);
    tree.folder(&file);
    let mut notes = Vec::new();
    controls.set(2, None, &mut notes).unwrap();
    assert!(
        notes.len() == 1 && notes[0].starts_with("what processors prefer is not set"),
        "{notes:?}"
    );
    let maximum = || tree.read(&name(0, "scaling_max_freq"));
    assert_eq!(maximum(), "1500000");
    // Once, and for all of them.
    set(&mut controls, 1, Some("power"));
    assert_eq!(maximum(), "2250000");
    assert_eq!(says(&tree, 3), pair("2250000", FOUND.1));
}

#[test]
fn what_somebody_else_writes_meanwhile_is_left_and_told() {
    let tree = machine();
    let (mut controls, _) = Frequencies::of(tree.root(), &[0, 3]).unwrap();
    set(&mut controls, 2, None);
    tree.write(&name(0, "scaling_max_freq"), "1234000\n");
    let mut notes = Vec::new();
    controls.set(1, None, &mut notes).unwrap();
    assert!(
        notes.len() == 1 && notes[0].contains("`1234000`"),
        "{notes:?}"
    );
    assert_eq!(
        (says_maximum(&tree, 0), says_maximum(&tree, 3)),
        ("1234000".into(), "2250000".into())
    );
    tree.write(&name(3, "scaling_max_freq"), "1234000\n");
    let error = controls.set(0, None, &mut notes).unwrap_err();
    assert!(error.contains("somebody else sets them"), "{error}");
}

#[test]
fn what_was_set_last_is_not_set_again() {
    let tree = machine();
    let (mut controls, _) = Frequencies::of(tree.root(), &[0]).unwrap();
    set(&mut controls, 2, Some("power"));
    set(&mut controls, 2, Some("power"));
    assert!(controls.is_settled);
    // Nobody looks.
    tree.remove(&name(0, "scaling_max_freq"));
    set(&mut controls, 2, Some("power"));
    assert!(controls.set(1, None, &mut Vec::new()).is_err());
}

#[test]
fn processors_that_were_slowed_down_already_are_told_of_once() {
    let tree = machine();
    tree.write(&name(0, "cpuinfo_max_freq"), "3000000\n");
    let notes = |tree: &Tree| Frequencies::of(tree.root(), &[0, 3]).unwrap().1;
    assert_eq!(notes(&tree), Vec::<String>::new());
    tree.write(&name(0, "cpuinfo_max_freq"), "4000000\n");
    tree.write(&name(3, "cpuinfo_max_freq"), "4000000\n");
    let all = notes(&tree);
    assert!(
        all.len() == 1 && all[0].contains("3000000 kHz was found") && all[0].contains("1 others"),
        "{all:?}"
    );
}
