//! Scopes, cancellations, deadlines and failures at once: random programs on several host threads, cancelled at random
//! moments from inside and outside. Every `finish` returns; each codelet ran, was skipped or was not started, and is
//! counted so; its captures are dropped once; blocks hold what those who ran wrote.
//!
//! `SPRAT_STRESS_ROUNDS` sets the number of programs for each host, `SPRAT_STRESS_SEED` the first.
//!
//! Checked itself: fails if captures are not dropped, if waiters of outside events are swept only once or twice told, if a
//! cancelled codelet poisons nothing, or if one of the counts is left out.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, Canceller, CeMode, Error, ErrorKind, Runtime, Scope, Trigger};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

const ROUNDS: u64 = 350;
const HOSTS: u64 = 3;
const BLOCKS: usize = 4;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    }
}

/// Vigna's splitmix64: good enough to be different each time.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True once in so many times.
    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What is known of one program.
#[derive(Default)]
struct Round {
    spawned: AtomicU64,
    ran: AtomicU64,
    failed: AtomicU64,
    /// Repeatable codelets of which a run failed: perhaps not the last.
    shaky: AtomicU64,
    dropped: AtomicU64,
    /// How often each block was raised since it was set to zero.
    raised: [AtomicU64; BLOCKS],
    blocks: Vec<Block<u64>>,
    /// Some scope inside was cancelled by itself.
    inner: AtomicU64,
}

/// Dropped with a codelet's captures.
struct Captured<'r>(&'r Round);

impl<'r> Captured<'r> {
    fn new(round: &'r Round) -> Self {
        round.spawned.fetch_add(1, Ordering::Relaxed);
        Captured(round)
    }
}

impl Drop for Captured<'_> {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// A thread that does things later.
#[derive(Clone)]
struct Later(mpsc::Sender<(Duration, Box<dyn FnOnce() + Send>)>);

impl Later {
    fn new() -> Self {
        let (send, receive) = mpsc::channel::<(Duration, Box<dyn FnOnce() + Send>)>();
        std::thread::spawn(move || {
            for (pause, act) in receive {
                std::thread::sleep(pause);
                act();
            }
        });
        Later(send)
    }

    fn act(&self, micros: u64, act: impl FnOnce() + Send + 'static) {
        let pause = Duration::from_micros(micros);
        self.0.send((pause, Box::new(act))).unwrap();
    }
}

#[derive(Clone)]
struct Program<'r> {
    round: &'r Round,
    rt: &'r Runtime,
    later: &'r Later,
    canceller: Option<Canceller>,
    /// Triggers that nobody fires before the end.
    never: &'r Mutex<Vec<Trigger>>,
    /// It will be cancelled for sure, so it may wait for what never comes.
    doomed: bool,
}

/// The end of a body: well, or not.
fn ends(random: &mut Random, round: &Round) -> Result<(), Error> {
    match random.below(60) {
        0 => {
            round.failed.fetch_add(1, Ordering::Relaxed);
            Err(Error::msg("stress: no"))
        }
        1 => {
            round.failed.fetch_add(1, Ordering::Relaxed);
            panic!("stress: no");
        }
        _ => Ok(()),
    }
}

impl<'r> Program<'r> {
    /// What every body does.
    fn body<'s>(&self, s: &Scope<'s>, mut random: Random, depth: u64) -> Result<(), Error>
    where
        'r: 's,
    {
        self.round.ran.fetch_add(1, Ordering::Relaxed);
        if random.once_in(8) {
            let begin = Instant::now();
            let length = Duration::from_micros(random.below(60));
            while begin.elapsed() < length && !s.is_cancelled() {
                std::hint::spin_loop();
            }
        }
        if random.once_in(150) {
            let canceller = self.canceller.as_ref().expect("set by the scope's body");
            canceller.cancel("from inside");
        }
        if depth < 4 && random.once_in(4) {
            let children = random.below(4);
            self.spawn(s, &mut random, children, depth + 1);
        }
        ends(&mut random, self.round)
    }

    /// Spawns so many codelets.
    fn spawn<'s>(&self, s: &Scope<'s>, random: &mut Random, count: u64, depth: u64)
    where
        'r: 's,
    {
        for _ in 0..count {
            let block = random.below(BLOCKS as u64) as usize;
            let (mine, inside) = (self.clone(), Random(random.next()));
            let keep = Captured::new(self.round);
            let id = self.round.blocks.get(block).copied();
            match (random.below(10), id) {
                // Only in the host's scope: elsewhere the block would have to be the parent's.
                (0..4, Some(id)) if depth == 0 => {
                    let (repeats, fails) = (random.below(3), random.below(20).saturating_sub(16));
                    let tries = AtomicU64::new(0);
                    let options = s.codelet("raises").near(id).repeatable(repeats as u32);
                    options.spawn(id.read_write(), move |_, data| {
                        let (_keep, round) = (&keep, mine.round);
                        data[0] += 1;
                        let tried = tries.fetch_add(1, Ordering::Relaxed);
                        if tried == 0 {
                            round.ran.fetch_add(1, Ordering::Relaxed);
                            round.shaky.fetch_add(fails.min(1), Ordering::Relaxed);
                        }
                        if tried < fails {
                            return Err(Error::msg("stress: not yet"));
                        }
                        round.raised[block].fetch_add(1, Ordering::Relaxed);
                        Ok(())
                    });
                }
                (4, Some(id)) if depth == 0 => {
                    s.codelet("looks").spawn(id.read(), move |s, _| {
                        let _keep = &keep;
                        mine.body(s, inside.clone(), depth)
                    });
                }
                (5, _) => {
                    let (event, trigger) = self.rt.event("from outside");
                    match random.below(4) {
                        0 if self.doomed => self.never.lock().unwrap().push(trigger),
                        1 => drop(trigger),
                        _ => (self.later).act(random.below(50), move || trigger.satisfy()),
                    }
                    let options = s.codelet("waits").after(&event);
                    options.spawn_once((), move |s, ()| {
                        let _keep = &keep;
                        mine.body(s, inside, depth)
                    });
                }
                (6, _) => {
                    let cancels = random.once_in(6);
                    s.scope(|s| {
                        s.codelet("in a scope").spawn_once((), move |s, ()| {
                            let _keep = &keep;
                            mine.body(s, inside, depth)
                        });
                        let count = random.below(3);
                        if depth < 4 {
                            self.spawn(s, random, count, depth + 1);
                        }
                        if cancels {
                            self.round.inner.fetch_add(1, Ordering::Relaxed);
                            s.cancel("this part");
                        }
                    });
                }
                _ => {
                    s.spawn_once((), move |s, ()| {
                        let _keep = &keep;
                        mine.body(s, inside, depth)
                    });
                }
            }
        }
    }
}

/// One program on one host. Gives how many codelets the engines have counted for it.
fn round(rt: &Runtime, later: &Later, mut random: Random) -> Result<u64, String> {
    let blocks = rt.blocks(BLOCKS, 2).map_err(|e| e.to_string())?;
    let kept = rt.block::<u64>(16).map_err(|e| e.to_string())?;
    let round = Round {
        blocks,
        ..Round::default()
    };
    let mut extra = 1;
    let word = random.next();
    rt.write(kept, |data| data.fill(word))
        .map_err(|e| e.to_string())?;
    let never = Mutex::new(Vec::new());
    let limit = match random.below(4) {
        0 => Some(Duration::from_micros(random.below(3000))),
        _ => None,
    };
    let outside = random.once_in(3).then(|| random.below(300));
    let in_body = random.once_in(8);
    let count = random.below(60);
    let begin = Begin {
        program: Program {
            round: &round,
            rt,
            later,
            canceller: None,
            never: &never,
            doomed: limit.is_some() || outside.is_some() || in_body,
        },
        random,
        outside,
        in_body,
        count,
    };
    let result = match limit {
        Some(limit) => rt.finish_within(limit, |s| begin.run(s)),
        None => rt.finish(|s| begin.run(s)),
    };
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (spawned, ran) = (load(&round.spawned), load(&round.ran));
    let failed = |told: u64| {
        let (least, most) = (
            load(&round.failed),
            load(&round.failed) + load(&round.shaky),
        );
        match (least..=most).contains(&told) {
            true => Ok(()),
            false => Err(format!("failed: {told}, not {least} to {most}")),
        }
    };
    let inner = load(&round.inner) > 0;
    let same = |what: &str, found: u64, meant: u64| match found == meant {
        true => Ok(()),
        false => Err(format!("{what}: {found}, not {meant}: {result:?}")),
    };
    same("captures dropped", load(&round.dropped), spawned)?;
    match &result {
        Ok(()) if inner => (),
        Ok(()) => {
            failed(0)?;
            same("ran, all well", ran, spawned)?;
        }
        Err(error) if error.kind() == ErrorKind::Cancelled => {
            let left = error.cancellation().unwrap();
            same("ran", left.ran, ran)?;
            same("all", left.ran + left.skipped + left.not_started, spawned)?;
            failed(left.failed)?;
        }
        Err(error) if error.kind() == ErrorKind::Failed => {
            let failure = error.failure().unwrap();
            failed(failure.failed)?;
            if !inner {
                same("ran and skipped", ran + failure.skipped, spawned)?;
            }
        }
        Err(error) => return Err(error.to_string()),
    }
    // What nobody wrote is as it was; what somebody wrote is what those wrote who ran, or says that it is not.
    let found = rt.read(kept, <[u64]>::to_vec).map_err(|e| e.to_string())?;
    same("what nobody wrote", u64::from(found == [word; 16]), 1)?;
    extra += 1;
    for (block, raised) in round.blocks.iter().zip(&round.raised) {
        extra += 1;
        match rt.read(*block, |data| data[0]) {
            Ok(found) => same("raised", found, load(raised))?,
            Err(error) if result.is_ok() && !inner => return Err(error.to_string()),
            Err(_) => (),
        }
    }
    Ok(spawned + extra)
}

/// The body of a host's scope.
struct Begin<'r> {
    program: Program<'r>,
    random: Random,
    /// Another thread cancels it after so many microseconds.
    outside: Option<u64>,
    in_body: bool,
    count: u64,
}

impl<'r> Begin<'r> {
    fn run<'s>(&self, s: &Scope<'s>) -> Result<(), Error>
    where
        'r: 's,
    {
        let program = Program {
            canceller: Some(s.canceller()),
            ..self.program.clone()
        };
        if let Some(pause) = self.outside {
            let canceller = s.canceller();
            program.later.act(pause, move || {
                canceller.cancel("from outside");
            });
        }
        let mut random = self.random.clone();
        program.spawn(s, &mut random, self.count, 0);
        if self.in_body {
            s.cancel("at the end of the body");
        }
        if random.once_in(3) {
            program.spawn(s, &mut random, 5, 0);
        }
        Ok(())
    }
}

/// Panics that belong to the programs are not printed.
fn be_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<&str>();
        if !text.is_some_and(|text| text.starts_with("stress: ")) {
            usual(info);
        }
    }));
}

#[test]
fn scopes_cancellations_and_failures_at_once() {
    let rounds = number("SPRAT_STRESS_ROUNDS", ROUNDS);
    let seed = number("SPRAT_STRESS_SEED", 1);
    println!("SPRAT_STRESS_SEED={seed} SPRAT_STRESS_ROUNDS={rounds}");
    be_quiet();
    for (mode, xes, paused) in [
        (CeMode::Shared, 1, false),
        (CeMode::Shared, 2, true),
        (CeMode::Elastic, 2, false),
        (CeMode::Dedicated, 4, false),
    ] {
        let rt = Runtime::builder()
            .xes(xes)
            .ce(mode)
            .oversubscribe(true)
            .pin(false)
            .ignore_environment()
            .build()
            .unwrap();
        rt.pause_control(paused);
        let (all, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let begun = Instant::now();
        let hosts: Vec<_> = (0..HOSTS)
            .map(|host| {
                let (rt, all, done) = (rt.clone(), all.clone(), done.clone());
                std::thread::spawn(move || {
                    let later = Later::new();
                    for at in 0..rounds {
                        let this = seed.wrapping_mul(1 << 40) + (host << 32) + at;
                        match round(&rt, &later, Random(this)) {
                            Ok(codelets) => all.fetch_add(codelets, Ordering::Relaxed),
                            Err(why) => panic!("host {host}, round {at}: {why}"),
                        };
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        // Nobody hangs: as long as rounds end, it goes on.
        let (mut last, mut since) = (0, Instant::now());
        while !hosts.iter().all(|host| host.is_finished()) {
            std::thread::sleep(Duration::from_millis(5));
            let now = done.load(Ordering::Relaxed);
            if now != last {
                (last, since) = (now, Instant::now());
            }
            let silence = since.elapsed();
            assert!(
                silence < Duration::from_secs(120),
                "it hangs: {mode}, {xes}"
            );
        }
        for host in hosts {
            host.join().unwrap();
        }
        println!("{mode}, {xes} XEs: {:.1?}", begun.elapsed());
        let counts = rt.xe_counts();
        let counted: u64 = (counts.iter())
            .map(|counts| counts.ran + counts.skipped + counts.cancelled)
            .sum();
        assert_eq!(counted, all.load(Ordering::Relaxed), "{counts:?}");
        let some = |of: fn(&sprat::XeCounts) -> u64| counts.iter().map(of).sum::<u64>() > 0;
        assert!(some(|c| c.skipped) && some(|c| c.cancelled), "{counts:?}");
    }
}
