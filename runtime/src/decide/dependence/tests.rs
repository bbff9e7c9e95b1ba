use super::*;

fn grant(queue: &mut AccessQueue<u32>) -> Option<Grant<u32>> {
    match queue.next_step()? {
        Step::Grant(grant) => Some(grant),
        Step::Combine => panic!("no reduction has ended here"),
    }
}

fn grants(queue: &mut AccessQueue<u32>) -> Vec<u32> {
    std::iter::from_fn(|| grant(queue)).map(|g| g.who).collect()
}

/// One of those that hold it leaves; in these modes it does not matter which one.
fn leave(queue: &mut AccessQueue<u32>, mode: Mode, effect: Effect) {
    queue.leave(0, mode, effect);
}

#[test]
fn readers_share_and_a_writer_waits_for_them() {
    let mut q = AccessQueue::<u32>::default();
    assert_eq!(q.enter(1, Mode::Read), Entered::Granted(None));
    assert_eq!(q.enter(2, Mode::Read), Entered::Granted(None));
    assert_eq!(q.enter(3, Mode::Write), Entered::Queued);
    leave(&mut q, Mode::Read, Effect::Done);
    assert_eq!(grants(&mut q), []);
    leave(&mut q, Mode::Read, Effect::Done);
    assert_eq!(grants(&mut q), [3]);
}

#[test]
fn a_reader_does_not_overtake_a_waiting_writer() {
    let mut q = AccessQueue::<u32>::default();
    q.enter(1, Mode::Read);
    q.enter(2, Mode::ReadWrite);
    assert_eq!(q.enter(3, Mode::Read), Entered::Queued);
    leave(&mut q, Mode::Read, Effect::Done);
    assert_eq!(grants(&mut q), [2]);
    leave(&mut q, Mode::ReadWrite, Effect::Done);
    assert_eq!(grants(&mut q), [3]);
}

#[test]
fn neighbouring_readers_are_granted_together_up_to_the_next_writer() {
    let mut q = AccessQueue::<u32>::default();
    q.enter(1, Mode::Write);
    for who in 2..5 {
        q.enter(who, Mode::Read);
    }
    q.enter(5, Mode::Write);
    q.enter(6, Mode::Read);
    leave(&mut q, Mode::Write, Effect::Done);
    assert_eq!(grants(&mut q), [2, 3, 4]);
    for _ in 0..3 {
        leave(&mut q, Mode::Read, Effect::Done);
    }
    assert_eq!(grants(&mut q), [5]);
}

#[test]
fn poison_reaches_readers_and_a_full_write_heals() {
    let poison = Poison::new(7).unwrap();
    let mut q = AccessQueue::<u32>::default();
    q.enter(1, Mode::Write);
    q.enter(2, Mode::Read);
    q.enter(3, Mode::ReadWrite);
    q.enter(4, Mode::Write);
    q.enter(5, Mode::Read);
    leave(&mut q, Mode::Write, Effect::Failed(poison));
    let first = grant(&mut q).unwrap();
    assert_eq!((first.who, first.poison), (2, Some(poison)));
    leave(&mut q, Mode::Read, Effect::Failed(poison));
    assert_eq!(grant(&mut q).unwrap().poison, Some(poison));
    leave(&mut q, Mode::ReadWrite, Effect::Failed(poison));
    assert_eq!(
        grant(&mut q).unwrap(),
        Grant {
            who: 4,
            poison: None,
            weak: false
        }
    );
    leave(&mut q, Mode::Write, Effect::Done);
    assert_eq!(
        grant(&mut q).unwrap(),
        Grant {
            who: 5,
            poison: None,
            weak: false
        }
    );
    assert_eq!(q.poison(), None);
}

#[test]
fn a_failed_reader_leaves_the_block_as_it_was() {
    let mut q = AccessQueue::<u32>::default();
    q.enter(1, Mode::Read);
    leave(&mut q, Mode::Read, Effect::Failed(Poison::MIN));
    assert_eq!(q.poison(), None);
    assert!(q.is_idle());
}

#[test]
fn children_wait_for_the_body_that_writes_and_share_with_the_body_that_reads() {
    let mut q = AccessQueue::<u32>::held(Mode::ReadWrite);
    assert_eq!(q.enter(1, Mode::Read), Entered::Queued);
    leave(&mut q, Mode::ReadWrite, Effect::Done);
    assert_eq!(grants(&mut q), [1]);
    let mut q = AccessQueue::<u32>::held(Mode::Read);
    assert_eq!(q.enter(1, Mode::Read), Entered::Granted(None));
}

const SUM: Mode = Mode::Reduce(Operator::new(1));
const MAX: Mode = Mode::Reduce(Operator::new(2));
const P: Poison = Poison::MIN;

#[test]
fn neighbours_that_commute_are_there_together_and_one_at_a_time_has_its_turn() {
    let mut q = AccessQueue::<u32>::default();
    assert_eq!(q.enter(1, Mode::Commute), Entered::Granted(None));
    assert_eq!(q.enter(2, Mode::Commute), Entered::Granted(None));
    assert_eq!(q.enter(3, Mode::Read), Entered::Queued);
    // It would be a neighbour of 2 only in another order.
    assert_eq!(q.enter(4, Mode::Commute), Entered::Queued);
    assert!(q.turn_is_free_for(2));
    q.take_turn(2);
    assert!(!q.turn_is_free_for(1));
    q.wait_for_turn(1, Waits::Alone, false);
    assert_eq!(q.waiting().last(), Some((1, Mode::Commute)));
    leave(&mut q, Mode::Commute, Effect::Done);
    assert_eq!(grants(&mut q), []);
    assert_eq!(q.pass_turn(2), Some(1));
    assert!(q.has_turn(1) && !q.has_turn(2), "it is handed over");
    assert!(q.turn_is_free_for(1) && !q.turn_is_free_for(4));
    leave(&mut q, Mode::Commute, Effect::Done);
    assert_eq!(q.pass_turn(1), None);
    assert_eq!(grants(&mut q), [3]);
    leave(&mut q, Mode::Read, Effect::Done);
    assert_eq!(grants(&mut q), [4]);
}

#[test]
fn who_goes_first_is_woken_before_the_others_and_after_those_like_it() {
    let mut q = AccessQueue::<u32>::default();
    (1..=6).for_each(|who| {
        q.enter(who, Mode::Commute);
    });
    q.take_turn(1);
    for (who, first) in [(2, false), (3, true), (4, false), (5, true)] {
        q.wait_for_turn(who, Waits::Alone, first);
    }
    let mut holder = 1;
    let mut order = Vec::new();
    while let Some(next) = q.pass_turn(holder) {
        order.push(next);
        holder = next;
        if next == 5 {
            // The first ones are gone, and are not counted any more.
            q.wait_for_turn(6, Waits::Alone, true);
        }
    }
    assert_eq!(order, [3, 5, 6, 2, 4]);
}

#[test]
fn who_has_the_turn_goes_on_with_those_behind_it_as_far_as_anybody_may_run_them() {
    let mut q = AccessQueue::<u32>::default();
    (1..=8).for_each(|who| {
        q.enter(who, Mode::Commute);
    });
    assert_eq!(q.next_turns().count(), 0);
    q.take_turn(1);
    let waits = [Waits::ForAnybody, Waits::ForAnybody, Waits::ForAnybody];
    let waits = waits.into_iter().chain([Waits::Alone, Waits::ForAnybody]);
    for (who, waits) in (2..).zip(waits) {
        q.wait_for_turn(who, waits, false);
    }
    assert_eq!(q.next_turns().collect::<Vec<_>>(), [2, 3, 4]);
    // One comes that goes first: nobody is run before it who was not seen before.
    q.wait_for_turn(7, Waits::Alone, true);
    assert_eq!(q.next_turns().count(), 0);
    q.turn_went_on(2, 3);
    assert!(q.has_turn(3) && !q.has_turn(1));
    assert_eq!(q.pass_turn(1), None, "it has left");
    assert_eq!(
        q.waiting().map(|(who, _)| who).collect::<Vec<_>>(),
        [7, 4, 5, 6]
    );
    assert_eq!(q.pass_turn(3), Some(7));
    leave(&mut q, Mode::Commute, Effect::Done);
    assert_eq!(q.next_turns().collect::<Vec<_>>(), [4]);
    assert_eq!(q.pass_turn(7), Some(4));
    leave(&mut q, Mode::Commute, Effect::Done);
    assert_eq!(q.next_turns().count(), 0, "5 is not for anybody");
    assert_eq!(q.pass_turn(4), Some(5));
    leave(&mut q, Mode::Commute, Effect::Done);
    assert_eq!(q.next_turns().collect::<Vec<_>>(), [6]);
    // Of 1 to 8 there are left 5, 6 and 8.
    assert_eq!(q.enter(9, Mode::Read), Entered::Queued);
    q.pass_turn(5);
    (0..2).for_each(|_| leave(&mut q, Mode::Commute, Effect::Done));
    assert_eq!(grants(&mut q), []);
    leave(&mut q, Mode::Commute, Effect::Done);
    assert_eq!(grants(&mut q), [9]);
}

#[test]
fn who_waits_for_more_than_one_turn_is_woken_and_has_none_yet() {
    let mut q = AccessQueue::<u32>::default();
    (1..=3).for_each(|who| {
        q.enter(who, Mode::Commute);
    });
    q.take_turn(1);
    q.wait_for_turn(2, Waits::ForMore, false);
    q.wait_for_turn(3, Waits::Alone, false);
    assert_eq!(q.pass_turn(3), None, "it is not 3's to pass on");
    assert_eq!(q.pass_turn(1), Some(2));
    assert!(!q.has_turn(2), "it has to look");
    assert!(q.turn_is_free_for(2) && q.turn_is_free_for(3));
    // 2 finds its other block busy.
    assert_eq!(q.pass_turn(2), Some(3));
    assert!(!q.turn_is_free_for(2));
}

#[test]
fn a_group_finds_what_was_there_before_it_and_leaves_its_poison_to_those_after_it() {
    for mode in [Mode::Commute, Mode::SharedWrite, SUM] {
        let mut q = AccessQueue::<u32>::default();
        q.enter(1, mode);
        q.enter(2, mode);
        q.leave(1, mode, Effect::Failed(P));
        assert_eq!(grants(&mut q), []);
        q.leave(2, mode, Effect::Done);
        assert_eq!(grants(&mut q), []);
        assert_eq!(q.poison(), Some(P));
        // Although all have left, it is the same group.
        assert_eq!(q.enter(3, mode), Entered::Granted(None));
        q.leave(3, mode, Effect::Done);
        match (mode, q.enter(4, Mode::Read)) {
            (SUM, Entered::Combine) => {
                assert!(!q.take_sums().unwrap().wanted);
                q.combined(Effect::Done);
                assert_eq!(grant(&mut q).unwrap().poison, Some(P));
            }
            (_, Entered::Granted(poison)) => assert_eq!(poison, Some(P)),
            other => panic!("{other:?}"),
        }
        q.leave(4, Mode::Read, Effect::Failed(P));
        assert_eq!(q.enter(5, mode), Entered::Granted(Some(P)));
        q.leave(5, mode, Effect::Failed(P));
        q.enter(6, Mode::Write);
        if mode == SUM {
            assert_eq!(q.next_step(), None);
            q.take_sums();
            q.combined(Effect::Done);
            assert_eq!(grants(&mut q), [6]);
        }
        q.leave(6, Mode::Write, Effect::Done);
        assert_eq!(q.poison(), None, "a full write heals");
        assert_eq!(q.enter(7, mode), Entered::Granted(None));
    }
}

#[test]
fn a_member_of_a_reduction_has_the_lane_of_its_number_after_those_before_it() {
    let mut q = AccessQueue::<u32, u32>::default();
    let lanes = crate::decide::lanes::LANES as u32;
    for who in 0..lanes {
        assert_eq!(q.enter(who, SUM), Entered::Granted(None));
        *q.lane_of(who).unwrap() = Some(100 + who);
    }
    assert_eq!(q.enter(lanes, SUM), Entered::Queued);
    assert_eq!(q.enter(lanes + 1, SUM), Entered::Queued);
    assert_eq!(q.enter(90, MAX), Entered::Queued);
    assert_eq!(q.waiting().count(), 3);
    q.leave(1, SUM, Effect::Done);
    let Some(Step::Grant(grant)) = q.next_step() else {
        panic!("1 has left its lane");
    };
    assert_eq!(grant.who, lanes + 1);
    assert_eq!(*q.lane_of(lanes + 1).unwrap(), Some(101));
    assert_eq!(q.next_step(), None);
    q.leave(0, SUM, Effect::Done);
    assert!(matches!(q.next_step(), Some(Step::Grant(grant)) if grant.who == lanes));
    for who in 2..lanes + 2 {
        q.leave(who, SUM, Effect::Done);
        let last = who == lanes + 1;
        assert_eq!(q.next_step(), last.then_some(Step::Combine));
    }
    // Meanwhile nobody gets in, whatever it wants.
    assert_eq!(q.enter(91, MAX), Entered::Queued);
    let sums = q.take_sums().unwrap();
    assert!(sums.wanted && Mode::Reduce(sums.operator) == SUM);
    let memory: Vec<u32> = sums.lanes.into_iter().flatten().collect();
    assert_eq!(memory, (100..100 + lanes).collect::<Vec<_>>());
    q.combined(Effect::Done);
    let next: Vec<_> = std::iter::from_fn(|| q.next_step()).collect();
    assert!(matches!(next[..], [Step::Grant(a), Step::Grant(b)] if (a.who, b.who) == (90, 91)));
}

#[test]
fn a_reduction_that_nobody_will_look_at_is_not_wanted() {
    let mut q = AccessQueue::<u32>::default();
    q.enter(1, SUM);
    q.leave(1, SUM, Effect::Done);
    assert_eq!(q.enter(2, Mode::Write), Entered::Combine);
    assert!(!q.take_sums().unwrap().wanted);
}

#[test]
fn a_reduction_that_cannot_be_put_together_poisons() {
    let mut q = AccessQueue::<u32>::default();
    q.enter(1, SUM);
    q.enter(2, Mode::Read);
    q.leave(1, SUM, Effect::Done);
    assert_eq!(q.next_step(), Some(Step::Combine));
    assert!(q.take_sums().unwrap().wanted);
    q.combined(Effect::Failed(P));
    assert_eq!(grant(&mut q).unwrap().poison, Some(P));
}

#[test]
fn shared_writers_share_and_an_exclusive_access_does_not() {
    let mut q = AccessQueue::<u32>::default();
    assert_eq!(q.enter(1, Mode::SharedWrite), Entered::Granted(None));
    assert_eq!(q.enter(2, Mode::SharedWrite), Entered::Granted(None));
    assert_eq!(q.enter(3, Mode::Exclusive), Entered::Queued);
    leave(&mut q, Mode::SharedWrite, Effect::Done);
    leave(&mut q, Mode::SharedWrite, Effect::Done);
    assert_eq!(grants(&mut q), [3]);
    assert_eq!(q.enter(4, Mode::Exclusive), Entered::Queued);
    leave(&mut q, Mode::Exclusive, Effect::Done);
    assert_eq!(grants(&mut q), [4]);
}

#[test]
fn children_wait_until_the_place_that_was_taken_for_them_has_come() {
    let mut q = AccessQueue::<u32>::shut();
    assert_eq!(q.enter(1, Mode::Read), Entered::Queued);
    q.open(Some(P));
    assert_eq!(grant(&mut q).unwrap().poison, Some(P));
    let mut outer = AccessQueue::<u32>::default();
    outer.enter(7, Mode::Write);
    outer.enter_for(8, Mode::ReadWrite, true);
    leave(&mut outer, Mode::Write, Effect::Done);
    assert!(grant(&mut outer).unwrap().weak);
}

#[test]
fn a_body_that_commutes_is_alone_among_its_children() {
    let mut q = AccessQueue::<u32>::held(Mode::Commute);
    assert_eq!(q.enter(1, Mode::Commute), Entered::Queued);
    leave(&mut q, Mode::Commute.among_children(), Effect::Done);
    assert_eq!(grants(&mut q), [1]);
}

proptest::proptest! {
    /// With little room or much, with poison or without: the same are let in, in the same order, and as well off; and entering
    /// by the short way is entering.
    #[test]
    fn letting_in_is_the_same_as_step_by_step(
        steps in proptest::collection::vec((0..9usize, 0..4u8, 1..5usize), 0..150),
    ) {
        let mut all = AccessQueue::<u32>::default();
        let mut one_by_one = AccessQueue::<u32>::default();
        let (mut holders, mut modes) = (Vec::new(), vec![Mode::Read]);
        for (number, (step, fails, room)) in (1..).zip(steps) {
            const MODES: [Mode; 5] = [Mode::Read, Mode::Read, Mode::Write, Mode::ReadWrite, Mode::Commute];
            let mode = *MODES.get(step).unwrap_or(&Mode::Read);
            modes.push(mode);
            if step < MODES.len() {
                let (weak, mode) = (room == 4, modes[number as usize]);
                let entered = match weak {
                    true => all.enter_for(number, mode, weak),
                    false => all.enter_soon(number, mode),
                };
                proptest::prop_assert_eq!(entered, one_by_one.enter_for(number, mode, weak));
                if let Entered::Granted(_) = entered {
                    holders.push(number);
                }
            } else if !holders.is_empty() {
                let who: u32 = holders.remove(room % holders.len());
                let effect = match fails {
                    0 => Effect::Failed(Poison::new(number).unwrap()),
                    _ => Effect::Done,
                };
                all.leave(who, modes[who as usize], effect);
                one_by_one.leave(who, modes[who as usize], effect);
                let mut granted = Vec::new();
                let mut rest = all.let_in(|who| {
                    granted.push(Grant { who, poison: None, weak: false });
                    granted.len() < room
                });
                while let Some(Step::Grant(grant)) = rest {
                    granted.push(grant);
                    rest = all.next_step();
                }
                let steps = std::iter::from_fn(|| grant(&mut one_by_one));
                let expected: Vec<Grant<u32>> = steps.collect();
                proptest::prop_assert_eq!(&granted, &expected);
                holders.extend(expected.iter().map(|grant| grant.who));
            }
        }
    }
}

#[test]
fn who_has_it_hands_it_on_to_somebody_who_is_not_named() {
    for held in [None, Some(Mode::SharedWrite), Some(Mode::Exclusive)] {
        let mut queue = AccessQueue::<u32>::default();
        if let Some(mode) = held {
            queue.enter(1, mode);
        }
        queue.hand_on(Mode::SharedWrite);
        assert!(queue.is_held_by(1));
        assert_eq!(queue.enter(2, Mode::SharedWrite), Entered::Granted(None));
        assert_eq!(queue.enter(3, Mode::Exclusive), Entered::Queued);
        leave(&mut queue, Mode::SharedWrite, Effect::Done);
        assert!(grants(&mut queue).is_empty());
        leave(&mut queue, Mode::SharedWrite, Effect::Done);
        assert_eq!(grants(&mut queue), [3]);
    }
}
