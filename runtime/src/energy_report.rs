//! What a runtime has drawn, measured or modelled, and what could not be had.

use crate::decide::power::WHOLE;
use crate::run_times::{RunTimes, own_number};
use crate::runtime::Runtime;
use crate::sync::lock;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// What a runtime has drawn: [`Runtime::energy`]. With `{}` it is text for people.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EnergyReport {
    /// The energy that was drawn, in joules, since it is counted.
    pub joules: f64,
    /// Whether all of it is measured: all that the processor packages and their memories drew, where the engines are, whoever drew it. Else it is modelled, and good for
    /// comparing runs of the same machine with each other only.
    pub is_measured: bool,
    /// How long it is counted.
    pub counted: Duration,
    /// The power cap, in watts.
    pub cap_watts: Option<f64>,
    /// The cap cannot be held, as far as is known: with one engine at work in some domain, in its slowest state, more is drawn.
    pub misses_cap: bool,
    /// How fast the engines of each domain may be, of 1; `None` where their frequencies cannot be set, or nobody has asked for that.
    pub speeds: Vec<Option<f64>>,
    /// What could not be had, why, and what helps, a sentence each.
    pub notes: Vec<String>,
}

impl Runtime {
    /// What was drawn since the runtime was built under a policy that looks at energy or a power cap, or was given one; else since this was called first.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// rt.energy();
    /// rt.finish(|s| {
    ///     s.spawn((), |_, ()| ());
    ///     Ok(())
    /// })?;
    /// println!("{}", rt.energy());
    /// # Ok(())
    /// # }
    /// ```
    pub fn energy(&self) -> EnergyReport {
        let shared = self.shared();
        let now_ns = shared.cancelling.now_ns();
        let cap_uw = lock(&shared.cap).power_uw;
        let mut report = EnergyReport {
            joules: 0.0,
            is_measured: true,
            counted: Duration::ZERO,
            cap_watts: cap_uw.map(|uw| uw as f64 / 1e6),
            misses_cap: false,
            speeds: Vec::new(),
            notes: Vec::new(),
        };
        let mut notes = BTreeSet::new();
        let tells_times = RunTimes::of(own_number()).is_some_and(|times| times.read().is_some());
        for domain in &shared.domains {
            let watch = &mut *lock(&domain.control.health);
            shared.begin_power(domain, watch);
            shared.add_up(domain, watch, now_ns);
            let power = &watch.power;
            report.joules += power.drawn_nj as f64 / 1e9;
            report.is_measured &= power.is_measured();
            let counted = Duration::from_nanos(power.counted_ns(now_ns));
            report.counted = report.counted.max(counted);
            report.misses_cap |= power.regulation.misses_cap();
            let speed = power.speed();
            report
                .speeds
                .push(speed.map(|speed| f64::from(speed) / f64::from(WHOLE)));
            notes.extend(power.notes.iter().cloned());
            if !power.is_measured() && !tells_times {
                notes.insert(
                    "this kernel does not tell how long threads run (/proc/self/schedstat): the model takes all engines for idle, and no policy tries how many help; use a kernel with CONFIG_SCHED_INFO"
                        .to_owned(),
                );
            }
        }
        report.notes = notes.into_iter().collect();
        report
    }
}

impl fmt::Display for EnergyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.counted.as_secs_f64();
        let how = match self.is_measured {
            true => "measured, all that the packages drew",
            false => "modelled, 1 W for each engine and 3 W more for one at work",
        };
        write!(f, "{:.3} J in {seconds:.3} s ({how})", self.joules)?;
        if let Some(watts) = self.cap_watts {
            let by = if self.is_measured {
                "by measurement"
            } else {
                "by the model"
            };
            write!(f, "\npower cap: {watts} W, {by}")?;
            if self.misses_cap {
                write!(f, "; it cannot be held: one engine at work draws more")?;
            }
        }
        for (domain, speed) in self.speeds.iter().enumerate() {
            if let Some(speed) = speed {
                write!(
                    f,
                    "\ndomain {domain}: engines at {:.0} % of their speed",
                    speed * 100.0
                )?;
            }
        }
        for note in &self.notes {
            write!(f, "\n{note}")?;
        }
        Ok(())
    }
}
