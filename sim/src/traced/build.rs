//! From what a trace tells to codelets in program order.

use super::notes::{Key, Notes, Ran, Spawner, Step, Use};
use super::parts::in_parts;
use super::{Traced, costs};
use crate::workload::{Access, Affinity, Codelet, Cost, Wish, Workload};
use sprat::decide::dependence::{Mode, Operator};
use sprat::decide::plan::CeMode;
use sprat::trace::GraphUse;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A place in program order.
enum Piece<'n> {
    Ran(u32, &'n Ran),
    Step(&'n Step),
}

pub(super) fn traced(notes: &Notes) -> Result<Traced, String> {
    let mut builder = Builder::new(notes)?;
    // Hosts' scopes and graphs, by when they begin.
    let mut parts: Vec<(u64, Vec<Piece<'_>>)> = Vec::new();
    let mut scopes: HashMap<u32, usize> = HashMap::new();
    let mut ran: Vec<(u32, &Ran)> = (0..).zip(&notes.ran).collect();
    ran.sort_by_key(|(at, ran)| (ran.spawn_ns, *at));
    let of = scopes_of(notes, &ran);
    for (at, ran) in ran {
        let part = *scopes.entry(of[at as usize]).or_insert(parts.len());
        if part == parts.len() {
            parts.push((ran.spawn_ns, Vec::new()));
        }
        parts[part].1.push(Piece::Ran(at, ran));
    }
    let begins = begins(notes, &parts);
    let mut steps: Vec<&Step> = notes.steps.iter().collect();
    steps.sort_by_key(|step| (step.graph, step.round, step.codelet));
    for of_graph in steps.chunk_by(|a, b| a.graph == b.graph) {
        for played in played(of_graph, &begins) {
            let begin_ns = played.iter().map(|step| step.start_ns).min();
            let pieces = played.iter().map(|step| Piece::Step(step)).collect();
            parts.push((begin_ns.unwrap_or(0), pieces));
        }
    }
    parts.sort_by_key(|(begin_ns, _)| *begin_ns);
    // Times in which two parts ran count once.
    let (mut measured_ns, mut until_ns) = (0, 0);
    for (begin_ns, pieces) in &parts {
        let end_ns = pieces.iter().map(Piece::end_ns).max().unwrap_or(*begin_ns);
        builder.beside += usize::from(*begin_ns < until_ns);
        measured_ns += end_ns.saturating_sub(until_ns.max(*begin_ns));
        until_ns = until_ns.max(end_ns);
        if !builder.workload.codelets.is_empty() {
            let count = builder.workload.codelets.len() as u32;
            builder.workload.scopes.push(count);
        }
        for piece in pieces {
            match piece {
                Piece::Ran(at, ran) => builder.ran(*at, ran)?,
                Piece::Step(step) => builder.step(step),
            }
        }
    }
    builder.end(measured_ns)
}

impl Piece<'_> {
    fn end_ns(&self) -> u64 {
        match self {
            Piece::Ran(_, ran) => ran.end_ns,
            Piece::Step(step) => step.end_ns,
        }
    }
}

/// When hosts' scopes and rounds of graphs begin, in order; with the graph.
fn begins(notes: &Notes, scopes: &[(u64, Vec<Piece<'_>>)]) -> Vec<(u64, Option<u32>)> {
    let mut rounds = BTreeMap::<(u32, u32), u64>::new();
    for step in &notes.steps {
        let begin_ns = rounds.entry((step.graph, step.round)).or_insert(u64::MAX);
        *begin_ns = step.start_ns.min(*begin_ns);
    }
    let rounds = rounds
        .iter()
        .map(|((graph, _), begin_ns)| (*begin_ns, Some(*graph)));
    let mut begins: Vec<_> = scopes
        .iter()
        .map(|(begin_ns, _)| (*begin_ns, None))
        .collect();
    begins.extend(rounds);
    begins.sort_unstable();
    begins
}

/// A graph's steps, by rounds, cut where all rounds before had ended and something else began before the next one.
fn played<'s, 'n>(steps: &'s [&'n Step], begins: &[(u64, Option<u32>)]) -> Vec<&'s [&'n Step]> {
    let mut cuts = Vec::new();
    let mut later: Vec<u64> = Vec::new();
    for step in steps.iter().rev() {
        later.push(step.start_ns.min(later.last().copied().unwrap_or(u64::MAX)));
    }
    later.reverse();
    let mut ended_ns = 0;
    for (at, step) in steps.iter().enumerate() {
        let (graph, begin_ns) = (Some(step.graph), later[at]);
        if at > 0 && steps[at - 1].round < step.round && ended_ns <= begin_ns {
            let from = begins.partition_point(|(ns, _)| *ns < ended_ns);
            let mut between = begins[from..].iter().take_while(|(ns, _)| *ns <= begin_ns);
            if between.any(|(_, other)| *other != graph) {
                cuts.push(at);
            }
        }
        ended_ns = ended_ns.max(step.end_ns);
    }
    let (mut all, mut from) = (Vec::new(), 0);
    for cut in cuts.into_iter().chain([steps.len()]) {
        all.push(&steps[from..cut]);
        from = cut;
    }
    all
}

/// The hosts' scopes that codelets belong to, given those that ran in the order of their spawns: who spawns stands before what it spawns.
fn scopes_of(notes: &Notes, in_order: &[(u32, &Ran)]) -> Vec<u32> {
    let mut all = vec![u32::MAX; notes.ran.len()];
    for (at, ran) in in_order {
        all[*at as usize] = match ran.spawner {
            Spawner::Scope(scope) => scope,
            // A spawner that is spawned by what it spawns is damage.
            Spawner::Codelet(parent) if notes.ran[parent as usize].spawn_ns < ran.spawn_ns => {
                all[parent as usize]
            }
            Spawner::Codelet(_) | Spawner::Nobody => u32::MAX,
        };
    }
    all
}

struct Builder<'n> {
    notes: &'n Notes,
    workload: Workload,
    names: Vec<&'static str>,
    blocks: HashMap<Key, u32>,
    /// For each codelet of the workload the block that says that it has ended, if somebody waits for that.
    ends: Vec<Option<u32>>,
    /// For each that ran its place in the workload.
    places: Vec<u32>,
    /// Of steps likewise.
    step_places: HashMap<(u32, u32, u32), u32>,
    xes: u16,
    /// Blocks that are used in parts though no access is smaller than the largest.
    in_parts: HashSet<Key>,
    parts: usize,
    /// Scopes and replays that began before those before them had ended.
    beside: usize,
    edges: usize,
    lost: usize,
}

impl<'n> Builder<'n> {
    fn new(notes: &'n Notes) -> Result<Self, String> {
        let xes = notes.about.get("xes").and_then(|xes| xes.parse().ok());
        let xes = xes
            .filter(|xes| *xes > 0)
            .ok_or("the trace does not say how many engines there were")?;
        // A run has few names, and they are needed until the end.
        let leak = |name: &String| -> &'static str { Box::leak(name.clone().into_boxed_str()) };
        let mut builder = Builder {
            notes,
            workload: Workload::default(),
            names: notes.names.iter().map(leak).collect(),
            blocks: HashMap::new(),
            ends: Vec::new(),
            places: vec![u32::MAX; notes.ran.len()],
            step_places: HashMap::new(),
            xes,
            in_parts: in_parts(notes),
            parts: 0,
            beside: 0,
            edges: 0,
            lost: 0,
        };
        let of_graphs = notes.graphs.values().flat_map(|graph| &graph.codelets);
        let of_graphs = of_graphs.flat_map(|codelet| &codelet.uses).map(Use::from);
        let uses = notes.ran.iter().flat_map(|ran| ran.uses.iter().copied());
        let mut uses: Vec<Use> = uses.chain(of_graphs).collect();
        // In the order of their numbers, which is that of their making.
        uses.sort_by_key(|one| one.block);
        uses.iter().for_each(|one| builder.block(one));
        Ok(builder)
    }

    /// A block is as large as the largest access to it.
    fn block(&mut self, one: &Use) {
        let workload = &mut self.workload;
        let number = *self.blocks.entry(one.block).or_insert_with(|| {
            workload.sizes.push(0);
            workload.wishes.push(match one.home {
                u16::MAX => Wish::FirstTouch,
                home => Wish::Region(home),
            });
            workload.sizes.len() as u32 - 1
        });
        let size = &mut workload.sizes[number as usize];
        *size = (*size).max(one.bytes);
    }

    fn name(&self, kind: u16) -> &'static str {
        let name = self.names.get(usize::from(kind)).copied();
        name.filter(|name| !name.is_empty()).unwrap_or("codelet")
    }

    fn ran(&mut self, at: u32, ran: &Ran) -> Result<(), String> {
        let parent = match ran.spawner {
            Spawner::Codelet(parent) => Some(self.places[parent as usize]),
            Spawner::Scope(_) | Spawner::Nobody => None,
        };
        let parent = parent.filter(|parent| *parent != u32::MAX);
        let name = self.name(ran.kind);
        if parent.is_some() && !ran.uses.is_empty() {
            return Err(format!(
                "`{name}` was spawned by a codelet and uses blocks, which the simulator has no model for; give it a run in which the host spawns what uses blocks, or a graph"
            ));
        }
        let mut accesses = self.accesses(&ran.uses);
        let cause = ran.cause.and_then(|cause| self.notes.by_key.get(&cause));
        if let Some(&cause) = cause
            && Spawner::Codelet(cause) != ran.spawner
        {
            match self.places[cause as usize] {
                u32::MAX => self.lost += 1,
                cause if parent.is_none() => self.after(cause, &mut accesses),
                _ => self.lost += 1,
            }
        }
        self.places[at as usize] = self.push(Codelet {
            accesses,
            affinity: self.affinity(ran.hint),
            parent,
            ..Codelet::new(name, Cost::Ns(ran.end_ns - ran.start_ns))
        });
        Ok(())
    }

    fn step(&mut self, step: &Step) {
        let graph = self.notes.graphs.get(&step.graph);
        let told = graph.and_then(|graph| graph.codelets.get(step.codelet as usize));
        let Some(told) = told else {
            self.lost += 1;
            return;
        };
        let uses: Vec<Use> = told.uses.iter().map(Use::from).collect();
        let mut accesses = self.accesses(&uses);
        let own = (step.codelet, true);
        for &(before, last) in told.before.iter().chain([&own]) {
            let Some(round) = step.round.checked_sub(last.into()) else {
                continue;
            };
            let key = (step.graph, round, before);
            if let Some(&before) = self.step_places.get(&key) {
                self.after(before, &mut accesses);
            }
        }
        let stream = step.stream.min(u32::from(self.xes) - 1) as u16;
        let place = self.push(Codelet {
            accesses,
            affinity: Affinity::Prefer(stream),
            ..Codelet::new(self.name(told.kind), Cost::Ns(step.end_ns - step.start_ns))
        });
        let key = (step.graph, step.round, step.codelet);
        self.step_places.insert(key, place);
    }

    fn push(&mut self, codelet: Codelet) -> u32 {
        self.workload.codelets.push(codelet);
        self.ends.push(None);
        self.workload.codelets.len() as u32 - 1
    }

    /// A codelet comes after one that stands before it, unless a block says so already.
    fn after(&mut self, before: u32, accesses: &mut Vec<Access>) {
        let others = &self.workload.codelets[before as usize].accesses;
        let conflicts = |one: &Access| {
            let clash = |other: &Access| {
                other.block == one.block && (one.mode.writes() || other.mode.writes())
            };
            others.iter().any(clash)
        };
        if accesses.iter().any(conflicts) {
            return;
        }
        let begin = self.workload.scopes.last().copied().unwrap_or(0);
        if before < begin {
            return;
        }
        self.edges += 1;
        let end = self.ends[before as usize].unwrap_or_else(|| {
            let workload = &mut self.workload;
            workload.sizes.push(0);
            workload.wishes.push(Wish::FirstTouch);
            let block = workload.sizes.len() as u32 - 1;
            let last = &mut workload.codelets[before as usize];
            last.accesses.push((block, Mode::Write).into());
            block
        });
        self.ends[before as usize] = Some(end);
        accesses.push((end, Mode::Read).into());
    }

    /// Each block once. Of parts it is not known which: they are read, for what they move, and order nobody.
    fn accesses(&mut self, uses: &[Use]) -> Vec<Access> {
        let mut accesses: Vec<Access> = Vec::new();
        for one in uses {
            let block = self.blocks[&one.block];
            let is_part = one.bytes < self.workload.sizes[block as usize]
                || self.in_parts.contains(&one.block);
            let mode = match one.mode {
                _ if is_part => Mode::Read,
                0 => Mode::Read,
                1 => Mode::Write,
                3 => Mode::Commute,
                4 => Mode::Reduce(Operator::new(0)),
                5 => Mode::SharedWrite,
                6 => Mode::Exclusive,
                _ => Mode::ReadWrite,
            };
            self.parts += usize::from(is_part && one.mode != 0);
            let bytes = match is_part {
                true => u32::try_from(one.bytes).unwrap_or(Access::ALL),
                false => Access::ALL,
            };
            match accesses.iter_mut().find(|access| access.block == block) {
                Some(twice) => {
                    if twice.mode != mode {
                        twice.mode = Mode::ReadWrite;
                    }
                    twice.bytes = twice.bytes.max(bytes);
                }
                None => accesses.push(Access { block, bytes, mode }),
            }
        }
        accesses
    }

    /// See [`sprat::trace::Event::hint`].
    fn affinity(&self, hint: u32) -> Affinity {
        let number = hint as u16;
        match (hint >> 16) as u8 {
            1 if number < self.xes => Affinity::Prefer(number),
            2 if number < self.xes => Affinity::Only(number),
            3 => Affinity::Region(number),
            _ => Affinity::Anywhere,
        }
    }

    fn end(self, measured_ns: u64) -> Result<Traced, String> {
        let notes = self.notes;
        let mut told = notes.flaws.clone();
        let mut tell = |count: usize, what: &str| {
            if count > 0 {
                told.push(format!("{count} {what}"));
            }
        };
        tell(
            notes.dropped as usize,
            "events had no room in the trace: codelets may be missing",
        );
        tell(notes.skipped, "codelets did not run, and are left out");
        tell(
            self.parts,
            "accesses change parts of blocks: which parts is not known, so their order is that of who made whom ready",
        );
        tell(
            self.beside,
            "scopes or replays ran beside others, and are simulated one after the other",
        );
        tell(
            self.edges,
            "dependences come from events, or from graphs' orders, and not from blocks",
        );
        tell(
            self.lost,
            "dependences are on what is not in the trace, and are left out",
        );
        let (costs, wakes) = costs::seen(notes);
        if let Some(wakes) = wakes {
            told.push(format!(
                "a wake-up takes {} ns, which is the default: the trace shows {wakes} wake-ups for something, which are too few",
                costs.wake_ns
            ));
        }
        let region = |place: &str| {
            let mut words = place.split(' ').skip_while(|word| *word != "region");
            words.nth(1)?.parse::<u16>().ok()
        };
        let xes = notes.about.iter().filter(|(key, _)| key.starts_with("xe "));
        let regions = xes.filter_map(|(_, place)| region(place)).max();
        let mode = notes
            .about
            .get("ce mode")
            .and_then(|mode| mode.parse().ok());
        Ok(Traced {
            workload: self.workload,
            xes: self.xes,
            regions: regions.map_or(1, |region| region.saturating_add(1)),
            measured_ns,
            mode: mode.unwrap_or(CeMode::Shared),
            costs,
            notes: told,
        })
    }
}

impl From<&GraphUse> for Use {
    fn from(one: &GraphUse) -> Self {
        Use {
            block: (one.block, one.generation),
            bytes: one.bytes,
            home: one.home,
            mode: one.mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each codelet spawns the next one, half a million times: a walk up to the host for each would take minutes.
    #[test]
    fn long_chains_of_spawns_are_read_in_time() {
        const LONG: u32 = 500_000;
        let ran = |at: u32| Ran {
            spawn_ns: u64::from(at),
            start_ns: u64::from(at),
            end_ns: u64::from(at) + 1,
            spawner: match at {
                0 => Spawner::Scope(3),
                _ => Spawner::Codelet(at - 1),
            },
            ..Ran::default()
        };
        let mut notes = Notes {
            ran: (0..LONG).map(ran).collect(),
            ..Notes::default()
        };
        notes.about.insert("xes".to_owned(), "2".to_owned());
        let begin = std::time::Instant::now();
        let traced = traced(&notes).unwrap();
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
        assert_eq!(traced.workload.codelets.len(), LONG as usize);
        assert_eq!(traced.workload.codelets[9].parent, Some(8));
        assert_eq!(traced.workload.scopes, [0; 0]);
        // Damage belongs to nobody's scope, and so does what comes from it.
        notes.ran[5].spawner = Spawner::Codelet(7);
        let in_order: Vec<(u32, &Ran)> = (0..).zip(&notes.ran).take(9).collect();
        let (no, of) = (u32::MAX, scopes_of(&notes, &in_order));
        assert_eq!(of[..9], [3, 3, 3, 3, 3, no, no, no, no]);
    }
}
