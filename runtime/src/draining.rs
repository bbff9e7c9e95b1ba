//! When the rings of a trace are emptied, and what control engines note there themselves: [`crate::tracing`].

use crate::decide::controller::{Decision, DomainView, Observation};
use crate::decide::health::{Look, Verdict};
use crate::decide::power::Allotment;
use crate::decide::regulation;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::trace::{Decided, Did, DomainSeen, Reason};
use crate::tracing::{PERIOD, Trace};
use std::time::Duration;

impl Shared {
    /// Empties the rings of a trace by an engine that is the control engine, too, and has other work: if somebody asks.
    pub(crate) fn drain_trace_if_asked(&self) {
        let asked = |domain: &Domain| domain.control.requested.load(Ordering::Relaxed);
        if self.trace.is_some() && self.domains.iter().any(asked) {
            self.drain_trace();
        }
    }

    /// Empties the rings of the trace, if one is kept and it is time.
    #[inline]
    pub(crate) fn drain_trace(&self) {
        if let Some(trace) = &self.trace {
            self.drain(trace);
        }
    }

    fn drain(&self, trace: &Trace) {
        let settles = trace.settled.settles(&self.open_scopes);
        let all_sleep = |domain: &Domain| domain.idle.asleep() == domain.idle.seats();
        let drained = trace.drain_if_due(settles || self.domains.iter().all(all_sleep));
        if !drained {
            trace.settled.unsettle();
        }
    }

    /// How long a control engine may sleep that has nothing to watch, if something may lie in the rings of a trace.
    pub(crate) fn trace_nap(&self) -> Option<Duration> {
        let trace = self.trace.as_ref()?;
        (!trace.settled.is_settled()).then_some(PERIOD)
    }

    /// A scope was opened.
    pub(crate) fn trace_opens(&self) {
        if let Some(trace) = &self.trace
            && trace.settled.opens()
        {
            self.request(&self.domains[0]);
        }
    }

    /// A control engine, or who stood in for it, has seen this and decided that.
    #[cold]
    pub(crate) fn trace_decisions(&self, seen: &Observation, made: &[Decision], stood_in: bool) {
        let Some(trace) = &self.trace else { return };
        let domain = |view: &DomainView| DomainSeen {
            queued: small(view.queued),
            engines: small(view.engines),
            asleep: small(view.asleep),
            searching: small(view.searching),
            stalled: small(view.stalled),
        };
        let did = |decision: &Decision| match *decision {
            Decision::Broker { from, to, count } => Did::Broker {
                from: from as u16,
                to: to as u16,
                count: small(count),
            },
            Decision::Rouse { domain } => Did::Rouse {
                domain: domain as u16,
            },
            Decision::CheckStuck => Did::CheckStuck,
        };
        trace.decisions.add(Decided {
            time: 0,
            domain: seen.own as u16,
            stood_in,
            seen: Reason::Queues {
                open_scopes: small(seen.open_scopes),
                domains: seen.domains.iter().map(domain).collect(),
            },
            did: made.iter().map(did).collect(),
        });
    }

    /// A control engine, or who stood in for it, has concluded this of its engines.
    #[cold]
    pub(crate) fn trace_verdicts(
        &self,
        domain: &Domain,
        look: &Look,
        verdicts: &[Verdict],
        stood_in: bool,
    ) {
        let Some(trace) = &self.trace else { return };
        let xe = |at: usize| domain.first + at as u16;
        let did = |verdict: &Verdict| match *verdict {
            Verdict::Relieve(at) => Did::Relieve { xe: xe(at) },
            Verdict::GiveUp(at) => Did::GiveUp { xe: xe(at) },
            Verdict::Trust(at) => Did::Trust { xe: xe(at) },
        };
        trace.decisions.add(Decided {
            time: 0,
            domain: self.domain_number(domain) as u16,
            stood_in,
            seen: Reason::Health {
                first: domain.first,
                look: look.numbers(),
            },
            did: verdicts.iter().map(did).collect(),
        });
    }

    /// A control engine, or who stood in for it, lets so many of its engines work, so fast.
    #[cold]
    pub(crate) fn trace_allotment(
        &self,
        domain: &Domain,
        look: &regulation::Look,
        allotment: Allotment,
        stood_in: bool,
    ) {
        let Some(trace) = &self.trace else { return };
        trace.decisions.add(Decided {
            time: 0,
            domain: self.domain_number(domain) as u16,
            stood_in,
            seen: Reason::Power {
                look: look.numbers(),
            },
            did: vec![Did::Allot {
                engines: small(allotment.engines),
                state: small(allotment.state),
            }],
        });
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
