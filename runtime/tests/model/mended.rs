//! What reviewers found wrong, each with a test named after what is right.

use super::runtime;
use sprat::error::Origin;
use sprat::{Block, Error, ErrorKind, Runtime, Scope, Spawned};
use std::sync::Mutex;
use std::time::Duration;

fn ignore<R>(_: Spawned<R>) {}

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

#[test]
fn a_refused_codelet_tells_the_kind_of_what_is_wrong() {
    use ErrorKind::{Access, BlockSize, Config, Foreign, Stale, Undeclared, User};
    let rt = runtime(1);
    let other = runtime(1);
    let kind = |body: &dyn Fn(&Scope<'_>)| {
        let told = rt.finish(|s| {
            body(s);
            Ok(())
        });
        let error = told.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
        error.failure().unwrap().kind
    };
    let (b, foreign, gone) = (
        rt.block::<u64>(1).unwrap(),
        other.block::<u64>(1).unwrap(),
        rt.block::<u64>(1).unwrap(),
    );
    rt.destroy(gone).unwrap();
    let nothing = |s: &Scope<'_>, access| ignore(s.codelet("nothing").spawn(access, |_, _| ()));
    assert_eq!(kind(&|s| nothing(s, foreign.read())), Foreign);
    assert_eq!(kind(&|s| nothing(s, gone.read())), Stale);
    let twice = (b.write(), b.read());
    assert_eq!(kind(&|s| ignore(s.spawn(twice, |_, _| ()))), Access);
    let child = |s: &Scope<'_>| {
        s.spawn((), move |s, ()| ignore(s.spawn(b.read(), |_, _| ())));
    };
    assert_eq!(kind(&child), Undeclared);
    let nowhere = |s: &Scope<'_>| ignore(s.codelet("nowhere").on_xe(9).spawn((), |_, ()| ()));
    assert_eq!(kind(&nowhere), Config);
    // And a body tells the kind of its error, a panic that of the user's errors.
    let asks = |s: &Scope<'_>| ignore(s.spawn((), |s, ()| s.block::<u64>(0).map(|_| ())));
    assert_eq!(kind(&asks), BlockSize);
    let says = |s: &Scope<'_>| ignore(s.spawn((), |_, ()| Err::<(), _>(Error::msg("no"))));
    assert_eq!(kind(&says), User);
    let panics = |s: &Scope<'_>| ignore(s.spawn((), |_, ()| panic!("expected")));
    assert_eq!(kind(&panics), User);
    let again = |s: &Scope<'_>| {
        let body = |s: &Scope<'_>, ()| s.block::<u64>(0).map(|_| ());
        s.codelet("again").repeatable(2).spawn((), body);
    };
    assert_eq!(kind(&again), BlockSize);
    let adopts = |s: &Scope<'_>| {
        let own = s.spawn((), |_, ()| Ok(1u64));
        s.spawn((), move |_, ()| own.value());
    };
    assert_eq!(kind(&adopts), Undeclared);
}

#[test]
fn a_failure_says_whether_it_is_one_of_those_that_failed() {
    let rt = runtime(1);
    let (b, c) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let fail = |s: &Scope<'_>| {
        let body = |_: &Scope<'_>, _: &mut [u64]| Err::<(), _>(Error::msg("no"));
        s.codelet("old").spawn(b.write(), body);
        s.codelet("too").spawn(c.write(), body);
        Ok(())
    };
    let error = rt.finish(fail).unwrap_err();
    let failure = error.failure().unwrap();
    assert!(failure.counted && failure.failed == 2, "{error}");
    let told = error.to_string();
    assert!(
        told.ends_with("2 codelets failed in all, this one first"),
        "{told}"
    );

    // Old poison: nobody failed here.
    let error = rt.read(b, |_| ()).unwrap_err();
    let failure = error.failure().unwrap();
    let counts = (failure.counted, failure.failed, failure.skipped);
    assert_eq!(counts, (false, 0, 1), "{error}");
    assert_eq!(failure.codelet, "old");

    // Old poison first, and then two that fail here.
    let error = rt
        .finish(|s| {
            s.codelet("reader").spawn(b.read(), |_, _| ());
            let later = s.after(Duration::from_millis(100));
            for _ in 0..2 {
                let own = s.codelet("own").after(&later);
                own.spawn((), |_, ()| Err::<(), _>(Error::msg("no")));
            }
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(failure.codelet, "old");
    assert!(!failure.counted && failure.failed == 2, "{error}");
    let told = error.to_string();
    assert!(
        told.contains("; 2 of the scope's codelets failed later"),
        "{told}"
    );
}

#[test]
fn an_event_that_cannot_come_is_called_an_event_with_its_place() {
    let rt = runtime(1);
    let line = line!() + 1;
    let (go, trigger) = rt.event("go");
    let error = rt
        .finish(|s| {
            s.codelet("waits").after(&go).spawn((), |_, ()| ());
            drop(trigger);
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(
        (failure.origin, failure.kind),
        (Origin::Event, ErrorKind::Event)
    );
    assert_eq!(
        (failure.counted, failure.failed, failure.skipped),
        (false, 0, 1)
    );
    assert_eq!(failure.spawned_at.line(), line);
    let want = format!(
        "event `go`, made at {}, cannot come any more: the event's trigger was dropped unsatisfied; 1 skipped, since they wait for it",
        failure.spawned_at
    );
    let told = error.to_string();
    assert!(told.starts_with(&want), "{told}");
}

/// The cause of the failure of the scope with this body.
#[track_caller]
fn cause<'s>(rt: &Runtime, body: impl FnOnce(&Scope<'s>)) -> String {
    let told = rt.finish(|s| {
        body(s);
        Ok(())
    });
    told.unwrap_err().failure().unwrap().cause.clone()
}

#[test]
fn a_child_that_destroys_its_parents_block_is_told_one_thing_to_do() {
    let rt = runtime(1);
    let b = rt.block::<u64>(1).unwrap();
    let told = cause(&rt, |s| {
        s.spawn(b.write(), move |s, _| ignore(s.destroy(b)));
    });
    let want = "destroy it after the parent, in the scope or codelet that made it";
    assert!(told.ends_with(want), "{told}");
    assert!(!told.contains("declare it"), "{told}");
    // Which can be done.
    rt.finish(|s| {
        s.spawn(b.write(), |_, _| ());
        s.destroy(b);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_block_of_a_sibling_gives_advice_that_can_be_followed() {
    let rt = runtime(2);
    let made: Mutex<Option<Block<u64>>> = Mutex::new(None);
    let made = &made;
    let (there, trigger) = rt.event("there");
    let (used, done) = rt.event("used");
    let told = cause(&rt, move |s| {
        let maker = move |s: &Scope<'_>, ()| {
            *made.lock().unwrap() = Some(s.block(1)?);
            s.satisfy(trigger);
            // It has not ended before the other one has named its block.
            s.codelet("last").after(&used).spawn((), |_, ()| ());
            Ok(())
        };
        s.codelet("maker").spawn_once((), maker);
        let user = s.codelet("user").after(&there);
        user.spawn_once((), move |s, ()| {
            let block = made.lock().unwrap().unwrap();
            s.spawn(block.read(), |_, _| ());
            s.spawn(block.part(0..1).read(), |_, _| ());
            s.satisfy(done);
        });
    });
    let want = "make it above both, before they are spawned, and declare it in both";
    assert!(told.ends_with(want), "{told}");
    assert!(!told.contains("parent"), "{told}");

    // What the host made can be declared in the parent.
    let b = rt.block::<u64>(1).unwrap();
    let told = cause(&rt, |s| {
        s.spawn((), move |s, ()| {
            ignore(s.spawn(b.part(0..1).read(), |_, _| ()))
        });
    });
    assert!(told.contains("declare it in the parent"), "{told}");
    // And so can what a codelet above the parent made.
    let told = cause(&rt, |s| {
        s.spawn((), move |s, ()| {
            let b = s.block::<u64>(1)?;
            s.spawn((), move |s, ()| ignore(s.spawn(b.read(), |_, _| ())));
            Ok(())
        });
    });
    assert!(told.contains("declare it in the parent"), "{told}");
}

#[test]
fn a_value_of_an_inner_scope_gives_advice_that_can_be_followed() {
    let rt = runtime(1);
    let (go, trigger) = rt.event("go");
    let told = cause(&rt, move |s| {
        let mut value = None;
        s.scope(|s| {
            s.scope(|s| {
                let waits = s.codelet("inner").after(&go);
                value = Some(waits.spawn((), |_, ()| Ok(1u64)).value());
            });
        });
        s.spawn(value.unwrap().read(), |_, _| ());
        s.satisfy(trigger);
    });
    let want = "name it in there, or spawn its codelet out here";
    assert!(told.ends_with(want), "{told}");
    assert!(!told.contains("parent"), "{told}");
}

#[test]
fn an_error_of_the_scopes_body_does_not_hide_that_codelets_failed() {
    let rt = runtime(1);
    let body = |fails: bool| {
        rt.finish(|s| -> sprat::Result<()> {
            if fails {
                let codelet = s.codelet("load");
                codelet.spawn((), |_, ()| Err::<(), _>(Error::msg("no file")));
            }
            "x".parse::<u32>()?;
            Ok(())
        })
        .unwrap_err()
    };
    let error = body(true);
    assert_eq!(error.kind(), ErrorKind::User);
    let failure = error.failure().unwrap();
    assert_eq!((failure.codelet.as_str(), failure.failed), ("load", 1));
    let told = error.to_string();
    assert!(
        told.starts_with("invalid digit found in string; besides, codelet `load`"),
        "{told}"
    );
    assert!(told.ends_with("no file"), "{told}");
    let source = error.into_std();
    assert!(source.source().unwrap().is::<std::num::ParseIntError>());

    let error = body(false);
    assert!(error.failure().is_none());
    assert_eq!(error.to_string(), "invalid digit found in string");
}

#[test]
fn a_codelet_with_a_block_that_is_gone_takes_its_place_in_the_others() {
    // One engine: the host's, which runs nothing before the body has returned.
    let rt = runtime(1);
    let block = || rt.block::<u64>(1).unwrap();
    let (low, gone, high) = (block(), block(), block());
    let error = rt
        .finish(|s| {
            let gone_by_then = s.destroy(gone).event();
            let bad = s.codelet("bad").at_ready().after(&gone_by_then);
            bad.spawn((low.write(), gone.read(), high.write()), |_, _| ());
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(
        (failure.kind, failure.failed),
        (ErrorKind::Stale, 1),
        "{error}"
    );
    for block in [low, high] {
        let error = rt.read(block, |_| ()).unwrap_err();
        assert_eq!(error.failure().unwrap().codelet, "bad", "{error}");
    }
}

#[test]
fn public_types_can_be_shown_and_name_no_addresses() {
    use sprat::{Max, scratch};
    let rt = runtime(1);
    let b = rt.block::<u64>(8).unwrap();
    let (event, trigger) = rt.event("go");
    let mut shown = vec![
        format!("{:?}", (b.read(), b.write(), b.read_write(), b.commute())),
        format!("{:?}", (b.read().raw(), b.commute().raw())),
        format!("{:?}", (b.read().weak(), b.reduce(Max), scratch::<u64>(4))),
        format!("{:?}", (b.part(1..3), b.part(1..3).write())),
        format!("{:?}", b.tile(0..1, 0..2, 4).read()),
        format!("{event:?} {trigger:?} {rt:?}"),
    ];
    rt.finish(|s| {
        let spawned = s.spawn((), |_, ()| Ok(1u64));
        let options = s.codelet("named").after(&event).on_xe(7);
        shown.push(format!("{s:?} {options:?}"));
        shown.push(format!("{:?}", options.repeatable(3)));
        let (value, read) = (spawned.value(), spawned.read());
        shown.push(format!("{spawned:?} {value:?} {read:?}"));
        s.satisfy(trigger);
        Ok(())
    })
    .unwrap();
    let all = shown.join("\n");
    assert!(!all.contains("0x"), "{all}");
    for part in [
        "(Read(Block<u64>#0), Write(Block<u64>#0), ReadWrite(",
        "Raw(Read(Block<u64>#0))",
        "Weak(Read(Block<u64>#0))",
        "Max",
        "Scratch<u64>(4)",
        "Block<u64>#0[1..3], WritePart(Block<u64>#0[1..3])",
        "ReadTile(Block<u64>#0[rows 0..1, columns 0..2 of 4])",
        "name: Some(\"named\")",
        "there is no execution engine 7",
        "up to 3 times more",
        "ReadValue(Value<u64>(codelet ",
    ] {
        assert!(all.contains(part), "`{part}` is missing: {all}");
    }
}
