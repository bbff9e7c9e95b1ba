//! Several domains: control engines move work, affinity holds it.

mod common;

use common::{machine, simulated};
use sprat::decide::controller::Decision;
use sprat::decide::plan::{CeMode, Wishes};
use sprat_sim::{Affinity, Codelet, Cost, Outcome, Workload};

fn brokered(outcome: &Outcome) -> usize {
    let to_the_second = |d: &&sprat_sim::Decided| {
        matches!(d.decision, Decision::Broker { from: 0, to: 1, .. }) && d.by == 1
    };
    outcome.decisions.iter().filter(to_the_second).count()
}

/// Thieves stay in their domain, so without brokering the second one would sleep.
#[test]
fn control_engines_bring_a_sleeping_domain_its_share() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let wishes = Wishes {
            xes: Some(8),
            mode: Some(mode),
            oversubscribe: false,
        };
        let machine = machine("cache:2 core:5", &wishes);
        let domains: Vec<_> = machine.plan.domains.iter().map(|d| d.xes.clone()).collect();
        assert_eq!(domains.len(), 2);
        let workload = Workload::flat(400, 100_000);
        let outcome = simulated(&machine, &workload);
        assert!(brokered(&outcome) > 0, "{mode}: {:?}", outcome.decisions);
        let busy = |domain: usize| -> u64 {
            let engines = &outcome.engines[domains[domain].clone()];
            engines.iter().map(|e| e.busy_ns).sum()
        };
        let share = busy(1) as f64 / workload.work_ns() as f64;
        assert!(
            share > 0.25,
            "{mode}: the second domain has {share} of the work"
        );
    }
}

#[test]
fn pinned_codelets_run_only_where_pinned() {
    let machine = machine("package:2 core:2", &Wishes::default());
    let codelets = (0..200u16).map(|number| Codelet {
        affinity: match number % 3 {
            0 => Affinity::Only(number % 4),
            1 => Affinity::Region(number % 2),
            _ => Affinity::Anywhere,
        },
        ..Codelet::new("pinned", Cost::Ns(10_000))
    });
    let workload = Workload::from(codelets.collect::<Vec<_>>());
    let outcome = simulated(&machine, &workload);
    for run in &outcome.runs {
        let region = machine.plan.xes[usize::from(run.xe)].region;
        match workload.codelets[run.codelet as usize].affinity {
            Affinity::Only(xe) => assert_eq!(run.xe, xe),
            Affinity::Region(wanted) => assert_eq!(region, usize::from(wanted)),
            _ => (),
        }
    }
    assert!(
        outcome.engines.iter().all(|e| e.ran > 10),
        "{:?}",
        outcome.engines
    );
}

#[test]
fn preferred_engines_get_most_of_their_own() {
    let machine = machine("core:4", &Wishes::default());
    let workload = Workload::stencil(64, 50, 50_000, machine.xes());
    let outcome = simulated(&machine, &workload);
    let at_home = outcome
        .runs
        .iter()
        .filter(|run| workload.codelets[run.codelet as usize].affinity == Affinity::Prefer(run.xe));
    let share = at_home.count() as f64 / outcome.runs.len() as f64;
    assert!(share > 0.5, "{share}");
}
