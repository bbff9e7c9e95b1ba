//! Tests of what is concluded about engines.

use super::*;

const MS: u64 = 1_000_000;

fn seen(doing: Doing, signs: u64, ended: u64, each_ns: u64) -> Seen {
    Seen {
        doing,
        signs,
        ended,
        busy_ns: ended * each_ns,
        longest_ns: if ended > 0 { each_ns } else { 0 },
    }
}

fn look(health: &mut Health, now_ns: u64, engines: &[Seen]) -> Vec<Verdict> {
    let rules = Rules::default();
    health.look(now_ns, engines.iter().copied(), (0, true), &rules)
}

#[test]
fn who_is_silent_in_a_body_loses_what_waits_and_is_given_up_much_later() {
    let mut health = Health::default();
    let well = |signs| seen(Doing::Runs, signs, signs, MS);
    let hangs = seen(Doing::Runs, 7, 5, MS);
    for step in 0..4 {
        assert_eq!(look(&mut health, step * MS, &[well(step), hangs]), []);
    }
    assert_eq!(
        look(&mut health, 4 * MS, &[well(4), hangs]),
        [Verdict::Relieve(1)]
    );
    for step in 5..16 {
        assert_eq!(look(&mut health, step * MS, &[well(step), hangs]), []);
    }
    assert_eq!(
        look(&mut health, 16 * MS, &[well(16), hangs]),
        [Verdict::GiveUp(1)]
    );
    assert_eq!(look(&mut health, 90 * MS, &[well(90), hangs]), []);
    // It was slow, and not dead.
    let back = seen(Doing::Looks, 8, 6, MS);
    assert_eq!(
        look(&mut health, 91 * MS, &[well(91), back]),
        [Verdict::Trust(1)]
    );
}

#[test]
fn nothing_is_expected_of_sleepers_and_much_of_who_was_woken() {
    let mut health = Health::default();
    let (asleep, woken) = (seen(Doing::Asleep, 3, 0, 0), seen(Doing::Looks, 3, 0, 0));
    assert_eq!(look(&mut health, 0, &[asleep, woken]), []);
    assert_eq!(look(&mut health, 3 * MS, &[asleep, woken]), []);
    assert_eq!(
        look(&mut health, 4 * MS, &[asleep, woken]),
        [Verdict::GiveUp(1)]
    );
}

#[test]
fn a_long_body_is_no_failure_where_bodies_are_long() {
    let mut health = Health::default();
    let (long, short) = (seen(Doing::Runs, 1, 0, 0), seen(Doing::Runs, 1, 0, 0));
    let here = [long, short].into_iter();
    let rules = Rules::default();
    assert_eq!(health.look(0, here.clone(), (100 * MS, true), &rules), []);
    assert_eq!(health.look(300 * MS, here, (100 * MS, true), &rules), []);
}

#[test]
fn until_somebody_ends_a_body_nobody_knows_how_long_they_take() {
    let mut health = Health::default();
    let first = seen(Doing::Runs, 1, 0, 0);
    for now_ns in [0, MS, 50 * MS, 3_999 * MS] {
        assert_eq!(look(&mut health, now_ns, &[first, first]), []);
    }
    // One has, which took as long.
    let ended = seen(Doing::Runs, 2, 1, 3_999 * MS);
    assert_eq!(look(&mut health, 4_000 * MS, &[ended, first]), []);
    let mut health = Health::default();
    assert_eq!(look(&mut health, 0, &[first]), []);
    assert_eq!(
        look(&mut health, 4_000 * MS, &[first]),
        [Verdict::GiveUp(0)]
    );
}

#[test]
fn who_takes_twice_as_long_as_the_others_limps_until_it_does_not() {
    let mut health = Health::default();
    let mut busy_ns = [0; 3];
    let mut step = |number: u64, each: [u64; 3]| {
        let engines: Vec<Seen> = (0..3)
            .map(|at| {
                busy_ns[at] += 10 * each[at];
                Seen {
                    busy_ns: busy_ns[at],
                    ..seen(Doing::Runs, number, 10 * number, MS)
                }
            })
            .collect();
        look(&mut health, number * MS, &engines)
    };
    assert_eq!(step(1, [MS, MS, MS]), []);
    assert_eq!(step(2, [MS, MS, 3 * MS]), [Verdict::Relieve(2)]);
    assert_eq!(step(3, [MS, MS, 2 * MS]), []);
    assert_eq!(step(4, [MS, MS, MS]), [Verdict::Trust(2)]);
}
#[test]
fn who_is_as_silent_as_most_others_is_in_a_long_body() {
    let mut health = Health::default();
    let [short, long] = [0, 1].map(|more| seen(Doing::Runs, 20 + more, 20, MS));
    assert_eq!(look(&mut health, 0, &[short; 3]), []);
    // All are in bodies that take a hundred times as long as any before.
    let all = look(&mut health, 90 * MS, &[long, short, short]);
    assert_eq!(all, [Verdict::Relieve(1), Verdict::Relieve(2)]);
    let ended = seen(Doing::Runs, 22, 21, 100 * MS);
    let trusted = [Verdict::Trust(1), Verdict::Trust(2)];
    assert_eq!(look(&mut health, 100 * MS, &[long, ended, ended]), trusted);
    // Those that died together vouch for each other, but not for ever.
    let mut health = Health::default();
    assert_eq!(look(&mut health, 0, &[short; 3]), []);
    let asleep = seen(Doing::Asleep, 30, 30, MS);
    let relieved = [Verdict::Relieve(1), Verdict::Relieve(2)];
    assert_eq!(
        look(&mut health, 255 * MS, &[asleep, short, short]),
        relieved
    );
    let given_up = [Verdict::GiveUp(1), Verdict::GiveUp(2)];
    assert_eq!(
        look(&mut health, 256 * MS, &[asleep, short, short]),
        given_up
    );
}

#[test]
fn two_of_five_that_are_silent_do_not_vouch_for_each_other() {
    let mut health = Health::default();
    let at = |step: u64| {
        let well = seen(Doing::Runs, step, step, MS);
        let silent = seen(Doing::Runs, 0, 0, MS);
        [well, well, well, silent, silent]
    };
    let mut all: Vec<Verdict> = Vec::new();
    for step in 0..17 {
        all.extend(look(&mut health, step * MS, &at(step)));
    }
    assert_eq!(all[2..], [Verdict::GiveUp(3), Verdict::GiveUp(4)]);
}

#[test]
fn a_wake_up_may_take_as_long_as_the_machine_says() {
    let woken = seen(Doing::Looks, 3, 0, 0);
    let given_up_at = |rules: Rules| {
        let mut health = Health::default();
        let mut looks = (0..).map(|ms| ms * MS);
        let one = [woken].into_iter();
        looks.find(|ns| !health.look(*ns, one.clone(), (0, true), &rules).is_empty())
    };
    assert_eq!(given_up_at(Rules::where_silence_lasts(MS)), Some(4 * MS));
    assert_eq!(
        given_up_at(Rules::where_silence_lasts(7 * MS)),
        Some(14 * MS)
    );
}

/// Two engines of threads: the second one gets `share` of its processor in each step of 100 ms, unless its seat is shut.
fn limping(steps: u64, idle: bool, share: impl Fn(u64) -> u64) -> Vec<(u64, Verdict)> {
    let (mut health, mut told) = (Health::default(), Vec::new());
    let (mut signs, mut busy, mut shut) = ([0; 2], [0; 2], false);
    for step in 1..=steps {
        for (at, share) in [100, share(step)].into_iter().enumerate() {
            if at == 0 || !shut {
                signs[at] += share;
                busy[at] += 100 * MS;
            }
        }
        let engines = [0, 1].map(|at| Seen {
            doing: if at == 1 && shut {
                Doing::Asleep
            } else {
                Doing::Runs
            },
            signs: signs[at],
            ended: signs[at] * 1000,
            busy_ns: busy[at],
            longest_ns: 1,
        });
        let rules = Rules::OF_THREADS;
        for verdict in health.look(step * 100 * MS, engines.into_iter(), (0, idle), &rules) {
            shut = verdict != Verdict::Trust(1);
            told.push((step, verdict));
        }
    }
    told
}

#[test]
fn who_is_shut_is_tried_again_after_longer_and_longer_times() {
    let [relieve, trust] = [Verdict::Relieve(1), Verdict::Trust(1)];
    let all = [
        (2, relieve),
        (42, trust),
        (43, relieve),
        (123, trust),
        (124, relieve),
    ];
    assert_eq!(limping(140, true, |_| 20), all);
    // It is well again when it is tried.
    let heals = |step| if step < 10 { 20 } else { 90 };
    assert_eq!(limping(140, true, heals), all[..2]);
    // Long after that it is tried as soon as at first.
    let again = |step| match step < 10 || step == 140 || step == 141 {
        true => 20,
        false => 100,
    };
    let all = [(2, relieve), (42, trust), (141, relieve), (181, trust)];
    assert_eq!(limping(200, true, again), all);
    // Once may be by chance.
    let once = |step| if step % 2 == 0 { 20 } else { 100 };
    assert_eq!(limping(80, true, once), []);
}

#[test]
fn a_third_of_a_processor_is_no_limp_among_threads_and_nobody_is_relieved_where_nobody_idles() {
    assert_eq!(limping(80, true, |_| 34), []);
    assert_eq!(limping(80, false, |_| 20), []);
    // Nor one that stands still.
    // Nor one that stands still, for however long.
    let still = |step| if step < 5 { 100 } else { 0 };
    assert_eq!(limping(80, false, still), []);
}

/// Of threads, at so many milliseconds.
fn look_at_threads(health: &mut Health, ms: u64, engines: &[Seen]) -> Vec<Verdict> {
    let rules = Rules::OF_THREADS;
    let about = (rules.shortest_ns, true);
    health.look(ms * MS, engines.iter().copied(), about, &rules)
}

#[test]
fn who_was_just_woken_was_not_silent_while_it_slept() {
    for rules in [Rules::OF_THREADS, Rules::default()] {
        let mut health = Health::default();
        let mut look = |ms: u64, doing: Doing| {
            let engines = [seen(Doing::Runs, ms, 10, MS), seen(doing, 7, 10, MS)];
            health.look(ms * MS, engines.into_iter(), (0, true), &rules)
        };
        assert_eq!(look(1, Doing::Runs), []);
        for ms in 2..1000 {
            assert_eq!(look(ms, Doing::Asleep), []);
        }
        assert_eq!(look(1001, Doing::Runs), []);
        // From then on it counts.
        let verdicts = look(1060, Doing::Runs);
        assert_eq!(verdicts.len(), 1);
    }
}

#[test]
fn who_was_relieved_for_its_silence_is_trusted_at_its_next_sign_or_when_it_sleeps() {
    for (doing, signs) in [(Doing::Runs, 8), (Doing::Asleep, 7)] {
        let mut health = Health::default();
        let mut look = |ms: u64, doing, signs, busy_ns| {
            let well = seen(Doing::Runs, ms, ms, MS);
            let other = Seen {
                busy_ns,
                ..seen(doing, signs, signs, MS)
            };
            look_at_threads(&mut health, ms, &[well, other])
        };
        assert_eq!(look(1, Doing::Runs, 7, 7 * MS), []);
        assert_eq!(look(60, Doing::Runs, 7, 7 * MS), [Verdict::Relieve(1)]);
        // What it did then took ten times as long as usual, since it stood still; once is no limp.
        let busy_ns = if signs == 8 { 17 * MS } else { 7 * MS };
        assert_eq!(look(70, doing, signs, busy_ns), [Verdict::Trust(1)]);
        assert_eq!(look(80, doing, signs, busy_ns), []);
    }
}

#[test]
fn nobody_limps_beside_those_of_whom_nothing_is_known_or_nothing_new() {
    let mut health = Health::default();
    let slow = |ms: u64| seen(Doing::Runs, ms, ms, 10 * MS);
    let (unknown, quick) = (
        |ms| seen(Doing::Runs, ms, 0, 0),
        seen(Doing::Asleep, 1, 1, MS),
    );
    for ms in 1..10 {
        let engines = [slow(ms), unknown(ms), unknown(ms)];
        assert_eq!(look_at_threads(&mut health, ms, &engines), []);
    }
    // One that has slept since was quick long ago.
    let mut health = Health::default();
    let first = [seen(Doing::Runs, 1, 1, MS), quick];
    assert_eq!(look_at_threads(&mut health, 1, &first), []);
    for ms in 2100..2200 {
        assert_eq!(look_at_threads(&mut health, ms, &[slow(ms), quick]), []);
    }
    let quick = |ms| seen(Doing::Runs, ms, ms, MS);
    let mut told =
        (2200..2210).flat_map(|ms| look_at_threads(&mut health, ms, &[slow(ms), quick(ms)]));
    assert_eq!(told.next(), Some(Verdict::Relieve(0)));
}

#[test]
fn a_thread_is_not_relieved_for_a_silence_that_most_others_keep_too() {
    let mut health = Health::default();
    let [moves, still] = [0, 1].map(|at| move |ms: u64| seen(Doing::Runs, ms * (1 - at), 0, 0));
    let asleep = seen(Doing::Asleep, 0, 0, 0);
    for ms in [0, 20, 40, 60, 80, 1000] {
        let engines = [still(ms), still(ms), asleep];
        assert_eq!(look_at_threads(&mut health, ms, &engines), []);
    }
    let mut health = Health::default();
    let engines = |ms| [moves(ms), moves(ms), still(ms)];
    let all: Vec<Verdict> = (0..8)
        .flat_map(|look| look_at_threads(&mut health, look * 20, &engines(look * 20)))
        .collect();
    assert_eq!(all, [Verdict::Relieve(2)]);
}

#[test]
fn what_was_concluded_can_be_concluded_again_from_its_numbers() {
    let mut health = Health::default();
    let mut step = |ms: u64, signs: [u64; 2]| {
        let engines: Vec<Seen> = signs
            .map(|signs| seen(Doing::Runs, signs, signs, MS))
            .into();
        let look = Look {
            before: health.clone(),
            now_ns: ms * MS,
            engines: engines.clone(),
            elsewhere_ns: 3,
            idle: true,
            rules: Rules::OF_THREADS,
        };
        let verdicts = health.look(ms * MS, engines.into_iter(), (3, true), &look.rules);
        let numbers = look.numbers();
        let again = Look::from_numbers(&numbers).unwrap();
        assert_eq!(again, look);
        assert_eq!(again.again(), verdicts);
        assert!(Look::from_numbers(&numbers[1..]).is_none());
        assert!(Look::from_numbers(&[&numbers[..], &[0]].concat()).is_none());
        verdicts.len()
    };
    let told = [
        step(1, [1, 1]),
        step(30, [30, 2]),
        step(80, [80, 2]),
        step(90, [90, 3]),
    ];
    assert_eq!(told, [0, 0, 1, 1]);
}
