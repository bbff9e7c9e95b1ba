use super::*;

fn queue() -> PartsQueue<u32> {
    PartsQueue::new(Extent::range(0, 100))
}

fn grants(queue: &mut PartsQueue<u32>) -> Vec<(u32, Option<Poison>)> {
    std::iter::from_fn(|| queue.next_grant())
        .map(|grant| (grant.who, grant.poison))
        .collect()
}

#[test]
fn parts_beside_each_other_do_not_wait() {
    let mut q = queue();
    let (left, right) = (Extent::range(0, 50), Extent::range(50, 50));
    assert_eq!(q.enter(1, Mode::Write, left), Entered::Granted(None));
    assert_eq!(q.enter(2, Mode::Write, right), Entered::Granted(None));
    assert_eq!(
        q.enter(3, Mode::Read, Extent::range(49, 2)),
        Entered::Queued
    );
    q.leave(Some(2), Mode::Write, &right, Effect::Done);
    assert_eq!(grants(&mut q), []);
    q.leave(Some(1), Mode::Write, &left, Effect::Done);
    assert_eq!(grants(&mut q), [(3, None)]);
}

#[test]
fn who_overlaps_one_that_waits_waits_for_it() {
    let mut q = queue();
    let (first, second) = (Extent::range(0, 20), Extent::range(10, 20));
    q.enter(1, Mode::Write, first);
    q.enter(2, Mode::Write, second);
    // It does not overlap the holder, but stands behind one that waits.
    assert_eq!(
        q.enter(3, Mode::Read, Extent::range(25, 5)),
        Entered::Queued
    );
    assert_eq!(
        q.enter(4, Mode::Read, Extent::range(30, 5)),
        Entered::Granted(None)
    );
    q.leave(Some(1), Mode::Write, &first, Effect::Done);
    assert_eq!(grants(&mut q), [(2, None)]);
    q.leave(Some(2), Mode::Write, &second, Effect::Done);
    assert_eq!(grants(&mut q), [(3, None)]);
}

#[test]
fn a_failure_poisons_its_part_and_writes_heal_what_they_cover() {
    let poison = Poison::new(7).unwrap();
    let mut q = queue();
    let (a, b) = (Extent::range(0, 50), Extent::range(50, 50));
    q.enter(1, Mode::Write, a);
    q.leave(Some(1), Mode::Write, &a, Effect::Failed(poison));
    assert_eq!(q.enter(2, Mode::Read, b), Entered::Granted(None));
    assert_eq!(
        q.enter(3, Mode::Read, q.whole()),
        Entered::Granted(Some(poison))
    );
    let healed = Extent::range(0, 30);
    q.enter(4, Mode::Write, healed);
    assert_eq!(grants(&mut q), []);
    q.leave(Some(3), Mode::Read, &q.whole(), Effect::Failed(poison));
    assert_eq!(grants(&mut q), [(4, None)]);
    q.leave(Some(4), Mode::Write, &healed, Effect::Done);
    assert_eq!(q.poisoned(), [(Extent::range(30, 20), poison)]);
    assert_eq!(q.enter(5, Mode::Read, healed), Entered::Granted(None));
}

#[test]
fn of_readers_of_the_same_part_any_may_leave_first() {
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
        let mut q = queue();
        let part = Extent::range(10, 10);
        for who in 1..4 {
            q.enter(who, Mode::Read, part);
        }
        q.enter(4, Mode::Write, part);
        for who in order {
            assert_eq!(grants(&mut q), []);
            q.leave(Some(who), Mode::Read, &part, Effect::Done);
        }
        assert_eq!(grants(&mut q), [(4, None)]);
    }
}

#[test]
fn a_name_that_is_used_again_waits_for_the_others() {
    let mut q = queue();
    let part = Extent::range(10, 10);
    q.enter(1, Mode::Read, part);
    q.enter(2, Mode::Read, part);
    q.leave(Some(2), Mode::Read, &part, Effect::Done);
    // It is another one now, and 1 is still here.
    assert_eq!(q.enter(2, Mode::Write, part), Entered::Queued);
    q.leave(Some(1), Mode::Read, &part, Effect::Done);
    assert_eq!(grants(&mut q), [(2, None)]);
}

#[test]
fn a_codelet_does_not_wait_for_itself() {
    let mut q = queue();
    // Every second byte of some rows of four, and the odd bytes between them as rows of six.
    let (even, odd) = (Extent::tile(0, 1, 8, 4), Extent::tile(1, 1, 5, 6));
    assert!(even.overlaps(&odd) && !even.meets(&odd));
    assert_eq!(q.enter(1, Mode::Write, even), Entered::Granted(None));
    assert_eq!(q.enter(1, Mode::Write, odd), Entered::Granted(None));
    assert_eq!(q.enter(2, Mode::Read, odd), Entered::Queued);
    q.leave(Some(1), Mode::Write, &even, Effect::Done);
    assert_eq!(grants(&mut q), []);
    q.leave(Some(1), Mode::Write, &odd, Effect::Done);
    assert_eq!(grants(&mut q), [(2, None)]);
}
