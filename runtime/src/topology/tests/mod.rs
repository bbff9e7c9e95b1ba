//! The topology on made-up machines.

mod cpu_set;
mod damage;
mod machines;
mod memory;
mod odd_machines;
mod parts;
mod process;
mod shape;
mod synthetic;
mod xml;

use std::fs;
use std::path::PathBuf;

use super::{CpuSet, Topology};
use crate::error::{ErrorKind, Result};

/// A directory with files of a made-up machine, removed at the end.
struct Tree {
    root: PathBuf,
}

impl Tree {
    fn new() -> Tree {
        // Creating a directory that exists fails, so the first name that works is ours alone.
        let name = |n: u32| format!("sprat-topology-{}-{n}", std::process::id());
        let mut roots = (0..100_000).map(|n| std::env::temp_dir().join(name(n)));
        let root = roots
            .find(|root| fs::create_dir(root).is_ok())
            .expect("a directory for the test");
        Tree { root }
    }

    /// A file below the root.
    fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Tree {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// A file below `sys/devices/system`.
    fn sys(&self, path: &str, content: impl AsRef<[u8]>) -> &Tree {
        self.file(&format!("sys/devices/system/{path}"), content)
    }

    fn remove(&self, path: &str) -> &Tree {
        let path = self.root.join("sys/devices/system").join(path);
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
        self
    }

    /// The lists of CPUs: those that run, those that are plugged in.
    fn cpus(&self, online: &str, present: &str) -> &Tree {
        self.sys("cpu/online", format!("{online}\n"))
            .sys("cpu/present", format!("{present}\n"))
    }

    /// The topology directory of one CPU.
    fn cpu(&self, cpu: u32, package: i32, core: i32, siblings: &str) -> &Tree {
        let dir = format!("cpu/cpu{cpu}/topology");
        self.sys(
            &format!("{dir}/physical_package_id"),
            format!("{package}\n"),
        )
        .sys(&format!("{dir}/core_id"), format!("{core}\n"))
        .sys(&format!("{dir}/die_id"), "0\n")
        .sys(&format!("{dir}/core_cpus_list"), format!("{siblings}\n"))
        .sys(
            &format!("{dir}/thread_siblings_list"),
            format!("{siblings}\n"),
        )
    }

    /// One cache of each of the CPUs, with who shares it.
    fn cache(
        &self,
        cpus: &str,
        index: u32,
        level: u32,
        kind: &str,
        size: &str,
        shared: &str,
    ) -> &Tree {
        for cpu in set(cpus).iter() {
            let dir = format!("cpu/cpu{cpu}/cache/index{index}");
            self.sys(&format!("{dir}/level"), format!("{level}\n"))
                .sys(&format!("{dir}/type"), format!("{kind}\n"))
                .sys(&format!("{dir}/size"), format!("{size}\n"))
                .sys(&format!("{dir}/shared_cpu_list"), format!("{shared}\n"));
        }
        self
    }

    /// A NUMA node.
    fn node(&self, node: u32, cpus: &str, kib: u64, distances: &str) -> &Tree {
        let dir = format!("node/node{node}");
        let memory = format!("Node {node} MemTotal:       {kib} kB\nNode {node} MemFree:  1 kB\n");
        self.sys(&format!("{dir}/cpulist"), format!("{cpus}\n"))
            .sys(&format!("{dir}/meminfo"), memory)
            .sys(&format!("{dir}/distance"), format!("{distances}\n"))
    }

    /// A simple machine: one package, one region, four cores that share an L3 cache, no hyperthreads.
    fn simple() -> Tree {
        let tree = Tree::new();
        tree.cpus("0-3", "0-3")
            .sys("cpu/possible", "0-63\n")
            .sys("node/online", "0\n");
        for cpu in 0..4 {
            let own = cpu.to_string();
            tree.cpu(cpu, 0, cpu as i32, &own)
                .cache(&own, 0, 1, "Data", "32K", &own)
                .cache(&own, 1, 1, "Instruction", "32K", &own)
                .cache(&own, 2, 2, "Unified", "1024K", &own);
        }
        tree.cache("0-3", 3, 3, "Unified", "32768K", "0-3")
            .node(0, "0-3", 16 << 20, "10");
        tree
    }

    /// Two packages with two cores each, two threads a core, a region each; CPUs are numbered across.
    fn two_packages() -> Tree {
        let tree = Tree::new();
        tree.cpus("0-7", "0-7").sys("node/online", "0-1\n");
        for cpu in 0..8u32 {
            let (core, package) = (cpu % 4, cpu % 4 / 2);
            tree.cpu(
                cpu,
                package as i32,
                (core % 2) as i32,
                &format!("{core},{}", core + 4),
            );
            let shared = ["0-1,4-5", "2-3,6-7"][package as usize];
            tree.cache(&cpu.to_string(), 3, 3, "Unified", "8M", shared);
        }
        tree.node(0, "0-1,4-5", 1 << 20, "10 21")
            .node(1, "2-3,6-7", 2 << 20, "21 10");
        tree
    }

    fn read(&self) -> Result<Topology> {
        let topology = Topology::from_sysfs(&self.root);
        if let Ok(t) = &topology {
            t.check().unwrap();
        }
        topology
    }

    /// The topology of a tree that is odd in one way only, which one note says with these words.
    fn odd(&self, words: &str) -> Topology {
        let t = self.read().unwrap();
        assert_eq!(t.notes.len(), 1, "{:#?}", t.notes);
        assert!(t.notes[0].contains(words), "{}", t.notes[0]);
        t
    }

    /// The error message of a tree that makes no sense; it names the file.
    fn absurd(&self, file: &str, words: &str) {
        let e = self.read().expect_err("an error");
        let text = e.to_string();
        assert_eq!(e.kind(), ErrorKind::Topology, "{text}");
        assert!(text.contains(file) && text.contains(words), "{text}");
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn set(list: &str) -> CpuSet {
    list.parse().unwrap()
}

/// The CPUs of each core.
fn cores(t: &Topology) -> Vec<Vec<u32>> {
    t.cores.iter().map(|c| c.cpus.clone()).collect()
}

/// The CPUs of each cache group.
fn groups(t: &Topology) -> Vec<String> {
    (0..t.cache_groups.len())
        .map(|g| t.cpus_of_cache_group(g).to_string())
        .collect()
}
