//! Machine files: what is wrong in them is said with the line and the mend; what is right in them counts.

use sprat_sim::{Cost, Description, Machine, Workload, simulate, workload::named};

/// A small machine; tests change single lines of it.
const SMALL: &str = r#"name = "small"
root = "node"
overlap = true

[cost]
spawn = "0 ns"
codelet = "0 ns"
access = "0 ns"
wake = "5 us"

[engine.xe]
rate = "1 Gop/s"
memory = "l1"
active = "1 W"
searching = "500 mW"
leakage = "100 mW"
asleep = "10 mW"

[memory.l1]
capacity = "32 KiB"
latency = "2 ns"
bandwidth = "10 GB/s"
energy = "1 pJ/bit"

[memory.dram]
home = true
capacity = "1 GiB"
latency = "100 ns"
bandwidth = "4 GB/s"
energy = "20 pJ/bit"

[link.bus]
bandwidth = "2 GB/s"
latency = "50 ns"
energy = "3 pJ/bit"

[group.node]
holds = ["2 socket"]

[group.socket]
holds = ["2 xe"]
memory = ["dram"]
link = "bus"
domain = true
"#;

fn read(text: &str) -> Result<Machine, String> {
    let described = Description::read("small.toml", text);
    described
        .and_then(|described| described.build(None))
        .map_err(|error| error.to_string())
}

fn changed(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    SMALL.replacen(from, to, 1)
}

fn machine(text: &str) -> Machine {
    read(text).unwrap()
}

/// The book's machine, and the message that it shows.
#[test]
fn the_books_machine_is_one() {
    let chapter = include_str!("../../docs/book/simulating.md");
    let (_, rest) = chapter.split_once("```toml\n").unwrap();
    let (text, rest) = rest.split_once("```").unwrap();
    let machine = Description::read("two-sockets.toml", text)
        .unwrap()
        .build(None)
        .unwrap();
    assert_eq!((machine.xes(), machine.plan.domains.len()), (32, 2));
    let without_unit = text.replacen("\"100 GB/s\"", "\"100\"", 1);
    let error = Description::read("two-sockets.toml", &without_unit)
        .unwrap_err()
        .to_string();
    assert!(rest.contains(&format!("sprat-sim: {error}")), "{error}");
}

#[test]
fn what_is_wrong_is_said_with_the_line_and_the_mend() {
    let cases = [
        (
            "[cost]\n",
            "[control]\nhierarchy = \"yes\"\n[cost]\n",
            "line 6: `hierarchy` is true or false",
        ),
        (
            "latency = \"100 ns\"",
            "latency = 100",
            "line 28: `latency`: it has no unit; write for example latency = \"90 ns\"",
        ),
        (
            "latency = \"100 ns\"",
            "latency = \"100\"",
            "line 28: `latency`: `100` has no unit; a time is written like \"90 ns\" (units: ns, us, µs, ms, s)",
        ),
        (
            "bandwidth = \"4 GB/s\"",
            "bandwidth = \"0 GB/s\"",
            "line 29: `bandwidth` of [memory.dram] is zero, so nothing would ever end; give it more, for example \"50 GB/s\"",
        ),
        (
            "bandwidth = \"4 GB/s\"\n",
            "",
            "[memory.dram] says no `bandwidth`; add for example bandwidth = \"50 GB/s\"",
        ),
        (
            "bandwidth = \"4 GB/s\"",
            "bandwidht = \"4 GB/s\"",
            "[memory.dram] says no `bandwidth`",
        ),
        (
            "latency = \"100 ns\"",
            "latencies = \"100 ns\"",
            "line 28: [memory.dram] has nothing called `latencies`; it may have bandwidth, capacity, energy, home, latency",
        ),
        (
            "[\"2 xe\"]",
            "[\"2 node\"]",
            "`node` and `socket` hold each other in a circle, so the machine would have no end; let `socket` hold something smaller than `node`",
        ),
        (
            "[\"2 xe\"]",
            "[\"2 ex\"]",
            "there is neither [engine.ex] nor [group.ex]",
        ),
        (
            "[\"2 xe\"]",
            "[\"xe\"]",
            "line 41: `xe` is not so many of a kind; write for example holds = [\"8 xe\"]",
        ),
        ("[\"2 xe\"]", "[]", "[group.socket] holds nothing"),
        (
            "[\"2 xe\"]",
            "[\"40000 xe\"]",
            "the machine has 80000 engines, more than 65535",
        ),
        (
            "memory = [\"dram\"]\n",
            "",
            "line 41: `xe` has no memory that blocks can live in; give a group around it one that is a home (home = true)",
        ),
        (
            "domain = true\n",
            "",
            "`xe` has no control engine; add domain = true to [group.socket]",
        ),
        (
            "holds = [\"2 socket\"]",
            "holds = [\"2 socket\"]\ndomain = true",
            "`socket` is a domain inside a domain",
        ),
        (
            "root = \"node\"",
            "root = \"socket\"",
            "nobody holds [group.node], so it is no part of the machine",
        ),
        (
            "root = \"node\"",
            "root = \"rack\"",
            "line 2: there is no [group.rack]",
        ),
        ("root = \"node\"\n", "", "the machine says no `root`"),
        (
            "memory = \"l1\"",
            "memory = \"dram\"",
            "`dram` is a home, which belongs in a group",
        ),
        (
            "memory = \"l1\"",
            "memory = \"l2\"",
            "line 13: there is no [memory.l2]",
        ),
        (
            "link = \"bus\"",
            "link = \"lane\"",
            "there is no [link.lane]",
        ),
        (
            "overlap = true",
            "overlap = \"yes\"",
            "`overlap` is true or false",
        ),
        (
            "overlap = true",
            "contention = \"much\"",
            "`much` is no contention; use \"fair\" or \"none\"",
        ),
        ("overlap = true", "overlap = true = false", "line 3:"),
        (
            "[link.bus]",
            "[[failure]]\nengine = 9\nat = \"1 ms\"\nspeed = \"33 %\"\n\n[link.bus]",
            "line 33: there is no engine 9; the machine has 4, numbered from 0",
        ),
    ];
    for (from, to, expected) in cases {
        let error = read(&changed(from, to)).err().unwrap_or_default();
        assert!(error.contains(expected), "{to:?}: {error}");
        assert!(error.contains("small.toml"), "{error}");
    }
}

/// One codelet that reads 8,000 bytes from its own region, computes for 100 ns, and writes as much.
#[test]
fn a_codelet_takes_the_larger_of_what_it_computes_and_what_it_moves() {
    use sprat::decide::dependence::Mode::{Read, Write};
    let codelet = sprat_sim::Codelet {
        accesses: vec![(0, Read).into(), (1, Write).into()],
        ..sprat_sim::Codelet::new("one", Cost::Operations(100))
    };
    let workload = Workload {
        codelets: vec![codelet],
        sizes: vec![8_000, 8_000],
        ..Workload::default()
    };
    for contention in ["fair", "none"] {
        let with = |overlap: &str| {
            machine(&changed(
                "overlap = true",
                &format!("overlap = {overlap}\ncontention = \"{contention}\""),
            ))
        };
        // 8,000 bytes at 4 bytes a nanosecond and 100 ns; meanwhile 8,000 into the cache at 10.
        let outcome = simulate(&with("true"), &workload).unwrap();
        assert_eq!(outcome.makespan_ns, 2_100);
        let moved: Vec<(&str, u64)> = outcome
            .moved
            .iter()
            .map(|moved| (moved.level.as_str(), moved.bytes))
            .collect();
        assert_eq!(moved, [("bus", 0), ("dram", 8_000), ("l1", 16_000)]);
        assert_eq!(
            outcome.energy.movement_fj,
            8 * (8_000 * 20_000 + 16_000 * 1_000)
        );
        assert_eq!(outcome.homes, [16_000, 0]);
        assert_eq!(
            simulate(&with("false"), &workload).unwrap().makespan_ns,
            2_200
        );
    }
}

#[test]
fn energy_by_hand() {
    // One engine works for a microsecond, three sleep.
    let workload = Workload::from(vec![sprat_sim::Codelet::new(
        "one",
        Cost::Operations(1_000),
    )]);
    let outcome = simulate(&machine(SMALL), &workload).unwrap();
    assert_eq!(outcome.makespan_ns, 1_000);
    let energy = outcome.energy;
    assert_eq!(energy.compute_fj, 1_000_000 * 1_000);
    // Another is told of the host's codelet, and is still on its way up when all is over.
    assert_eq!(energy.idle_fj, 500_000 * 1_000);
    assert_eq!(energy.leakage_fj, 2 * 100_000 * 1_000);
    assert_eq!(energy.asleep_fj, 2 * 10_000 * 1_000);
    assert_eq!(
        energy.total_fj(),
        energy.compute_fj + energy.idle_fj + energy.leakage_fj + energy.asleep_fj
    );
}

/// Two readers of the same memory share it; with a way each they do not.
#[test]
fn who_shares_a_memory_takes_longer() {
    use sprat::decide::dependence::Mode::Read;
    let reader = |block| sprat_sim::Codelet {
        accesses: vec![(block, Read).into()],
        affinity: sprat_sim::Affinity::Only(block as u16),
        ..sprat_sim::Codelet::new("reader", Cost::Operations(0))
    };
    let workload = Workload {
        codelets: vec![reader(0), reader(1)],
        sizes: vec![4_000_000; 2],
        ..Workload::default()
    };
    let took = |contention: &str| {
        let machine = machine(&changed(
            "overlap = true",
            &format!("contention = \"{contention}\""),
        ));
        let outcome = simulate(&machine, &workload).unwrap();
        outcome
            .runs
            .iter()
            .map(|run| run.end_ns - run.start_ns)
            .max()
            .unwrap()
    };
    assert_eq!(took("none"), 1_000_100);
    // The second one comes 5 us later, when it has woken up: 20,000 bytes alone, then half each.
    let shared = took("fair");
    assert!((1_990_000..2_001_000).contains(&shared), "{shared}");
}

#[test]
fn blocks_that_have_no_room_are_an_error_that_says_so() {
    let text = changed("capacity = \"1 GiB\"", "capacity = \"64 KiB\"");
    let workload = named("stencil2d:tiles=8,edge=64,steps=1", 4).unwrap();
    let error = simulate(&machine(&text), &workload)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("has no room in any region of the machine"),
        "{error}"
    );
}

#[test]
fn slower_engines_take_longer_and_states_are_used() {
    let two = changed(
        "[memory.l1]",
        "[[engine.xe.state]]\nfrequency = \"1 GHz\"\nvoltage = \"1 V\"\n\n[[engine.xe.state]]\nfrequency = \"500 MHz\"\nvoltage = \"500 mV\"\n\n[memory.l1]",
    );
    let mut described = Description::read("two.toml", &two).unwrap();
    let workload = named("flat:count=400,operations=20000", 4).unwrap();
    let fast = simulate(&described.build(None).unwrap(), &workload).unwrap();
    described.policy = sprat::decide::power::Policy::Energy;
    let slow = simulate(&described.build(None).unwrap(), &workload).unwrap();
    assert!(
        slow.makespan_ns > fast.makespan_ns * 3 / 2,
        "{} {}",
        slow.makespan_ns,
        fast.makespan_ns
    );
    assert!(
        slow.energy.total_fj() < fast.energy.total_fj() * 2 / 3,
        "{:?} {:?}",
        slow.energy,
        fast.energy
    );
}

/// Nobody tells the controller: thieves find what waits behind the slow engine.
#[test]
fn an_engine_that_limps_costs_no_more_than_its_speed() {
    let limps = changed(
        "[link.bus]",
        "[[failure]]\nengine = 1\nat = \"1 ms\"\nspeed = \"20 %\"\n\n[link.bus]",
    );
    let workload = named("taskbench:width=64,steps=50,operations=20000", 4).unwrap();
    let well = simulate(&machine(SMALL), &workload).unwrap();
    let limping = simulate(&machine(&limps), &workload).unwrap();
    let ran = |outcome: &sprat_sim::Outcome| outcome.engines[1].ran;
    assert!(ran(&limping) < ran(&well) * 6 / 10, "{:?}", limping.engines);
    // Its domain has 1.2 engines of 2 left; without thefts it would take five times as long.
    let most = well.makespan_ns as f64 * 2.0 / 1.2 * 1.3;
    assert!(
        (limping.makespan_ns as f64) < most,
        "{} {}",
        limping.makespan_ns,
        well.makespan_ns
    );
}

/// Whoever draws 1.1 W at work: under a cap for all four engines of 2.5 W two work at a time.
#[test]
fn a_power_cap_holds() {
    let mut described = Description::read("small.toml", SMALL).unwrap();
    described.cap_uw = Some(2_500_000);
    let workload = named("flat:count=400,operations=100000", 4).unwrap();
    let machine = described.build(None).unwrap();
    let outcome = simulate(&machine, &workload).unwrap();
    let free = simulate(&self::machine(SMALL), &workload).unwrap();
    assert!(outcome.makespan_ns > free.makespan_ns * 3 / 2);
    let watts = outcome.energy.total_fj() as f64 / outcome.makespan_ns as f64 * 1e-6;
    assert!(watts < 2.6, "{watts}");
    for domain in &machine.plan.domains {
        let ran = outcome.engines[domain.xes.clone()]
            .iter()
            .filter(|tally| tally.ran > 2)
            .count();
        assert_eq!(ran, 1, "{:?}", outcome.engines);
    }
}

#[test]
fn all_policies_modes_and_workloads_keep_what_is_conserved() {
    use sprat::decide::plan::CeMode::{Dedicated, Elastic, Shared};
    use sprat::decide::power::Policy::{Energy, EnergyDelay, Performance};
    let workloads = [
        "stencil2d:tiles=6,edge=48,steps=4",
        "stencil3d:tiles=3,edge=16,steps=3",
        "wavefront:tiles=8,edge=32",
        "cholesky:tiles=6,edge=24",
        "pagerank:scale=9,parts=12,steps=3",
        "bfs:scale=9,parts=12",
        "tree:most=300,operations=3000",
        "random:count=300,blocks=24",
        "taskbench:pattern=6,width=16,steps=8,operations=500",
    ];
    for mode in [Shared, Elastic, Dedicated] {
        for policy in [Performance, Energy, EnergyDelay] {
            for contention in ["fair", "none"] {
                let text = changed("overlap = true", &format!("contention = \"{contention}\""));
                let mut described = Description::read("small.toml", &text).unwrap();
                (described.mode, described.policy) = (mode, policy);
                let machine = described.build(None).unwrap();
                for workload in workloads {
                    let workload = named(workload, machine.xes()).unwrap();
                    let outcome = simulate(&machine, &workload).unwrap();
                    assert_eq!(
                        outcome,
                        simulate(&machine, &workload).unwrap(),
                        "not deterministic"
                    );
                }
            }
        }
    }
}

#[test]
fn engines_for_each_control_engine_can_be_changed() {
    let described = Description::preset("strawman-64").unwrap();
    for (xes, domains) in [(1, 64), (4, 16), (8, 8), (32, 2), (64, 1)] {
        let machine = described.with_xes_per_ce(xes).unwrap().build(None).unwrap();
        assert_eq!((machine.xes(), machine.plan.domains.len()), (64, domains));
        assert!((0..domains).all(|domain| machine.plan.polls(domain)));
    }
    assert!(described.with_xes_per_ce(0).is_err());
    // Groups that hold each other, the root not among them.
    let circle = SMALL.replace("domain = true\n", "")
        + "\n[group.a]\ndomain = true\nholds = [\"1 b\"]\n\n[group.b]\nholds = [\"1 a\"]\n";
    let circle = Description::read("small.toml", &circle).unwrap();
    assert!(circle.with_xes_per_ce(8).is_err());
    // Sixteen clusters of 64: a control engine of 128 has the engines of two.
    let clusters = Description::preset("strawman-1024").unwrap();
    for (xes, domains) in [(8, 128), (64, 16), (128, 8), (1024, 1)] {
        let machine = clusters.with_xes_per_ce(xes).unwrap().build(None).unwrap();
        assert_eq!((machine.xes(), machine.plan.domains.len()), (1024, domains));
    }
    // What does not divide comes as near as it can.
    let machine = clusters.with_xes_per_ce(96).unwrap().build(None).unwrap();
    assert_eq!((machine.xes(), machine.plan.domains.len()), (1056, 11));
}

/// One engine works on for long where the policy allows few: it is not forgotten because it is beyond these.
#[test]
fn an_engine_beyond_the_allotment_ends_what_it_runs() {
    use sprat::decide::power::Policy;
    let mut described = Description::read("small.toml", SMALL).unwrap();
    described.policy = Policy::Energy;
    let machine = described.build(None).unwrap();
    let long = sprat_sim::Codelet {
        affinity: sprat_sim::Affinity::Only(3),
        ..sprat_sim::Codelet::new("long", Cost::Ns(700_000_000))
    };
    let outcome = simulate(&machine, &Workload::from(vec![long])).unwrap();
    assert_eq!(outcome.engines[3].ran, 1);
    assert!(outcome.makespan_ns > 700_000_000);
}

#[test]
fn a_cap_that_cannot_be_held_is_refused_with_what_to_do() {
    let mut described = Description::read("small.toml", SMALL).unwrap();
    let workload = named("flat:count=4,operations=1000", 4).unwrap();
    let mut simulated = |cap_uw| {
        described.cap_uw = Some(cap_uw);
        simulate(&described.build(None).unwrap(), &workload)
    };
    // One engine at work and one asleep in each of two domains.
    assert!(simulated(2 * 1_110_000).is_ok());
    let error = simulated(2 * 1_110_000 - 1).unwrap_err();
    assert_eq!(error.kind(), sprat::ErrorKind::Config);
    let text = error.to_string();
    assert!(
        text.contains("the cap of 2.219999 W cannot be held")
            && text.contains("2.22 W; raise the cap"),
        "{text}"
    );
}

/// A tree as deep as the simulator takes, where data pass every link, and one level more.
#[test]
fn deep_trees_with_links() {
    let deep = |levels: usize| {
        let mut text =
            changed("link = \"bus\"\n", "").replace("root = \"node\"", "root = \"level0\"");
        for level in 0..levels {
            let inner = match level + 1 == levels {
                true => "socket".to_owned(),
                false => format!("level{}", level + 1),
            };
            let count = if level == 0 { 2 } else { 1 };
            text += &format!("[group.level{level}]\nholds = [\"{count} {inner}\"]\n");
            if level > 0 {
                text += "link = \"bus\"\n";
            }
        }
        text.replace("[group.node]\nholds = [\"2 socket\"]\n", "")
    };
    let contended = deep(11).replace("overlap = true", "contention = \"fair\"");
    let workload = named("stencil2d:tiles=6,edge=48,steps=4", 4).unwrap();
    simulate(&machine(&contended), &workload).unwrap();
    let error = read(&deep(12)).unwrap_err();
    assert!(
        error.contains("`level11` is the 11th level with a link; the simulator takes 10"),
        "{error}"
    );
}

/// A dedicated control engine looks each millisecond, whether it is asked or not, as on threads.
#[test]
fn a_dedicated_control_engine_looks_each_millisecond() {
    use sprat::decide::plan::CeMode;
    let mut described = Description::read("small.toml", SMALL).unwrap();
    described.mode = CeMode::Dedicated;
    let machine = described.build(None).unwrap();
    // Engines are busy all the time, so nobody asks; all but the host's were woken once.
    let codelets = (0..machine.xes()).map(|xe| sprat_sim::Codelet {
        affinity: sprat_sim::Affinity::Only(xe),
        ..sprat_sim::Codelet::new("busy", Cost::Ns(50_000_000))
    });
    let outcome = simulate(&machine, &Workload::from(codelets.collect::<Vec<_>>())).unwrap();
    for (routines, _) in &outcome.routines {
        assert!((49..=52).contains(routines), "{:?}", outcome.routines);
    }
}
