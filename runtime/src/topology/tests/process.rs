//! The process's mask and cgroup, and what `detect` makes of them.

use std::io;

use super::super::cgroup::cgroup_cpus_under;
use super::super::process::{ask_with_growing_mask, mask_of_set};
use super::super::restrict::detect;
use super::super::{Source, affinity, cgroup_cpus, current_cpu, set_affinity};
use super::*;
use crate::error::Error;

#[test]
fn detect_agrees_with_the_mask() {
    let t = Topology::detect().unwrap();
    t.check().unwrap();
    assert_eq!(t.cpus(), affinity().unwrap());
    assert!(t.core_of_cpu(current_cpu().unwrap()).is_some());
    assert!(t.regions.iter().any(|r| r.bytes > 0));
    assert!(
        cgroup_cpus()
            .unwrap()
            .is_none_or(|c| affinity().unwrap().is_subset(&c))
    );
}

#[test]
fn a_thread_can_be_bound_and_let_go() {
    // In a thread of its own, since the mask belongs to the thread.
    let body = || {
        let all = affinity().unwrap();
        for cpu in all.iter() {
            set_affinity(&CpuSet::from_iter([cpu])).unwrap();
            assert_eq!(affinity().unwrap(), CpuSet::from_iter([cpu]));
            assert_eq!(current_cpu(), Some(cpu));
            assert_eq!(Topology::detect().unwrap().cpus(), CpuSet::from_iter([cpu]));
        }
        // CPUs that are not there are ignored beside those that are.
        let mut more = all.clone();
        more.insert(20_000);
        set_affinity(&more).unwrap();
        assert_eq!(affinity().unwrap(), all);
        assert_eq!(
            set_affinity(&CpuSet::new()).unwrap_err().kind(),
            ErrorKind::Config
        );
        let e = set_affinity(&set("20000")).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::System);
        assert!(e.to_string().contains("CPUs 20000"), "{e}");
    };
    std::thread::spawn(body).join().unwrap();
}

/// A kernel that refuses masks of fewer CPUs than it is built for.
fn kernel(built_for: usize, cpus: &CpuSet) -> (Result<CpuSet>, usize) {
    let mut calls = 0;
    let found = ask_with_growing_mask(|mask| {
        calls += 1;
        if size_of_val(mask) * 8 < built_for {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let answer = mask_of_set(cpus);
        mask[..answer.len()].copy_from_slice(&answer);
        Ok(())
    });
    (found, calls)
}

#[test]
fn masks_grow_until_the_kernel_takes_them() {
    let (found, calls) = kernel(64, &set("0-1"));
    assert_eq!((found.unwrap(), calls), (set("0-1"), 1));
    let cpus = set("0,63-64,1023-1024,8191");
    let (found, calls) = kernel(8192, &cpus);
    assert_eq!((found.unwrap(), calls), (cpus, 4));
    // A kernel that never takes one is not asked forever.
    let e = kernel(usize::MAX, &set("0")).0.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::System);
    // Other refusals are final.
    let mut calls = 0;
    let e = ask_with_growing_mask(|_| {
        calls += 1;
        Err(io::Error::from_raw_os_error(libc::EPERM))
    });
    assert!(e.is_err() && calls == 1);
}

const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

#[test]
fn cgroups_of_version_two() {
    let tree = Tree::new();
    assert_eq!(cgroup_cpus_under(&tree.root).unwrap(), None);
    tree.file("proc/self/cgroup", "0::/user.slice/job\n")
        .file("proc/self/mountinfo", V2);
    assert_eq!(cgroup_cpus_under(&tree.root).unwrap(), None);
    // The controller may be enabled only further up.
    tree.file("sys/fs/cgroup/user.slice/cpuset.cpus.effective", "0-7\n");
    assert_eq!(cgroup_cpus_under(&tree.root).unwrap(), Some(set("0-7")));
    tree.file(
        "sys/fs/cgroup/user.slice/job/cpuset.cpus.effective",
        "2-3\n",
    );
    assert_eq!(cgroup_cpus_under(&tree.root).unwrap(), Some(set("2-3")));
    tree.file(
        "sys/fs/cgroup/user.slice/job/cpuset.cpus.effective",
        "two\n",
    );
    let e = cgroup_cpus_under(&tree.root).unwrap_err().to_string();
    assert!(e.contains("job/cpuset.cpus.effective says `two`"), "{e}");
}

#[test]
fn cgroups_of_version_one() {
    let tree = Tree::new();
    let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                  33 31 0:30 / /cg/cpu rw - cgroup cgroup rw,cpu\n\
                  34 31 0:31 /docker/abc /cg/with\\040space rw - cgroup cgroup rw,cpuset\n";
    tree.file(
        "proc/self/cgroup",
        "9:name=systemd:/\n3:cpuset,x:/docker/abc/in:ner\n0::/\n",
    );
    tree.file("proc/self/mountinfo", mounts);
    // Nobody configured the inner one.
    tree.file("cg/with space/in:ner/cpuset.cpus", "\n")
        .file("cg/with space/cpuset.cpus", "0-3\n");
    assert_eq!(cgroup_cpus_under(&tree.root).unwrap(), Some(set("0-3")));
    tree.file("cg/with space/in:ner/cpuset.effective_cpus", "1-2\n");
    assert_eq!(cgroup_cpus_under(&tree.root).unwrap(), Some(set("1-2")));
}

#[test]
fn cgroups_outside_of_the_mount() {
    let tree = Tree::new();
    tree.file("proc/self/mountinfo", V2)
        .file("sys/fs/cgroup/cpuset.cpus.effective", "0-5");
    for path in ["/../../elsewhere", "/gone", "", "x"] {
        tree.file("proc/self/cgroup", format!("0::{path}\n"));
        assert_eq!(
            cgroup_cpus_under(&tree.root).unwrap(),
            Some(set("0-5")),
            "{path}"
        );
    }
    tree.file("proc/self/cgroup", "rubbish\n:\n::\n")
        .file("proc/self/mountinfo", "1 2 3 - \n - cgroup2\n");
    assert_eq!(cgroup_cpus_under(&tree.root).unwrap(), None);
}

/// `detect` on a machine of two packages.
fn detected(mask: &str, cgroup: Result<Option<CpuSet>>) -> (String, Vec<String>) {
    let tree = Tree::two_packages();
    let t = detect(&tree.root, set(mask), cgroup).unwrap();
    t.check().unwrap();
    assert_eq!(
        t.regions.len(),
        if t.source == Source::Mask { 1 } else { 2 }
    );
    (t.cpus().to_string(), t.notes)
}

#[test]
fn mask_and_cgroup_restrict() {
    assert_eq!(detected("0-7", Ok(None)), ("0-7".into(), vec![]));
    assert_eq!(
        detected("0-7", Ok(Some(set("0-100")))),
        ("0-7".into(), vec![])
    );

    let one_note = |(cpus, notes): (String, Vec<String>), expected: &str, words: &str| {
        assert_eq!(cpus, expected);
        assert!(
            notes.iter().filter(|n| n.contains(words)).count() == 1,
            "{notes:?}"
        );
    };
    one_note(
        detected("1,5", Ok(None)),
        "1,5",
        "may use CPUs 1,5 of the machine's 0-7",
    );
    one_note(
        detected("0-5", Ok(Some(set("4-7")))),
        "4-5",
        "fewer than the affinity mask 0-5",
    );
    one_note(
        detected("0-3", Ok(Some(set("4-7")))),
        "0-3",
        "nothing in common",
    );
    one_note(
        detected("0-9", Ok(None)),
        "0-7",
        "CPUs 8-9 are allowed but not in",
    );
    one_note(detected("50-51", Ok(None)), "50-51", "list 0-7 only");
    let broken = Error::new(ErrorKind::Topology, "broken");
    one_note(detected("0-7", Err(broken)), "0-7", "not heeded: broken");
}

#[test]
fn without_sysfs_the_mask_is_all() {
    let tree = Tree::new();
    let t = detect(&tree.root, set("3,9"), Ok(None)).unwrap();
    t.check().unwrap();
    assert_eq!(
        (cores(&t), t.regions.len(), &t.source),
        (vec![vec![3], vec![9]], 1, &Source::Mask)
    );
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("no /sys/devices/system/cpu"))
    );
    assert!(
        t.to_string().contains("from the affinity mask alone"),
        "{t}"
    );
}
