//! The kernel's description of the machine, below `sys/devices/system`, or a copy of it.

mod caches;
mod cpus;
mod kinds;
mod memory;
mod packages;
mod read;
mod regions;

use std::path::Path;

use super::assemble::assemble;
use super::facts::Facts;
use super::{CpuSet, Source, Topology};
use crate::error::{Error, ErrorKind, Result};
use read::Tree;

/// Whether there is a tree to read.
pub(super) fn is_below(root: &Path) -> bool {
    Tree::find(root).is_some()
}

pub(super) fn read(root: &Path) -> Result<Topology> {
    let Some(tree) = Tree::find(root) else {
        return Err(Error::new(
            ErrorKind::Topology,
            format!(
                "there is neither sys/devices/system/cpu nor devices/system/cpu in {}; give the directory that \
                 holds a machine's `sys`, or that `sys` itself",
                root.display()
            ),
        ));
    };
    let mut notes = Notes::default();
    let online = cpus::online(&tree, &mut notes)?;
    let mut cpus = cpus::read(&tree, &online, &mut notes)?;
    let packages = packages::read(&tree, &online, &mut cpus, &mut notes)?;
    let kinds = kinds::read(&tree, &mut cpus)?;
    let mut regions = regions::read(&tree, &mut cpus, &mut notes)?;
    memory::read(&tree, &online, &mut regions)?;
    let caches = caches::read(&tree, &online, &mut cpus, &mut notes)?;
    assemble(Facts {
        packages,
        regions,
        caches,
        all_caches_known: false,
        kinds,
        cpus,
        notes: notes.said,
        source: Source::Sysfs(root.to_owned()),
    })
}

/// What is to be told, and the CPUs that each thing is true of.
#[derive(Default)]
struct Notes {
    said: Vec<String>,
}

impl Notes {
    fn say(&mut self, note: impl Into<String>) {
        self.said.push(note.into());
    }

    /// Says it of these CPUs or regions, if there are any.
    fn say_of(&mut self, set: &CpuSet, note: impl FnOnce(&CpuSet) -> String) {
        if !set.is_empty() {
            self.said.push(note(set));
        }
    }
}
