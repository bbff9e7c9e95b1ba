//! Files that were cut off, or hold what no kernel writes: an error or a note, never a panic.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

#[test]
fn absurd_files_are_named_and_quoted() {
    for (file, content, words) in [
        ("cpu/online", "0-", "says `0-`"),
        ("cpu/online", "", "must not be"),
        ("cpu/online", "0-4294967295", "must be damaged"),
        ("cpu/online", "0-900000", "more than 65536 CPUs"),
        ("cpu/present", "zero", "`zero`"),
        ("cpu/cpu1/topology/physical_package_id", "", "not a number"),
        (
            "cpu/cpu1/topology/physical_package_id",
            "99999999999",
            "`99999999999`",
        ),
        ("cpu/cpu2/topology/core_id", "1.5", "not a number"),
        ("cpu/cpu2/topology/core_cpus_list", "2-", "is wrong at `2-`"),
        ("cpu/cpu2/topology/core_cpus_list", "\n", "must not be"),
        ("cpu/cpu0/cache/index3/level", "three", "not a number"),
        ("cpu/cpu0/cache/index3/level", "0", "levels from 1"),
        (
            "cpu/cpu0/cache/index3/type",
            "Trace",
            "Unified, Data or Instruction",
        ),
        ("cpu/cpu0/cache/index3/size", "32768KB", "not a size"),
        (
            "cpu/cpu0/cache/index3/size",
            "99999999999999999G",
            "not a size",
        ),
        ("cpu/cpu0/cache/index3/shared_cpu_list", "3-0", "backwards"),
        ("node/online", "0-5000", "more than 1024 memory regions"),
        ("node/node0/cpulist", "0-x", "`x` is not a number"),
        ("node/node0/meminfo", "Node 0 MemFr", "MemTotal"),
        (
            "node/node0/meminfo",
            "Node 0 MemTotal: 18446744073709551615 kB",
            "MemTotal",
        ),
        ("node/node0/distance", "10 21", "2 distances for 1 online"),
        ("node/node0/distance", "", "0 distances"),
        ("node/node0/distance", "0", "10 is local"),
        ("node/node0/distance", "far", "10 is local"),
        ("cpu/online", "\u{1b}[2J", "`\\u{1b}[2J`"),
    ] {
        let tree = Tree::simple();
        tree.sys(file, content);
        tree.absurd(file, words);
    }
    let tree = Tree::simple();
    tree.sys("cpu/online", [0xff, 0xfe, 0])
        .absurd("cpu/online", "not text");
    tree.sys("cpu/online", "0,".repeat(600_000))
        .absurd("cpu/online", "longer than a megabyte");
}

#[test]
fn a_directory_without_a_machine_is_refused() {
    let tree = Tree::new();
    tree.absurd("sys/devices/system/cpu", "give the directory that holds");
    tree.sys("cpu/uevent", "")
        .absurd("cpu", "not the tree of a machine");
}

#[test]
fn an_almost_empty_tree_is_a_machine() {
    let tree = Tree::new();
    tree.sys("cpu/online", "0-2");
    let t = tree.read().unwrap();
    assert_eq!(cores(&t), [[0], [1], [2]]);
    assert_eq!((t.cache_groups.len(), t.regions.len()), (1, 1));
    assert_eq!(t.notes.len(), 3, "{:?}", t.notes);
}

#[test]
fn directories_in_place_of_files_count_as_missing() {
    let tree = Tree::simple();
    tree.remove("cpu/cpu0/topology/core_id")
        .sys("cpu/cpu0/topology/core_id/x", "");
    tree.remove("node/node0/meminfo")
        .sys("node/node0/meminfo/x", "");
    let t = tree.odd("how much memory node 0 has is unknown");
    assert_eq!(t.cores[0].os_id, -1);
}

/// Every file of the tree of two packages that the reader opens.
fn files() -> Vec<String> {
    let mut files: Vec<String> = ["cpu/online", "cpu/present", "node/online"]
        .map(str::to_owned)
        .into();
    for name in [
        "cpulist",
        "cpumap",
        "meminfo",
        "distance",
        "access0/initiators/read_bandwidth",
        "memory_side_cache/index1/size",
    ] {
        files.extend((0..2).map(|n| format!("node/node{n}/{name}")));
    }
    for name in [
        "physical_package_id",
        "core_id",
        "die_id",
        "core_cpus_list",
        "thread_siblings_list",
        "thread_siblings",
        "package_cpus",
        "die_cpus",
        "cluster_cpus_list",
    ] {
        files.extend((0..8).map(|cpu| format!("cpu/cpu{cpu}/topology/{name}")));
    }
    files.extend((0..8).map(|cpu| format!("cpu/cpu{cpu}/cpu_capacity")));
    for name in [
        "level",
        "type",
        "size",
        "shared_cpu_list",
        "shared_cpu_map",
        "id",
    ] {
        files.extend((0..8).map(|cpu| format!("cpu/cpu{cpu}/cache/index3/{name}")));
    }
    files
}

/// What may be in a file: anything, or something that almost makes sense.
fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[0-9,\\-]{0,8}\n?".prop_map(String::into_bytes),
        "-?[0-9]{1,11}[KMG]?\n".prop_map(String::into_bytes),
        "(Node 0 )?MemTotal:? *[0-9]{0,21} (kB)?".prop_map(String::into_bytes),
        "[0-9]{1,3} [0-9]{1,11}\n".prop_map(String::into_bytes),
    ]
}

/// A tree whose files are other ones for a while.
struct Damaged<'t> {
    tree: &'t Tree,
    /// What was there before, in the order of the damages.
    was: Vec<(&'t str, Option<Vec<u8>>)>,
}

impl<'t> Damaged<'t> {
    fn new(tree: &'t Tree, damage: &'t [(String, Option<Vec<u8>>)]) -> Self {
        let mut damaged = Damaged {
            tree,
            was: Vec::new(),
        };
        for (file, content) in damage {
            let path = tree.root.join("sys/devices/system").join(file);
            damaged.was.push((file, fs::read(path).ok()));
            damaged.set(file, content.as_ref());
        }
        damaged
    }

    fn set(&self, file: &str, content: Option<&Vec<u8>>) {
        match content {
            Some(content) => _ = self.tree.sys(file, content),
            // Some are not there.
            None => _ = fs::remove_file(self.tree.root.join("sys/devices/system").join(file)),
        }
    }
}

impl Drop for Damaged<'_> {
    fn drop(&mut self) {
        let was = std::mem::take(&mut self.was);
        was.iter()
            .rev()
            .for_each(|(file, content)| self.set(file, content.as_ref()));
    }
}

/// Some files damaged, some gone: the reader, and all that shows its result, get through.
#[test]
fn no_content_makes_it_panic() {
    // Made once: that takes as long as all else.
    let tree = Tree::two_packages();
    let sound = tree.read().unwrap().to_json();
    let config = ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let damage = (prop::sample::select(files()), prop::option::of(content()));
    let damage = prop::collection::vec(damage, 1..6);
    let cpus = prop::collection::vec(0u32..9, 0..4);
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&(damage, cpus), |(damage, cpus)| {
        let damaged = Damaged::new(&tree, &damage);
        // `read` checks the topology's consistency.
        match damaged.tree.read() {
            Ok(t) => {
                let _ = (t.to_string(), t.to_json());
                if let Ok(part) = t.restrict(&cpus.into_iter().collect()) {
                    part.check().unwrap();
                }
            }
            Err(e) => prop_assert_eq!(e.kind(), ErrorKind::Topology),
        }
        Ok(())
    });
    outcome.unwrap();
    // Nothing of that has stayed.
    assert_eq!(tree.read().unwrap().to_json(), sound);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A file of hwloc's that was cut off, or in which bytes changed: an error or a machine, never a panic.
    #[test]
    fn no_text_makes_the_reader_of_xml_panic(
        end in 0usize..xml::MACHINE.len() + 2000,
        changes in prop::collection::vec((0usize..xml::MACHINE.len(), prop::sample::select(&b"\"<>/0123456789fx,.- \nA"[..])), 0..6),
    ) {
        let mut bytes = xml::MACHINE.as_bytes().to_vec();
        changes.iter().for_each(|&(at, byte)| bytes[at] = byte);
        bytes.truncate(end);
        let text = String::from_utf8(bytes).unwrap();
        match Topology::from_xml_text(&text) {
            Ok(t) => {
                t.check().unwrap();
                let _ = (t.to_string(), t.to_json());
            }
            Err(e) => {
                prop_assert_eq!(e.kind(), ErrorKind::Topology);
                // All but an empty file say where.
                prop_assert!(e.to_string().contains("line"), "{}", e);
            }
        }
    }
}
