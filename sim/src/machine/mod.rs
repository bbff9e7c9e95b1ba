//! The machine: its engines, and what things cost on it.

mod build;
mod change;
pub(crate) mod description;
pub(crate) mod model;
mod text;
pub mod units;

pub use description::Description;
pub use model::Model;
use sprat::Result;
use sprat::decide::plan::{Plan, Wishes, plan};
use sprat::decide::policy::Tuning;
use sprat::decide::power::Policy;
use sprat::topology::Topology;

/// What things cost, in nanoseconds. The defaults are round figures for the 2-core virtual machine of the design page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// The host spawns a codelet.
    pub spawn_ns: u64,
    /// The same for each block that it uses.
    pub enter_ns: u64,
    /// An engine starts a codelet and settles its end: queues, counters, successors.
    pub codelet_ns: u64,
    /// The same for each block that a codelet uses.
    pub access_ns: u64,
    /// An engine takes codelets from another one: two trips of a cache line or so.
    pub steal_ns: u64,
    /// Between two looks of an engine that has nothing to do.
    pub look_ns: u64,
    /// From waking a parked engine or a sleeping control engine until it runs: a trip through the kernel.
    pub wake_ns: u64,
    /// A control engine's routine: from what it sees until what it decided is done.
    pub control_ns: u64,
    /// So much longer for each engine that the routine looks at.
    pub control_each_ns: u64,
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            spawn_ns: 100,
            enter_ns: 0,
            codelet_ns: 50,
            access_ns: 0,
            steal_ns: 300,
            look_ns: 1_000,
            wake_ns: 50_000,
            control_ns: 2_000,
            control_each_ns: 0,
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Which engines there are.
    pub plan: Plan,
    /// The numbers that decisions use.
    pub tuning: Tuning,
    /// What things cost.
    pub costs: Costs,
    /// What the runtime aims at.
    pub policy: Policy,
    /// All else.
    pub model: Model,
}

impl Machine {
    /// The machine that the runtime would start on this topology, with default costs, without a model of its memory and energy, and tuned to their wake-up as the
    /// runtime tunes itself at its start.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn new(topology: &Topology, wishes: &Wishes) -> Result<Self> {
        let costs = Costs::default();
        let plan = plan(topology, wishes)?;
        Ok(Machine {
            tuning: Tuning::from_wake_up(costs.wake_ns),
            costs,
            policy: Policy::default(),
            model: Model::plain(plan.xes.len()),
            plan,
        })
    }

    /// How many execution engines there are.
    pub fn xes(&self) -> u16 {
        self.plan.xes.len() as u16
    }
}
