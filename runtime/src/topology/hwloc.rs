//! The machine as the C library hwloc sees it.
//!
//! The library hands it over as XML, so that one reader knows what its objects mean. `runtime/tests/hwloc.rs` holds the
//! result against the library's own answers.

use hwlocality::topology::export::xml::XMLExportFlags;

use super::{Source, Topology, xml};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn read() -> Result<Topology> {
    let no = |what: &str, e: &dyn std::fmt::Display| {
        let message = format!(
            "hwloc {what} ({e}); see what `lstopo` says, or let Sprat find the machine by itself"
        );
        Error::new(ErrorKind::Topology, message)
    };
    let found = hwlocality::Topology::new().map_err(|e| no("finds no machine", &e))?;
    let text = found
        .export_xml(XMLExportFlags::empty())
        .map_err(|e| no("does not describe the machine", &e))?;
    let version = found.root_object().info("hwlocVersion");
    let version = version.map_or("of unknown version".into(), |v| v.to_string_lossy());
    xml::read_text(text.as_str(), Source::Hwloc(version.into_owned()))
}
