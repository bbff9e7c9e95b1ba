//! Attributes of elements, and errors that say where.

use std::fmt::Display;
use std::str::FromStr;

use roxmltree::{Document, Node};

use crate::error::{Error, ErrorKind, Result};
use crate::topology::mask::{self, Mask};
pub(super) use crate::topology::text::shown;

/// A document, and what to call it in errors.
pub(super) struct Xml<'a> {
    name: &'a str,
    document: &'a Document<'a>,
}

pub(super) fn error(name: &str, line: u32, what: &str) -> Error {
    Error::new(
        ErrorKind::Topology,
        format!(
            "{name}, line {line}: {what}. If the file was damaged on its way, write it again: `lstopo --of xml FILE`"
        ),
    )
}

impl<'a> Xml<'a> {
    pub(super) fn new(name: &'a str, document: &'a Document<'a>) -> Self {
        Xml { name, document }
    }

    /// An error about an element.
    pub(super) fn wrong(&self, node: Node<'_, '_>, what: impl Display) -> Error {
        let line = self.document.text_pos_at(node.range().start).row;
        error(self.name, line, &what.to_string())
    }

    /// A number that may be left out.
    pub(super) fn number<T: FromStr>(&self, node: Node<'_, '_>, name: &str) -> Result<Option<T>> {
        let Some(text) = node.attribute(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(n) => Ok(Some(n)),
            Err(_) => {
                let what = format_args!("{name} is {}, not a number that fits here", shown(text))
                    .to_string();
                Err(self.wrong(node, what))
            }
        }
    }

    /// A number that must be there.
    pub(super) fn needed<T: FromStr>(&self, node: Node<'_, '_>, name: &str) -> Result<T> {
        match self.number(node, name)? {
            Some(n) => Ok(n),
            None => Err(self.missing(node, name)),
        }
    }

    /// A set that must be there.
    pub(super) fn mask(&self, node: Node<'_, '_>, name: &str) -> Result<Mask> {
        let text = node.attribute(name);
        let text = text.ok_or_else(|| self.missing(node, name))?;
        mask::parse(text)
            .map_err(|what| self.wrong(node, format_args!("{name} is {}: {what}", shown(text))))
    }

    fn missing(&self, node: Node<'_, '_>, name: &str) -> Error {
        let kind = node
            .attribute("type")
            .map_or(String::new(), |t| format!(" of type {}", shown(t)));
        let tag = node.tag_name().name();
        self.wrong(
            node,
            format_args!("the element `{tag}`{kind} has no {name}"),
        )
    }
}

/// The elements below one that have a name.
pub(super) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.has_tag_name(name))
}

/// The value of the `info` below an element that has a name.
pub(super) fn info<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let mut infos = children(node, "info");
    infos.find_map(|info| {
        info.attribute("value")
            .filter(|_| info.attribute("name") == Some(name))
    })
}
