//! Runs a program on a runtime and compares what happened with what it means.

use crate::compare::same;
use crate::expect::{Expected, changed, digest, fails, written};
use crate::modes::Floats;
use crate::program::{Duty, GROUPS, Holder, Kind, Level, Mode, Node, Place, Program, Step, Wrong};
use sprat::{Block, Error, Event, Group, Priority, Result, Runtime, Scope, Sum, Trigger, Value};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

/// How one host saw a program end.
pub type Verdict = std::result::Result<(), String>;

/// A value, counted so that it is known to be dropped once.
pub struct Val {
    word: u64,
    alive: &'static AtomicI32,
}

impl Drop for Val {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is known of a codelet in a run.
#[derive(Default)]
pub struct Seen {
    pub spawned: AtomicU32,
    pub ran: AtomicU32,
    /// How often its captures were dropped.
    pub dropped: AtomicU32,
    pub digest: AtomicU64,
    pub end: OnceLock<Event>,
    pub value: OnceLock<Value<Val>>,
    pub unit: OnceLock<Value<()>>,
}

/// Dropped with a codelet's captures.
struct Captured<'p>(&'p Seen);

impl Drop for Captured<'_> {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// What runs of one program share: the names of things.
pub struct Run<'p> {
    pub rt: &'p Runtime,
    program: &'p Program,
    pub seen: Vec<Seen>,
    pub blocks: Vec<OnceLock<Block<u64>>>,
    /// Who is in a block: -1 a writer, else so many readers.
    users: Vec<AtomicI32>,
    pub clashes: AtomicU32,
    /// Codelets that ran on another engine than they had to.
    pub strays: AtomicU32,
    scopes: Vec<OnceLock<Event>>,
    events: Vec<OnceLock<Event>>,
    pub values_alive: &'static AtomicI32,
    groups: [Group; GROUPS],
    /// Whether codelets have levels: on half of the runtimes, since engines look for them once there were any.
    levels: bool,
}

/// A stay in a block.
struct Stay<'p> {
    users: &'p AtomicI32,
    writes: bool,
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        if self.writes {
            self.users.store(0, Ordering::Release);
        } else {
            self.users.fetch_sub(1, Ordering::Release);
        }
    }
}

/// Another thread, which satisfies events.
pub fn outside() -> &'static mpsc::Sender<(Trigger, bool)> {
    static OUTSIDE: OnceLock<mpsc::Sender<(Trigger, bool)>> = OnceLock::new();
    OUTSIDE.get_or_init(|| {
        let (send, receive) = mpsc::channel::<(Trigger, bool)>();
        std::thread::spawn(move || {
            let mut turn = 0u32;
            for (trigger, satisfies) in receive {
                turn = turn.wrapping_add(1);
                if turn.is_multiple_of(4) {
                    std::thread::sleep(Duration::from_micros(u64::from(turn % 32) * 10));
                }
                if satisfies {
                    trigger.satisfy();
                }
            }
        });
        send
    })
}

/// Names are static; there is one for each codelet and each event a program can have.
pub fn name(of: char, number: usize) -> &'static str {
    static NAMES: Mutex<BTreeMap<(char, usize), &'static str>> = Mutex::new(BTreeMap::new());
    NAMES
        .lock()
        .unwrap_or_else(|e| e.into_inner())
        .entry((of, number))
        .or_insert_with(|| format!("{of}{number}").leak())
}

type Views<'v> = (
    Vec<&'v [u64]>,
    Vec<&'v mut [u64]>,
    Vec<&'v mut [u64]>,
    Vec<&'v Val>,
    Vec<&'v ()>,
    // Those who add: in turn, and in reductions of whole numbers and of floats.
    (Vec<&'v mut [u64]>, Vec<&'v mut [u64]>, Vec<&'v mut [u64]>),
    // What is for the children only.
    (Vec<()>, Vec<()>, Vec<()>),
);
type Held = BTreeMap<usize, (Trigger, Option<Duty>)>;

impl<'p> Run<'p> {
    pub fn new(rt: &'p Runtime, program: &'p Program) -> Self {
        fn many<T>(n: usize, make: impl Fn() -> T) -> Vec<T> {
            (0..n).map(|_| make()).collect()
        }
        Run {
            rt,
            program,
            seen: many(program.nodes, Seen::default),
            blocks: many(program.all_blocks, OnceLock::new),
            users: many(program.all_blocks, || AtomicI32::new(0)),
            clashes: AtomicU32::new(0),
            strays: AtomicU32::new(0),
            scopes: many(program.scopes, OnceLock::new),
            events: many(program.events, OnceLock::new),
            values_alive: counter(),
            groups: std::array::from_fn(|_| rt.group()),
            levels: (rt.xes() + rt.plan().mode as usize).is_multiple_of(2),
        }
    }

    /// Runs the program and compares. With `alone` nothing else runs on the runtime.
    pub fn check(&'p self, expected: &Expected, alone: bool) -> Verdict {
        for (block, len) in self.program.blocks.iter().enumerate() {
            let made = self.rt.block(*len).map_err(|e| e.to_string())?;
            let _ = self.blocks[block].set(made);
        }
        let before = self.counts();
        let result = self.rt.finish(|s| {
            let mut held = Held::new();
            let mut own = Vec::new();
            let program = self.program;
            self.list(s, &program.steps, program.seed, &mut held, &mut own);
            drop(held);
            own.into_iter().for_each(|trigger| s.satisfy(trigger));
            Ok(())
        });
        let after = self.counts();
        self.compare_result(expected, result)?;
        self.compare_codelets(expected)?;
        if alone {
            let ran = expected.ran() as u64 + expected.destroyed;
            let skipped = expected.skipped() as u64;
            let counted = (after.0 - before.0, after.1 - before.1);
            same(
                "what the engines counted (ran, skipped)",
                &counted,
                &(ran, skipped),
            )?;
        }
        self.compare_blocks(expected)
    }

    fn counts(&self) -> (u64, u64) {
        let counts = self.rt.xe_counts();
        let sum = |of: fn(&sprat::XeCounts) -> u64| counts.iter().map(of).sum();
        (sum(|c| c.ran), sum(|c| c.skipped))
    }

    fn block(&self, block: usize) -> Block<u64> {
        *self.blocks[block].get().expect("made before it is named")
    }

    fn list(
        &'p self,
        s: &Scope<'p>,
        steps: &'p [Step],
        digest: u64,
        held: &mut Held,
        own: &mut Vec<Trigger>,
    ) {
        for step in steps {
            match step {
                Step::Make { block, len } => {
                    let made = s.block(*len).expect("the length is right");
                    let _ = self.blocks[*block].set(made);
                }
                Step::Destroy { block } => {
                    s.destroy(self.block(*block));
                }
                Step::Pause => dawdle(60),
                Step::Scope { id, steps } => {
                    let end = s.scope(|s| self.list(s, steps, digest, held, own));
                    let _ = self.scopes[*id].set(end);
                }
                Step::Event { id, holder } => self.event(s, *id, *holder, held, own),
                Step::Spawn(node) => {
                    let mut takes = Vec::new();
                    for (event, duty) in &node.takes {
                        let (trigger, _) = held.remove(event).expect("it was handed on");
                        takes.push((*event, trigger, *duty));
                    }
                    let passed = held.extract_if(.., |_, (_, duty)| duty.is_some());
                    for (event, (trigger, duty)) in passed {
                        takes.push((event, trigger, duty.unwrap_or(Duty::Drop)));
                    }
                    self.spawn(s, node, digest, takes);
                }
            }
        }
    }

    fn event(
        &self,
        s: &Scope<'p>,
        id: usize,
        holder: Holder,
        held: &mut Held,
        own: &mut Vec<Trigger>,
    ) {
        let name = name('e', id);
        let (event, trigger) = match holder {
            Holder::Thread { .. } => self.rt.event(name),
            _ => s.event(name),
        };
        let _ = self.events[id].set(event);
        match holder {
            Holder::Thread { satisfies } => {
                let _ = outside().send((trigger, satisfies));
            }
            Holder::Body { satisfies: true } => own.push(trigger),
            Holder::Body { satisfies: false } => drop(trigger),
            Holder::Next => {
                held.insert(id, (trigger, None));
            }
        }
    }

    fn spawn(
        &'p self,
        s: &Scope<'p>,
        node: &'p Node,
        parent: u64,
        takes: Vec<(usize, Trigger, Duty)>,
    ) {
        let seen = &self.seen[node.id];
        seen.spawned.fetch_add(1, Ordering::Relaxed);
        let of = |mode| {
            let some = node.accesses.iter().filter(move |a| a.1 == mode);
            some.map(|a| self.block(a.0))
        };
        let value = |n: &usize| *self.seen[*n].value.get().expect("spawned before");
        let mut reads: Vec<_> = of(Mode::Read).map(Block::read).collect();
        let mut writes: Vec<_> = of(Mode::Write).map(Block::write).collect();
        let changes: Vec<_> = of(Mode::ReadWrite).map(Block::read_write).collect();
        let mut values: Vec<_> = node.values.iter().map(|n| value(n).read()).collect();
        let unit = |n: &usize| self.seen[*n].unit.get().expect("spawned before").read();
        let units: Vec<_> = node.units.iter().map(unit).collect();
        let adds = (
            of(Mode::Commute).map(Block::commute).collect::<Vec<_>>(),
            of(Mode::Sum).map(|b| b.reduce(Sum)).collect::<Vec<_>>(),
            of(Mode::Floats)
                .map(|b| b.reduce(Floats))
                .collect::<Vec<_>>(),
        );
        let weak = (
            of(Mode::WeakRead)
                .map(|b| b.read().weak())
                .collect::<Vec<_>>(),
            of(Mode::WeakWrite)
                .map(|b| b.write().weak())
                .collect::<Vec<_>>(),
            of(Mode::WeakReadWrite)
                .map(|b| b.read_write().weak())
                .collect::<Vec<_>>(),
        );
        let mut options = s.codelet(name('n', node.id));
        match node.wrong {
            Some(Wrong::Undeclared(block) | Wrong::TooMuch(block)) => {
                writes.push(self.block(block).write());
            }
            Some(Wrong::Twice(block)) => {
                reads.push(self.block(block).read());
                writes.push(self.block(block).write());
            }
            Some(Wrong::Gone(block)) => reads.push(self.block(block).read()),
            Some(Wrong::Value(n)) => values.push(value(&n).read()),
            Some(Wrong::NoSuchXe) => options = options.on_xe(1 << 20),
            None => (),
        }
        options = match node.place {
            Place::Anywhere => options,
            Place::Near(block) => options.near(self.block(block)),
            Place::Xe(xe) => options.on_xe(xe % self.rt.xes()),
            Place::Region => options.on_region(0),
            Place::Group(group) => options.with(self.groups[group]),
        };
        options = match node.level {
            Level::Low if self.levels => options.priority(Priority::Low),
            Level::High if self.levels => options.priority(Priority::High),
            _ => options,
        };
        for n in &node.after_ends {
            options = options.after(self.seen[*n].end.get().expect("spawned before"));
        }
        for n in &node.after_scopes {
            options = options.after(self.scopes[*n].get().expect("ended before"));
        }
        for n in &node.after_events {
            options = options.after(self.events[*n].get().expect("made before"));
        }
        if node.at_ready {
            options = options.at_ready();
        }
        let access = (reads, writes, changes, values, units, adds, weak);
        let guard = Captured(seen);
        let end = match node.kind {
            Kind::Plain if takes.is_empty() => {
                let body = move |s: &Scope<'p>, views: Views<'_>| {
                    let _captured = &guard;
                    self.body(s, node, parent, views, Vec::new()).map(|_| ())
                };
                let spawned = options.spawn(access, body);
                let _ = seen.unit.set(spawned.value());
                spawned.event()
            }
            Kind::Plain => {
                let body = move |s: &Scope<'p>, views: Views<'_>| {
                    let _captured = guard;
                    self.body(s, node, parent, views, takes).map(|_| ())
                };
                let spawned = options.spawn_once(access, body);
                let _ = seen.unit.set(spawned.value());
                spawned.event()
            }
            Kind::Valued => {
                let body = move |s: &Scope<'p>, views: Views<'_>| {
                    let _captured = guard;
                    let word = self.body(s, node, parent, views, takes)?;
                    self.values_alive.fetch_add(1, Ordering::Relaxed);
                    Ok(Val {
                        word,
                        alive: self.values_alive,
                    })
                };
                let spawned = options.spawn_once(access, body);
                let _ = seen.value.set(spawned.value());
                spawned.event()
            }
            Kind::Forward(child) => {
                let body = move |s: &Scope<'p>, views: Views<'_>| {
                    let _captured = guard;
                    let done = self.body(s, node, parent, views, takes);
                    done.expect("a body that forwards fails by panics");
                    *self.seen[child].value.get().expect("it was spawned")
                };
                let spawned = options.spawn_once(access, body);
                let _ = seen.value.set(spawned.value());
                spawned.event()
            }
        };
        let _ = seen.end.set(end);
    }

    fn enter(&'p self, block: usize, writes: bool) -> Stay<'p> {
        let users = &self.users[block];
        let clash = if writes {
            let none = users.compare_exchange(0, -1, Ordering::Acquire, Ordering::Relaxed);
            none.is_err()
        } else {
            users.fetch_add(1, Ordering::Acquire) < 0
        };
        if clash {
            self.clashes.fetch_add(1, Ordering::Relaxed);
        }
        Stay { users, writes }
    }

    fn body(
        &'p self,
        s: &Scope<'p>,
        node: &'p Node,
        parent: u64,
        views: Views<'_>,
        takes: Vec<(usize, Trigger, Duty)>,
    ) -> Result<u64> {
        let seen = &self.seen[node.id];
        seen.ran.fetch_add(1, Ordering::Relaxed);
        // The others are not in the block.
        let stays: Vec<Stay<'_>> = (node.accesses.iter())
            .filter(|(_, mode)| mode.excludes() || *mode == Mode::Read)
            .map(|(block, mode)| self.enter(*block, mode.excludes()))
            .collect();
        if let Place::Xe(xe) = node.place {
            let xe = name('x', xe % self.rt.xes()).replace('x', "sprat-xe");
            let here = std::thread::current();
            // A host in that seat has another name.
            let here = here.name().filter(|name| name.starts_with("sprat-"));
            let strays = here.is_some_and(|here| here != xe);
            self.strays.fetch_add(u32::from(strays), Ordering::Relaxed);
        }
        dawdle(node.dawdle);
        let (reads, mut writes, mut changes, values, _, mut adds, _) = views;
        let read = reads.iter().copied().chain(changes.iter().map(|c| &**c));
        let digest = digest(node, parent, read, values.iter().map(|v| v.word));
        seen.digest.store(digest, Ordering::Relaxed);
        let mut held = Held::new();
        for (event, trigger, duty) in takes {
            match duty {
                Duty::Satisfy => trigger.satisfy(),
                Duty::SatisfyByScope => s.satisfy(trigger),
                Duty::Drop => drop(trigger),
                Duty::Pass(duty) => {
                    held.insert(event, (trigger, Some(*duty)));
                }
            }
        }
        // Half of the work before children are spawned, half of it after: they must wait for both.
        let mut write = |half: usize| {
            let mine = |at: &usize| at % 2 == half;
            for view in &mut writes {
                let len = view.len();
                (0..len)
                    .filter(mine)
                    .for_each(|at| view[at] = written(digest, at));
            }
            for view in &mut changes {
                let len = view.len();
                (0..len)
                    .filter(mine)
                    .for_each(|at| view[at] = changed(digest, view[at], at));
            }
            for (mode, views) in [
                (Mode::Commute, &mut adds.0),
                (Mode::Sum, &mut adds.1),
                (Mode::Floats, &mut adds.2),
            ] {
                for view in views {
                    let len = view.len();
                    (0..len)
                        .filter(mine)
                        .for_each(|at| view[at] = mode.add(view[at], digest, at));
                }
            }
        };
        write(0);
        let mut own = Vec::new();
        if let (true, Some(fail)) = (fails(node, digest), node.fail) {
            self.list(s, &node.steps[..fail.at], digest, &mut held, &mut own);
            match fail.panics {
                true => panic!("oracle: n{}", node.id),
                false => return Err(Error::msg(format!("oracle: n{}", node.id))),
            }
        }
        self.list(s, &node.steps, digest, &mut held, &mut own);
        dawdle(node.dawdle / 2);
        write(1);
        drop(stays);
        own.into_iter().for_each(|trigger| s.satisfy(trigger));
        Ok(digest)
    }
}

/// Loses time, so that others come in between.
fn dawdle(how: u16) {
    for _ in 0..how {
        if how.is_multiple_of(2) {
            std::thread::yield_now();
        } else {
            (0..50).for_each(|_| std::hint::spin_loop());
        }
    }
}

/// A count that values can hold on to for as long as they please. All are kept in a list, so that the leak checker sees
/// who has them.
fn counter() -> &'static AtomicI32 {
    static ALL: std::sync::Mutex<Vec<&'static AtomicI32>> = std::sync::Mutex::new(Vec::new());
    let counter: &'static AtomicI32 = Box::leak(Box::new(AtomicI32::new(0)));
    ALL.lock().unwrap().push(counter);
    counter
}
