//! What an execution engine decides on its fast path, as functions of what it sees.

use super::policy::Tuning;
pub use crate::affinity::Affinity;
use crate::mutants::mutant;

/// Where an engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    /// Its number.
    pub xe: u16,
    /// Its memory region.
    pub region: u16,
}

/// Where a codelet that became ready goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The own queue of the engine that made it ready.
    Own,
    /// What is posted to an engine, and may be taken by others when that one is busy.
    Inbox(u16),
    /// What only that engine may run.
    Pinned(u16),
    /// The queue of a memory region.
    Region(u16),
    /// The control engine's threads for input and output.
    Control,
}

/// Whether a codelet that became ready may be the next one right here.
#[inline]
pub fn may_follow(affinity: Affinity, here: Here) -> bool {
    match affinity {
        // Groups and data are looked up before; a group that has no engine yet has no wish.
        Affinity::Anywhere | Affinity::Group(_) | Affinity::NearData => true,
        Affinity::Prefer(xe) | Affinity::Only(xe) => xe == here.xe,
        Affinity::Region(region) => region == here.region,
        Affinity::Control => false,
    }
}

/// Where a codelet that became ready goes, if it is not the next one here. `here` is `None` on threads that sit in
/// no engine's seat.
#[inline]
pub fn destination(affinity: Affinity, here: Option<Here>) -> Destination {
    match affinity {
        Affinity::Anywhere | Affinity::Group(_) | Affinity::NearData => Destination::Own,
        Affinity::Prefer(xe) if here.is_some_and(|here| here.xe == xe) => Destination::Own,
        Affinity::Prefer(xe) => Destination::Inbox(xe),
        Affinity::Only(xe) => Destination::Pinned(xe),
        Affinity::Region(region) => Destination::Region(region),
        Affinity::Control => Destination::Control,
    }
}

/// Where an engine can find work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What only this engine may run.
    Pinned,
    /// Its own queue.
    Own,
    /// What others posted to it.
    Inbox,
    /// The queue of its memory region.
    Region,
    /// The domain's queue, fed by threads that sit in no seat and by control engines.
    Injector,
    /// Other engines of its domain.
    Steal,
}

/// Whether it is time for an engine that has started `since` codelets from its own queue to look around.
#[inline]
pub fn looks_around(since: u32, tuning: &Tuning) -> bool {
    since >= tuning.look_around
}

/// In which order an engine looks. Mostly the cheapest first; when it looks around the other way round, so that what
/// others posted does not starve behind an own queue that never runs dry.
#[inline]
pub fn look_order(around: bool) -> &'static [Source; 6] {
    use Source::*;
    if around {
        &[Injector, Region, Inbox, Pinned, Own, Steal]
    } else {
        &[Own, Pinned, Inbox, Region, Injector, Steal]
    }
}

/// In which order engine `xe` asks the `count` engines of its domain (numbered from `first`) for work: its neighbours
/// upwards and around, beginning at another one each time so that thieves spread.
#[inline]
pub fn victims(xe: u16, first: u16, count: u16, attempt: u32) -> impl Iterator<Item = u16> {
    let others = count.saturating_sub(1);
    (0..others).map(move |step| {
        let turn = (attempt % u32::from(others.max(1))) as u16;
        let distance = 1 + (step + turn) % others;
        first + (xe - first + distance) % count
    })
}

/// Whether an engine keeps the newest codelet that a body made ready for itself, to run it right after the body, instead
/// of putting it in its queue: when there is enough in the queue for all `others` of its domain. (Acar, Charguéraud and
/// Rainey, "Scheduling Parallel Programs by Work Stealing with Private Deques", PPoPP 2013, keep all but that.) A host's
/// body may take its time, so nothing is kept there.
#[inline]
pub fn keeps(queued: usize, others: u16, host_body: bool) -> bool {
    !host_body && queued >= usize::from(others) && !mutant!("route_keeps_nothing")
}

/// Operations and bytes that one core does in a nanosecond, both at once, for declared costs. Meant to be on the fast
/// side, so that a codelet that counts as long is.
const RATE: (u64, u64) = (8, 8);

/// Whether a codelet with this declared cost, `flops` operations on `bytes` bytes of memory, takes longer than a wake-up
/// costs: the larger of the two times (Williams, Waterman and Patterson, "Roofline: an insightful visual performance
/// model for multicore architectures", CACM 52(4), 2009) against [`Tuning::spin_ns`], which follows the wake-up.
pub fn is_long(flops: u64, bytes: u64, tuning: &Tuning) -> bool {
    (flops / RATE.0).max(bytes / RATE.1) > tuning.spin_ns
}

/// So many bytes could be read in the time that a codelet takes at least whose declared cost is long ([`is_long`]).
pub fn long_bytes(tuning: &Tuning) -> u64 {
    tuning.spin_ns.saturating_mul(RATE.1)
}

/// The time that a codelet with this declared cost takes, in nanoseconds, at least 1.
pub fn cost_ns(flops: u64, bytes: u64) -> u32 {
    let time = (flops / RATE.0).max(bytes / RATE.1);
    u32::try_from(time).unwrap_or(u32::MAX).max(1)
}

/// Whether an engine that puts a codelet in its own queue behind `queued` others tells the sleepers. Not for a lone
/// one: the engine itself runs it next, as soon as the body ends, and waking another for it would cost more than it is
/// worth; if the body is long, the control engine notices ([`super::controller`]). But one is told of that would wait
/// `long`, since a host's body is always taken to be long, or is long itself by its declared cost ([`is_long`]), so that
/// a wake-up is worth it. Where many lie already all have been told of them, so that only one in a few is told of again:
/// for the case that the queue ran dry and somebody fell asleep just then.
#[inline]
pub fn announces(queued: usize, others: u16, long: bool) -> bool {
    match queued {
        0 => long,
        // Other domains may be told, too, where this one has no others.
        _ => queued <= 2 * usize::from(others.max(2)) || queued.is_multiple_of(REMINDER),
    }
}

/// See [`announces`].
const REMINDER: usize = 8;

/// Whether an engine that has looked in vain for `idle_ns` parks.
#[inline]
pub fn parks(idle_ns: u64, tuning: &Tuning) -> bool {
    idle_ns >= tuning.spin_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Here = Here { xe: 3, region: 1 };

    #[test]
    fn a_successor_follows_where_it_belongs() {
        assert!(may_follow(Affinity::Anywhere, HERE));
        assert!(may_follow(Affinity::Only(3), HERE));
        assert!(may_follow(Affinity::Region(1), HERE));
        assert!(!may_follow(Affinity::Prefer(2), HERE));
        assert!(!may_follow(Affinity::Region(0), HERE));
        assert!(!may_follow(Affinity::Control, HERE));
    }

    #[test]
    fn what_belongs_elsewhere_is_posted() {
        use Destination::*;
        assert_eq!(destination(Affinity::Anywhere, Some(HERE)), Own);
        assert_eq!(destination(Affinity::Prefer(3), Some(HERE)), Own);
        assert_eq!(destination(Affinity::Prefer(3), None), Inbox(3));
        assert_eq!(destination(Affinity::Prefer(2), Some(HERE)), Inbox(2));
        assert_eq!(destination(Affinity::Only(3), Some(HERE)), Pinned(3));
        assert_eq!(destination(Affinity::Region(0), Some(HERE)), Region(0));
        assert_eq!(destination(Affinity::Control, Some(HERE)), Control);
    }

    #[test]
    fn what_others_posted_is_looked_at_first_now_and_then() {
        let tuning = Tuning {
            look_around: 4,
            ..Tuning::default()
        };
        let looks: Vec<_> = (0..6).map(|since| looks_around(since, &tuning)).collect();
        assert_eq!(looks, [false, false, false, false, true, true]);
        assert_eq!(look_order(false)[0], Source::Own);
        assert_eq!(look_order(true)[0], Source::Injector);
        let mut both = [look_order(false).to_vec(), look_order(true).to_vec()];
        both.iter_mut()
            .for_each(|order| order.sort_by_key(|source| *source as u8));
        assert_eq!(both[0], both[1]);
    }

    #[test]
    fn the_newest_is_kept_only_when_all_others_can_be_fed() {
        assert!(keeps(0, 0, false));
        assert!(!keeps(0, 1, false));
        assert!(keeps(1, 1, false));
        assert!(!keeps(6, 7, false));
        assert!(keeps(7, 7, false));
        assert!(!keeps(9, 1, true));
    }

    #[test]
    fn a_lone_codelet_is_told_of_by_hosts_and_a_flood_now_and_then() {
        assert!(!announces(0, 7, false));
        assert!(announces(0, 7, true));
        assert!(announces(1, 1, false) && announces(2, 1, false));
        assert!(announces(14, 7, false) && announces(14, 7, true));
        assert!(announces(4, 0, false) && !announces(5, 0, false));
        let told: Vec<usize> = (15..40).filter(|&n| announces(n, 7, true)).collect();
        assert_eq!(told, [16, 24, 32]);
    }

    #[test]
    fn a_declared_cost_is_long_if_either_half_takes_longer_than_a_wake_up() {
        let tuning = Tuning {
            spin_ns: 1000,
            ..Tuning::default()
        };
        let long = |flops, bytes| is_long(flops, bytes, &tuning);
        assert!(!long(0, 0));
        assert!(!long(8_000, 8_000));
        assert!(long(8_008, 0));
        assert!(long(0, 8_008));
        assert!(long(u64::MAX, u64::MAX));
    }

    #[test]
    fn every_other_engine_of_the_domain_is_asked_once() {
        for attempt in 0..7 {
            let mut asked: Vec<_> = victims(5, 4, 4, attempt).collect();
            asked.sort();
            assert_eq!(asked, [4, 6, 7]);
        }
        assert_eq!(victims(0, 0, 1, 9).count(), 0);
    }
}
