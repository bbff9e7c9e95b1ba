//! Each kind against its table of rules, and against its meaning in plain words over random histories.

use super::*;
use proptest::prelude::*;

mod short;

type In = Input<u32, u32>;
type Act = Action<u32, u32>;

const CAUSE: Poison = Poison::MIN;

/// What a step did.
fn step(kind: &mut impl Kind<u32, u32>, input: In) -> Result<Vec<Act>, Misuse> {
    let mut acts = Vec::new();
    let result = kind.step(input, &mut |act| acts.push(act));
    assert!(
        result.is_ok() || acts.is_empty(),
        "a refused step did something"
    );
    result.map(|()| acts)
}

fn came(waiter: u32, payload: Option<u32>) -> Act {
    Action::Tell(waiter, Verdict::Satisfied(payload))
}

fn failed(waiter: u32) -> Act {
    Action::Tell(waiter, Verdict::Poisoned(CAUSE))
}

fn dropped(waiter: u32) -> Act {
    Action::Tell(waiter, Verdict::Destroyed)
}

/// Steps and what each does.
fn check(mut kind: impl Kind<u32, u32>, steps: &[(In, Result<&[Act], Misuse>)]) {
    for (at, (input, expected)) in steps.iter().enumerate() {
        let did = step(&mut kind, *input);
        assert_eq!(
            did.as_deref().map_err(|e| *e),
            *expected,
            "step {at}: {input:?}"
        );
    }
}

const OK: Result<&[Act], Misuse> = Ok(&[]);

#[test]
fn once_tells_those_who_wait_and_is_gone() {
    check(
        Once::default(),
        &[
            (In::Register(1), OK),
            (In::Register(2), OK),
            (In::Increment, Err(Misuse::NoLatch)),
            (
                In::Satisfy(Some(7)),
                Ok(&[came(1, Some(7)), came(2, Some(7)), Action::Gone]),
            ),
            (In::Satisfy(Some(7)), Err(Misuse::Repeated)),
            (In::Poison(CAUSE), Err(Misuse::Repeated)),
            (In::Close(CAUSE), OK),
            (In::Register(3), Err(Misuse::Gone)),
            (In::Destroy, Err(Misuse::Gone)),
        ],
    );
    check(
        Once::default(),
        &[
            (In::Register(1), OK),
            (In::Destroy, Ok(&[dropped(1), Action::Gone])),
            (In::Satisfy(None), Err(Misuse::Gone)),
        ],
    );
}

#[test]
fn sticky_tells_who_comes_later_too_and_refuses_a_second_satisfaction() {
    check(
        Sticky::default(),
        &[
            (In::Register(1), OK),
            (In::Satisfy(Some(7)), Ok(&[came(1, Some(7))])),
            (In::Register(2), Ok(&[came(2, Some(7))])),
            (In::Satisfy(Some(8)), Err(Misuse::Repeated)),
            (In::Poison(CAUSE), Err(Misuse::Repeated)),
            (In::Close(CAUSE), OK),
            (In::Register(3), Ok(&[came(3, Some(7))])),
            (In::Decrement, Err(Misuse::NoLatch)),
            (In::Destroy, Ok(&[Action::Gone])),
            (In::Register(4), Err(Misuse::Gone)),
            (In::Destroy, Err(Misuse::Gone)),
        ],
    );
}

#[test]
fn idempotent_ignores_all_but_the_first() {
    check(
        Idempotent::default(),
        &[
            (In::Register(1), OK),
            (In::Poison(CAUSE), Ok(&[failed(1)])),
            (In::Satisfy(Some(8)), OK),
            (In::Register(2), Ok(&[failed(2)])),
            (In::Close(CAUSE), OK),
            (In::Destroy, Ok(&[Action::Gone])),
            (In::Satisfy(None), Err(Misuse::Gone)),
        ],
    );
}

#[test]
fn latch_fires_when_its_count_comes_to_zero() {
    check(
        Latch::new(1, false),
        &[
            (In::Register(1), OK),
            (In::Increment, OK),
            (In::Decrement, OK),
            (In::Satisfy(Some(5)), Ok(&[came(1, None), Action::Gone])),
            (In::Decrement, Err(Misuse::Gone)),
            (In::Increment, Err(Misuse::Gone)),
            (In::Poison(CAUSE), Err(Misuse::Gone)),
            (In::Close(CAUSE), OK),
            (In::Register(2), Err(Misuse::Gone)),
        ],
    );
    check(
        Latch::new(0, false),
        &[
            (In::Register(1), OK),
            (In::Decrement, Err(Misuse::BelowZero)),
            (In::Increment, OK),
            (In::Decrement, Ok(&[came(1, None), Action::Gone])),
        ],
    );
    // As OCR has it: from below, too.
    check(
        Latch::new(0, true),
        &[
            (In::Decrement, OK),
            (In::Decrement, OK),
            (In::Increment, OK),
            (In::Increment, Ok(&[Action::Gone])),
        ],
    );
    check(
        Latch::new(i64::MAX, false),
        &[
            (In::Register(1), OK),
            (In::Increment, Err(Misuse::Overflow)),
            (In::Decrement, OK),
            (In::Close(CAUSE), Ok(&[failed(1), Action::Gone])),
        ],
    );
}

#[test]
fn counted_is_gone_when_it_was_satisfied_and_all_have_joined() {
    let two = NonZeroUsize::new(2).unwrap();
    check(
        Counted::new(two),
        &[
            (In::Register(1), OK),
            (In::Satisfy(Some(7)), Ok(&[came(1, Some(7))])),
            (In::Satisfy(Some(7)), Err(Misuse::Repeated)),
            (In::Register(2), Ok(&[came(2, Some(7)), Action::Gone])),
            (In::Register(3), Err(Misuse::Gone)),
            (In::Satisfy(None), Err(Misuse::Gone)),
        ],
    );
    check(
        Counted::new(two),
        &[
            (In::Register(1), OK),
            (In::Register(2), OK),
            (In::Register(3), Err(Misuse::TooMany)),
            (In::Poison(CAUSE), Ok(&[failed(1), failed(2), Action::Gone])),
        ],
    );
    check(
        Counted::new(two),
        &[
            (In::Register(1), OK),
            (In::Destroy, Ok(&[dropped(1), Action::Gone])),
            (In::Register(2), Err(Misuse::Gone)),
        ],
    );
}

#[test]
fn channel_pairs_satisfactions_and_waiters_within_its_bound() {
    let two = NonZeroUsize::new(2);
    check(
        Channel::new(two),
        &[
            (In::Satisfy(Some(10)), OK),
            (In::Poison(CAUSE), OK),
            (In::Satisfy(Some(12)), Err(Misuse::Full)),
            (In::Register(1), Ok(&[came(1, Some(10))])),
            (In::Register(2), Ok(&[failed(2)])),
            (In::Register(3), OK),
            (In::Register(4), OK),
            (In::Register(5), Err(Misuse::Full)),
            (In::Satisfy(None), Ok(&[came(3, None)])),
            (In::Close(CAUSE), Ok(&[failed(4)])),
            (In::Satisfy(None), Err(Misuse::Gone)),
            (In::Register(6), Ok(&[failed(6)])),
            (In::Increment, Err(Misuse::NoLatch)),
            (In::Destroy, Ok(&[Action::Gone])),
            (In::Register(7), Err(Misuse::Gone)),
        ],
    );
    check(
        Channel::new(None),
        &[
            (In::Satisfy(Some(1)), OK),
            (In::Close(CAUSE), OK),
            (In::Register(1), Ok(&[came(1, Some(1))])),
            (In::Register(2), Ok(&[failed(2)])),
        ],
    );
    check(
        Channel::new(None),
        &[
            (In::Register(1), OK),
            (In::Destroy, Ok(&[dropped(1), Action::Gone])),
            (In::Satisfy(None), Err(Misuse::Gone)),
        ],
    );
}

/// A history: what was asked, and the answer.
type History = Vec<(In, Result<Vec<Act>, Misuse>)>;

/// Inputs of which each waiter and each payload is another one.
fn inputs() -> impl Strategy<Value = Vec<In>> {
    let kinds = proptest::collection::vec(0u32..16, 1..60);
    kinds.prop_map(|kinds| {
        let input = |(at, kind): (usize, u32)| {
            let at = at as u32;
            match kind {
                0..5 => In::Register(at),
                5..8 => In::Satisfy(Some(at)),
                8 => In::Satisfy(None),
                9 => In::Poison(CAUSE.saturating_add(at)),
                10..12 => In::Increment,
                12..15 => In::Decrement,
                _ if at.is_multiple_of(3) => In::Destroy,
                _ => In::Close(CAUSE.saturating_add(at)),
            }
        };
        kinds.into_iter().enumerate().map(input).collect()
    })
}

fn history(mut kind: impl Kind<u32, u32>, inputs: &[In]) -> History {
    let of = |&input: &In| (input, step(&mut kind, input));
    inputs.iter().map(of).collect()
}

/// The waiters that were let in, in order, with where that was in the history.
fn let_in(history: &History) -> Vec<(usize, u32)> {
    let all = history.iter().enumerate();
    all.filter_map(|(at, (input, answer))| match (input, answer) {
        (In::Register(who), Ok(_)) => Some((at, *who)),
        _ => None,
    })
    .collect()
}

/// What was told to whom, and when.
fn told(history: &History) -> Vec<(usize, u32, Verdict<u32>)> {
    let acts = history.iter().enumerate().flat_map(|(at, (_, answer))| {
        let acts = answer.iter().flatten().copied();
        acts.map(move |act| (at, act))
    });
    acts.filter_map(|(at, act)| match act {
        Action::Tell(who, verdict) => Some((at, who, verdict)),
        Action::Gone => None,
    })
    .collect()
}

/// Where the event said that it is gone.
fn gone(history: &History) -> Option<usize> {
    let says = |(_, answer): &(In, Result<Vec<Act>, Misuse>)| {
        (answer.as_ref()).is_ok_and(|acts| acts.contains(&Action::Gone))
    };
    let mut places = (0..history.len()).filter(|&at| says(&history[at]));
    let first = places.next();
    assert_eq!(places.next(), None, "it is gone twice");
    first
}

/// What an input says to those who wait.
fn verdict(input: In) -> Option<Verdict<u32>> {
    match input {
        In::Satisfy(payload) => Some(Verdict::Satisfied(payload)),
        In::Poison(cause) | In::Close(cause) => Some(Verdict::Poisoned(cause)),
        In::Destroy => Some(Verdict::Destroyed),
        _ => None,
    }
}

/// The first input that decides, among those which do not count.
fn first_verdict(inputs: &[In]) -> Option<(usize, Verdict<u32>)> {
    let mut all = inputs.iter().enumerate();
    all.find_map(|(at, &input)| Some((at, verdict(input)?)))
}

proptest! {
    /// Once: those let in before the first verdict, and nobody else, are told it, in order, at that moment.
    #[test]
    fn once_means_what_it_says(inputs in inputs()) {
        let history = history(Once::default(), &inputs);
        let end = first_verdict(&inputs);
        let expected: Vec<_> = match end {
            None => vec![],
            Some((at, verdict)) => {
                let early = inputs[..at].iter().filter_map(|input| match input {
                    In::Register(who) => Some(*who),
                    _ => None,
                });
                early.map(|who| (at, who, verdict)).collect()
            }
        };
        prop_assert_eq!(told(&history), expected);
        prop_assert_eq!(gone(&history), end.map(|(at, _)| at));
    }

    /// Sticky and idempotent: up to its destruction, everyone let in is told exactly once, as soon as both have come, the
    /// first verdict; a second satisfaction is an error for the one and nothing for the other.
    #[test]
    fn lasting_ones_tell_everyone_the_first_verdict(inputs in inputs(), ignores in any::<bool>()) {
        let history = match ignores {
            true => history(Idempotent::default(), &inputs),
            false => history(Sticky::default(), &inputs),
        };
        let first = first_verdict(&inputs);
        let destroyed = inputs.iter().position(|&input| input == In::Destroy);
        prop_assert_eq!(gone(&history), destroyed);
        let before = destroyed.unwrap_or(inputs.len());
        let expected = let_in(&history).into_iter().filter_map(|(at, who)| {
            let (fired, verdict) = first?;
            Some((at.max(fired), who, verdict))
        });
        let mut told = told(&history);
        told.sort_by_key(|&(_, who, _)| who);
        prop_assert_eq!(told, expected.collect::<Vec<_>>());
        for (at, (input, answer)) in history.iter().enumerate() {
            let again = at < before && first.is_some_and(|(fired, _)| fired < at);
            let expected = match input {
                In::Increment | In::Decrement => Some(Misuse::NoLatch),
                _ if destroyed.is_some_and(|end| at > end) => Some(Misuse::Gone),
                In::Satisfy(_) | In::Poison(_) if again && !ignores => Some(Misuse::Repeated),
                _ => None,
            };
            prop_assert_eq!(answer.as_ref().err().copied(), expected, "{}: {:?}", at, input);
        }
    }

    /// Latch: it is over at the first step after which ups and downs that were not refused sum up to zero, or that fails
    /// or destroys it; those let in before are told then.
    #[test]
    fn latch_means_what_it_says(inputs in inputs(), begin in -2i64..4, below in any::<bool>()) {
        let begin = if below { begin } else { begin.max(0) };
        let history = history(Latch::new(begin, below), &inputs);
        let mut count = begin;
        let end = history.iter().enumerate().find_map(|(at, (input, answer))| {
            let by = match input {
                In::Increment => 1,
                In::Decrement | In::Satisfy(_) => -1,
                In::Register(_) => return None,
                other => return Some((at, verdict(*other).unwrap())),
            };
            let refused = !below && count + by < 0;
            assert_eq!(answer.is_err(), refused);
            count += if refused { 0 } else { by };
            (count == 0 && !refused).then_some((at, Verdict::Satisfied(None)))
        });
        let early = let_in(&history).into_iter();
        let expected: Vec<_> = match end {
            None => vec![],
            Some((end, verdict)) => early.map(|(at, who)| {
                assert!(at < end);
                (end, who, verdict)
            }).collect(),
        };
        prop_assert_eq!(told(&history), expected);
        prop_assert_eq!(gone(&history), end.map(|(at, _)| at));
    }

    /// Counted: as sticky for the first so many who wait; gone when it is destroyed, or has a verdict and all of them.
    #[test]
    fn counted_means_what_it_says(inputs in inputs(), n in 1usize..8) {
        let history = history(Counted::new(NonZeroUsize::new(n).unwrap()), &inputs);
        let first = first_verdict(&inputs);
        let joined = let_in(&history);
        prop_assert!(joined.len() <= n);
        let all: Vec<usize> = (inputs.iter().enumerate())
            .filter(|(_, input)| matches!(input, In::Register(_)))
            .map(|(at, _)| at)
            .collect();
        let full = all.get(n - 1).copied();
        let complete = full.zip(first).map(|(last, (fired, _))| last.max(fired));
        let destroyed = inputs.iter().position(|&input| input == In::Destroy);
        let end = [complete, destroyed].into_iter().flatten().min();
        prop_assert_eq!(gone(&history), end);
        let expected: Vec<_> = joined.iter().filter_map(|&(at, who)| {
            let (fired, verdict) = first?;
            Some((at.max(fired), who, verdict))
        }).collect();
        prop_assert_eq!(told(&history), expected);
        // The first n are let in while it is there.
        let there = all.iter().take(n).filter(|&&at| end.is_none_or(|end| at <= end));
        prop_assert_eq!(joined.iter().map(|(at, _)| at).collect::<Vec<_>>(), there.collect::<Vec<_>>());
    }

    /// Channel: the i-th satisfaction that was taken goes to the i-th who was let in, when both have come; what is beyond
    /// the bound is refused; after the close those who are left over are poisoned by it.
    #[test]
    fn channel_means_what_it_says(inputs in inputs(), bound in proptest::option::of(1usize..4)) {
        let bounded = bound.and_then(NonZeroUsize::new);
        let history = history(Channel::new(bounded), &inputs);
        let destroyed = inputs.iter().position(|&input| input == In::Destroy);
        let closed = inputs.iter().enumerate().find_map(|(at, input)| match input {
            In::Close(cause) if destroyed.is_none_or(|end| at < end) => Some((at, *cause)),
            _ => None,
        });
        prop_assert_eq!(gone(&history), destroyed);
        let sent: Vec<(usize, Verdict<u32>)> = history.iter().enumerate()
            .filter(|(_, (input, answer))| {
                matches!(input, In::Satisfy(_) | In::Poison(_)) && answer.is_ok()
            })
            .map(|(at, (input, _))| (at, verdict(*input).unwrap()))
            .collect();
        let expected: Vec<_> = let_in(&history).into_iter().enumerate().filter_map(|(i, (at, who))| {
            if let Some(&(sent, verdict)) = sent.get(i) {
                return Some((at.max(sent), who, verdict));
            }
            let end = closed.map(|(end, cause)| (end, Verdict::Poisoned(cause)));
            let end = end.or(destroyed.map(|end| (end, Verdict::Destroyed)));
            end.map(|(end, verdict)| (at.max(end), who, verdict))
        }).collect();
        let mut told = told(&history);
        told.sort_by_key(|&(_, who, _)| who);
        prop_assert_eq!(told, expected);
        let (mut sends, mut waits) = (0usize, 0usize);
        for (at, (input, answer)) in history.iter().enumerate() {
            let ended = destroyed.is_some_and(|end| at > end);
            let closed = closed.is_some_and(|(end, _)| at > end);
            let most = bound.unwrap_or(usize::MAX);
            let expected = match input {
                In::Increment | In::Decrement => Some(Misuse::NoLatch),
                _ if ended => Some(Misuse::Gone),
                In::Satisfy(_) | In::Poison(_) if closed => Some(Misuse::Gone),
                In::Satisfy(_) | In::Poison(_) if sends.saturating_sub(waits) >= most => Some(Misuse::Full),
                In::Register(_) if !closed && waits.saturating_sub(sends) >= most => Some(Misuse::Full),
                _ => None,
            };
            prop_assert_eq!(answer.as_ref().err().copied(), expected, "{}: {:?}", at, input);
            if answer.is_ok() {
                sends += usize::from(matches!(input, In::Satisfy(_) | In::Poison(_)));
                waits += usize::from(matches!(input, In::Register(_)));
            }
        }
    }
}
