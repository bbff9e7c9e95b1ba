//! The readers of machines: a tree of the kernel's with any files, or text in hwloc's XML. Whatever comes is an error or a
//! topology that does not contradict itself.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use sprat::topology::{CpuSet, Topology};

/// Files of the tree, told apart by a byte of the input.
const FILES: &[&str] = &[
    "cpu/online",
    "cpu/present",
    "cpu/cpu0/topology/physical_package_id",
    "cpu/cpu0/topology/core_id",
    "cpu/cpu0/topology/core_cpus",
    "cpu/cpu0/topology/core_cpus_list",
    "cpu/cpu0/topology/package_cpus",
    "cpu/cpu0/topology/die_cpus",
    "cpu/cpu0/topology/cluster_cpus_list",
    "cpu/cpu0/cpu_capacity",
    "cpu/cpu0/cache/index0/level",
    "cpu/cpu0/cache/index0/type",
    "cpu/cpu0/cache/index0/size",
    "cpu/cpu0/cache/index0/shared_cpu_map",
    "cpu/cpu0/cache/index0/shared_cpu_list",
    "cpu/cpu0/cache/index0/id",
    "cpu/cpu1/topology/physical_package_id",
    "cpu/cpu1/topology/core_cpus",
    "cpu/cpu1/topology/die_cpus",
    "cpu/cpu1/cache/index0/level",
    "cpu/cpu1/cache/index0/shared_cpu_list",
    "node/online",
    "node/node0/cpumap",
    "node/node0/cpulist",
    "node/node0/meminfo",
    "node/node0/distance",
    "node/node0/access0/initiators/read_bandwidth",
    "node/node0/memory_side_cache/index1/size",
    "node/node1/cpulist",
    "node/node1/distance",
    "node/node1/access1/initiators/node0/x",
];

/// What an input begins with that is read as XML.
const XML: u8 = b'<';

fuzz_target!(|data: &[u8]| {
    let topology = match data.first() {
        Some(&XML) => match std::str::from_utf8(data) {
            Ok(text) => Topology::from_xml_text(text),
            Err(_) => return,
        },
        _ => from_tree(data),
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

/// The tree of a file for each line of the input: a byte that chooses it, then its content, where `|` stands for a line's end.
fn from_tree(data: &[u8]) -> sprat::Result<Topology> {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    let root = ROOT.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("sprat-fuzz-topology-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder for the tree");
        root
    });
    let system = root.join("sys/devices/system");
    let _ = fs::remove_dir_all(root.join("sys"));
    write(&system.join("cpu/online"), b"0-1\n");
    for line in data.split(|&byte| byte == b'\n') {
        let Some((&which, content)) = line.split_first() else {
            continue;
        };
        let content: Vec<u8> = content
            .iter()
            .map(|&b| if b == b'|' { b'\n' } else { b })
            .collect();
        write(
            &system.join(FILES[usize::from(which) % FILES.len()]),
            &content,
        );
    }
    let topology = Topology::from_sysfs(root);
    let _ = fs::remove_dir_all(root.join("sys"));
    topology
}

fn write(file: &Path, content: &[u8]) {
    let folder = file.parent().expect("a file in a folder");
    // A file may stand where another one wants a folder.
    if fs::create_dir_all(folder).is_ok() {
        let _ = fs::write(file, content);
    }
}
