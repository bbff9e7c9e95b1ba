//! Traces that are not whole: each is read as far as it goes, or refused with a sentence that helps.

use proptest::prelude::*;
use sprat::Runtime;
use sprat::trace::Flaw;
use sprat_tools::analyse::analyse;
use sprat_tools::read::read;
use std::sync::OnceLock;

/// A trace of a run with a bit of everything.
fn sound() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("sprat-damage-{}.sprat", std::process::id()));
        let rt = Runtime::builder()
            .ignore_environment()
            .xes(1)
            .trace(&path)
            .build()
            .unwrap();
        let block = rt.block::<u64>(8).unwrap();
        let graph = rt.record(|s| {
            s.codelet("step")
                .spawn(block.read_write(), |_, b| b[0] += 1);
            Ok(())
        });
        rt.replay(&graph.unwrap(), 3).unwrap();
        rt.finish(|s| {
            for _ in 0..20 {
                s.codelet("one")
                    .spawn(block.read_write(), |s, b| s.count("b", b[0] as f64));
            }
            Ok(())
        })
        .unwrap();
        drop(rt);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        bytes
    })
}

#[test]
fn what_is_no_trace_is_refused() {
    assert_eq!(read(b"").unwrap_err(), Flaw::Empty);
    assert_eq!(read(b"{\"traceEvents\": []}").unwrap_err(), Flaw::Foreign);
    assert_eq!(read(&sound()[..5]).unwrap_err(), Flaw::CutOff(0));
    let mut newer = sound().to_vec();
    newer[8] = 9;
    assert_eq!(read(&newer).unwrap_err(), Flaw::Version(9));
    for flaw in [
        Flaw::Empty,
        Flaw::Foreign,
        Flaw::CutOff(0),
        Flaw::Version(9),
        Flaw::Damaged(77),
    ] {
        assert!(flaw.to_string().len() > 40, "{flaw}");
    }
}

#[test]
fn a_trace_is_good_up_to_where_it_ends() {
    let whole = read(sound()).unwrap();
    assert!(whole.whole && whole.flaws.is_empty());
    assert_eq!(whole.tasks.iter().filter(|task| task.is_work()).count(), 23);
    let mut most = 0;
    for end in 16..sound().len() {
        let part = read(&sound()[..end]).unwrap();
        assert!(!part.whole);
        assert!(
            part.tasks.len() >= most,
            "up to {end}: {} of {most}",
            part.tasks.len()
        );
        most = part.tasks.len();
    }
    assert_eq!(most, whole.tasks.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is changed, reading and looking at it does not fail, and a change is noticed.
    #[test]
    fn damage_is_noticed(changes in prop::collection::vec((16usize..100_000, 1u8..), 1..4)) {
        let mut bytes = sound().to_vec();
        for (at, by) in changes {
            let at = 16 + at % (bytes.len() - 16);
            bytes[at] ^= by;
        }
        if bytes != sound() {
            let run = read(&bytes).unwrap();
            prop_assert!(!run.flaws.is_empty() || !run.whole);
            analyse(&run);
        }
    }

    /// Nor does any nonsense behind a right header.
    #[test]
    fn nonsense_is_survived(tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = sound()[..16].to_vec();
        bytes.extend(tail);
        if let Ok(run) = read(&bytes) {
            analyse(&run);
        }
    }
}
