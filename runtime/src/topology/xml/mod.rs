//! A machine from hwloc's XML, formats 2 and 3, as `lstopo` and the library write it.

mod homes;
mod objects;
mod parse;
mod tables;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use roxmltree::{Document, ParsingOptions};

use super::assemble::assemble;
use super::facts::{self, Facts, LOCAL};
use super::{Source, Topology};
use crate::error::{Error, ErrorKind, Result};
use objects::Objects;
use parse::Xml;

/// The longest file that makes sense; one of a thousand CPUs with all devices has a few megabytes.
const MOST_BYTES: u64 = 64 << 20;
/// The most elements and texts of a file; each costs some memory.
const MOST_NODES: u32 = 4 << 20;

pub(super) fn read(file: &Path) -> Result<Topology> {
    let no = |what: String| {
        let message = format!(
            "{} {what}; write one with `lstopo --of xml FILE`",
            file.display()
        );
        Error::new(ErrorKind::Topology, message)
    };
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|f| f.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| no(format!("cannot be read ({e})")))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(no(format!(
            "is longer than {} MiB, so it is no machine",
            MOST_BYTES >> 20
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| no("is not text in UTF-8".into()))?;
    read_text(&text, Source::Xml(file.to_owned()))
}

pub(super) fn read_text(text: &str, source: Source) -> Result<Topology> {
    let name = match &source {
        Source::Xml(file) if !file.as_os_str().is_empty() => file.display().to_string(),
        _ => "hwloc's XML".to_owned(),
    };
    // Files name their document type, and nothing of it is fetched.
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|e| parse::error(&name, e.pos().row, &format!("it is not whole XML: {e}")))?;
    let xml = Xml::new(&name, &document);
    let root = document.root_element();
    check_version(&xml, root)?;

    let mut notes = Vec::new();
    let mut objects = Objects::read(&xml, root, &mut notes)?;
    let mut regions = homes::settle(&mut objects, &mut notes);
    if regions.is_empty() {
        notes.push("the file has no memory region; all memory counts as one, and how much there is is unknown".into());
        regions.push(facts::region(0, 0, vec![LOCAL]));
        objects.cpus.iter_mut().for_each(|f| f.region = Some(0));
    }
    tables::distances(&xml, root, &objects, &mut regions, &mut notes)?;
    tables::speeds(&xml, root, &objects, &mut regions)?;
    let kinds = tables::kinds(&xml, root, &mut objects)?;
    assemble(Facts {
        packages: objects.packages,
        regions,
        caches: objects.caches,
        all_caches_known: false,
        kinds,
        cpus: objects.cpus,
        notes,
        source,
    })
}

fn check_version(xml: &Xml<'_>, root: roxmltree::Node<'_, '_>) -> Result<()> {
    if root.tag_name().name() != "topology" {
        let found = parse::shown(root.tag_name().name());
        return Err(xml.wrong(
            root,
            format_args!("its root is {found} and should be `topology`"),
        ));
    }
    let version = root.attribute("version");
    match version.map(|v| v.split('.').next().unwrap_or(v)) {
        Some("2" | "3") => Ok(()),
        // Format 1 has no version, and some of its files say so.
        None | Some("0" | "1") => Err(xml.wrong(
            root,
            "it is in format 1 of hwloc, where memory has no place of its own; export it again with hwloc 2 or newer \
             (`lstopo -i FILE --of xml NEW`)",
        )),
        Some(_) => {
            let version = parse::shown(version.unwrap_or(""));
            Err(xml.wrong(root, format_args!("it is in format {version}, and 2 and 3 are known")))
        }
    }
}
