//! Spans of the crate `tracing` in a trace: `cargo test -p sprat --features tracing --test spans`.

use sprat::Runtime;
use sprat::trace::{Chunk, Event, File};
use std::collections::HashMap;
use std::time::Duration;
use tracing::{info_span, trace_span};

/// How often each span is in the trace, and the longest of its times in ticks.
fn noted(run: impl FnOnce(&Runtime)) -> HashMap<String, (usize, u64)> {
    let path = std::env::temp_dir().join(format!("sprat-spans-{}.sprat", std::process::id()));
    let builder = Runtime::builder().ignore_environment().xes(1);
    let rt = builder.live_codelets(64).trace(&path).build().unwrap();
    run(&rt);
    drop(rt);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (mut names, mut spans) = (HashMap::new(), Vec::new());
    for chunk in File::open(&bytes).unwrap().chunks() {
        match chunk.unwrap() {
            Chunk::Kinds(kinds) => {
                names.extend(kinds.into_iter().map(|one| (one.number, one.name)))
            }
            Chunk::Events { events, .. } => spans.extend(events.filter_map(|event| match event {
                Event::Span {
                    start, end, kind, ..
                } => Some((kind, end - start)),
                _ => None,
            })),
            _ => (),
        }
    }
    let mut noted = HashMap::new();
    for (kind, ticks) in spans {
        let (times, most) = noted.entry(names[&kind].clone()).or_insert((0, 0));
        *times += 1;
        *most = ticks.max(*most);
    }
    noted
}

/// One test, since a process has one subscriber.
#[test]
fn spans_of_bodies_are_noted_as_rust_log_says() {
    // SAFETY: no other thread is there yet that reads the environment: this is the only test, and it has started nothing.
    unsafe { std::env::set_var("RUST_LOG", "spans=info") };
    sprat::spans::init().unwrap();
    let again = sprat::spans::init().unwrap_err().to_string();
    assert!(again.contains("has a subscriber"), "{again}");

    let noted = noted(|rt| {
        let _outside = info_span!("outside").entered();
        rt.finish(|s| {
            let host = info_span!("host").entered();
            // Enough that the host helps in the middle of its body.
            for _ in 0..500 {
                s.codelet("solve").spawn((), |_, ()| {
                    let _solve = info_span!("assemble").entered();
                    std::hint::black_box(vec![0_u8; 100]);
                    let _detail = trace_span!("detail").entered();
                });
            }
            drop(host);
            Ok(())
        })
        .unwrap();
        let block = rt.block::<u64>(1).unwrap();
        let graph = rt.record(|s| {
            s.spawn(block.write(), |_, _| {
                let _step = info_span!("step").entered();
                std::thread::sleep(Duration::from_millis(1));
            });
            Ok(())
        });
        rt.replay(&graph.unwrap(), 3).unwrap();
        // A codelet may call another runtime, whose bodies run here too, and then it goes on.
        let inner = Runtime::builder().ignore_environment().xes(1);
        let inner_path = std::env::temp_dir().join(format!("sprat-inner-{}", std::process::id()));
        let inner = inner.trace(&inner_path).build().unwrap();
        rt.finish(|s| {
            s.spawn((), |_, ()| {
                inner.finish(|_| Ok(())).unwrap();
                let _span = info_span!("afterwards").entered();
            });
            Ok(())
        })
        .unwrap();
        drop(inner);
        std::fs::remove_file(&inner_path).unwrap();
        // What fails leaves its spans all the same.
        let failed = rt.finish(|s| {
            s.spawn((), |_, ()| {
                let _span = info_span!("fails").entered();
                panic!("on purpose");
            });
            Ok(())
        });
        assert!(failed.is_err());
        let _outside = info_span!("outside").entered();
    });
    let times: HashMap<_, _> = (noted.iter())
        .map(|(name, (times, _))| (name.as_str(), *times))
        .collect();
    let expected = [
        ("host", 1),
        ("assemble", 500),
        ("step", 3),
        ("afterwards", 1),
        ("fails", 1),
    ];
    assert_eq!(times, HashMap::from(expected));
    assert!(noted["step"].1 > 0);
}
