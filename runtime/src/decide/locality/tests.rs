use super::*;

const BYTES: u64 = 1000;

/// Two pairs of regions.
fn mind() -> Locality {
    let far = [
        [0, 6, 18, 20],
        [6, 0, 18, 21],
        [18, 18, 0, 6],
        [20, 21, 6, 0],
    ];
    Locality::new(far.map(|row| row.to_vec()).into(), vec![true; 4])
}

fn seen(home: u16, region: u16, read: u64, written: u64) -> Seen {
    Seen {
        block: 7,
        bytes: BYTES,
        home,
        region,
        read,
        written,
    }
}

fn to(to: u16) -> Vec<Act> {
    vec![Act::Move { block: 7, to }]
}

#[test]
fn a_block_goes_to_who_uses_it() {
    let mut mind = mind();
    assert_eq!(mind.look(&[seen(0, 3, 2 * BYTES, 2 * BYTES)]), to(3));
    // There it is at its place.
    for _ in 0..50 {
        assert_eq!(mind.look(&[seen(3, 3, 2 * BYTES, 2 * BYTES)]), []);
    }
}

#[test]
fn a_move_must_save_more_than_it_costs() {
    let mut mind = mind();
    // A block's worth of bytes, once.
    assert_eq!(mind.look(&[seen(0, 3, BYTES / 2, BYTES / 2)]), []);
    // Again, and the sum has faded to one and a half.
    assert_eq!(mind.look(&[seen(0, 3, BYTES / 2, BYTES / 2)]), to(3));
}

#[test]
fn a_block_that_two_use_alike_stays() {
    let mut mind = mind();
    for _ in 0..50 {
        let both = [seen(0, 0, 900, 900), seen(0, 1, 1100, 1100)];
        assert_eq!(mind.look(&both), []);
    }
}

#[test]
fn it_goes_between_those_who_use_it() {
    // 2 and 3 are near each other and far from where it is.
    let both = [seen(0, 2, BYTES, BYTES), seen(0, 3, 2 * BYTES, 2 * BYTES)];
    assert_eq!(mind().look(&both), to(3));
}

#[test]
fn what_is_read_all_over_has_copies_and_what_is_written_has_none() {
    let all = |written| {
        let reads = (0..4).map(|region| seen(0, region, 3 * BYTES, 0));
        reads.chain([seen(0, 0, 0, written)]).collect::<Vec<_>>()
    };
    assert_eq!(mind().look(&all(0)), [Act::Replicate { block: 7 }]);
    assert_eq!(mind().look(&all(BYTES)), []);
    // What one region reads moves.
    assert_eq!(mind().look(&[seen(0, 2, 3 * BYTES, 0)]), to(2));
}

#[test]
fn what_did_not_help_is_undone_and_not_tried_again_soon() {
    let mut mind = mind();
    let mut tries = Vec::new();
    // The user is always where the block is not.
    let (mut home, mut at) = (0, 0);
    for look in 0..400 {
        let region = if home == 0 { 3 } else { 0 };
        for act in mind.look(&[seen(home, region, 2 * BYTES, 2 * BYTES)]) {
            let Act::Move { to, .. } = act else {
                panic!("{act:?}")
            };
            home = to;
            tries.push(look - at);
            at = look;
        }
    }
    // There, and back at the next look; then after a rest that doubles.
    assert_eq!(tries[..8], [0, 1, 4, 1, 8, 1, 16, 1]);
    assert!(tries.len() <= 18, "{tries:?}");
}

#[test]
fn what_helped_once_may_be_tried_at_once_again() {
    let mut mind = mind();
    let mut home = 0;
    for user in [3, 1, 2, 0] {
        let mut looks = 0;
        while home != user {
            for act in mind.look(&[seen(home, user, 2 * BYTES, 2 * BYTES)]) {
                if let Act::Move { to, .. } = act {
                    home = to;
                }
            }
            looks += 1;
            assert!(looks < 10, "{user}");
        }
        for _ in 0..3 {
            assert_eq!(mind.look(&[seen(home, user, 2 * BYTES, 2 * BYTES)]), []);
        }
    }
}

#[test]
fn an_act_that_nobody_carries_out_is_called_off_and_wished_again_later() {
    let mut mind = mind();
    let there = || [seen(0, 3, 2 * BYTES, 2 * BYTES)];
    let acts: Vec<_> = (0..40).flat_map(|_| mind.look(&there())).collect();
    assert_eq!(acts, [to(3), to(0), to(3), to(0)].concat());
}

#[test]
fn nothing_goes_where_there_is_no_memory() {
    let far = vec![vec![0, 10], vec![10, 0]];
    let mut mind = Locality::new(far, vec![true, false]);
    for _ in 0..10 {
        assert_eq!(mind.look(&[seen(0, 1, 9 * BYTES, 9 * BYTES)]), []);
    }
}

#[test]
fn what_is_not_used_is_forgotten_and_too_many_are_left_alone() {
    let mut mind = mind();
    let many = (0..MOST as u64 + 10).map(|block| Seen {
        block,
        ..seen(1, 1, 10, 0)
    });
    assert_eq!(mind.look(&many.collect::<Vec<_>>()), []);
    assert_eq!(mind.blocks.len(), MOST);
    (0..FORGET).for_each(|_| assert_eq!(mind.look(&[]), []));
    assert_eq!(mind.blocks.len(), 0);
}
