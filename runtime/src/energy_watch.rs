//! Policies that look at energy, and power caps, on threads: control engines turn engines off that do not help enough or draw too much, and slow them down where the
//! system lets them. How many of a domain work, and how fast, is [`crate::decide::regulation`]'s to say; here it is seen what they do and draw, and carried out. See
//! `docs/design/energy.md`.

use crate::decide::narrowing::Done;
use crate::decide::policy::Policy;
use crate::decide::power::Range;
use crate::decide::regulation::{Look, Sight, caps};
use crate::error::{Error, ErrorKind, Result};
use crate::local::Local;
use crate::runtime::Runtime;
use crate::seat::Seat;
use crate::seen_engine::{SeenEngine, SeenEngines};
use crate::shared::{Domain, Shared};
use crate::sync::lock;

impl Runtime {
    /// Aims at something else from now on. Engines that a policy has turned off work again when another one does not, and their processors may be as fast as they were found.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Policy, Runtime};
    ///
    /// // Engines that are not pinned have no processors of their own: frequencies stay as they are.
    /// let rt = Runtime::builder().pin(false).build()?;
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

    /// From now on no more is to be drawn than so many watts: beside the policy, engines are slowed down and turned off as far as that takes; with `None` there is no cap
    /// any more. At least one engine of each domain goes on. What is drawn is measured where the system tells it, which is then all that the packages draw where engines are,
    /// whoever draws it; else it is modelled, and the cap is one of the model: [`Runtime::energy`] tells.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// // Engines that are not pinned have no processors of their own: they are turned off and not slowed down.
    /// let rt = sprat::Runtime::builder().pin(false).build()?;
    /// rt.set_power_cap(Some(1000.0))?;
    /// println!("{}", rt.energy());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is no power, or if it cannot be held, as far as the model says and nothing is measured. The cap is as before then.
    pub fn set_power_cap(&self, watts: Option<f64>) -> Result<()> {
        let cap_uw = watts.map(|watts| microwatts(watts, "the power cap"));
        self.shared().set_power_cap(cap_uw.transpose()?)
    }
}

/// The most that a machine draws, in watts.
const MOST_W: f64 = 1e9;

/// A power in microwatts. Errors: `Config` if it is none; the text begins with `what`.
pub(crate) fn microwatts(watts: f64, what: &str) -> Result<u64> {
    // Not a number is neither.
    match watts > 0.0 && watts <= MOST_W {
        true => Ok((watts * 1e6).ceil() as u64),
        false => Err(Error::new(
            ErrorKind::Config,
            format!(
                "{what} is {watts} W, which is no power; say a number of watts above 0, such as 65 or 12.5"
            ),
        )),
    }
}

impl Shared {
    /// What is aimed at now.
    pub(crate) fn policy(&self) -> Policy {
        lock(&self.cap).policy
    }

    pub(crate) fn set_policy(&self, policy: Policy) {
        let _turn = lock(&self.aiming);
        let is_regulated = {
            let cap = &mut *lock(&self.cap);
            let was_regulated = cap.is_regulated();
            cap.policy = policy;
            was_regulated || cap.is_regulated()
        };
        if is_regulated && self.check.is_none() {
            self.regulate_all();
        }
    }

    pub(crate) fn set_power_cap(&self, cap_uw: Option<u64>) -> Result<()> {
        if self.check.is_some() {
            // The checking mode has one engine, which is slow anyway.
            return Ok(());
        }
        let _turn = lock(&self.aiming);
        let shares = match cap_uw.map(|cap_uw| self.share_cap(cap_uw)) {
            None => vec![None; self.domains.len()],
            Some(Ok(shares)) => shares.into_iter().map(Some).collect(),
            Some(Err(refused)) => {
                if !lock(&self.cap).is_regulated() {
                    // What was looked at for an answer is needed no more.
                    for domain in &self.domains {
                        lock(&domain.control.health).power.let_go();
                    }
                }
                return Err(refused);
            }
        };
        for (domain, share) in self.domains.iter().zip(shares) {
            lock(&domain.control.health).power.cap_uw = share;
        }
        lock(&self.cap).power_uw = cap_uw;
        self.regulate_all();
        Ok(())
    }

    /// What of a cap each domain may draw.
    fn share_cap(&self, cap_uw: u64) -> Result<Vec<u64>> {
        let (mut is_measured, mut ranges) = (true, Vec::new());
        for domain in &self.domains {
            let watch = &mut *lock(&domain.control.health);
            self.begin_power(domain, watch);
            watch.power.control();
            is_measured &= watch.power.is_measured();
            let engines = usize::from(domain.count);
            ranges.push((engines, watch.power.range(engines)));
        }
        caps(cap_uw, &ranges, is_measured).ok_or_else(|| {
            let watts = |uw: u64| uw as f64 / 1e6;
            let sum = |of: fn(&Range) -> u64| ranges.iter().map(|(_, range)| of(range)).sum();
            Error::new(
                ErrorKind::Config,
                format!(
                    "the power cap of {} W cannot be held: by the model, which counts since nothing is measured here, {} engines in {} domains draw {} W at the least and {} W at the most; raise the cap to the first or more, or have fewer engines",
                    watts(cap_uw),
                    self.seats.len(),
                    ranges.len(),
                    watts(sum(|range| range.least_uw)),
                    watts(sum(|range| range.most_uw)),
                ),
            )
        })
    }

    /// From now on what a domain draws is counted; it is seen how long its engines were at work.
    pub(crate) fn begin_power(&self, domain: &Domain, watch: &mut SeenEngines) {
        let seats = self.seats_of(domain);
        watch.engines.resize_with(seats.len(), SeenEngine::default);
        for (engine, seat) in watch.engines.iter_mut().zip(seats) {
            engine.add_up(seat.thread());
        }
        let busy_ns = watch.engines.iter().map(|engine| engine.busy_ns).sum();
        watch.power.begin(self.cancelling.now_ns(), busy_ns);
    }

    /// What is aimed at, or the cap, has changed.
    fn regulate_all(&self) {
        self.tell_watchers();
        let is_regulated = lock(&self.cap).is_regulated();
        for domain in &self.domains {
            {
                let watch = &mut *lock(&domain.control.health);
                self.begin_power(domain, watch);
                if is_regulated {
                    watch.power.control();
                }
                let now_ns = self.cancelling.now_ns();
                self.add_up(domain, watch, now_ns);
                let done = self.done(domain, watch, now_ns);
                self.regulate(domain, watch, done, false);
                if !is_regulated {
                    watch.power.let_go();
                }
            }
            if is_regulated {
                // Nobody may watch yet.
                self.request(domain);
            }
        }
    }

    /// What a domain's engines have done and drawn by now, as far as was seen.
    fn done(&self, domain: &Domain, watch: &SeenEngines, at_ns: u64) -> Done {
        let seats = self.seats_of(domain).iter();
        Done {
            at_ns,
            work: seats.map(|seat| seat.counters.ran.get()).sum(),
            drawn_nj: watch.power.drawn_nj,
        }
    }

    /// What a domain's engines have drawn by now, of which it was just seen how long they were at work.
    pub(crate) fn add_up(&self, domain: &Domain, watch: &mut SeenEngines, now_ns: u64) {
        let busy_ns = watch.engines.iter().map(|engine| engine.busy_ns).sum();
        watch.power.draw(usize::from(domain.count), now_ns, busy_ns);
    }

    /// Part of a control engine's routine: how many of its engines work, and how fast.
    pub(crate) fn watch_energy(
        &self,
        domain: &Domain,
        watch: &mut SeenEngines,
        now_ns: u64,
        stands_in: bool,
    ) {
        if !lock(&self.cap).is_regulated() {
            return;
        }
        self.add_up(domain, watch, now_ns);
        let done = self.done(domain, watch, now_ns);
        self.regulate(domain, watch, done, stands_in);
    }

    /// Decides how many engines of a domain work, and how fast, and has it so.
    fn regulate(&self, domain: &Domain, watch: &mut SeenEngines, done: Done, stands_in: bool) {
        let (policy, workers) = {
            let cap = lock(&self.cap);
            (cap.policy, cap.workers(domain.first, domain.count))
        };
        let is_known = |(engine, seat): (&SeenEngine, &Seat<Local>)| {
            engine.is_known || domain.idle.is_asleep(usize::from(seat.place))
        };
        let seats = self.seats_of(domain);
        let power = &mut watch.power;
        let is_measured = power.is_measured();
        let is_known = is_measured || watch.engines.iter().zip(seats).all(is_known);
        let seen = Sight {
            // Of what nobody knows nothing is found out.
            policy: if is_known {
                policy
            } else {
                Policy::Performance
            },
            workers,
            engines: seats.len(),
            cap_uw: power.cap_uw,
            is_measured,
            speeds: power.speeds().to_vec(),
            done,
        };
        let before = self.trace.as_ref().map(|_| power.regulation.clone());
        let allotment = power.regulation.look(&seen);
        power.set(allotment.state, policy);
        if power.allotted.replace(allotment) != Some(allotment)
            && let Some(before) = before
        {
            let look = Look { before, seen };
            self.trace_allotment(domain, &look, allotment, stands_in);
        }
        self.narrow(lock(&self.cap), domain, allotment.engines);
    }
}
