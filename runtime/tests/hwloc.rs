//! What `Topology::from_hwloc` says, against the library's own answers.
#![cfg(feature = "hwloc")]

use hwlocality::object::types::ObjectType;
use sprat::topology::{CpuSet, Source, Topology};

#[test]
fn the_library_agrees() {
    let theirs = hwlocality::Topology::new().unwrap();
    let ours = Topology::from_hwloc().unwrap();
    let count = |kind| theirs.objects_with_type(kind).count();
    assert_eq!(ours.threads(), count(ObjectType::PU));
    assert_eq!(ours.cores.len(), count(ObjectType::Core));
    assert_eq!(ours.packages.len(), count(ObjectType::Package));
    for (level, kind) in [
        (1, ObjectType::L1Cache),
        (2, ObjectType::L2Cache),
        (3, ObjectType::L3Cache),
    ] {
        let of_level = ours.caches.iter().filter(|cache| cache.level == level);
        assert_eq!(of_level.count(), count(kind));
    }
    let mut nodes: Vec<_> = theirs.objects_with_type(ObjectType::NUMANode).collect();
    nodes.sort_by_key(|node| node.os_index());
    assert_eq!(ours.regions.len(), nodes.len());
    for (region, node) in ours.regions.iter().zip(nodes) {
        assert_eq!(Some(region.os_id as usize), node.os_index());
        assert_eq!(region.bytes, node.total_memory());
        let cpus = node.cpuset().unwrap();
        let cpus: CpuSet = cpus.iter_set().map(|cpu| usize::from(cpu) as u32).collect();
        assert_eq!(region.local_cpus, cpus);
    }
    assert!(matches!(&ours.source, Source::Hwloc(version) if version.starts_with("2.")));
    assert!(
        ours.to_string().contains("this machine by hwloc 2."),
        "{ours}"
    );
}
