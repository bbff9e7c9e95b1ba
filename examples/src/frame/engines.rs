//! Which engines a program runs on.

use clap::Args;
use sprat::{Builder, CeMode, Policy, Runtime};

/// Which engines there are to be. What is not said follows `SPRAT_*` variables, then the machine.
#[derive(Args, Clone, Debug, Default)]
pub struct PlanOptions {
    /// How many execution engines [default: SPRAT_XES, else one for each usable core]
    #[arg(long, value_name = "N")]
    pub xes: Option<usize>,

    /// How much of a core control engines own: shared, elastic or dedicated [default: SPRAT_CE, else by the machine]
    #[arg(long, value_name = "MODE", value_parser = parse_mode)]
    pub ce: Option<CeMode>,
}

/// Which engines to run on, and what to tell of them.
#[derive(Args, Clone, Debug, Default)]
pub struct EngineOptions {
    /// Which engines.
    #[command(flatten)]
    pub plan: PlanOptions,

    /// What to aim at: performance, or locality, which moves data to where it is used [default: SPRAT_POLICY, else performance]
    #[arg(long, value_name = "POLICY", value_parser = parse_policy)]
    pub policy: Option<Policy>,

    /// Tell which codelets touched which data blocks from which memory regions, and what would mend it
    #[arg(long)]
    pub memory_report: bool,
}

impl PlanOptions {
    /// A builder with these choices.
    pub fn builder(&self) -> Builder {
        let mut builder = Runtime::builder();
        if let Some(xes) = self.xes {
            builder = builder.xes(xes);
        }
        if let Some(mode) = self.ce {
            builder = builder.ce(mode);
        }
        builder
    }
}

impl EngineOptions {
    /// A builder with these choices.
    pub fn builder(&self) -> Builder {
        let mut builder = self.plan.builder();
        if self.memory_report {
            builder = builder.memory_report(true);
        }
        if let Some(policy) = self.policy {
            builder = builder.policy(policy);
        }
        builder
    }
}

/// The runtime's own parser, in the form that clap wants.
fn parse_policy(text: &str) -> Result<Policy, String> {
    text.parse()
        .map_err(|error: sprat::Error| error.to_string())
}

/// The same for modes.
fn parse_mode(text: &str) -> Result<CeMode, String> {
    text.parse()
        .map_err(|error: sprat::Error| error.to_string())
}
