//! Prints the machine: `topology [--json] [--whole | --sysfs DIR | --synthetic "package:2 core:8"] [--cpus 0-3]`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use sprat::topology::{CpuSet, Topology};
use sprat::{Error, Result};

const USAGE: &str = "\
usage: topology [--json] [--whole | --sysfs DIR | --synthetic DESCRIPTION] [--cpus LIST]
  (nothing)      the part of this machine that this process may use
  --whole        all of this machine
  --sysfs DIR    the machine whose `sys` tree was copied to DIR
  --synthetic    a machine made from a description, such as \"package:2 region:2 core:8 thread:2\"
  --cpus LIST    only these CPUs of it, such as 0-3,8
  --json         for programs instead of people";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(text) => {
            // A reader that stops early (`| head`) is no error.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("topology: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: impl Iterator<Item = String>) -> Result<String> {
    let (mut topology, mut cpus, mut json) = (None, None, false);
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| Error::msg(format!("{arg} needs a value\n{USAGE}")))
        };
        let found = match arg.as_str() {
            "--json" => {
                json = true;
                continue;
            }
            "--cpus" => {
                cpus = Some(value()?.parse::<CpuSet>()?);
                continue;
            }
            "--help" | "-h" => return Ok(format!("{USAGE}\n")),
            "--whole" => Topology::from_sysfs(Path::new("/"))?,
            "--sysfs" => Topology::from_sysfs(Path::new(&value()?))?,
            "--synthetic" => Topology::synthetic(&value()?)?,
            _ => return Err(Error::msg(format!("there is no option {arg}\n{USAGE}"))),
        };
        if topology.replace(found).is_some() {
            return Err(Error::msg(format!(
                "{arg} is a second machine; name one\n{USAGE}"
            )));
        }
    }
    let mut topology = match topology {
        Some(topology) => topology,
        None => Topology::detect()?,
    };
    if let Some(cpus) = cpus {
        topology = topology.restrict(&cpus)?;
    }
    Ok(match json {
        true => topology.to_json() + "\n",
        false => topology.to_string(),
    })
}
