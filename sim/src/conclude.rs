//! What control engines of a threaded run concluded of their engines' health, and how many of them they let work and how fast, concluded again.

use sprat::decide::health::{self, Verdict};
use sprat::decide::regulation;
use sprat::trace::{Chunk, Decided, Did, File, Reason};
use sprat::{Error, ErrorKind, Result};

/// A conclusion of a threaded run, and the same made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concluded {
    /// As the trace tells it.
    pub logged: Decided,
    /// With what is concluded here from what was seen then.
    pub again: Decided,
}

/// Reads the trace of a threaded run, and concludes again what its control engines concluded of the health of their engines
/// ([`Runtime::relieved_xes`](sprat::Runtime::relieved_xes)), and how many of them they let work in which state of frequency under a policy that looks at energy or a power cap
/// ([`Runtime::energy`](sprat::Runtime::energy)), from what they saw and remembered. If the same version of the runtime wrote it, all are
/// equal. `name` stands in messages.
///
/// # Errors
/// [`ErrorKind::Config`] if this is no trace of this version, or a conclusion in it makes no sense.
pub fn conclude_again(name: &str, trace: &[u8]) -> Result<Vec<Concluded>> {
    let wrong = |what: String| Error::new(ErrorKind::Config, format!("{name}: {what}"));
    let file = File::open(trace).map_err(|flaw| wrong(flaw.to_string()))?;
    let mut all = Vec::new();
    for chunk in file.chunks() {
        let Chunk::Decided(decided) = chunk.map_err(|flaw| wrong(flaw.to_string()))? else {
            continue;
        };
        for logged in decided {
            let did = match &logged.seen {
                Reason::Health { first, look } => verdicts(*first, look),
                Reason::Power { look } => allotment(look),
                Reason::Queues { .. } | Reason::Accesses { .. } => continue,
            };
            let did = did.ok_or_else(|| {
                wrong(format!(
                    "what control engine {} saw of its engines at {} makes no sense",
                    logged.domain, logged.time
                ))
            })?;
            let again = Decided {
                did,
                ..logged.clone()
            };
            all.push(Concluded { logged, again });
        }
    }
    Ok(all)
}

fn verdicts(first: u16, look: &[u64]) -> Option<Vec<Did>> {
    let verdicts = health::Look::from_numbers(look)?.again();
    Some(verdicts.iter().map(|verdict| did(first, verdict)).collect())
}

fn allotment(look: &[u64]) -> Option<Vec<Did>> {
    let allotment = regulation::Look::from_numbers(look)?.again();
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(vec![Did::Allot {
        engines: small(allotment.engines),
        state: small(allotment.state),
    }])
}

fn did(first: u16, verdict: &Verdict) -> Did {
    let xe = |at: usize| first + at as u16;
    match *verdict {
        Verdict::Relieve(at) => Did::Relieve { xe: xe(at) },
        Verdict::GiveUp(at) => Did::GiveUp { xe: xe(at) },
        Verdict::Trust(at) => Did::Trust { xe: xe(at) },
    }
}
