//! Tests of the plan.

use super::*;
use crate::topology::CpuSet;
use proptest::prelude::*;

fn machine(description: &str) -> Topology {
    Topology::synthetic(description).unwrap()
}

fn wishes(xes: impl Into<Option<usize>>, mode: impl Into<Option<CeMode>>) -> Wishes {
    Wishes {
        xes: xes.into(),
        mode: mode.into(),
        oversubscribe: false,
    }
}

/// The plan of a machine, after what holds for every plan was checked.
#[track_caller]
fn planned(description: &str, wishes: &Wishes) -> Plan {
    let topology = machine(description);
    let plan = plan(&topology, wishes).unwrap();
    check(&topology, wishes, &plan);
    plan
}

#[track_caller]
fn refused(description: &str, wishes: &Wishes) -> String {
    let error = plan(&machine(description), wishes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

/// The engines' hardware threads, domain by domain.
fn cpus(plan: &Plan) -> Vec<Vec<u32>> {
    let domains = plan.domains.iter();
    domains
        .map(|domain| {
            plan.xes[domain.xes.clone()]
                .iter()
                .map(|xe| xe.cpu)
                .collect()
        })
        .collect()
}

fn ce_cpus(plan: &Plan) -> Vec<Vec<u32>> {
    plan.domains.iter().map(|d| d.ce_cpus.clone()).collect()
}

/// What holds for every plan.
#[track_caller]
fn check(topology: &Topology, wishes: &Wishes, plan: &Plan) {
    let threads = topology.threads();
    assert!((1..=MOST_XES).contains(&plan.xes.len()));
    assert!(wishes.xes.is_none_or(|xes| xes == plan.xes.len()));
    assert!(wishes.mode.is_none_or(|mode| mode == plan.mode));
    assert_eq!(plan.regions, topology.regions.len());
    assert_eq!(plan.oversubscribed, plan.xes.len() > threads);
    assert!(!plan.reason.is_empty());
    // Domains: contiguous ranges that cover the engines, each a cache group of its own.
    let mut end = 0;
    for (number, domain) in plan.domains.iter().enumerate() {
        assert_eq!(domain.xes.start, end);
        assert!(!domain.xes.is_empty());
        end = domain.xes.end;
        assert!(
            plan.domains[..number]
                .iter()
                .all(|d| d.cache_group != domain.cache_group)
        );
        let xes = &plan.xes[domain.xes.clone()];
        for xe in xes {
            let core = &topology.cores[xe.core];
            assert_eq!((xe.domain, xe.region), (number, core.region));
            assert_eq!(core.cache_group, domain.cache_group);
            assert!(core.cpus.contains(&xe.cpu));
        }
        check_control(topology, plan, number);
    }
    assert_eq!(end, plan.xes.len());
    // No hardware thread has two engines before each has one, nor three before each has two.
    let mut loads = vec![0; topology.cpus().iter().max().unwrap() as usize + 1];
    plan.xes.iter().for_each(|xe| loads[xe.cpu as usize] += 1);
    let loads = topology
        .cpus()
        .iter()
        .map(|cpu| loads[cpu as usize])
        .collect::<Vec<usize>>();
    let (least, most) = (*loads.iter().min().unwrap(), *loads.iter().max().unwrap());
    assert!(most - least <= 1, "uneven: {loads:?}");
    // No core has two engines while another has none, but for the default's spare ones.
    let mut cores = vec![0; topology.cores.len()];
    plan.xes.iter().for_each(|xe| cores[xe.core] += 1);
    assert!(
        cores.iter().all(|&n| n <= 1) || cores.iter().all(|&n| n >= 1),
        "{cores:?}"
    );
}

/// What holds for every domain's control engine.
#[track_caller]
fn check_control(topology: &Topology, plan: &Plan, number: usize) {
    let domain = &plan.domains[number];
    let xes = &plan.xes[domain.xes.clone()];
    let whole: CpuSet = topology.cpus_of_cache_group(domain.cache_group);
    let of: CpuSet = domain.ce_cpus.iter().copied().collect();
    assert!(!domain.ce_cpus.is_empty());
    assert_eq!(of.intersection(&whole), of);
    let core = topology.core_of_cpu(domain.ce_cpus[0]);
    let shares = xes.iter().any(|xe| Some(xe.core) == core);
    match plan.mode {
        CeMode::Shared => assert_eq!(of, whole),
        CeMode::Elastic => assert_eq!(domain.ce_cpus, [xes.last().unwrap().cpu]),
        CeMode::Dedicated if plan.polls(number) => {
            assert!(domain.ce_cpus.len() == 1 && !shares);
        }
        CeMode::Dedicated => {
            assert_eq!(of, whole);
            assert!(
                shares && plan.reason.contains("no core left"),
                "{}",
                plan.reason
            );
        }
    }
    assert!(!plan.polls(number) || plan.mode == CeMode::Dedicated);
}

#[test]
fn one_core() {
    for mode in [
        None,
        Some(CeMode::Shared),
        Some(CeMode::Elastic),
        Some(CeMode::Dedicated),
    ] {
        let plan = planned("core:1", &wishes(None, mode));
        assert_eq!(
            (cpus(&plan), ce_cpus(&plan)),
            (vec![vec![0]], vec![vec![0]])
        );
        // It would poll on the only core, where codelets want to run.
        assert!(!plan.polls(0));
    }
}

#[test]
fn two_cores_share_and_say_why() {
    let plan = planned("core:2", &Wishes::default());
    assert_eq!(cpus(&plan), [[0, 1]]);
    assert_eq!(
        (plan.mode, ce_cpus(&plan)),
        (CeMode::Shared, vec![vec![0, 1]])
    );
    assert_eq!(
        plan.reason,
        "the smallest domain has 2 core(s): too few to give one to a control engine (from 8 on it pays)"
    );
}

#[test]
fn many_cores_with_one_cache_give_one_to_the_control_engine() {
    for cores in [8, 16, 64] {
        let plan = planned(&format!("core:{cores}"), &Wishes::default());
        assert_eq!((plan.xes.len(), plan.domains.len()), (cores, 1));
        assert_eq!(
            (plan.mode, ce_cpus(&plan)),
            (CeMode::Elastic, vec![vec![cores as u32 - 1]])
        );
        let why = format!("each domain has {cores} cores or more");
        assert!(plan.reason.starts_with(&why), "{}", plan.reason);
    }
    assert_eq!(planned("core:7", &Wishes::default()).mode, CeMode::Shared);
    assert_eq!(planned("core:64", &wishes(7, None)).mode, CeMode::Shared);
    assert_eq!(planned("core:64", &wishes(8, None)).mode, CeMode::Elastic);
}

#[test]
fn each_cache_is_a_domain_and_few_engines_share_few_caches() {
    let plan = planned("package:2 region:2 cache:2 core:2", &Wishes::default());
    assert_eq!(plan.domains.len(), 8);
    assert_eq!((plan.mode, plan.regions), (CeMode::Shared, 4));
    let regions: Vec<usize> = plan.xes.iter().map(|xe| xe.region).collect();
    assert_eq!(regions, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    let few = planned("cache:3 core:4", &wishes(5, None));
    assert_eq!(cpus(&few), [vec![0, 1, 2, 3], vec![4]]);
}

#[test]
fn the_mode_follows_the_domains_that_are_used() {
    let wide = "cache:2 core:8";
    assert_eq!(planned(wide, &Wishes::default()).mode, CeMode::Elastic);
    assert_eq!(planned(wide, &wishes(8, None)).mode, CeMode::Elastic);
    // The second cache's two engines would lose one.
    assert_eq!(planned(wide, &wishes(10, None)).mode, CeMode::Shared);
    // Engines that take turns on two cores are no wide domain.
    let crowd = Wishes {
        oversubscribe: true,
        ..wishes(16, None)
    };
    assert_eq!(planned("core:2", &crowd).mode, CeMode::Shared);
}

#[test]
fn second_hardware_threads_come_last() {
    // CPU 4 is core 0's second thread.
    let machine = "cache:2 core:2 thread:2";
    assert_eq!(
        cpus(&planned(machine, &Wishes::default())),
        [[0, 1], [2, 3]]
    );
    assert_eq!(
        cpus(&planned(machine, &wishes(3, None))),
        [vec![0, 1], vec![2]]
    );
    assert_eq!(
        cpus(&planned(machine, &wishes(5, None))),
        [vec![0, 1, 4], vec![2, 3]]
    );
    let all = planned(machine, &wishes(8, None));
    assert_eq!(cpus(&all), [[0, 1, 4, 5], [2, 3, 6, 7]]);
    assert!(!all.oversubscribed);
}

#[test]
fn an_elastic_control_engine_sits_with_its_domains_last_engine() {
    let plan = planned("cache:2 core:3 thread:2", &wishes(8, CeMode::Elastic));
    assert_eq!(cpus(&plan), [vec![0, 1, 2, 6, 7], vec![3, 4, 5]]);
    assert_eq!(ce_cpus(&plan), [[7], [5]]);
    assert_eq!(plan.reason, "asked for");
}

#[test]
fn a_dedicated_control_engine_has_a_core_where_there_are_others() {
    let plan = planned("cache:2 core:4", &wishes(None, CeMode::Dedicated));
    assert_eq!(cpus(&plan), [[0, 1, 2], [4, 5, 6]]);
    assert_eq!(ce_cpus(&plan), [[3], [7]]);
    assert!(plan.polls(0) && plan.polls(1) && !plan.polls(2));
    assert_eq!(plan.reason, "asked for");
    // The cores that are kept are the last ones to be used, before second threads.
    let plan = planned("cache:2 core:4 thread:2", &wishes(7, CeMode::Dedicated));
    assert_eq!(cpus(&plan), [vec![0, 1, 2, 3], vec![4, 5, 6]]);
    assert!(!plan.polls(0) && plan.polls(1));
    assert!(
        plan.reason.contains("1 of 2 domain(s) have no core left"),
        "{}",
        plan.reason
    );
}

#[test]
fn a_dedicated_control_engine_takes_no_domains_only_core() {
    let all = planned("cache:3 core:1", &wishes(None, CeMode::Dedicated));
    assert_eq!(cpus(&all), [[0], [1], [2]]);
    assert!(all.reason.contains("3 of 3 domain(s)"), "{}", all.reason);
    // A domain of one core beside one of three.
    let uneven = machine("cache:2 core:3")
        .restrict(&[0, 3, 4, 5].into_iter().collect())
        .unwrap();
    let wishes = wishes(None, CeMode::Dedicated);
    let plan = plan(&uneven, &wishes).unwrap();
    check(&uneven, &wishes, &plan);
    assert_eq!(cpus(&plan), [vec![0], vec![3, 4]]);
    assert_eq!(ce_cpus(&plan), [[0], [5]]);
    assert!(plan.reason.contains("1 of 2 domain(s)"), "{}", plan.reason);
}

#[test]
fn when_all_cores_are_asked_for_a_dedicated_control_engine_has_none_and_says_so() {
    let plan = planned("core:4", &wishes(4, CeMode::Dedicated));
    assert_eq!(cpus(&plan), [[0, 1, 2, 3]]);
    assert_eq!(ce_cpus(&plan), [[0, 1, 2, 3]]);
    assert_eq!(
        plan.reason,
        "asked for; 1 of 1 domain(s) have no core left for the control engine, which sleeps there while it has nothing to decide"
    );
}

#[test]
fn counts_that_cannot_be_are_refused_with_advice() {
    let text = refused("core:2", &wishes(0, None));
    assert!(text.contains("at least one"), "{text}");
    let text = refused("core:2 thread:2", &wishes(5, None));
    assert!(text.contains("4 usable hardware thread(s)"), "{text}");
    assert!(text.contains("SPRAT_OVERSUBSCRIBE=1"), "{text}");
    // More than there can be at all: allowing it would not help, and the advice does not say so.
    for oversubscribe in [false, true] {
        let wishes = Wishes {
            oversubscribe,
            ..wishes(MOST_XES + 1, None)
        };
        let text = refused("core:2", &wishes);
        assert!(text.contains("ask for 4096 or fewer"), "{text}");
    }
}

#[test]
fn oversubscription_is_spread_evenly() {
    let crowd = |xes| Wishes {
        oversubscribe: true,
        ..wishes(xes, None)
    };
    let plan = planned("cache:2 core:2", &crowd(10));
    assert_eq!(cpus(&plan), [vec![0, 1, 0, 1, 0, 1], vec![2, 3, 2, 3]]);
    assert!(plan.oversubscribed);
    assert!(!planned("core:2", &crowd(2)).oversubscribed);
    assert_eq!(planned("core:1", &crowd(MOST_XES)).xes.len(), MOST_XES);
}

#[test]
fn a_machine_beyond_the_limit_gets_as_many_engines_as_there_can_be() {
    let plan = planned("package:2 cache:8 core:320", &Wishes::default());
    assert_eq!(plan.xes.len(), MOST_XES);
    assert!(
        plan.reason.contains("of 5120 cores 4096 get an engine"),
        "{}",
        plan.reason
    );
}

#[test]
fn regions_without_cpus_stay() {
    let part = machine("package:2 region:2 core:2")
        .restrict(&[2, 3, 6].into_iter().collect())
        .unwrap();
    let wishes = Wishes::default();
    let plan = plan(&part, &wishes).unwrap();
    check(&part, &wishes, &plan);
    assert_eq!(plan.regions, 4);
    let at: Vec<_> = plan
        .xes
        .iter()
        .map(|xe| (xe.cpu, xe.region, xe.domain))
        .collect();
    assert_eq!(at, [(2, 1, 0), (3, 1, 0), (6, 3, 1)]);
}

#[test]
fn a_topology_that_contradicts_itself_is_refused() {
    let mut broken = machine("core:2");
    broken.cores[1].region = 7;
    let error = plan(&broken, &Wishes::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Topology);
}

#[test]
fn modes_have_names() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        assert_eq!(mode.to_string().parse::<CeMode>().unwrap(), mode);
    }
    let text = "polling".parse::<CeMode>().unwrap_err().to_string();
    assert!(
        text.contains("`polling`") && text.contains("`dedicated`"),
        "{text}"
    );
}

fn any_mode() -> impl Strategy<Value = Option<CeMode>> {
    let modes = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];
    proptest::option::of(proptest::sample::select(modes.to_vec()))
}

proptest! {
    /// Whole machines and odd parts of them, with any wishes: a plan that keeps what `check` says, or a refusal.
    #[test]
    fn every_plan_keeps_its_word(
        counts in (1usize..3, 1usize..4, 1usize..4, 1usize..10, 1usize..4),
        gone in proptest::collection::vec(any::<bool>(), 0..40),
        xes in proptest::option::of(0usize..200),
        mode in any_mode(),
        oversubscribe: bool,
    ) {
        let (packages, regions, caches, cores, threads) = counts;
        let whole = machine(&format!(
            "package:{packages} region:{regions} cache:{caches} core:{cores} thread:{threads}"
        ));
        let kept = |cpu: &u32| !gone.get(*cpu as usize).copied().unwrap_or(false);
        let topology = whole.restrict(&whole.cpus().iter().filter(kept).collect()).unwrap_or(whole);
        let wishes = Wishes { xes, mode, oversubscribe };
        let threads = topology.threads();
        match plan(&topology, &wishes) {
            Ok(plan) => check(&topology, &wishes, &plan),
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Config);
                prop_assert!(xes == Some(0) || (!oversubscribe && xes.is_some_and(|xes| xes > threads)));
            }
        }
    }
}
