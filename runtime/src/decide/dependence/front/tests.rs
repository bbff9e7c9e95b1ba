use super::super::{Effect, Entered, Step};
use super::*;

fn grants(q: &mut AccessQueue<u32>) -> Vec<u32> {
    let told = std::iter::from_fn(|| match q.next_step() {
        Some(Step::Grant(grant)) => Some(grant.who),
        _ => None,
    });
    told.collect()
}

fn leave(q: &mut AccessQueue<u32>, mode: Mode, effect: Effect) {
    q.leave(0, mode, effect);
}

#[test]
fn who_is_in_front_is_known() {
    let front = |q: &AccessQueue<u32>, who, mode| q.in_front(who, mode, None, 9);
    let mut q = AccessQueue::default();
    assert_eq!(front(&q, None, Mode::Write), []);
    q.enter(1, Mode::Read);
    q.enter(2, Mode::Read);
    assert_eq!(front(&q, None, Mode::Write), [(2, false)]);
    assert_eq!(front(&q, None, Mode::Read), []);
    q.enter(3, Mode::Write);
    q.enter(4, Mode::Read);
    q.enter(5, Mode::Read);
    let all = [(5, true), (4, true), (3, true), (2, false)];
    assert_eq!(front(&q, None, Mode::Write), all);
    assert_eq!(front(&q, None, Mode::Commute), all);
    assert_eq!(front(&q, None, Mode::Read), all[2..]);
    assert_eq!(front(&q, Some(5), Mode::Read), all[2..]);
    assert_eq!(front(&q, Some(3), Mode::Write), all[3..]);
    assert_eq!(front(&q, Some(2), Mode::Read), []);
    assert_eq!(q.in_front(None, Mode::Write, None, 1), [all[0], all[3]]);
    leave(&mut q, Mode::Read, Effect::Done);
    leave(&mut q, Mode::Read, Effect::Done);
    assert_eq!(front(&q, None, Mode::Write), all[..3]);
    assert_eq!(grants(&mut q), [3]);
    assert_eq!(front(&q, None, Mode::Read), [(3, true)]);
    // Nobody knows who: the body whose children enter here.
    let body = AccessQueue::<u32>::held(Mode::Write);
    assert_eq!(front(&body, None, Mode::Read), []);
}

const WHOLE: u64 = 100;

fn enter_part(q: &mut AccessQueue<u32>, who: u32, mode: Mode, part: Extent) -> Entered {
    q.enter_part(who, mode, part, Extent::range(0, WHOLE))
}

fn front(
    q: &AccessQueue<u32>,
    who: Option<u32>,
    mode: Mode,
    part: Option<Extent>,
) -> Vec<(u32, bool)> {
    q.in_front(who, mode, part.as_ref(), 9)
}

#[test]
fn parts_wait_for_those_that_they_overlap_and_conflict_with() {
    let mut q = AccessQueue::default();
    let (left, right, middle) = (
        Extent::range(0, 50),
        Extent::range(50, 50),
        Extent::range(40, 20),
    );
    enter_part(&mut q, 1, Mode::Write, left);
    enter_part(&mut q, 2, Mode::Read, right);
    enter_part(&mut q, 3, Mode::Read, right);
    assert_eq!(front(&q, None, Mode::Write, Some(left)), [(1, true)]);
    assert_eq!(front(&q, None, Mode::Read, Some(right)), []);
    let all = [(3, true), (2, true), (1, true)];
    assert_eq!(front(&q, None, Mode::Write, Some(middle)), all);
    assert_eq!(front(&q, None, Mode::Read, Some(middle)), all[2..]);
    assert_eq!(front(&q, None, Mode::ReadWrite, None), all);
    assert_eq!(q.in_front(None, Mode::ReadWrite, None, 2), all[..2]);
    // One that waits is known by what it wants, and has those behind it not in front.
    enter_part(&mut q, 4, Mode::Write, left);
    q.enter(5, Mode::Read);
    assert_eq!(front(&q, Some(4), Mode::Write, Some(left)), all[2..]);
    assert_eq!(front(&q, Some(5), Mode::Read, None), [(4, true), (1, true)]);
    assert_eq!(front(&q, Some(2), Mode::Read, Some(right)), []);
    assert_eq!(front(&q, Some(4), Mode::Write, Some(right)), []);
    assert_eq!(
        front(&q, None, Mode::Write, Some(right)),
        [(5, true), (3, true), (2, true)]
    );
}

/// How a weak one is declared is not told: it is asked for as if it were alone.
#[test]
fn weak_ones_that_wait_among_parts_are_known() {
    let left = Extent::range(0, 50);
    let mut q = AccessQueue::default();
    enter_part(&mut q, 1, Mode::Write, left);
    q.enter_for(2, Mode::ReadWrite, true);
    assert_eq!(front(&q, Some(2), Mode::Exclusive, None), [(1, true)]);
}

#[test]
fn tiles_wait_for_tiles() {
    // Of a matrix with rows of ten: columns 0 and 1, 1 and 2, 4 and 5, each of three rows.
    let tile = |column| Extent::tile(column, 2, 3, 10);
    let mut q = AccessQueue::default();
    enter_part(&mut q, 1, Mode::Write, tile(0));
    enter_part(&mut q, 2, Mode::Write, tile(4));
    assert_eq!(front(&q, None, Mode::Write, Some(tile(1))), [(1, true)]);
    assert_eq!(front(&q, None, Mode::Write, Some(tile(2))), []);
    assert_eq!(
        front(&q, None, Mode::Read, Some(Extent::range(12, 3))),
        [(2, true)]
    );
}

#[test]
fn those_who_held_the_whole_before_parts_came_are_in_front() {
    let part = Extent::range(0, 4);
    let mut q = AccessQueue::default();
    q.enter(1, Mode::Write);
    assert_eq!(front(&q, None, Mode::Read, Some(part)), [(1, true)]);
    enter_part(&mut q, 2, Mode::Read, part);
    assert_eq!(front(&q, Some(2), Mode::Read, Some(part)), [(1, true)]);
    // Of several readers one is known, and may have left.
    let mut q = AccessQueue::default();
    q.enter(1, Mode::Read);
    q.enter(2, Mode::Read);
    assert_eq!(front(&q, None, Mode::Write, Some(part)), [(2, false)]);
    assert_eq!(front(&q, None, Mode::Read, Some(part)), []);
    enter_part(&mut q, 3, Mode::Write, part);
    assert_eq!(front(&q, Some(3), Mode::Write, Some(part)), [(2, false)]);
    assert_eq!(front(&q, None, Mode::Write, None), [(3, true), (2, false)]);
    // The body whose children enter here is nobody that can be told.
    let mut q = AccessQueue::<u32>::held_part(Mode::Write, Extent::range(0, 8));
    enter_part(&mut q, 1, Mode::Write, part);
    assert_eq!(front(&q, None, Mode::Write, Some(part)), [(1, true)]);
}

#[test]
fn who_waits_to_enter_among_parts_waits_for_all_before() {
    let (left, right) = (Extent::range(0, 50), Extent::range(50, 50));
    let mut q = AccessQueue::default();
    enter_part(&mut q, 1, Mode::Write, left);
    assert_eq!(front(&q, None, Mode::Commute, None), [(1, true)]);
    q.enter(2, Mode::Commute);
    q.enter(3, Mode::Commute);
    assert_eq!(front(&q, Some(3), Mode::Commute, None), [(1, true)]);
    let all = [(3, true), (2, true), (1, true)];
    assert_eq!(front(&q, None, Mode::Write, Some(right)), all);
    enter_part(&mut q, 4, Mode::Write, right);
    enter_part(&mut q, 5, Mode::Read, left);
    assert_eq!(front(&q, Some(4), Mode::Write, Some(right)), all);
    // It stands beside 4, but both behind the others.
    assert_eq!(front(&q, Some(5), Mode::Read, Some(left)), all);
    assert_eq!(front(&q, None, Mode::Read, Some(left)), all);
    assert_eq!(
        front(&q, None, Mode::Read, Some(right))[..2],
        [(4, true), (3, true)]
    );
    // They hold it side by side then, and parts wait for them.
    q.leave_part(1, Mode::Write, &left, Effect::Done);
    assert_eq!(grants(&mut q), [2, 3]);
    assert_eq!(front(&q, Some(5), Mode::Read, Some(left)), [(3, false)]);
}
