//! The readers of machines: a tree of the kernel's in which files changed, or a file of hwloc's XML in which bytes did. Whatever
//! comes is an error or a topology that does not contradict itself.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sprat::topology::{CpuSet, Topology};

#[derive(Arbitrary, Debug)]
enum Input {
    /// The machine's file, changed.
    Xml(Vec<Edit>),
    /// The machine's tree with other contents in some files.
    Tree(Vec<(u8, Vec<u8>)>),
}

#[derive(Arbitrary, Debug)]
struct Edit {
    at: u16,
    change: Change,
}

#[derive(Arbitrary, Debug)]
enum Change {
    Put(String),
    Replace(u8, String),
    Remove(u8),
    Repeat(u8, u8),
    CutOff,
}

const MACHINE: &str = include_str!("../../src/topology/tests/machine.xml");

/// The tree: four CPUs, two cores, a package, a cache, two regions.
const FILES: &[(&str, &str)] = &[
    ("cpu/online", "0-3"),
    ("cpu/present", "0-4"),
    ("cpu/cpu0/topology/physical_package_id", "0"),
    ("cpu/cpu0/topology/core_id", "0"),
    ("cpu/cpu0/topology/core_cpus", "3"),
    ("cpu/cpu0/topology/core_cpus_list", "0-1"),
    ("cpu/cpu0/topology/package_cpus", "f"),
    ("cpu/cpu0/topology/die_cpus", "3"),
    ("cpu/cpu0/topology/cluster_cpus_list", "0-3"),
    ("cpu/cpu0/cpu_capacity", "1024"),
    ("cpu/cpu0/cache/index0/level", "3"),
    ("cpu/cpu0/cache/index0/type", "Unified"),
    ("cpu/cpu0/cache/index0/size", "4096K"),
    ("cpu/cpu0/cache/index0/shared_cpu_map", "f"),
    ("cpu/cpu0/cache/index0/shared_cpu_list", "0-3"),
    ("cpu/cpu0/cache/index0/id", "0"),
    ("cpu/cpu1/topology/physical_package_id", "0"),
    ("cpu/cpu1/topology/core_cpus", "3"),
    ("cpu/cpu1/topology/die_cpus", "3"),
    ("cpu/cpu1/cache/index0/level", "3"),
    ("cpu/cpu1/cache/index0/shared_cpu_list", "0-3"),
    ("cpu/cpu2/topology/physical_package_id", "-1"),
    ("cpu/cpu2/topology/core_siblings_list", "2-3"),
    ("node/online", "0-1"),
    ("node/node0/cpumap", "3"),
    ("node/node0/cpulist", "0-1"),
    ("node/node0/meminfo", "Node 0 MemTotal: 4096 kB"),
    ("node/node0/distance", "10 20"),
    ("node/node0/access0/initiators/read_bandwidth", "1000"),
    ("node/node0/memory_side_cache/index1/size", "4096"),
    ("node/node1/cpulist", "2-3"),
    ("node/node1/distance", "20 10"),
];

fuzz_target!(|input: Input| {
    let topology = match input {
        Input::Xml(edits) => Topology::from_xml_text(&edited(&edits)),
        Input::Tree(contents) => from_tree(&contents),
    };
    if let Ok(topology) = topology {
        topology
            .check()
            .expect("a topology that contradicts itself");
        let _ = (topology.to_string(), topology.to_json());
        let half: CpuSet = topology.cpus().iter().step_by(2).collect();
        let part = topology.restrict(&half).expect("CPUs of its own");
        part.check().expect("a part that contradicts itself");
        assert_eq!(part.cpus(), half);
    }
});

fn edited(edits: &[Edit]) -> String {
    let mut text: Vec<char> = MACHINE.chars().collect();
    for edit in edits {
        let at = usize::from(edit.at) % (text.len() + 1);
        let upto = |n: u8| at..(at + usize::from(n)).min(text.len());
        match &edit.change {
            Change::Put(new) => _ = text.splice(at..at, new.chars()),
            Change::Replace(old, new) => _ = text.splice(upto(*old), new.chars()),
            Change::Remove(old) => _ = text.drain(upto(*old)),
            Change::Repeat(old, times) => {
                let again = text[upto(*old)].repeat(usize::from(*times % 8));
                text.splice(at..at, again);
            }
            Change::CutOff => text.truncate(at),
        }
    }
    text.into_iter().collect()
}

/// The tree on the disk, which goes when the fuzzer ends well.
struct Tree(PathBuf);

impl Tree {
    fn new() -> Tree {
        let memory = Path::new("/dev/shm");
        let base = match memory.is_dir() {
            true => memory.to_owned(),
            false => std::env::temp_dir(),
        };
        let root = base.join(format!("sprat-fuzz-topology-{}", std::process::id()));
        for (file, content) in FILES {
            write(&root, file, content.as_bytes());
        }
        Tree(root)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static TREE: Tree = Tree::new();
}

fn from_tree(contents: &[(u8, Vec<u8>)]) -> sprat::Result<Topology> {
    let file = |which: u8| FILES[usize::from(which) % FILES.len()];
    TREE.with(|Tree(root)| {
        for (which, content) in contents {
            write(root, file(*which).0, content);
        }
        let topology = Topology::from_sysfs(root);
        for (which, _) in contents {
            write(root, file(*which).0, file(*which).1.as_bytes());
        }
        topology
    })
}

fn write(root: &Path, file: &str, content: &[u8]) {
    let file = root.join("sys/devices/system").join(file);
    fs::create_dir_all(file.parent().expect("a file in a folder")).expect("a folder");
    fs::write(file, content).expect("a file");
}
