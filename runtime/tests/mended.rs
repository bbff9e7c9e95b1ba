//! What reviewers found wrong, each with a test named after what is right.

use sprat::{Error, Runtime};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

#[test]
fn what_a_codelet_that_forwards_a_failed_child_was_to_write_is_poisoned() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let block = || rt.block::<u64>(8).unwrap();
        let (alone, shared, part, children) = (block(), block(), block(), block());
        let error = rt
            .finish(|s| {
                let access = (
                    alone.write(),
                    shared.read_write(),
                    part.part(2..6).read_write(),
                    children.read_write().weak(),
                );
                let forwarder = s.codelet("forwarder").spawn(access, move |s, _| {
                    // These go well, and leave the blocks well: it is the forwarder's own failure that counts.
                    s.spawn(shared.write(), |_, all| all.fill(1));
                    s.spawn(part.part(3..4).write(), |_, all| all.fill(1));
                    s.spawn(children.write(), |_, all| all.fill(1));
                    let child = s.codelet("child");
                    let child = child.spawn((), |_, ()| Err::<u64, _>(Error::msg("no")));
                    child.value()
                });
                s.spawn(forwarder.read(), |_, _| ());
                Ok(())
            })
            .unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
        for (which, block) in [alone, shared, part, children].into_iter().enumerate() {
            let error = rt.read(block, |_| ()).expect_err(&which.to_string());
            assert_eq!(
                error.failure().unwrap().codelet,
                "child",
                "{which}: {error}"
            );
        }
    }
}

#[test]
fn what_a_codelet_without_a_value_was_to_write_is_poisoned_if_the_child_it_returns_failed() {
    let rt = runtime(1);
    let (b, good) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    rt.finish(|s| {
        s.spawn(good.write(), |s, good| {
            good[0] = 7;
            s.spawn((), |_, ()| ()).value()
        });
        s.spawn(b.write(), |s, _| {
            s.spawn((), |_, ()| Err::<(), _>(Error::msg("no"))).value()
        });
        Ok(())
    })
    .unwrap_err();
    assert!(rt.read(b, |_| ()).is_err());
    assert_eq!(rt.read(good, |good| good[0]).unwrap(), 7);
}
