//! What can be chosen about energy and power.

use super::Builder;
use crate::config::Settings;
use crate::decide::plan::Plan;
use crate::energy_counters::Part;
use crate::energy_watch::microwatts;
use crate::error::{Error, ErrorKind, Result};
use crate::power_watch::Ground;
use crate::shared::Shared;
use crate::sync::lock;
use crate::topology::Topology;
use std::path::{Path, PathBuf};

impl Builder {
    /// No more is to be drawn than so many watts: see [`Runtime::set_power_cap`](crate::Runtime::set_power_cap). Default: no cap; `SPRAT_POWER_CAP=65` sets one from outside. In the
    /// checking mode it says nothing. Where engines are pinned ([`Builder::pin`]) and the process may, it slows their processors down for as long as there is a cap; without pinning it
    /// changes nothing of the system's.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::builder().pin(false).power_cap(1000.0).build()?;
    /// assert_eq!(rt.energy().cap_watts, Some(1000.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn power_cap(mut self, watts: f64) -> Self {
        self.power_cap = Some(watts);
        self
    }

    /// For tests: energy counters and frequency controls are looked for below this folder, whatever the topology.
    #[doc(hidden)]
    pub fn power_files(mut self, root: impl Into<PathBuf>) -> Self {
        self.power_files = Some(root.into());
        self
    }

    /// The power cap, in microwatts.
    pub(super) fn cap_uw(&self, settings: &Settings) -> Result<Option<u64>> {
        if let Some(watts) = self.power_cap {
            return microwatts(watts, "power_cap").map(Some);
        }
        let Some(text) = &settings.power_cap else {
            return Ok(None);
        };
        let watts: f64 = text.parse().map_err(|_| {
            Error::new(
                ErrorKind::Config,
                format!(
                    "the environment variable SPRAT_POWER_CAP is `{text}`, and must be a number of watts above 0, such as 65 or 12.5; mend or unset it"
                ),
            )
        })?;
        microwatts(watts, "the environment variable SPRAT_POWER_CAP").map(Some)
    }
}

/// Tells control engines where their engines are, of which the system may tell what they draw.
pub(super) fn survey(shared: &Shared, topology: &Topology, files: Option<&Path>, pin: bool) {
    let here = topology.source.is_this_machine().then(|| Path::new("/"));
    let Some(root) = files.or(here) else {
        return;
    };
    let plan = &shared.plan;
    for (domain, engines) in shared.domains.iter().zip(&plan.domains) {
        let cpus = plan.xes[engines.xes.clone()].iter().map(|xe| xe.cpu);
        let ground = Ground {
            root: root.to_owned(),
            cpus: cpus.filter(|_| pin).collect(),
            parts: parts(plan, topology, engines.xes.clone()),
        };
        lock(&domain.control.health).power.ground = Some(ground);
    }
}

/// The packages in which these engines are, with their part of the engines there.
fn parts(plan: &Plan, topology: &Topology, xes: std::ops::Range<usize>) -> Vec<Part> {
    let package = |xe: usize| topology.cores[plan.xes[xe].core].package;
    let number = |package: usize| u32::try_from(topology.packages[package].os_id).ok();
    let known = topology.packages.len() > 1;
    let count = |package_: usize, xes: std::ops::Range<usize>| {
        xes.filter(|xe| package(*xe) == package_).count() as u64
    };
    let mut packages: Vec<usize> = xes.clone().map(package).collect();
    packages.sort_unstable();
    packages.dedup();
    let part = |package: usize| Part {
        // Of one package nobody need know the number.
        package: number(package).filter(|_| known),
        own: count(package, xes.clone()),
        all: count(package, 0..plan.xes.len()),
    };
    packages.into_iter().map(part).collect()
}
