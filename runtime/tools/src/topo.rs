//! The machine and the engines that a runtime would start on it, as text, JSON, and a picture.

use crate::units::bytes;
use serde_json::{Value, json};
use sprat::decide::plan::Plan;
use sprat::topology::Topology;
use std::fmt::Write;

/// As text: a tree, and the engines.
pub fn text(topology: &Topology, plan: &Plan) -> String {
    let mut text = format!("{topology}\n");
    for (number, xe) in plan.xes.iter().enumerate() {
        text += &format!(
            "XE {number}: cpu {}, core {}, region {}, domain {}\n",
            xe.cpu, xe.core, xe.region, xe.domain
        );
    }
    text + &format!("control engines: {} ({})\n", plan.mode, plan.reason)
}

/// As JSON: the topology as `Topology::to_json` has it, and the engines.
///
/// # Errors
/// A sentence, if the topology's own JSON is none.
pub fn json(topology: &Topology, plan: &Plan) -> Result<Value, String> {
    let machine: Value = serde_json::from_str(&topology.to_json()).map_err(|e| e.to_string())?;
    let engines = plan.xes.iter().enumerate().map(|(number, xe)| {
        json!({ "xe": number, "cpu": xe.cpu, "core": xe.core, "region": xe.region, "domain": xe.domain })
    });
    Ok(json!({
        "topology": machine, "engines": engines.collect::<Vec<_>>(),
        "control_engines": { "mode": plan.mode.to_string(), "reason": plan.reason },
    }))
}

/// Cores side by side.
const COLUMNS: usize = 8;
const CORE: (usize, usize) = (104, 40);
/// Around what a box holds, and above that for its name.
const EDGE: usize = 8;
const NAME: usize = 20;

/// A box with a name, and what lies in it.
struct Frame {
    name: String,
    class: &'static str,
    inside: Inside,
}

enum Inside {
    Frames(Vec<Frame>),
    /// Each with two lines.
    Cores(Vec<[String; 2]>),
}

impl Frame {
    fn size(&self) -> (usize, usize) {
        let (wide, tall) = match &self.inside {
            Inside::Frames(frames) => {
                let sizes = || frames.iter().map(Frame::size);
                (
                    sizes().map(|size| size.0).max().unwrap_or(0),
                    sizes().map(|size| size.1 + EDGE).sum(),
                )
            }
            Inside::Cores(cores) => (
                cores.len().min(COLUMNS) * (CORE.0 + EDGE),
                cores.len().div_ceil(COLUMNS) * (CORE.1 + EDGE),
            ),
        };
        // Names need room even where nothing is inside.
        (
            wide.max(7 * self.name.chars().count()) + 2 * EDGE,
            tall + NAME + EDGE,
        )
    }

    fn draw(&self, out: &mut String, (x, y): (usize, usize), wide: usize) -> std::fmt::Result {
        let (_, tall) = self.size();
        rect(out, self.class, (x, y), (wide, tall))?;
        label(out, (x + EDGE, y + 15), &self.name)?;
        let mut top = y + NAME + EDGE / 2;
        match &self.inside {
            Inside::Frames(frames) => {
                for frame in frames {
                    frame.draw(out, (x + EDGE, top), wide - 2 * EDGE)?;
                    top += frame.size().1 + EDGE;
                }
            }
            Inside::Cores(cores) => {
                for (at, lines) in cores.iter().enumerate() {
                    let left = x + EDGE + at % COLUMNS * (CORE.0 + EDGE);
                    let top = top + at / COLUMNS * (CORE.1 + EDGE);
                    let class = if lines[1].is_empty() {
                        "core"
                    } else {
                        "core xe"
                    };
                    rect(out, class, (left, top), CORE)?;
                    label(out, (left + 6, top + 16), &lines[0])?;
                    label(out, (left + 6, top + 32), &lines[1])?;
                }
            }
        }
        Ok(())
    }
}

fn rect(
    out: &mut String,
    class: &str,
    (x, y): (usize, usize),
    (w, h): (usize, usize),
) -> std::fmt::Result {
    writeln!(
        out,
        r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}" rx="4"/>"#
    )
}

fn label(out: &mut String, (x, y): (usize, usize), text: &str) -> std::fmt::Result {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(out, r#"<text x="{x}" y="{y}">{text}</text>"#)
}

/// A core: its processors, and the engines that sit there.
fn core(topology: &Topology, plan: &Plan, number: usize) -> [String; 2] {
    let core = &topology.cores[number];
    let on_it = plan
        .xes
        .iter()
        .enumerate()
        .filter(|(_, xe)| xe.core == number);
    let xes: Vec<String> = on_it.map(|(xe, _)| format!("XE {xe}")).collect();
    let control = plan.domains.iter().enumerate().find(|(_, domain)| {
        let own = domain.ce_cpus.len() == 1;
        own && domain.ce_cpus.iter().all(|cpu| core.cpus.contains(cpu))
    });
    let control = control.map(|(domain, _)| format!("CE {domain}"));
    let engines: Vec<String> = xes.into_iter().chain(control).collect();
    let cpus: Vec<String> = core.cpus.iter().map(u32::to_string).collect();
    [format!("cpu {}", cpus.join(", ")), engines.join(", ")]
}

/// As a picture: packages, regions, caches and cores in each other.
pub fn svg(topology: &Topology, plan: &Plan) -> String {
    let group = |at: usize| {
        let group = &topology.cache_groups[at];
        let cache = match (group.level, group.bytes) {
            (0, _) => "no shared cache".to_owned(),
            (level, 0) => format!("L{level}"),
            (level, size) => format!("L{level}, {}", bytes(size as f64)),
        };
        let cores = group
            .cores
            .iter()
            .map(|&number| core(topology, plan, number));
        Frame {
            name: cache,
            class: "cache",
            inside: Inside::Cores(cores.collect()),
        }
    };
    let region = |number: usize, package: Option<usize>| {
        let region = &topology.regions[number];
        let groups = topology.cache_groups.iter().enumerate();
        let own = groups.filter(|(_, one)| one.region == number && Some(one.package) == package);
        Frame {
            name: format!("memory region {number}, {}", bytes(region.bytes as f64)),
            class: "region",
            inside: Inside::Frames(own.map(|(at, _)| group(at)).collect()),
        }
    };
    let mut frames: Vec<Frame> = (0..topology.packages.len())
        .map(|package| {
            let has = |number: &usize| {
                let mut groups = topology.cache_groups.iter();
                groups.any(|one| one.region == *number && one.package == package)
            };
            let regions = (0..topology.regions.len()).filter(has);
            Frame {
                name: format!("package {package}"),
                class: "package",
                inside: Inside::Frames(
                    regions
                        .map(|number| region(number, Some(package)))
                        .collect(),
                ),
            }
        })
        .collect();
    let without = (0..topology.regions.len()).filter(|&number| !topology.regions[number].has_cpus);
    frames.extend(without.map(|number| region(number, None)));
    let machine = Frame {
        name: format!("control engines: {} ({})", plan.mode, plan.reason),
        class: "machine",
        inside: Inside::Frames(frames),
    };
    let (wide, tall) = machine.size();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{tall}\" viewBox=\"0 0 {wide} {tall}\">\n<style>\
         text {{ font: 12px sans-serif; fill: #222 }} rect {{ stroke: #888; fill: #fff }} .package {{ fill: #eef2f7 }} \
         .region {{ fill: #e3efe3 }} .cache {{ fill: #f6f0dc }} .core {{ fill: #fff }} .xe {{ stroke: #0072b2; stroke-width: 2 }}</style>\n"
    );
    // Writing to a string does not fail.
    let _ = machine.draw(&mut out, (0, 0), wide);
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprat::Runtime;

    #[test]
    fn a_picture_has_all_that_the_machine_has() {
        let machine = Topology::synthetic("package:2 region:1 core:3").unwrap();
        let builder = Runtime::builder().ignore_environment();
        let (topology, plan) = builder.topology(machine).plan().unwrap();
        let picture = svg(&topology, &plan);
        for (class, count) in [("package", 2), ("region", 2), ("cache", 2), ("core xe", 6)] {
            let found = picture.matches(&format!("class=\"{class}\"")).count();
            assert_eq!(found, count, "{class}: {picture}");
        }
        assert!(
            picture.contains(">XE 5<") && picture.contains("memory region 1"),
            "{picture}"
        );
        let json = json(&topology, &plan).unwrap();
        assert_eq!(json["engines"][5]["region"], 1);
        assert_eq!(json["control_engines"]["mode"], plan.mode.to_string());
        assert!(text(&topology, &plan).contains("XE 5: cpu "));
    }
}
