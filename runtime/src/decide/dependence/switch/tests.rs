//! Plain queues and queues of parts against a model that knows single bytes and no queues.

use super::super::Step as Action;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const BYTES: u64 = 48;

fn whole() -> Extent {
    Extent::range(0, BYTES)
}

/// What one of the accesses is to the model.
#[derive(Clone, Debug)]
struct One {
    mode: Mode,
    /// `None` is the whole.
    extent: Option<Extent>,
    held: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Enter(Mode, Option<Extent>),
    /// The holder with this number, modulo how many there are, leaves: well, failed, or with a poisoned piece.
    Leave(usize, Left),
}

#[derive(Clone, Copy, Debug)]
enum Left {
    Well,
    Failed,
    /// Of its bytes those in this range are poisoned.
    Pieces(u64, u64),
}

fn grants(queue: &mut AccessQueue<u32>) -> Vec<Grant<u32>> {
    let steps = std::iter::from_fn(|| queue.next_step());
    let grant = |step| match step {
        Action::Grant(grant) => grant,
        Action::Combine => panic!("nobody reduces here"),
    };
    steps.map(grant).collect()
}

fn bytes(extent: &Option<Extent>) -> BTreeSet<u64> {
    let extent = extent.unwrap_or_else(whole);
    let piece = |row| {
        let start = extent.start() + row * extent.stride();
        start..start + extent.columns()
    };
    (0..extent.rows()).flat_map(piece).collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let mode = prop_oneof![Just(Mode::Read), Just(Mode::Write), Just(Mode::ReadWrite)];
    let range = (0..BYTES, 0..20u64)
        .prop_map(|(start, bytes)| Extent::range(start, bytes.min(BYTES - start)));
    let stride = prop_oneof![4 => Just(8u64), 1 => Just(6u64)];
    let tile = (stride, 0..6u64, 0..4u64, 0..6u64, 1..6u64).prop_map(
        |(stride, row, rows, column, columns)| {
            let rows = rows.min(BYTES / stride - row);
            Extent::tile(
                row * stride + column,
                columns.min(stride - column),
                rows,
                stride,
            )
        },
    );
    let extent = prop_oneof![
        2 => Just(None),
        3 => range.prop_map(Some),
        3 => tile.prop_map(Some)
    ];
    let left = prop_oneof![
        6 => Just(Left::Well),
        1 => Just(Left::Failed),
        1 => (0..BYTES, 0..BYTES).prop_map(|(a, b)| Left::Pieces(a, b))
    ];
    let step = prop_oneof![
        (mode, extent).prop_map(|(mode, extent)| Step::Enter(mode, extent)),
        (any::<usize>(), left).prop_map(|(which, left)| Step::Leave(which, left)),
    ];
    proptest::collection::vec(step, 0..60)
}

/// The model: who holds is looked up among all, poison is a number for each byte.
struct Model {
    live: Vec<(u32, One)>,
    poison: [Option<Poison>; BYTES as usize],
}

impl Model {
    fn may_hold(&self, at: usize) -> bool {
        let (_, one) = &self.live[at];
        let conflict = |(_, other): &(u32, One)| {
            let writes = one.mode.writes() || other.mode.writes();
            let strides = [one, other].map(|one| one.extent.unwrap_or_else(whole).stride());
            let [a, b] = [one, other].map(|one| one.extent.unwrap_or_else(whole));
            let spans =
                a.start() < b.end() && b.start() < a.end() && !a.is_empty() && !b.is_empty();
            // Different strides: the documented exception.
            let exact = strides[0] == strides[1] || strides.contains(&0);
            let common = || !bytes(&one.extent).is_disjoint(&bytes(&other.extent));
            writes && if exact { common() } else { spans }
        };
        !self.live[..at].iter().any(conflict)
    }

    fn reads_poison(&self, one: &One) -> bool {
        let poisoned = |&byte: &u64| self.poison[byte as usize].is_some();
        one.mode.reads() && bytes(&one.extent).iter().any(poisoned)
    }

    /// Those who hold from now on, with whether they read poison.
    fn newly(&mut self) -> Vec<(u32, bool)> {
        let mut newly = Vec::new();
        for at in 0..self.live.len() {
            if !self.live[at].1.held && self.may_hold(at) {
                self.live[at].1.held = true;
                newly.push((self.live[at].0, self.reads_poison(&self.live[at].1)));
            }
        }
        newly
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_queue_grants_what_no_earlier_access_stands_against(steps in steps()) {
        let mut queue = AccessQueue::<u32>::default();
        let mut model = Model { live: Vec::new(), poison: [None; BYTES as usize] };
        let mut next = 0;
        for step in steps {
            match step {
                Step::Enter(mode, extent) => {
                    next += 1;
                    let entered = match extent {
                        None => queue.enter(next, mode),
                        Some(extent) => queue.enter_part(next, mode, extent, whole()),
                    };
                    model.live.push((next, One { mode, extent, held: false }));
                    let newly = model.newly();
                    match entered {
                        Entered::Granted(poison) => {
                            prop_assert_eq!(newly, [(next, poison.is_some())]);
                        }
                        _ => prop_assert_eq!(newly, []),
                    }
                }
                Step::Leave(which, left) => {
                    let holders: Vec<usize> = (0..model.live.len())
                        .filter(|&at| model.live[at].1.held)
                        .collect();
                    if holders.is_empty() {
                        continue;
                    }
                    let (who, one) = model.live.remove(holders[which % holders.len()]);
                    let poison = Poison::new(who).unwrap();
                    let mut pieces = Vec::new();
                    let covered = bytes(&one.extent);
                    if let Left::Pieces(a, b) = left {
                        let inside = |byte: &&u64| (a.min(b)..a.max(b)).contains(byte);
                        let one_byte = |&byte: &u64| (Extent::range(byte, 1), poison);
                        pieces = covered.iter().filter(inside).map(one_byte).collect();
                    }
                    if one.mode.writes() {
                        for &byte in &covered {
                            let piece = pieces.iter().any(|(piece, _)| piece.start() == byte);
                            let bad = matches!(left, Left::Failed) || piece;
                            model.poison[byte as usize] = bad.then_some(poison);
                        }
                    }
                    let effect = match left {
                        Left::Failed => Effect::Failed(poison),
                        _ => Effect::Done,
                    };
                    match (one.extent, pieces.is_empty() || !one.mode.writes()) {
                        (None, true) => queue.leave(who, one.mode, effect),
                        (Some(extent), true) => queue.leave_part(who, one.mode, &extent, effect),
                        (extent, false) => {
                            queue.leave_in_pieces(who, one.mode, extent, whole(), &pieces);
                        }
                    }
                    let mut told: Vec<(u32, bool)> = grants(&mut queue).into_iter()
                        .map(|grant| (grant.who, grant.poison.is_some()))
                        .collect();
                    told.sort_unstable();
                    prop_assert_eq!(told, model.newly());
                }
            }
            let waiting = model.live.iter().filter(|(_, one)| !one.held).map(|&(who, _)| who);
            let parts = queue.waiting_for_parts().map(|(who, ..)| who);
            let told: Vec<u32> = queue.waiting().map(|(who, _)| who).chain(parts).collect();
            prop_assert_eq!(told, waiting.collect::<Vec<_>>());
            if model.live.is_empty() {
                let count = model.poison.iter().flatten().count();
                let distinct = model.poison.iter().collect::<BTreeSet<_>>().len();
                if count == 0 || (count == BYTES as usize && distinct == 1 && queue.poison().is_some()) {
                    prop_assert!(queue.is_idle(), "drained, and not plain again");
                }
                let told: u64 = queue.poisoned_parts().iter().map(|(e, _)| e.rows() * e.columns()).sum();
                let told = told + queue.poison().map_or(0, |_| BYTES);
                prop_assert_eq!(told, count as u64);
            }
        }
    }
}

#[test]
fn a_body_that_writes_is_waited_for_by_children_that_name_parts() {
    let part = Extent::range(8, 8);
    let mut queue = AccessQueue::<u32>::held_part(Mode::Write, Extent::range(0, 16));
    assert_eq!(
        queue.enter_part(1, Mode::Read, part, whole()),
        Entered::Queued
    );
    queue.leave(0, Mode::Write, Effect::Failed(Poison::MIN));
    let grant = grants(&mut queue)[0];
    assert_eq!((grant.who, grant.poison), (1, Some(Poison::MIN)));
    queue.leave_part(1, Mode::Read, &part, Effect::Done);
    // All of it, which is not all of the block: a plain queue knows that.
    assert_eq!(
        (queue.poison(), queue.poisoned_parts()),
        (Some(Poison::MIN), &[][..])
    );
}

#[test]
fn readers_who_hold_the_whole_go_on_holding_it() {
    let mut queue = AccessQueue::<u32>::default();
    queue.enter(1, Mode::Read);
    queue.enter(2, Mode::Read);
    queue.enter(3, Mode::Write);
    let part = Extent::range(0, 4);
    assert_eq!(
        queue.enter_part(4, Mode::Read, part, whole()),
        Entered::Queued
    );
    queue.leave(1, Mode::Read, Effect::Done);
    assert_eq!(grants(&mut queue), []);
    queue.leave(2, Mode::Read, Effect::Done);
    assert_eq!(
        grants(&mut queue).iter().map(|g| g.who).collect::<Vec<_>>(),
        [3]
    );
    queue.leave(3, Mode::Write, Effect::Done);
    assert_eq!(
        grants(&mut queue).iter().map(|g| g.who).collect::<Vec<_>>(),
        [4]
    );
    queue.leave_part(4, Mode::Read, &part, Effect::Done);
    assert!(queue.is_idle());
}

#[test]
fn groups_of_other_kinds_and_parts_wait_for_each_other() {
    let mut queue = AccessQueue::<u32>::default();
    let who = |queue: &mut AccessQueue<u32>| -> Vec<u32> {
        grants(queue).iter().map(|grant| grant.who).collect()
    };
    let (a, b) = (Extent::range(0, 4), Extent::range(4, 4));
    assert_eq!(
        queue.enter_part(1, Mode::Write, a, whole()),
        Entered::Granted(None)
    );
    assert_eq!(queue.enter(2, Mode::Commute), Entered::Queued);
    assert_eq!(queue.enter(3, Mode::Commute), Entered::Queued);
    // It overlaps nobody in there, but stands behind those who wait.
    assert_eq!(
        queue.enter_part(4, Mode::Write, b, whole()),
        Entered::Queued
    );
    assert_eq!(queue.enter_part(5, Mode::Read, b, whole()), Entered::Queued);
    assert_eq!(queue.enter_for(6, Mode::Read, true), Entered::Queued);
    assert_eq!(queue.enter(7, Mode::SharedWrite), Entered::Queued);
    assert_eq!(
        queue.waiting().map(|(who, _)| who).collect::<Vec<_>>(),
        [2, 3, 4, 5, 6, 7]
    );
    queue.leave_part(1, Mode::Write, &a, Effect::Done);
    assert_eq!(who(&mut queue), [2, 3]);
    queue.leave(2, Mode::Commute, Effect::Done);
    assert_eq!(who(&mut queue), []);
    queue.leave(3, Mode::Commute, Effect::Done);
    assert_eq!(who(&mut queue), [4]);
    queue.leave_part(4, Mode::Write, &b, Effect::Failed(Poison::MIN));
    let told = grants(&mut queue);
    let told: Vec<_> = told.iter().map(|g| (g.who, g.poison, g.weak)).collect();
    let poison = Some(Poison::MIN);
    assert_eq!(told, [(5, poison, false), (6, poison, true)]);
    queue.leave_part(5, Mode::Read, &b, Effect::Done);
    queue.leave(6, Mode::Read, Effect::Done);
    // To who writes together with others, any poison is that of the whole.
    let last = grants(&mut queue)[0];
    assert_eq!((last.who, last.poison), (7, poison));
    queue.leave(7, Mode::SharedWrite, Effect::Failed(Poison::MIN));
    assert_eq!(
        queue.enter_part(8, Mode::Read, a, whole()),
        Entered::Granted(poison)
    );
}

#[test]
fn a_part_behind_a_reduction_waits_for_its_result() {
    let mut queue = AccessQueue::<u32>::default();
    let adds = Mode::Reduce(super::super::Operator::new(1));
    let part = Extent::range(0, 4);
    queue.enter(1, adds);
    assert_eq!(
        queue.enter_part(2, Mode::Write, part, whole()),
        Entered::Queued
    );
    queue.leave(1, adds, Effect::Done);
    assert_eq!(queue.next_step(), Some(Action::Combine));
    // It writes only a part, so the rest of the sums is looked at.
    assert!(queue.take_sums().unwrap().wanted);
    queue.combined(Effect::Done);
    assert_eq!(grants(&mut queue)[0].who, 2);
    queue.leave_part(2, Mode::Write, &part, Effect::Done);
    // One that has come to its end is put together by who comes behind it.
    queue.enter(3, adds);
    queue.leave(3, adds, Effect::Done);
    assert_eq!(queue.next_step(), None);
    assert_eq!(
        queue.enter_part(4, Mode::Read, part, whole()),
        Entered::Combine
    );
    assert!(queue.take_sums().unwrap().wanted);
    // Others may come meanwhile.
    assert_eq!(
        queue.enter_part(5, Mode::Read, part, whole()),
        Entered::Queued
    );
    queue.combined(Effect::Failed(Poison::MIN));
    let told: Vec<_> = grants(&mut queue)
        .iter()
        .map(|g| (g.who, g.poison))
        .collect();
    assert_eq!(told, [(4, Some(Poison::MIN)), (5, Some(Poison::MIN))]);
}
