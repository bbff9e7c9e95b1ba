//! Bad input gives an error that says what is wrong, where, and what to do; nothing is lost by it, and the runtime works
//! on.

use sprat::{Block, Error, ErrorKind, Event, Result, Runtime, Scope, Topology, Value};
use std::sync::Mutex;

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

/// The error is of this kind and says all of these.
#[track_caller]
fn says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing: {text}");
    }
}

/// A scope fails because a codelet named `bad` was refused, and the error says these, and where it was spawned.
#[track_caller]
fn refuses<'s>(rt: &Runtime, parts: &[&str], body: impl FnOnce(&Scope<'s>) -> Result<()>) {
    let error = rt.finish(body).unwrap_err();
    says(&error, ErrorKind::Failed, parts);
    says(&error, ErrorKind::Failed, &["`bad`", "bad_input.rs:"]);
    assert!(!error.failure().unwrap().panicked);
    works(rt);
}

#[track_caller]
fn works(rt: &Runtime) {
    let block = rt.block::<u64>(3).unwrap();
    rt.finish(|s| {
        s.spawn(block.write(), |_, b| b.fill(7));
        s.spawn(block.read_write(), |_, b| b[0] += 1);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(block, <[u64]>::to_vec).unwrap(), [8, 7, 7]);
    rt.destroy(block).unwrap();
}

#[test]
fn lengths_of_blocks() {
    let rt = runtime(1);
    let ask = "ask for at least one";
    let kind = ErrorKind::BlockSize;
    says(&rt.block::<u64>(0).unwrap_err(), kind, &["0 elements", ask]);
    says(
        &rt.blocks::<u8>(3, 0).unwrap_err(),
        kind,
        &["0 elements", ask],
    );
    says(
        &rt.block::<[u64; 0]>(9).unwrap_err(),
        kind,
        &["0 bytes", ask],
    );
    let large = ["larger than the address space"];
    says(&rt.block::<u64>(usize::MAX).unwrap_err(), kind, &large);
    says(&rt.block::<u8>(usize::MAX).unwrap_err(), kind, &large);
    says(&rt.block::<u64>(1 << 60).unwrap_err(), kind, &large);
    assert!(rt.blocks::<u8>(0, 1).unwrap().is_empty());
    /// More alignment than blocks have.
    #[derive(Clone, Copy)]
    #[repr(C, align(128))]
    struct Wide([u8; 128]);
    // SAFETY: an array of bytes without padding.
    unsafe impl bytemuck::Zeroable for Wide {}
    // SAFETY: as above.
    unsafe impl bytemuck::Pod for Wide {}
    let wide = ["aligned to 128 bytes", "less alignment"];
    says(&rt.block::<Wide>(1).unwrap_err(), kind, &wide);
    rt.finish(|s| {
        says(&s.block::<u64>(0).unwrap_err(), kind, &[ask]);
        says(&s.block::<u64>(usize::MAX).unwrap_err(), kind, &large);
        Ok(())
    })
    .unwrap();
    works(&rt);
}

#[test]
fn memory_that_is_refused_is_told_at_the_first_access() {
    let rt = runtime(1);
    let huge = rt.block::<u8>(1 << 62).unwrap();
    let error = rt.write(huge, |b| b[0] = 1).unwrap_err();
    says(&error, ErrorKind::Failed, &["`write`", "bad_input.rs"]);
    assert!(rt.read(huge, |b| b[0]).is_err());
    works(&rt);
}

#[test]
fn a_block_that_memory_was_refused_for_can_be_destroyed() {
    let rt = runtime(1);
    let huge = rt.block::<u8>(1 << 62).unwrap();
    rt.destroy(huge).unwrap();
    works(&rt);
}

#[test]
fn blocks_of_another_runtime() {
    let (rt, other) = (runtime(1), runtime(1));
    let theirs = other.block::<u64>(1).unwrap();
    other.write(theirs, |b| b[0] = 5).unwrap();
    let parts = [
        "belongs to another runtime",
        "use it with the runtime that made it",
    ];
    says(
        &rt.read(theirs, |_| ()).unwrap_err(),
        ErrorKind::Failed,
        &parts,
    );
    says(
        &rt.write(theirs, |_| ()).unwrap_err(),
        ErrorKind::Failed,
        &parts,
    );
    says(&rt.destroy(theirs).unwrap_err(), ErrorKind::Failed, &parts);
    refuses(&rt, &parts, |s| {
        s.codelet("bad").spawn(theirs.write(), |_, _| ());
        Ok(())
    });
    refuses(&rt, &parts, |s| {
        s.codelet("bad").near(theirs).spawn((), |_, ()| ());
        Ok(())
    });
    assert_eq!(other.read(theirs, |b| b[0]).unwrap(), 5);
}

#[test]
fn blocks_after_their_destruction() {
    let rt = runtime(1);
    let gone = rt.block::<u64>(1).unwrap();
    rt.destroy(gone).unwrap();
    // Its slot is used again; the old name must not reach the new block.
    let new = rt.block::<u64>(1).unwrap();
    rt.write(new, |b| b[0] = 5).unwrap();
    let parts = [
        "was destroyed before",
        "do not name a block after its `destroy`",
    ];
    says(
        &rt.read(gone, |_| ()).unwrap_err(),
        ErrorKind::Failed,
        &parts,
    );
    says(
        &rt.write(gone, |_| ()).unwrap_err(),
        ErrorKind::Failed,
        &parts,
    );
    says(&rt.destroy(gone).unwrap_err(), ErrorKind::Failed, &parts);
    refuses(&rt, &parts, |s| {
        s.codelet("bad").near(gone).spawn((), |_, ()| ());
        Ok(())
    });
    let two = rt.block::<u64>(1).unwrap();
    refuses(&rt, &parts, |s| {
        s.spawn(two.write(), |_, b| b[0] = 1);
        s.destroy(two);
        s.codelet("bad").spawn(two.read(), |_, _| ());
        Ok(())
    });
    assert_eq!(rt.read(new, |b| b[0]).unwrap(), 5);
}

#[test]
fn a_block_twice_with_a_write() {
    let rt = runtime(1);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let parts = ["declared twice", "declare it once, as `read_write`"];
    refuses(&rt, &parts, |s| {
        s.codelet("bad")
            .spawn((a.read(), b.read(), a.write()), |_, _| ());
        Ok(())
    });
    refuses(&rt, &parts, |s| {
        s.codelet("bad")
            .spawn([a.read_write(), a.read_write()], |_, _| ());
        Ok(())
    });
    let many = rt.blocks::<u64>(100, 1).unwrap();
    refuses(&rt, &parts, |s| {
        let reads: Vec<_> = many.iter().map(|b| b.read()).collect();
        s.codelet("bad").spawn((reads, many[57].write()), |_, _| ());
        Ok(())
    });
    // Twice for reading is fine.
    rt.finish(|s| {
        s.spawn(b.write(), |_, b| b[0] = 3);
        s.spawn((b.read(), b.read()), |_, (x, y)| {
            assert_eq!((x[0], y[0]), (3, 3))
        });
        Ok(())
    })
    .unwrap();
}

#[test]
fn children_beyond_their_parents_rights() {
    let rt = runtime(2);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    rt.write(b, |b| b[0] = 5).unwrap();
    let declare = "declare it in the parent";
    refuses(&rt, &["its parent did not declare it", declare], |s| {
        s.spawn(a.write(), move |s, _| {
            s.codelet("bad").spawn(b.write(), |_, b| b[0] = 0);
        });
        Ok(())
    });
    refuses(&rt, &["for reading only", declare], |s| {
        s.spawn(b.read(), move |s, _| {
            s.codelet("bad").spawn(b.read_write(), |_, b| b[0] = 0);
        });
        Ok(())
    });
    // What a sibling made is not for its siblings' children.
    let made: Mutex<Option<Block<u64>>> = Mutex::new(None);
    let made = &made;
    refuses(&rt, &["its parent did not declare it", declare], |s| {
        let maker = s.spawn((), move |s, ()| {
            *made.lock().unwrap() = Some(s.block(1)?);
            Ok(())
        });
        s.codelet("user")
            .after(&maker.event())
            .spawn((), move |s, ()| {
                let block = made.lock().unwrap().unwrap();
                s.codelet("bad").spawn(block.read(), |_, _| ());
            });
        Ok(())
    });
    assert_eq!(rt.read(b, |b| b[0]).unwrap(), 5);
    // When its maker has ended, and the scope with it, it is everybody's.
    let block = made.lock().unwrap().unwrap();
    assert_eq!(rt.read(block, |b| b[0]).unwrap(), 0);
}

#[test]
fn waiting_on_an_engine() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    rt.write(a, |a| a[0] = 5).unwrap();
    let (rt, seen) = (&rt, &Mutex::new(0));
    let parts = ["`finish`", "spawn codelets", "nested `scope`"];
    let all = move || {
        let errors = [
            rt.finish(|_| Ok(())).unwrap_err(),
            rt.read(a, |_| ()).unwrap_err(),
            rt.write(a, |a| a[0] = 0).unwrap_err(),
            rt.destroy(a).unwrap_err(),
        ];
        for error in &errors {
            says(error, ErrorKind::OnEngine, &parts);
            *seen.lock().unwrap() += 1;
        }
    };
    rt.finish(|s| {
        all();
        s.spawn((), move |_, ()| all());
        s.spawn((), move |s, ()| {
            s.spawn((), move |_, ()| all());
        });
        s.scope(|_| all());
        Ok(())
    })
    .unwrap();
    assert_eq!(*seen.lock().unwrap(), 16);
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 5);
    // Waiting for another runtime is another matter.
    let other = runtime(1);
    let other = &other;
    rt.finish(|s| {
        s.spawn((), move |_, ()| works(other));
        Ok(())
    })
    .unwrap();
}

#[test]
fn waiting_on_an_engine_outside_of_all_seats() {
    let rt = runtime(1);
    let (rt, gate) = (&rt, &std::sync::Barrier::new(2));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(move || {
                rt.finish(|_| {
                    // Both are in: one of them has no seat.
                    gate.wait();
                    let error = rt.finish(|_| Ok(())).unwrap_err();
                    says(&error, ErrorKind::OnEngine, &["`finish`"]);
                    gate.wait();
                    Ok(())
                })
                .unwrap();
            });
        }
    });
    works(rt);
}

#[test]
fn counts_of_engines() {
    let plan = |xes, oversubscribe| {
        let topology = Topology::synthetic("core:2 thread:2").unwrap();
        let builder = Runtime::builder().topology(topology).ignore_environment();
        builder.xes(xes).oversubscribe(oversubscribe).build()
    };
    says(
        &plan(0, false).unwrap_err(),
        ErrorKind::Config,
        &["zero", "at least one"],
    );
    says(
        &plan(0, true).unwrap_err(),
        ErrorKind::Config,
        &["zero", "at least one"],
    );
    let parts = [
        "5 execution engines",
        "4 usable hardware thread",
        "oversubscribe",
    ];
    says(&plan(5, false).unwrap_err(), ErrorKind::Config, &parts);
    let most = ["4096"];
    says(&plan(5000, true).unwrap_err(), ErrorKind::Config, &most);
    says(
        &plan(usize::MAX, true).unwrap_err(),
        ErrorKind::Config,
        &most,
    );
    let rt = plan(5, true).unwrap();
    assert_eq!(rt.xes(), 5);
    works(&rt);
}

#[test]
fn topology_descriptions() {
    for (text, part) in [
        ("", "empty"),
        ("   ", "empty"),
        ("package:2", "no `core` level"),
        ("core", "not `level:count`"),
        ("core:", "not a count"),
        ("core:x", "not a count"),
        ("core:-1", "not a count"),
        ("core:0", "counts start at 1"),
        ("core:2 core:2", "twice"),
        ("core:2 package:2", "must come before"),
        ("socket:2 core:2", "no level `socket`"),
        ("core:99999999999999999999999", "hardware threads"),
        ("package:65535 core:65535 thread:65535", "hardware threads"),
        ("core:2;thread:2", "not a count"),
        ("çore:2", "no level"),
    ] {
        let error = Topology::synthetic(text).unwrap_err();
        says(
            &error,
            ErrorKind::Topology,
            &[part, "write it like `package:"],
        );
    }
    let error = Topology::from_sysfs("/nowhere/at/all".as_ref()).unwrap_err();
    says(&error, ErrorKind::Topology, &["/nowhere/at/all"]);
}

#[test]
fn places_that_are_not_there() {
    let rt = runtime(2);
    refuses(
        &rt,
        &["no execution engine 2", "has 2, numbered from 0"],
        |s| {
            s.codelet("bad").on_xe(2).spawn((), |_, ()| ());
            Ok(())
        },
    );
    refuses(&rt, &["no execution engine"], |s| {
        s.codelet("bad").on_xe(usize::MAX).spawn((), |_, ()| ());
        Ok(())
    });
    for region in [1000, 65_536, usize::MAX] {
        refuses(&rt, &["memory region", "numbered from 0"], |s| {
            s.codelet("bad").on_region(region).spawn((), |_, ()| ());
            Ok(())
        });
    }
}

#[test]
fn events_of_another_runtime() {
    let (rt, other) = (runtime(1), runtime(1));
    let (event, trigger) = other.event("theirs");
    refuses(&rt, &["event `theirs`", "another runtime"], |s| {
        s.codelet("bad").after(&event).spawn((), |_, ()| ());
        Ok(())
    });
    let mut end: Option<Event> = None;
    other
        .finish(|s| {
            end = Some(s.spawn((), |_, ()| ()).event());
            Ok(())
        })
        .unwrap();
    let end = end.unwrap();
    refuses(&rt, &["another runtime"], |s| {
        s.codelet("bad").after(&end).spawn((), |_, ()| ());
        Ok(())
    });
    trigger.satisfy();
}

#[test]
fn values_out_of_their_scope() {
    let rt = runtime(1);
    let stale = ["after the end of the codelet or scope", "return it"];
    let mut old: Option<Value<u64>> = None;
    rt.finish(|s| {
        old = Some(s.spawn((), |_, ()| Ok(1)).value());
        Ok(())
    })
    .unwrap();
    let old = old.unwrap();
    refuses(&rt, &stale, |s| {
        s.codelet("bad").spawn(old.read(), |_, _| ());
        Ok(())
    });
    // Of an inner scope, named outside: told whether or not the inner scope has ended meanwhile.
    refuses(&rt, &["value"], |s| {
        let mut inner = None;
        s.scope(|s| inner = Some(s.spawn((), |_, ()| Ok(1u64)).value()));
        s.codelet("bad").spawn(inner.unwrap().read(), |_, _| ());
        Ok(())
    });
    // Of the parent's scope, which the parent did not declare.
    refuses(
        &rt,
        &["neither spawned nor declared it", "`value.read()`"],
        |s| {
            let value = s.spawn((), |_, ()| Ok(1u64)).value();
            s.spawn((), move |s, ()| {
                s.codelet("bad").spawn(value.read(), |_, _| ());
            });
            Ok(())
        },
    );
    let other = runtime(1);
    refuses(&other, &["another runtime"], |s| {
        s.codelet("bad").spawn(old.read(), |_, _| ());
        Ok(())
    });
}

#[test]
fn values_that_are_not_a_childs() {
    let (rt, other) = (runtime(1), runtime(1));
    let mut old: Option<Value<u64>> = None;
    other
        .finish(|s| {
            old = Some(s.spawn((), |_, ()| Ok(1)).value());
            Ok(())
        })
        .unwrap();
    let old = old.unwrap();
    let parts = ["did not spawn itself", "return the value of a child"];
    refuses(&rt, &parts, |s| {
        s.codelet("bad").spawn((), move |_, ()| old);
        Ok(())
    });
    refuses(&rt, &parts, |s| {
        let sibling = s.spawn((), |_, ()| Ok(1u64)).value();
        s.codelet("bad").spawn((), move |_, ()| sibling);
        Ok(())
    });
    refuses(&rt, &parts, |s| {
        s.codelet("bad").spawn((), |s, ()| {
            let mut inner = None;
            s.scope(|s| inner = Some(s.spawn((), |_, ()| Ok(1u64)).value()));
            inner.unwrap()
        });
        Ok(())
    });
}

#[test]
fn long_lists_of_accesses() {
    let rt = runtime(2);
    let blocks = rt.blocks::<u64>(70_000, 1).unwrap();
    for count in [9, 1000, 65_535] {
        let (reads, last) = (&blocks[..count - 1], blocks[count - 1]);
        let first = reads[0];
        rt.finish(|s| {
            let reads: Vec<_> = reads.iter().map(|b| b.read()).collect();
            s.spawn((reads, last.read_write()), move |s, (reads, now)| {
                now[0] += reads.len() as u64;
                // The first of the list and its last are the children's, too.
                s.spawn((first.read(), last.read_write()), |_, (_, now)| now[0] += 1);
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(last, |b| b[0]).unwrap(), count as u64);
    }
    let error = rt
        .finish(|s| {
            let all: Vec<_> = blocks.iter().map(|b| b.read()).collect();
            let bad = s.codelet("bad").spawn(all, |_, _| Ok(1u64));
            s.codelet("reader").spawn(bad.read(), |_, _| ());
            Ok(())
        })
        .unwrap_err();
    says(
        &error,
        ErrorKind::Failed,
        &["`bad`", "70000 accesses", "split it"],
    );
    works(&rt);
}

/// Not a test by itself: what a child process does for the one below.
#[test]
#[ignore = "run by `variables_that_make_no_sense`"]
fn child_process() {
    match Runtime::new() {
        Ok(rt) => println!("child: started {} XEs, {}", rt.xes(), rt.plan().mode),
        Err(error) => println!("child: {:?}: {error}", error.kind()),
    }
}

#[test]
fn variables_that_make_no_sense() {
    use std::os::unix::ffi::OsStrExt;
    let child = |variables: &[(&str, &std::ffi::OsStr)]| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child_process", "--ignored", "--nocapture"]);
        command.env_clear().envs(variables.iter().copied());
        let out = command.output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let said = text.split("child: ").nth(1).unwrap_or("nothing");
        said.lines().next().unwrap_or_default().to_owned()
    };
    for (name, text, parts) in [
        (
            "SPRAT_XES",
            "two",
            &["Config", "SPRAT_XES", "`two`", "whole number"][..],
        ),
        (
            "SPRAT_XES",
            "-1",
            &["Config", "SPRAT_XES", "`-1`", "whole number"],
        ),
        ("SPRAT_XES", "1e3", &["Config", "SPRAT_XES", "whole number"]),
        ("SPRAT_XES", "0", &["Config", "zero", "at least one"]),
        (
            "SPRAT_XES",
            "4000",
            &["Config", "4000", "SPRAT_OVERSUBSCRIBE"],
        ),
        (
            "SPRAT_XES",
            "99999999999999999999999",
            &["Config", "SPRAT_XES"],
        ),
        (
            "SPRAT_CE",
            "sharde",
            &["Config", "SPRAT_CE", "`sharde`", "`shared`"],
        ),
        (
            "SPRAT_PIN",
            "maybe",
            &["Config", "SPRAT_PIN", "`maybe`", "1 or 0"],
        ),
        (
            "SPRAT_OVERSUBSCRIBE",
            "2",
            &["Config", "SPRAT_OVERSUBSCRIBE", "1 or 0"],
        ),
        (
            "SPRAT_SPIN_US",
            "1.5",
            &["Config", "SPRAT_SPIN_US", "whole number"],
        ),
        (
            "SPRAT_TOPOLOGY",
            "package:2",
            &["Topology", "no `core` level"],
        ),
        ("SPRAT_TOPOLOGY", "core:zwei", &["Topology", "`zwei`"]),
        ("SPRAT_XES", "", &["started"]),
        ("SPRAT_SPIN_US", "18446744073709551615", &["started"]),
    ] {
        let said = child(&[(name, text.as_ref())]);
        for part in parts {
            assert!(
                said.contains(part),
                "{name}={text}: `{part}` is missing: {said}"
            );
        }
    }
    let said = child(&[("SPRAT_XES", std::ffi::OsStr::from_bytes(b"\xff2"))]);
    assert!(
        said.contains("Config") && said.contains("plain text"),
        "{said}"
    );
    let said = child(&[
        ("SPRAT_TOPOLOGY", "core:3".as_ref()),
        ("SPRAT_CE", "dedicated".as_ref()),
    ]);
    assert_eq!(said, "started 2 XEs, dedicated");
}
