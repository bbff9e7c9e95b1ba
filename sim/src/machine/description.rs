//! What a machine file says: kinds, and which holds how many of which.

use super::text::{At, Source, Table};
use super::units::Dimension::{
    Bandwidth, BitEnergy, Frequency, Power, Rate, Share, Size, Time, Voltage,
};
use crate::machine::Costs;
use sprat::Result;
use sprat::decide::plan::CeMode;
use sprat::decide::power::Policy;
use std::collections::BTreeMap;
use std::ops::Range;

/// A machine as its file describes it, ready to be built.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its name.
    pub name: String,
    pub(crate) root: String,
    /// The mode of its control engines.
    pub mode: CeMode,
    pub(crate) control: Option<String>,
    pub(crate) overlap: bool,
    /// Transfers share memories and links; else each has its way for itself.
    pub fair: bool,
    /// What the runtime costs on it.
    pub costs: Costs,
    pub(crate) engines: BTreeMap<String, EngineKind>,
    pub(crate) memories: BTreeMap<String, MemoryKind>,
    pub(crate) links: BTreeMap<String, LinkKind>,
    pub(crate) groups: BTreeMap<String, GroupKind>,
    pub(crate) failures: Vec<Failure>,
    /// Whether its control engines form a hierarchy: each sees its own domain, and asks the one of the group around it for what it cannot do.
    pub hierarchy: bool,
    /// How often control engines look at the health of their engines; never, if nothing is said.
    pub watch_ns: Option<u64>,
    /// What the runtime aims at.
    pub policy: Policy,
    /// No more may be drawn by engines than this, in microwatts.
    pub cap_uw: Option<u64>,
    /// The file's name and text, for messages about how it fits together.
    pub(crate) file: (String, String),
}

/// A state of voltage and frequency, with what is drawn in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) name: String,
    /// Compared with the first.
    pub(crate) speed: f64,
    /// In codelets, beyond leakage, in microwatts.
    pub(crate) active_uw: u64,
    /// While it looks for work, beyond leakage.
    pub(crate) searching_uw: u64,
    pub(crate) leakage_uw: u64,
}

/// A kind of engine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EngineKind {
    /// Operations a nanosecond in its first state.
    pub(crate) rate: f64,
    /// The memory that is its own.
    pub(crate) memory: Option<String>,
    /// All that is drawn asleep, leakage included.
    pub(crate) asleep_uw: u64,
    /// How much longer than others it takes to wake.
    pub(crate) wake_ns: u64,
    /// The first is the one that its rate is given for.
    pub(crate) states: Vec<State>,
}

/// A kind of memory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MemoryKind {
    pub(crate) home: bool,
    pub(crate) capacity: u64,
    pub(crate) latency_ns: f64,
    /// Bytes a nanosecond.
    pub(crate) bandwidth: f64,
    /// Femtojoules a bit.
    pub(crate) energy: f64,
}

/// A kind of link: from a group up to the one that holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinkKind {
    pub(crate) latency_ns: f64,
    pub(crate) bandwidth: f64,
    pub(crate) energy: f64,
}

/// A kind of group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupKind {
    /// So many of which kind.
    pub(crate) holds: Vec<(u64, String, Range<usize>)>,
    pub(crate) memories: Vec<String>,
    pub(crate) link: Option<String>,
    pub(crate) domain: bool,
    pub(crate) at: Range<usize>,
}

/// Something that fails at some time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) what: Broken,
    pub(crate) at_ns: u64,
    pub(crate) at: Range<usize>,
    /// The file and the line, for messages.
    pub(crate) line: String,
}

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Broken {
    /// An engine is slower from then on: this is left of its speed.
    Limps(u16, f64),
    /// An engine does nothing more.
    Dies(u16),
    /// A region's memory, the caches in it and its engines.
    Lost(u16),
}

impl Description {
    /// Reads a machine file; `name` is what it is called in messages.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](sprat::ErrorKind::Config) with the line and the mend.
    pub fn read(name: &str, text: &str) -> Result<Self> {
        let source = Source { name, text };
        let parsed = source.table()?;
        let mut all = Table::new(&source, parsed.get_ref(), "the machine", parsed.span());
        let told = all.text("name")?.map_or(name, |(text, _)| text).to_owned();
        let (root, root_at) = all
            .text("root")?
            .ok_or_else(|| all.wrong("the machine says no `root`; name the group that holds all others, as in root = \"node\""))?;
        let overlap = all.flag("overlap")?;
        let fair = match all.text("contention")? {
            None | Some(("fair", _)) => true,
            Some(("none", _)) => false,
            Some((other, at)) => {
                return Err(all.wrong_at(
                    at,
                    format!("`{other}` is no contention; use \"fair\" or \"none\""),
                ));
            }
        };
        let (mut watch_ns, mut hierarchy) = (None, false);
        let (mut mode, mut control, mut costs) = (CeMode::Shared, None, Costs::default());
        if let Some(mut table) = all.inner("control")? {
            if let Some((text, at)) = table.text("mode")? {
                mode = text.parse().map_err(|error| table.wrong_at(at, error))?;
            }
            control = table.text("engine")?;
            hierarchy = table.flag("hierarchy")?;
            set(&mut costs.control_ns, &mut table, "routine")?;
            set(&mut costs.control_each_ns, &mut table, "each")?;
            if let Some(ns) = table.some("watch", Time)? {
                if ns < 1.0 {
                    return Err(table.wrong("`watch` is the time between two looks, for example watch = \"1 ms\"; leave it out if nobody is to watch"));
                }
                watch_ns = Some(ns as u64);
            }
            table.end()?;
        }
        if let Some(mut table) = all.inner("cost")? {
            read_costs(&mut table, &mut costs)?;
        }
        let mut description = Description {
            name: told,
            root: root.to_owned(),
            mode,
            control: control.as_ref().map(|(name, _)| (*name).to_owned()),
            overlap,
            fair,
            costs,
            engines: BTreeMap::new(),
            memories: BTreeMap::new(),
            links: BTreeMap::new(),
            groups: BTreeMap::new(),
            failures: Vec::new(),
            hierarchy,
            watch_ns,
            policy: Policy::default(),
            cap_uw: None,
            file: (name.to_owned(), text.to_owned()),
        };
        for (name, mut table) in all.kinds("memory")? {
            let kind = read_memory(&mut table)?;
            description.memories.insert(name.to_owned(), kind);
        }
        for (name, mut table) in all.kinds("link")? {
            let kind = LinkKind {
                latency_ns: table.some("latency", Time)?.unwrap_or(0.0),
                bandwidth: table.positive("bandwidth", Bandwidth)?,
                energy: table.some("energy", BitEnergy)?.unwrap_or(0.0),
            };
            table.end()?;
            description.links.insert(name.to_owned(), kind);
        }
        for (name, mut table) in all.kinds("engine")? {
            let kind = description.read_engine(&mut table)?;
            description.engines.insert(name.to_owned(), kind);
        }
        for (name, mut table) in all.kinds("group")? {
            let kind = description.read_group(&mut table)?;
            description.groups.insert(name.to_owned(), kind);
        }
        for mut table in all.list("failure")? {
            let failure = read_failure(&mut table)?;
            description.failures.push(failure);
        }
        if let Some(mut table) = all.inner("power")? {
            description.cap_uw = Some(table.positive("cap", Power)? as u64);
            table.end()?;
        }
        all.end()?;
        if !description.groups.contains_key(root) {
            return Err(all.wrong_at(root_at, format!("there is no [group.{root}]")));
        }
        if let Some((name, at)) = control
            && !description.engines.contains_key(name)
        {
            return Err(all.wrong_at(at, format!("there is no [engine.{name}]")));
        }
        Ok(description)
    }

    fn read_engine(&self, table: &mut Table<'_>) -> Result<EngineKind> {
        let rate = table.positive("rate", Rate)?;
        let memory = table.text("memory")?;
        if let Some((name, at)) = &memory {
            match self.memories.get(*name) {
                None => {
                    return Err(table.wrong_at(at.clone(), format!("there is no [memory.{name}]")));
                }
                Some(kind) if kind.home => {
                    let text = format!(
                        "`{name}` is a home, which belongs in a group and not in an engine; name it there"
                    );
                    return Err(table.wrong_at(at.clone(), text));
                }
                _ => (),
            }
        }
        let mut power = |key| Ok::<_, sprat::Error>(table.some(key, Power)?.unwrap_or(0.0));
        let (active, searching) = (power("active")?, power("searching")?);
        let (leakage, asleep) = (power("leakage")?, power("asleep")?);
        let wake_ns = table.some("wake", Time)?.unwrap_or(0.0) as u64;
        let mut states = Vec::new();
        let mut first = None;
        for mut state in table.list("state")? {
            let (frequency, voltage) = (
                state.positive("frequency", Frequency)?,
                state.positive("voltage", Voltage)?,
            );
            let name = state
                .text("name")?
                .map_or(String::new(), |(name, _)| name.to_owned());
            state.end()?;
            let (f0, v0) = *first.get_or_insert((frequency, voltage));
            let (speed, volts) = (frequency / f0, voltage / v0);
            // What switches goes with the frequency and the square of the voltage; what leaks with the voltage.
            let dynamic = |uw: f64| (uw * speed * volts * volts).round() as u64;
            states.push(State {
                name,
                speed,
                active_uw: dynamic(active),
                searching_uw: dynamic(searching),
                leakage_uw: (leakage * volts).round() as u64,
            });
        }
        if states.is_empty() {
            states.push(State {
                name: "only".to_owned(),
                speed: 1.0,
                active_uw: active as u64,
                searching_uw: searching as u64,
                leakage_uw: leakage as u64,
            });
        }
        table.end()?;
        Ok(EngineKind {
            rate,
            memory: memory.map(|(name, _)| name.to_owned()),
            asleep_uw: asleep as u64,
            wake_ns,
            states,
        })
    }

    fn read_group(&self, table: &mut Table<'_>) -> Result<GroupKind> {
        let mut holds = Vec::new();
        for (text, at) in table.texts("holds")? {
            let (count, kind) = text.trim().split_once(' ').unwrap_or(("", text));
            let count = count
                .parse()
                .ok()
                .filter(|count| *count > 0)
                .ok_or_else(|| {
                    let text = format!(
                        "`{text}` is not so many of a kind; write for example holds = [\"8 xe\"]"
                    );
                    table.wrong_at(at.clone(), text)
                })?;
            holds.push((count, kind.trim().to_owned(), at));
        }
        if holds.is_empty() {
            let name = &table.name;
            return Err(table.wrong(format!(
                "{name} holds nothing; say what, as in holds = [\"8 xe\"]"
            )));
        }
        let mut memories = Vec::new();
        for (name, at) in table.texts("memory")? {
            if !self.memories.contains_key(name) {
                return Err(table.wrong_at(at, format!("there is no [memory.{name}]")));
            }
            memories.push(name.to_owned());
        }
        let link = table.text("link")?;
        if let Some((name, at)) = &link
            && !self.links.contains_key(*name)
        {
            return Err(table.wrong_at(at.clone(), format!("there is no [link.{name}]")));
        }
        let kind = GroupKind {
            holds,
            memories,
            link: link.map(|(name, _)| name.to_owned()),
            domain: table.flag("domain")?,
            at: table.at.clone(),
        };
        table.end()?;
        Ok(kind)
    }
}

/// No cost is a day: with so little, a cost times a number of engines or codelets does not overflow.
const DAY_NS: f64 = 86_400e9;

fn set(cost: &mut u64, table: &mut Table<'_>, name: &'static str) -> Result<()> {
    if let Some(ns) = table.some(name, Time)? {
        if ns >= DAY_NS {
            return Err(table.wrong(format!("`{name}` is a cost and takes less than a day")));
        }
        *cost = ns.round() as u64;
    }
    Ok(())
}

fn read_costs(table: &mut Table<'_>, costs: &mut Costs) -> Result<()> {
    set(&mut costs.spawn_ns, table, "spawn")?;
    set(&mut costs.enter_ns, table, "enter")?;
    set(&mut costs.codelet_ns, table, "codelet")?;
    set(&mut costs.access_ns, table, "access")?;
    set(&mut costs.steal_ns, table, "steal")?;
    set(&mut costs.look_ns, table, "look")?;
    set(&mut costs.wake_ns, table, "wake")?;
    table.end()
}

fn read_memory(table: &mut Table<'_>) -> Result<MemoryKind> {
    let kind = MemoryKind {
        home: table.flag("home")?,
        capacity: table.positive("capacity", Size)? as u64,
        latency_ns: table.some("latency", Time)?.unwrap_or(0.0),
        bandwidth: table.positive("bandwidth", Bandwidth)?,
        energy: table.some("energy", BitEnergy)?.unwrap_or(0.0),
    };
    table.end()?;
    Ok(kind)
}

fn read_failure(table: &mut Table<'_>) -> Result<Failure> {
    let (engine, region) = (table.number("engine")?, table.number("region")?);
    let named = engine.as_ref().or(region.as_ref());
    let at = named.map_or(table.at.clone(), |(_, at)| at.clone());
    let (speed, dies) = (table.some("speed", Share)?, table.flag("dies")?);
    let number = |told: At<u64>, of: &str| {
        u16::try_from(told.0).map_err(|_| {
            let text = format!("there is no {of} {}: they have numbers below 65536", told.0);
            table.wrong_at(told.1, text)
        })
    };
    let what = match (engine, region, speed) {
        (Some(engine), None, Some(speed)) if !dies => {
            if !(speed > 0.0 && speed < 1.0) {
                return Err(table.wrong("`speed` is what is left of it: above 0 % and below 100 %; for an engine that does nothing more write dies = true"));
            }
            Broken::Limps(number(engine, "engine")?, speed)
        }
        (Some(engine), None, None) if dies => Broken::Dies(number(engine, "engine")?),
        (Some(_), None, Some(_)) => {
            return Err(table.wrong("an engine that dies has no `speed`; leave one of the two out"));
        }
        (Some(_), None, None) => {
            return Err(table.wrong(
                "[[failure]] of an engine says what happens: speed = \"33 %\", or dies = true",
            ));
        }
        (None, Some(_), _) if dies => {
            return Err(table
                .wrong("a region that fails is lost, and all its engines die; leave `dies` out"));
        }
        (None, Some(region), None) => Broken::Lost(number(region, "region")?),
        (None, Some(_), Some(_)) => {
            return Err(table.wrong("a region that fails is lost and has no `speed`; leave it out"));
        }
        (Some(_), Some(_), _) => {
            return Err(
                table.wrong("[[failure]] is of an `engine` or of a `region`; write two for both")
            );
        }
        (None, None, _) => {
            return Err(table.wrong(
                "[[failure]] says no `engine` and no `region`; add its number, as in engine = 3",
            ));
        }
    };
    let failure = Failure {
        what,
        at_ns: table.needed("at", Time)? as u64,
        at,
        line: table.line(),
    };
    table.end()?;
    Ok(failure)
}
