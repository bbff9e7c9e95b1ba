//! What is shown of pages, also of damaged ones.

use super::*;
use proptest::prelude::*;
use sprat::page::{Control, Moves, Region, Waiting};

/// Numbers that programs show, and that only damage makes.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..100, Just(1 << 40), Just(u64::MAX), any::<u64>()]
}

fn engine(n: &[u64]) -> Engine {
    let all = [
        Doing::Sleeps,
        Doing::Looks,
        Doing::Runs,
        Doing::WaitsInReplay,
        Doing::Hosts,
    ];
    let mut xe = Engine {
        doing: all[(n[0] % 5) as usize],
        for_ns: n[1],
        begun: n[2],
        queued: n[3],
        looks: (n[4], n[5]),
        ..Engine::default()
    };
    (xe.counts.skipped, xe.counts.cancelled) = (n[6], n[7]);
    xe
}

fn page(n: &[u64]) -> Page {
    Page {
        time_ns: n[8],
        open_scopes: n[9],
        suspended: n[6] % 2,
        open_xes: n[7],
        live_codelets: n[10],
        engines: vec![engine(n), engine(&n[4..])],
        controls: vec![Control {
            silent_ns: n[11],
            ..Control::default()
        }],
        regions: vec![
            Region {
                mapped_bytes: n[12],
                ..Region::default()
            };
            (n[13] % 3) as usize
        ],
        moves: Moves {
            moved: n[14],
            copied: n[15],
            refused: n[16],
            ..Moves::default()
        },
        replays: vec![Replay {
            before: n[17],
            round: n[18],
            rounds: n[19],
            for_ns: n[20],
            ..Replay::default()
        }],
        still: n[21].is_multiple_of(2).then(|| Still {
            count: n[22],
            waiting: vec![Waiting::default(); (n[23] % 20) as usize],
            ..Still::default()
        }),
        ..Page::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_page_has_a_short_text(
        now in prop::collection::vec(number(), 24),
        before in prop::collection::vec(number(), 24),
    ) {
        let (now, before) = (page(&now), page(&before));
        let shown = text(&now, Some(&before), true);
        prop_assert!(shown.len() < 10_000, "{}", shown);
        line(&now, true);
        crate::top::json::json(&now, true, std::path::Path::new("page"));
    }
}

#[test]
fn a_suspended_program_is_told_of() {
    let page = |suspended, open_xes| Page {
        suspended,
        open_xes,
        engines: vec![
            Engine {
                doing: Doing::Looks,
                ..Engine::default()
            };
            2
        ],
        ..Page::default()
    };
    let held = text(&page(1, 1), None, true);
    for told in ["SUSPENDED", "1 of 2 engines may work", "waits for `resume`"] {
        assert!(held.contains(told), "{held}");
    }
    assert!(line(&page(1, 1), true).contains("suspended"));
    let works = text(&page(0, 2), None, true);
    assert!(!works.contains("SUSPENDED") && !works.contains("may work"));
}

#[test]
fn who_is_not_named_is_counted() {
    let told = |named, count| {
        let still = Still {
            count,
            waiting: vec![Waiting::default(); named],
            ..Still::default()
        };
        let page = Page {
            still: Some(still),
            ..Page::default()
        };
        let shown = text(&page, None, true);
        let last = shown.lines().last().unwrap_or_default().trim().to_owned();
        (shown.matches("waits for").count(), last)
    };
    // A page without room for names.
    assert_eq!(told(3, 12), (3, "and 9 more".to_owned()));
    assert_eq!(told(0, 7), (0, "and 7 more".to_owned()));
    assert_eq!(told(100, 100), (12, "and 88 more".to_owned()));
    assert_eq!(told(2, 2).0, 2);
}
