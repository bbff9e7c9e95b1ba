//! What codelets say about where they would run, as it is recorded.

use crate::affinity::Affinity;
use crate::decide::graph::{Owner, Wish};
use crate::shared::Shared;
use crate::spawn::Spec;

/// Where a codelet would run.
pub(super) fn wish(shared: &Shared, spec: &Spec) -> Wish {
    let (mut wish, seats) = (
        Wish {
            cost: spec.cost_ns,
            ..Wish::default()
        },
        &shared.seats,
    );
    match spec.affinity {
        Affinity::Anywhere | Affinity::NearData | Affinity::Control => (),
        Affinity::Prefer(xe) => {
            let (xe, only) = (xe % seats.len() as u16, false);
            wish.at = Some(Owner { xe, only });
        }
        Affinity::Only(xe) => wish.at = Some(Owner { xe, only: true }),
        // All engines are there.
        Affinity::Region(region) if seats.iter().all(|seat| seat.region == region) => (),
        Affinity::Region(region) => {
            let there = seats.iter().position(|seat| seat.region == region);
            wish.at = there.map(|xe| Owner {
                xe: xe as u16,
                only: true,
            });
        }
        Affinity::Group(group) => wish.group = Some(group),
    }
    wish
}
