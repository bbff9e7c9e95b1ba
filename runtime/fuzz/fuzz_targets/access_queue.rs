//! A block's access queue against a model without any cleverness: a list of accesses in the order of their entrance,
//! where one holds the block if nothing before it that is still there conflicts with it or waits.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sprat::decide::dependence::{AccessQueue, Effect, Entered, Grant, Mode, Poison, Step};

#[derive(Arbitrary, Debug)]
enum Act {
    /// Somebody enters.
    Enter(Kind),
    /// One of those who hold the block leaves, well or not.
    Leave { holder: u8, fails: bool },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Read,
    Write,
    ReadWrite,
    Commute,
    SharedWrite,
    Exclusive,
}

impl Kind {
    fn mode(self) -> Mode {
        match self {
            Kind::Read => Mode::Read,
            Kind::Write => Mode::Write,
            Kind::ReadWrite => Mode::ReadWrite,
            Kind::Commute => Mode::Commute,
            Kind::SharedWrite => Mode::SharedWrite,
            Kind::Exclusive => Mode::Exclusive,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Access {
    who: u32,
    mode: Mode,
    holds: bool,
}

#[derive(Default)]
struct Model {
    accesses: Vec<Access>,
    /// What those find who hold it.
    poison: Option<Poison>,
    /// What a group leaves to those after it.
    left: Option<Poison>,
    /// How it is held, or was held last.
    held: Option<Mode>,
}

impl Model {
    fn admits(&self, at: usize) -> bool {
        let mode = self.accesses[at].mode;
        let before = &self.accesses[..at];
        before.is_empty() || (mode.shares() && before.iter().all(|access| access.mode == mode))
    }

    /// Who holds the block from now on, and what poison they read.
    fn grants(&mut self) -> Vec<(u32, Option<Poison>)> {
        let mut granted = Vec::new();
        for at in 0..self.accesses.len() {
            if !self.accesses[at].holds && self.admits(at) {
                self.accesses[at].holds = true;
                let Access { who, mode, .. } = self.accesses[at];
                if self.held != Some(mode) {
                    self.poison = self.left.take().or(self.poison);
                    self.held = Some(mode);
                }
                granted.push((who, self.poison.filter(|_| mode.reads())));
            }
        }
        granted
    }
}

/// Who was told what.
fn told(step: Step<u32>) -> (u32, Option<Poison>) {
    match step {
        Step::Grant(Grant { who, poison, .. }) => (who, poison),
        Step::Combine => panic!("nobody has reduced"),
    }
}

fuzz_target!(|steps: Vec<Act>| {
    let (mut queue, mut model) = (AccessQueue::<u32>::default(), Model::default());
    for (who, step) in (1..).zip(steps) {
        match step {
            Act::Enter(kind) => {
                let mode = kind.mode();
                let holds = false;
                model.accesses.push(Access { who, mode, holds });
                let expected = match model.grants().pop() {
                    Some((granted, poison)) => {
                        assert_eq!(granted, who);
                        Entered::Granted(poison)
                    }
                    None => Entered::Queued,
                };
                assert_eq!(queue.enter(who, mode), expected);
            }
            Act::Leave { holder, fails } => {
                let holders: Vec<usize> = (0..model.accesses.len())
                    .filter(|&at| model.accesses[at].holds)
                    .collect();
                let Some(&at) = holders.get(usize::from(holder) % holders.len().max(1)) else {
                    continue;
                };
                let Access { mode, who: left, .. } = model.accesses.remove(at);
                let poison = Poison::new(who);
                let effect = match poison.filter(|_| fails) {
                    Some(poison) => Effect::Failed(poison),
                    None => Effect::Done,
                };
                match mode {
                    Mode::Read => (),
                    Mode::Commute | Mode::SharedWrite => {
                        model.left = model.left.or(poison.filter(|_| fails));
                    }
                    _ => model.poison = poison.filter(|_| fails),
                }
                queue.leave(left, mode, effect);
                let granted = std::iter::from_fn(|| queue.next_step());
                let granted: Vec<_> = granted.map(told).collect();
                assert_eq!(granted, model.grants());
            }
        }
        assert_eq!(queue.poison(), model.left.or(model.poison));
        assert_eq!(queue.is_idle(), model.accesses.is_empty());
        let waiting: Vec<u32> = queue.waiting().map(|(who, _)| who).collect();
        let expected = model.accesses.iter().filter(|access| !access.holds);
        assert_eq!(waiting, expected.map(|access| access.who).collect::<Vec<_>>());
    }
});
