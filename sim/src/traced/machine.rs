//! The machine that a run was made on, as far as its trace tells, and larger ones of the same make.

use super::Traced;
use crate::machine::Description;
use sprat::{Error, ErrorKind, Result};
use std::fmt::Write;

impl Traced {
    /// A machine with the engines and regions of the traced one, or with as many as are asked for, and what the runtime cost in the traced run.
    /// Each region is a domain. What was measured has its data in it, so memories have all bandwidth that is needed, and
    /// engines draw nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](sprat::ErrorKind::Config) if there is not an engine for each region, or there are more engines than can be numbered.
    pub fn machine(&self, xes: Option<u64>, regions: Option<u64>) -> Result<Description> {
        let xes = xes.unwrap_or(self.xes.into());
        let regions = regions.unwrap_or(u64::from(self.regions).min(xes));
        if regions == 0 || xes < regions {
            let text = format!(
                "{xes} engines in {regions} regions: each region needs one at least; ask for more engines or fewer regions"
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        let costs = &self.costs;
        let (each, more) = (xes / regions, xes % regions);
        let mut held = Vec::new();
        if more > 0 {
            held.push(format!("\"{more} larger\""));
        }
        held.push(format!("\"{} region\"", regions - more));
        let mut text = format!(
            "name = \"as in the trace, {xes} engines in {regions} region(s)\"\nroot = \"node\"\ncontention = \"none\"\n\
             [control]\nmode = \"{}\"\n\
             [cost]\nspawn = \"{} ns\"\ncodelet = \"{} ns\"\nwake = \"{} ns\"\n\
             [engine.xe]\nrate = \"1 Gop/s\"\n\
             [memory.ram]\nhome = true\ncapacity = \"1024 TiB\"\nbandwidth = \"1000 GB/s\"\n\
             [group.node]\nholds = [{}]\n",
            self.mode,
            costs.spawn_ns,
            costs.codelet_ns,
            costs.wake_ns,
            held.join(", ")
        );
        for (name, engines) in [("larger", each + 1), ("region", each)] {
            if name == "region" || more > 0 {
                // Writing to a string does not fail.
                let _ = write!(
                    text,
                    "[group.{name}]\nholds = [\"{engines} xe\"]\nmemory = [\"ram\"]\ndomain = true\n"
                );
            }
        }
        Description::read("the traced machine", &text)
    }
}
