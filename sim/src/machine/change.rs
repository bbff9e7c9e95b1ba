//! Machines that differ from a description in one thing: what sweeps ask for.

use super::description::Description;
use sprat::{Error, ErrorKind, Result};

impl Description {
    /// The same machine with so many execution engines for each control engine, and as many in all as far as that divides. If a group has fewer
    /// than that, the domain has the engines of several groups: there are fewer groups then, each with the memory of one.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](sprat::ErrorKind::Config) if the number is 0 or its domains are not simply engines of one kind that one
    /// group holds so many of.
    pub fn with_xes_per_ce(&self, xes: u64) -> Result<Self> {
        // Groups that hold each other have no end, and too many engines no number.
        self.check()?;
        let mut changed = self.clone();
        let refuse = |text: &str| {
            Err(Error::new(
                ErrorKind::Config,
                format!("{}: {text}", self.name),
            ))
        };
        if xes == 0 {
            return refuse("a control engine has at least one execution engine");
        }
        let domains: Vec<&String> = self
            .groups
            .iter()
            .filter(|(_, group)| group.domain)
            .map(|(name, _)| name)
            .collect();
        let [domain] = domains[..] else {
            return refuse(
                "engines for each control engine can be changed where one kind of group is a domain",
            );
        };
        let [(before, _, _)] = self.groups[domain].holds[..] else {
            return refuse(
                "engines for each control engine can be changed where a domain holds one kind of engine",
            );
        };
        // As many domains in a group as there are engines for; if one has the engines of several groups, so many groups fewer, and so on up.
        let (mut engines, mut inside, mut inner) = (before, xes, domain);
        while *inner != self.root {
            let mut holders = self.groups.iter().flat_map(|(name, group)| {
                let places = group.holds.iter().enumerate();
                places.filter_map(move |(at, held)| (held.1 == *inner).then_some((name, at)))
            });
            let (Some((name, at)), None) = (holders.next(), holders.next()) else {
                return refuse(
                    "engines for each control engine can be changed where one group holds all domains, and so on up to the root",
                );
            };
            engines *= self.groups[name].holds[at].0;
            let count = ((engines + inside / 2) / inside).max(1);
            inside *= count;
            if let Some(group) = changed.groups.get_mut(name) {
                group.holds[at].0 = count;
            }
            inner = name;
        }
        if let Some(group) = changed.groups.get_mut(domain) {
            group.holds[0].0 = xes;
        }
        Ok(changed)
    }

    /// The names of all constants of energy: memories and links, and what engines draw.
    pub fn energies(&self) -> Vec<String> {
        let memories = self
            .memories
            .iter()
            .filter(|(_, kind)| kind.energy > 0.0)
            .map(|(name, _)| format!("memory.{name}"));
        let links = self
            .links
            .iter()
            .filter(|(_, kind)| kind.energy > 0.0)
            .map(|(name, _)| format!("link.{name}"));
        let engines = self.engines.keys().flat_map(|name| {
            ["active", "searching", "leakage", "asleep"].map(|what| format!("engine.{name}.{what}"))
        });
        memories.chain(links).chain(engines).collect()
    }

    /// Changes a constant of energy by a factor. One that does not exist is not changed.
    pub fn scale_energy(&mut self, constant: &str, by: f64) {
        let scale = |uw: &mut u64| *uw = (*uw as f64 * by).round() as u64;
        match constant.split('.').collect::<Vec<_>>()[..] {
            ["memory", name] => {
                if let Some(kind) = self.memories.get_mut(name) {
                    kind.energy *= by;
                }
            }
            ["link", name] => {
                if let Some(kind) = self.links.get_mut(name) {
                    kind.energy *= by;
                }
            }
            ["engine", name, what] => {
                let Some(kind) = self.engines.get_mut(name) else {
                    return;
                };
                match what {
                    "asleep" => scale(&mut kind.asleep_uw),
                    "active" => kind
                        .states
                        .iter_mut()
                        .for_each(|state| scale(&mut state.active_uw)),
                    "searching" => kind
                        .states
                        .iter_mut()
                        .for_each(|state| scale(&mut state.searching_uw)),
                    _ => kind
                        .states
                        .iter_mut()
                        .for_each(|state| scale(&mut state.leakage_uw)),
                }
            }
            _ => (),
        }
    }
}
