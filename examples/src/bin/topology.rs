//! Prints the machine, the engines that a runtime would have on it, and the mode of its control engines with the reason.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use sprat::decide::plan::Plan;
use sprat::topology::{CpuSet, Topology};
use sprat::{Result, Runtime};
use sprat_examples::frame::{PlanOptions, exit};

/// Prints the machine as a tree, the engines that a runtime would have on it, and how much of a core its control engines
/// would own, with the reason.
///
/// Without options: the part of this machine that this process may use, and what SPRAT_* variables say.
#[derive(Parser)]
#[command(name = "topology", version)]
struct Args {
    /// All of this machine, whatever this process may use of it
    #[arg(long, group = "machine")]
    whole: bool,

    /// The machine whose `sys` tree was copied to this folder
    #[arg(long, value_name = "DIR", group = "machine")]
    sysfs: Option<PathBuf>,

    /// The machine that this file of hwloc's describes: `lstopo --of xml FILE` writes one
    #[arg(long, value_name = "FILE", group = "machine")]
    xml: Option<PathBuf>,

    /// This machine as the library hwloc sees it
    #[cfg(feature = "hwloc")]
    #[arg(long, group = "machine")]
    hwloc: bool,

    /// A machine made from a description, such as "package:2 region:2 core:8 thread:2"
    #[arg(long, value_name = "DESCRIPTION", group = "machine")]
    synthetic: Option<String>,

    /// Only these CPUs of it, such as 0-3,8
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,

    #[command(flatten)]
    engines: PlanOptions,

    /// One JSON object: the machine's parts, and `plan`
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let shown = run(&Args::parse()).map(|text| {
        // A reader that stops early (`| head`) is no error.
        let _ = std::io::stdout().write_all(text.as_bytes());
    });
    exit("topology", shown)
}

fn run(args: &Args) -> Result<String> {
    let machine = match (&args.sysfs, &args.xml, &args.synthetic) {
        (Some(folder), _, _) => Some(Topology::from_sysfs(folder)?),
        (_, Some(file), _) => Some(Topology::from_xml(file)?),
        (_, _, Some(description)) => Some(Topology::synthetic(description)?),
        #[cfg(feature = "hwloc")]
        _ if args.hwloc => Some(Topology::from_hwloc()?),
        _ if args.whole => Some(Topology::from_sysfs(Path::new("/"))?),
        _ => None,
    };
    let machine = match &args.cpus {
        None => machine,
        Some(list) => {
            let all = match machine {
                Some(machine) => machine,
                None => Runtime::builder().plan()?.0,
            };
            Some(all.restrict(&list.parse::<CpuSet>()?)?)
        }
    };
    let builder = args.engines.builder();
    let builder = match machine {
        Some(machine) => builder.topology(machine),
        None => builder,
    };
    let (topology, plan) = builder.plan()?;
    Ok(match args.json {
        true => format!("{}\n", to_json(&topology, &plan)?),
        false => format!("{topology}{}", to_text(&plan)?),
    })
}

/// The topology's own object, with `plan` beside its parts.
fn to_json(topology: &Topology, plan: &Plan) -> Result<Value> {
    let mut object: Value = serde_json::from_str(&topology.to_json())?;
    let xes: Vec<Value> = (plan.xes.iter())
        .map(|xe| json!({"cpu": xe.cpu, "core": xe.core, "region": xe.region, "domain": xe.domain}))
        .collect();
    let domains: Vec<Value> = (plan.domains.iter())
        .map(|domain| {
            let xes: Vec<usize> = domain.xes.clone().collect();
            json!({"xes": xes, "ce_cpus": domain.ce_cpus, "cache": domain.cache_group})
        })
        .collect();
    object["plan"] = json!({
        "xes": xes,
        "domains": domains,
        "ce": {"mode": plan.mode.to_string(), "reason": plan.reason},
        "oversubscribed": plan.oversubscribed,
    });
    Ok(object)
}

fn to_text(plan: &Plan) -> Result<String> {
    let mut text = String::new();
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let (xes, domains) = (plan.xes.len(), plan.domains.len());
    writeln!(
        text,
        "planned: {xes} execution engine{} in {domains} domain{}",
        plural(xes),
        plural(domains)
    )?;
    for (index, domain) in plan.domains.iter().enumerate() {
        let cpus: CpuSet = domain.ce_cpus.iter().copied().collect();
        writeln!(
            text,
            "  domain {index} (cache group {}): control engine on cpu {cpus}",
            domain.cache_group
        )?;
        for xe in domain.xes.clone() {
            let at = &plan.xes[xe];
            writeln!(
                text,
                "    XE {xe}: cpu {}, core {}, region {}",
                at.cpu, at.core, at.region
            )?;
        }
    }
    writeln!(text, "control engines: {} ({})", plan.mode, plan.reason)?;
    if plan.oversubscribed {
        writeln!(
            text,
            "note: more engines than hardware threads; they take turns"
        )?;
    }
    Ok(text)
}
