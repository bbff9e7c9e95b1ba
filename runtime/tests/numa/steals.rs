//! Codelets that go from domain to domain: from the nearest that has too many, and never those that the user pinned.
//!
//! Where there is one node this runs on paper: on a topology with the guest's distances, whose engines nobody pins.

use crate::machine::{allowed, several};
use sprat::{CeMode, Result, Runtime, Topology, topology};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Codelets that two domains have to spare, each.
const SPARE: usize = 60;
/// Codelets that are pinned to an engine, and as many to a region.
const PINNED: usize = 12;

/// Four regions with unequal distances, two engines each.
fn on_paper() -> Topology {
    let mut topology = Topology::synthetic("region:4 core:2").unwrap();
    let table = [
        [10, 16, 28, 30],
        [16, 10, 28, 31],
        [28, 28, 10, 16],
        [30, 31, 16, 10],
    ];
    for (region, row) in topology.regions.iter_mut().zip(table) {
        region.distances = row.to_vec();
    }
    topology
}

/// Nobody but the calling thread's processor: where a host sits down follows it.
fn bind_to(cpu: u32) {
    let mut set = [0u64; 32];
    set[cpu as usize / 64] = 1 << (cpu % 64);
    // SAFETY: the kernel reads the set, which is as long as it is told.
    let failed = unsafe {
        libc::sched_setaffinity(
            0,
            size_of_val(&set),
            (&raw const set).cast::<libc::cpu_set_t>(),
        )
    };
    assert_eq!(failed, 0, "{}", std::io::Error::last_os_error());
}

/// Lets those go that wait, also if the test fails.
struct LetGo<'a>(&'a AtomicBool);

impl Drop for LetGo<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        sleep(Duration::from_millis(1));
    }
}

/// All engines are busy but those of `taker`, and two other domains have codelets to spare. What was brought, by distance, when
/// the taker's engines have something to do; and fails if a pinned codelet ran elsewhere.
fn brought_to(
    rt: &Runtime,
    pinned: bool,
    taker: usize,
    givers: [usize; 2],
) -> Result<BTreeMap<u64, u64>> {
    let plan = rt.plan();
    // Engines that have just run something look for more for a while, and stand in for a control engine that is silent.
    sleep(Duration::from_millis(200));
    let before = rt.brokered();
    // This thread sits in the first engine's seat.
    let others = || (1..rt.xes()).filter(|xe| plan.xes[*xe].region != taker);
    let go = &AtomicBool::new(false);
    let [busy, full, ran] = [const { AtomicUsize::new(0) }; 3];
    let (busy, full, ran, all) = (&busy, &full, &ran, others().count());
    let wait = move || {
        while !go.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(1));
        }
    };
    let region_here = move || {
        let cpu = topology::current_cpu().unwrap();
        let found = plan.xes.iter().find(|xe| xe.cpu == cpu);
        found.expect("an engine's processor").region
    };
    let mut brought = BTreeMap::new();
    rt.pause_control(true);
    rt.finish(|s| {
        let _go = LetGo(go);
        for xe in others() {
            let region = plan.xes[xe].region;
            let first = (0..xe).all(|other| plan.xes[other].region != region);
            let gives = first && givers.contains(&region);
            s.codelet("busy").on_xe(xe).spawn((), move |s, ()| {
                busy.fetch_add(1, Ordering::Relaxed);
                while gives && busy.load(Ordering::Relaxed) < all {
                    sleep(Duration::from_millis(1));
                }
                for at in 0..if gives { SPARE } else { 0 } {
                    s.codelet("spare").spawn((), move |_, ()| {
                        ran.fetch_add(1, Ordering::Relaxed);
                        wait();
                    });
                    if at < PINNED {
                        s.codelet("there").on_xe(xe).spawn((), move |_, ()| {
                            assert!(!pinned || topology::current_cpu() == Some(plan.xes[xe].cpu));
                        });
                        s.codelet("near").on_region(region).spawn((), move |_, ()| {
                            assert!(!pinned || region_here() == region);
                        });
                    }
                }
                full.fetch_add(usize::from(gives), Ordering::Relaxed);
                wait();
            });
        }
        wait_until("the others are not busy", || {
            full.load(Ordering::Relaxed) == givers.len()
        });
        rt.pause_control(false);
        // Two engines take one each, which keeps them; so nothing more is brought.
        let engines = plan.xes.iter().filter(|xe| xe.region == taker).count();
        wait_until("nothing was brought", || {
            ran.load(Ordering::Relaxed) == engines
        });
        sleep(Duration::from_millis(30));
        for (distance, codelets) in rt.brokered() {
            let new = codelets - before.get(&distance).copied().unwrap_or(0);
            if new > 0 {
                brought.insert(distance, new);
            }
        }
        Ok(())
    })?;
    assert_eq!(ran.load(Ordering::Relaxed), 2 * SPARE);
    Ok(brought)
}

#[test]
fn the_nearest_gives_and_what_is_pinned_stays() -> Result<()> {
    let real = several();
    let topology = real.clone().unwrap_or_else(on_paper);
    let regions = topology.regions.len();
    if regions < 4 || !topology.regions.iter().all(|one| allowed(one.os_id)) {
        crate::machine::skip("fewer than four regions");
        return Ok(());
    }
    if real.is_none() {
        crate::machine::skip("on paper nobody is pinned, and where codelets run is not looked at");
    }
    // A thread of its own, since it is bound.
    let test = std::thread::spawn(move || -> Result<()> {
        let pinned = real.is_some();
        let builder = Runtime::builder().ignore_environment().ce(CeMode::Shared);
        let rt = match real {
            Some(_) => builder.build()?,
            None => builder
                .topology(topology)
                .oversubscribe(true)
                .pin(false)
                .build()?,
        };
        let plan = rt.plan();
        assert_eq!(plan.domains.len(), regions, "a domain for each region");
        bind_to(plan.xes[0].cpu);
        let host = plan.xes[0].region;
        let mut counted = BTreeMap::new();
        for taker in (0..regions).filter(|region| *region != host) {
            let order = rt.topology().nearest_regions(taker);
            let others: Vec<usize> = (order.into_iter())
                .filter(|region| ![taker, host].contains(region))
                .collect();
            let distance = |to: usize| u64::from(rt.topology().distance(taker, to));
            let (nearest, farthest) = (others[0], *others.last().unwrap());
            assert!(distance(nearest) < distance(farthest));
            let brought = brought_to(&rt, pinned, taker, [nearest, farthest])?;
            let from: Vec<u64> = brought.keys().copied().collect();
            assert_eq!(from, [distance(nearest)], "to region {taker}: {brought:?}");
            counted.extend(brought);
        }
        println!("brought by distance: {counted:?}");
        // The farther the fewer.
        assert!(counted.values().rev().is_sorted(), "{counted:?}");
        Ok(())
    });
    test.join().unwrap()
}
