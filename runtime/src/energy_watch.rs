//! The policies `energy` and `energy_delay` on threads: control engines turn engines off that do not help enough. How many of a domain work is
//! [`crate::decide::narrowing`]'s to say; here it is seen what they do and draw, and carried out. See `docs/design/energy.md`.

use crate::decide::narrowing::{Done, Narrowing};
use crate::decide::policy::Policy;
use crate::error::{Error, ErrorKind, Result};
use crate::local::Local;
use crate::runtime::Runtime;
use crate::seat::Seat;
use crate::seen_engine::{SeenEngine, SeenEngines};
use crate::shared::{Domain, Shared};
use crate::sync::lock;

/// What is drawn for each engine in any case, and more for one that has its processor, in nanojoules a nanosecond. Modelled, since most systems do not tell:
/// a core of a server at work draws some watts, and its share of caches, links and memory about one.
const IDLE_W: u64 = 1;
const BUSY_W: u64 = 3;

impl Runtime {
    /// Aims at something else from now on. Engines that a policy has turned off work again when another one does not.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Policy, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// rt.set_policy(Policy::Energy)?;
    /// assert_eq!(rt.policy(), Policy::Energy);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] from `locality` to another one and from another one to that: it needs account of all accesses from the start
    /// ([`Builder::policy`](crate::Builder::policy)).
    pub fn set_policy(&self, policy: Policy) -> Result<()> {
        let shared = self.shared();
        let now = shared.policy();
        if now != policy && [now, policy].contains(&Policy::Locality) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the policy cannot change from `{now}` to `{policy}` while the runtime runs: `locality` keeps account of accesses from the start; choose it when the runtime is built, or another one of `performance`, `energy` and `energy_delay` here"
                ),
            ));
        }
        shared.set_policy(policy);
        Ok(())
    }
}

impl Shared {
    /// What is aimed at now.
    pub(crate) fn policy(&self) -> Policy {
        lock(&self.cap).policy
    }

    pub(crate) fn set_policy(&self, policy: Policy) {
        lock(&self.cap).policy = policy;
        for domain in &self.domains {
            match policy.narrows() {
                // Nobody may watch yet.
                true => self.request(domain),
                false => self.narrow(lock(&self.cap), domain, usize::from(domain.count)),
            }
        }
    }

    /// Part of a control engine's routine: how many of its engines work.
    pub(crate) fn watch_energy(&self, domain: &Domain, watch: &mut SeenEngines, now_ns: u64) {
        let seats = self.seats_of(domain);
        let busy_ns: u64 = watch.engines.iter().map(|engine| engine.busy_ns).sum();
        let done = Done {
            at_ns: now_ns,
            work: seats.iter().map(|seat| seat.counters.ran.get()).sum(),
            drawn_nj: seats.len() as u64 * now_ns * IDLE_W + busy_ns * BUSY_W,
        };
        let cap = lock(&self.cap);
        let workers = cap.workers(domain.first, domain.count);
        let is_known = |(engine, seat): (&SeenEngine, &Seat<Local>)| {
            engine.is_known || domain.idle.is_asleep(usize::from(seat.place))
        };
        let width = match watch.engines.iter().zip(seats).all(is_known) {
            true => watch.narrowing.look(cap.policy, workers, done),
            false => {
                watch.narrowing = Narrowing::default();
                workers
            }
        };
        self.narrow(cap, domain, width);
    }
}
