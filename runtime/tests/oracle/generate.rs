//! Random programs. A program is made from a list of numbers, its choices; every list makes a valid program, and
//! smaller numbers and shorter lists make simpler ones, so that proptest's shrinking of the list shrinks the program.

use crate::program::{
    Duty, Fail, GROUPS, Holder, Kind, Level, Mode, Node, Place, Program, Step, Wrong,
};
use std::collections::BTreeMap;

const MOST_NODES: usize = 60;
const DEEPEST: usize = 6;

struct Choices<'a> {
    numbers: std::slice::Iter<'a, u16>,
}

impl Choices<'_> {
    /// A number below `n`; 0 when the choices are used up.
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.numbers.next().copied().unwrap_or(0)) % n
    }

    /// True once in `n` times, and never when the choices are used up.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())])
    }
}

/// What a list of steps may name.
#[derive(Clone, Default)]
struct Known {
    blocks: BTreeMap<usize, Mode>,
    /// How blocks were used last.
    last: BTreeMap<usize, Mode>,
    /// Blocks that only go through the at-ready door here, with their last user.
    chained: BTreeMap<usize, Option<usize>>,
    /// Blocks made in this body: they may be destroyed.
    own: Vec<usize>,
    /// Blocks that were destroyed.
    gone: Vec<usize>,
    /// Blocks that exist but may not be named.
    hidden: Vec<usize>,
    values: Vec<usize>,
    hidden_values: Vec<usize>,
    units: Vec<usize>,
    ends: Vec<usize>,
    scopes: Vec<usize>,
    events: Vec<usize>,
}

struct Maker<'a> {
    choices: Choices<'a>,
    program: Program,
    fails: bool,
}

impl Program {
    pub fn from_choices(numbers: &[u16]) -> Program {
        let mut choices = Choices {
            numbers: numbers.iter(),
        };
        let plain = 1 + choices.below(4);
        let chained = choices.below(3);
        let blocks: Vec<usize> = (0..plain + chained).map(|_| 1 + choices.below(9)).collect();
        let fails = choices.below(3) != 0;
        let mut known = Known::default();
        known
            .blocks
            .extend((0..plain).map(|block| (block, Mode::ReadWrite)));
        known
            .chained
            .extend((plain..plain + chained).map(|block| (block, None)));
        let mut maker = Maker {
            program: Program {
                all_blocks: blocks.len(),
                blocks,
                seed: choices.below(1 << 16) as u64,
                ..Program::default()
            },
            choices,
            fails,
        };
        // The outermost list is a long one.
        maker.program.steps = (0..3).fold(Vec::new(), |mut steps, _| {
            steps.extend(maker.list(&mut known, 0, true));
            steps
        });
        maker.program
    }
}

impl Maker<'_> {
    fn list(&mut self, known: &mut Known, depth: usize, direct: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        // Triggers for the next codelet of the list.
        let mut handed: Vec<usize> = Vec::new();
        let stop = if depth == 0 { 16 } else { 6 };
        while self.program.nodes < MOST_NODES && self.choices.below(stop) != 0 {
            let step = match self.choices.below(16) {
                0 if known.blocks.len() < 12 => self.make(known),
                1 | 2 => self.event(known, &mut handed),
                3 if depth < DEEPEST => {
                    let mut inner = known.clone();
                    inner.chained.clear();
                    let inside = self.list(&mut inner, depth, false);
                    let id = self.program.scopes;
                    self.program.scopes += 1;
                    // What was made inside can be used outside, and ends can be waited for; values go with their scope.
                    known.blocks = inner.blocks;
                    known.own = inner.own;
                    known.gone = inner.gone;
                    known.ends = inner.ends;
                    known.units = inner.units;
                    known.scopes.push(id);
                    Step::Scope { id, steps: inside }
                }
                4 => match known.own.pop() {
                    Some(block) if known.blocks.remove(&block).is_some() => {
                        known.gone.push(block);
                        Step::Destroy { block }
                    }
                    _ => continue,
                },
                5 => Step::Pause,
                6 => {
                    self.row(known, depth, &mut steps);
                    continue;
                }
                _ => {
                    let node = self.node(known, depth, direct, std::mem::take(&mut handed));
                    Step::Spawn(Box::new(node))
                }
            };
            steps.push(step);
        }
        steps
    }

    fn make(&mut self, known: &mut Known) -> Step {
        let block = self.program.all_blocks;
        self.program.all_blocks += 1;
        let len = 1 + self.choices.below(9);
        known.blocks.insert(block, Mode::ReadWrite);
        known.own.push(block);
        Step::Make { block, len }
    }

    fn event(&mut self, known: &mut Known, handed: &mut Vec<usize>) -> Step {
        let id = self.program.events;
        self.program.events += 1;
        let satisfies = !(self.fails && self.choices.once_in(4));
        let holder = match self.choices.below(4) {
            0 => Holder::Body { satisfies },
            1 => Holder::Thread { satisfies },
            _ => Holder::Next,
        };
        if holder == Holder::Next {
            // Nobody waits for it before somebody holds it: who waits could be in the holder's way.
            handed.push(id);
        } else {
            known.events.push(id);
        }
        Step::Event { id, holder }
    }

    fn duty(&mut self) -> Duty {
        let mut duty = match self.choices.below(6) {
            0..=2 => Duty::Satisfy,
            5 if self.fails => Duty::Drop,
            _ => Duty::SatisfyByScope,
        };
        for _ in 0..self.choices.below(3) {
            duty = Duty::Pass(match duty {
                Duty::Satisfy => &Duty::Satisfy,
                Duty::Drop => &Duty::Drop,
                Duty::SatisfyByScope => &Duty::SatisfyByScope,
                Duty::Pass(_) => &Duty::Pass(&Duty::SatisfyByScope),
            });
        }
        duty
    }

    fn node(&mut self, known: &mut Known, depth: usize, direct: bool, handed: Vec<usize>) -> Node {
        let mut node = self.plain_node(depth);
        let id = node.id;
        if direct && !known.chained.is_empty() && self.choices.once_in(4) {
            self.chained_accesses(known, &mut node);
        } else {
            self.accesses(known, &mut node);
        }
        self.conditions(known, &mut node);
        if self.fails && self.choices.once_in(16) {
            self.spoil(known, &mut node);
        }
        for event in handed {
            let duty = self.duty();
            node.takes.push((event, duty));
        }
        node.level = match self.choices.below(6) {
            4 => Level::Low,
            5 => Level::High,
            _ => Level::Normal,
        };
        node.place = match self.choices.below(9) {
            5 => match node.accesses.first() {
                Some(&(block, _)) => Place::Near(block),
                None => Place::Anywhere,
            },
            6 => Place::Xe(self.choices.below(8)),
            7 => Place::Region,
            8 => Place::Group(self.choices.below(GROUPS)),
            _ => Place::Anywhere,
        };
        node.dawdle = match self.choices.below(4) {
            3 => self.choices.below(40) as u16,
            _ => 0,
        };
        self.inside(known, &mut node, depth);
        if self.fails && self.choices.once_in(6) {
            // The end first, so that what comes before is seen to have happened.
            node.fail = Some(Fail {
                at: node.steps.len() - self.choices.below(node.steps.len() + 1),
                panics: self.choices.once_in(2),
                if_odd: self.choices.once_in(4),
            });
        }
        // A body that forwards has no error to return.
        if let (Kind::Forward(_), Some(fail)) = (node.kind, &mut node.fail) {
            fail.panics = true;
        }
        // From here on: whoever waits must not be in the holder's way, nor be the holder.
        known.events.extend(node.takes.iter().map(|take| take.0));
        known.ends.push(id);
        match node.kind {
            Kind::Plain => known.units.push(id),
            _ => known.values.push(id),
        }
        node
    }

    fn plain_node(&mut self, depth: usize) -> Node {
        let id = self.program.nodes;
        self.program.nodes += 1;
        Node {
            id,
            accesses: Vec::new(),
            values: Vec::new(),
            units: Vec::new(),
            after_ends: Vec::new(),
            after_scopes: Vec::new(),
            after_events: Vec::new(),
            at_ready: false,
            place: Place::Anywhere,
            level: Level::Normal,
            kind: Kind::Plain,
            fail: None,
            wrong: None,
            takes: Vec::new(),
            dawdle: 0,
            steps: Vec::new(),
            depth,
        }
    }

    /// Some codelets in a row that add to the same block in the same way.
    fn row(&mut self, known: &mut Known, depth: usize, steps: &mut Vec<Step>) {
        let all: Vec<(usize, Mode)> = known.blocks.iter().map(|(b, m)| (*b, *m)).collect();
        let mode = [Mode::Floats, Mode::Commute, Mode::Sum][self.choices.below(3)];
        let Some((block, right)) = self.choices.pick(&all) else {
            return;
        };
        if !right.covers(mode) {
            return;
        }
        for _ in 0..2 + self.choices.below(20) {
            if self.program.nodes >= MOST_NODES {
                break;
            }
            let mut node = self.plain_node(depth);
            node.accesses.push((block, mode));
            node.dawdle = self.choices.below(8) as u16;
            if self.fails && self.choices.once_in(64) {
                node.fail = Some(Fail {
                    at: 0,
                    panics: false,
                    if_odd: false,
                });
            }
            known.units.push(node.id);
            known.ends.push(node.id);
            steps.push(Step::Spawn(Box::new(node)));
        }
        known.last.insert(block, mode);
    }

    /// How a codelet uses a block beside what it has declared already.
    fn mode(&mut self, node: &Node, last: Option<&Mode>) -> Mode {
        let mode = match self.choices.below(16) {
            0..=2 => Mode::Read,
            3 | 12 => Mode::Write,
            4 | 5 => Mode::ReadWrite,
            6 => Mode::Commute,
            7 => Mode::Sum,
            8 => Mode::Floats,
            9 => Mode::WeakRead,
            10 => Mode::WeakWrite,
            11 => Mode::WeakReadWrite,
            // As the one before, so that there are groups.
            _ => last.copied().unwrap_or(Mode::Read),
        };
        let has = |of: fn(Mode) -> bool| node.accesses.iter().any(|(_, mode)| of(*mode));
        // These two do not go together.
        let clashes = match mode {
            Mode::Commute => has(Mode::is_weak),
            weak => weak.is_weak() && has(|mode| mode == Mode::Commute),
        };
        if clashes { Mode::Read } else { mode }
    }

    fn accesses(&mut self, known: &mut Known, node: &mut Node) {
        let all: Vec<(usize, Mode)> = known.blocks.iter().map(|(b, m)| (*b, *m)).collect();
        for _ in 0..self.choices.below(5) {
            let choice = self.choices.pick(&all);
            let Some((block, right)) = choice else { break };
            let mode = self.mode(node, known.last.get(&block));
            let mode = if right.covers(mode) {
                mode
            } else {
                right.least()
            };
            let commutes = mode == Mode::Commute && node.accesses.iter().any(|a| a.1.is_weak());
            if !commutes && node.accesses.iter().all(|(other, _)| *other != block) {
                node.accesses.push((block, mode));
                known.last.insert(block, mode);
            }
        }
        // Without events the at-ready door is the other one.
        node.at_ready = self.choices.once_in(8);
    }

    /// Blocks that everybody here enters by the at-ready door, each user after the one before.
    fn chained_accesses(&mut self, known: &mut Known, node: &mut Node) {
        let all: Vec<usize> = known.chained.keys().copied().collect();
        for _ in 0..1 + self.choices.below(2) {
            let Some(block) = self.choices.pick(&all) else {
                break;
            };
            let mode = self.mode(node, known.last.get(&block));
            if node.accesses.iter().any(|(other, _)| *other == block) {
                continue;
            }
            node.accesses.push((block, mode));
            known.last.insert(block, mode);
            if let Some(before) = known.chained.insert(block, Some(node.id)).flatten() {
                node.after_ends.push(before);
            }
        }
        node.at_ready = true;
    }

    /// Values, ends and events to wait for.
    fn conditions(&mut self, known: &Known, node: &mut Node) {
        // At the at-ready door other conditions would change the order of accesses to blocks that are not chained.
        let door = node.at_ready && !node.accesses.is_empty();
        if door && node.after_ends.is_empty() && !known.chained.contains_key(&node.accesses[0].0) {
            return;
        }
        let some = |choices: &mut Choices<'_>, of: &[usize], into: &mut Vec<usize>, odds| {
            while choices.once_in(odds) && into.len() < 3 {
                // The newest are the most interesting.
                let last = &of[of.len().saturating_sub(4)..];
                into.extend(choices.pick(last));
            }
        };
        let choices = &mut self.choices;
        some(choices, &known.values, &mut node.values, 3);
        some(choices, &known.units, &mut node.units, 8);
        some(choices, &known.ends, &mut node.after_ends, 8);
        some(choices, &known.scopes, &mut node.after_scopes, 6);
        some(choices, &known.events, &mut node.after_events, 4);
    }

    fn spoil(&mut self, known: &Known, node: &mut Node) {
        let read_only: Vec<usize> = (known.blocks.iter())
            .filter(|(_, right)| !right.writes())
            .map(|(block, _)| *block)
            .collect();
        let writable: Vec<usize> = (known.blocks.iter())
            .filter(|(_, right)| right.writes())
            .map(|(block, _)| *block)
            .collect();
        let choices = &mut self.choices;
        node.wrong = match choices.below(6) {
            0 => choices.pick(&known.hidden).map(Wrong::Undeclared),
            1 => choices.pick(&read_only).map(Wrong::TooMuch),
            2 => choices.pick(&known.hidden_values).map(Wrong::Value),
            3 => Some(Wrong::NoSuchXe),
            4 => choices.pick(&known.gone).map(Wrong::Gone),
            // Not through the at-ready door: that one is for chained blocks.
            _ if node.at_ready => None,
            _ => choices.pick(&writable).map(Wrong::Twice),
        };
        if let Some(Wrong::TooMuch(block) | Wrong::Twice(block)) = node.wrong {
            node.accesses.retain(|(other, _)| *other != block);
        }
    }

    fn inside(&mut self, known: &Known, node: &mut Node, depth: usize) {
        if depth >= DEEPEST || !self.choices.once_in(3) {
            node.kind = match self.choices.below(2) {
                0 => Kind::Plain,
                _ => Kind::Valued,
            };
            return;
        }
        // A member of a reduction has nothing to give.
        let given = node.accesses.iter().filter(|(_, mode)| !mode.reduces());
        let mut inner = Known {
            blocks: given.copied().collect(),
            values: node.values.clone(),
            ..Known::default()
        };
        // Who waits while it holds its turn could be in the way of a neighbour that it waits for.
        if node.accesses.iter().all(|(_, mode)| *mode != Mode::Commute) {
            inner.units.clone_from(&known.units);
            inner.ends.clone_from(&known.ends);
            inner.scopes.clone_from(&known.scopes);
            inner.events.clone_from(&known.events);
        }
        let named = |block: &usize| !inner.blocks.contains_key(block);
        let hidden = known.blocks.keys().copied().filter(named);
        inner.hidden = hidden.chain(known.hidden.iter().copied()).collect();
        inner.gone.clone_from(&known.gone);
        let named = |value: &usize| !node.values.contains(value);
        let hidden = known.values.iter().copied().filter(named);
        inner.hidden_values = hidden.chain(known.hidden_values.iter().copied()).collect();
        node.steps = self.list(&mut inner, depth + 1, true);
        let of_value = |step: &Step| match step {
            Step::Spawn(child) if child.kind != Kind::Plain => Some(child.id),
            _ => None,
        };
        let valued: Vec<usize> = node.steps.iter().filter_map(of_value).collect();
        node.kind = match (self.choices.below(4), self.choices.pick(&valued)) {
            (1.., Some(child)) => Kind::Forward(child),
            (0 | 1, _) => Kind::Plain,
            _ => Kind::Valued,
        };
    }
}
