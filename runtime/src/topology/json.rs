//! The machine as JSON, written by hand: the runtime takes no dependency for it.

use std::fmt::Write;

use super::{Source, Topology};

impl Topology {
    /// The topology as one JSON object without line breaks, for tools: `source`, `counts`, `packages`, `regions` (with
    /// their CPUs, memory in bytes, and distances), `caches` (the cache groups), `cores`, `notes`, `all_caches` (of all levels,
    /// whole), and `core_kinds`. The names and units are those of the fields.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"source\":");
        let (kind, what) = match &self.source {
            Source::Sysfs(path) => ("sysfs", path.display().to_string()),
            Source::Xml(path) => ("xml", path.display().to_string()),
            Source::Hwloc(version) => ("hwloc", version.clone()),
            Source::Synthetic(text) => ("synthetic", text.clone()),
            Source::Mask => ("mask", String::new()),
        };
        add(
            &mut out,
            format_args!("{{\"kind\":\"{kind}\",\"from\":{}}}", string(&what)),
        );
        add(
            &mut out,
            format_args!(
                ",\"counts\":{{\"packages\":{},\"regions\":{},\"caches\":{},\"cores\":{},\"threads\":{},\
                 \"dies\":{},\"clusters\":{}}}",
                self.packages.len(),
                self.regions.len(),
                self.cache_groups.len(),
                self.cores.len(),
                self.threads(),
                self.dies(),
                self.clusters()
            ),
        );
        list(&mut out, "packages", &self.packages, |_, p| {
            format!("{{\"os_id\":{}}}", p.os_id)
        });
        list(&mut out, "regions", &self.regions, |i, r| {
            format!(
                "{{\"os_id\":{},\"bytes\":{},\"has_cpus\":{},\"cpus\":{},\"distances\":{},\
                 \"local_cpus\":{},\"kind\":\"{}\",\"side_cache_bytes\":{},\"speed\":{{\
                 \"read_bandwidth\":{},\"write_bandwidth\":{},\"read_latency\":{},\"write_latency\":{}}}}}",
                r.os_id,
                r.bytes,
                r.has_cpus,
                numbers(self.cpus_of_region(i).iter()),
                numbers(&r.distances),
                numbers(r.local_cpus.iter()),
                r.kind.name(),
                r.side_cache_bytes,
                r.speed.read_bandwidth,
                r.speed.write_bandwidth,
                r.speed.read_latency,
                r.speed.write_latency
            )
        });
        list(&mut out, "caches", &self.cache_groups, |i, g| {
            format!(
                "{{\"level\":{},\"bytes\":{},\"package\":{},\"region\":{},\"cores\":{},\"cpus\":{}}}",
                g.level,
                g.bytes,
                g.package,
                g.region,
                numbers(&g.cores),
                numbers(self.cpus_of_cache_group(i).iter())
            )
        });
        list(&mut out, "cores", &self.cores, |_, c| {
            format!(
                "{{\"os_id\":{},\"package\":{},\"region\":{},\"cache\":{},\"cpus\":{},\
                 \"die\":{},\"cluster\":{},\"kind\":{}}}",
                c.os_id,
                c.package,
                c.region,
                c.cache_group,
                numbers(&c.cpus),
                c.die,
                c.cluster,
                c.kind
            )
        });
        list(&mut out, "notes", &self.notes, |_, note| string(note));
        list(&mut out, "all_caches", &self.caches, |i, c| {
            format!(
                "{{\"level\":{},\"bytes\":{},\"cpus\":{}}}",
                c.level,
                c.bytes,
                numbers(self.cpus_of_cache(i).iter())
            )
        });
        list(&mut out, "core_kinds", &self.core_kinds, |_, k| {
            format!(
                "{{\"name\":{},\"capacity\":{}}}",
                string(&k.name),
                k.capacity
            )
        });
        out.push('}');
        out
    }
}

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}

/// A field after others whose value is a list.
fn list<T>(out: &mut String, name: &str, items: &[T], show: impl Fn(usize, &T) -> String) {
    let items: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(i, item)| show(i, item))
        .collect();
    add(out, format_args!(",\"{name}\":[{}]", items.join(",")));
}

fn numbers<T: ToString>(numbers: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = numbers.into_iter().map(|n| n.to_string()).collect();
    format!("[{}]", texts.join(","))
}

fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ if c.is_control() => add(&mut out, format_args!("\\u{:04x}", c as u32)),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
