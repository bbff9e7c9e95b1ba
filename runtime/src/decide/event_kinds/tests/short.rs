//! The short ways are the steps, and what was renewed is as new.

use super::*;

/// The short ways of a kind do what its steps do, or nothing at all.
fn same_as_steps<K: Kind<u32, u32> + Clone>(
    inputs: &[In],
    mut long: K,
    mut shortly: impl FnMut(&mut K, In) -> Option<Vec<Act>>,
) {
    let mut short = long.clone();
    for &input in inputs {
        let did = shortly(&mut short, input).map_or_else(|| step(&mut short, input), Ok);
        assert_eq!(did, step(&mut long, input), "{input:?}");
    }
}

proptest! {
    #[test]
    fn short_ways_are_the_steps(inputs in inputs()) {
        same_as_steps(&inputs, Once::default(), |event, input| match input {
            In::Register(waiter) => event.register_first(waiter).then(Vec::new),
            In::Satisfy(payload) => {
                let told = event.satisfy_alone()?.map(|waiter| came(waiter, payload));
                Some(told.into_iter().chain([Action::Gone]).collect())
            }
            _ => None,
        });
        same_as_steps(&inputs, Sticky::default(), |event, input| match input {
            In::Register(waiter) => event.register_first(waiter).then(Vec::new),
            In::Satisfy(payload) => {
                let told = event.satisfy_alone(payload)?.map(|waiter| came(waiter, payload));
                Some(told.into_iter().collect())
            }
            _ => None,
        });
    }

    /// Whatever happened to it before.
    #[test]
    fn what_is_gone_and_renewed_is_as_new(before in inputs(), inputs in inputs()) {
        let ends = |gone: &History| gone.iter().any(|(_, answer)| {
            answer.iter().flatten().any(|act| *act == Action::Gone)
        });
        let (mut once, mut sticky) = (Once::default(), Sticky::default());
        let gone: History = before.iter().map(|&input| (input, step(&mut once, input))).collect();
        if !ends(&gone) {
            prop_assert!(step(&mut once, In::Destroy).is_ok());
        }
        once.renew();
        prop_assert_eq!(history(once, &inputs), history(Once::default(), &inputs));
        let gone: History = before.iter().map(|&input| (input, step(&mut sticky, input))).collect();
        if !ends(&gone) {
            prop_assert!(step(&mut sticky, In::Destroy).is_ok());
        }
        sticky.renew();
        prop_assert_eq!(history(sticky, &inputs), history(Sticky::default(), &inputs));
    }
}
