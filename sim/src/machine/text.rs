//! A TOML file read by hand, so that whatever is wrong in it is said with its line.

use super::units::Dimension;
use sprat::{Error, ErrorKind, Result};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file's name and text, for messages.
pub(crate) struct Source<'t> {
    pub(crate) name: &'t str,
    pub(crate) text: &'t str,
}

impl Source<'_> {
    /// An error at a place in the file.
    pub(crate) fn wrong(&self, at: Range<usize>, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Config, format!("{}: {what}", self.line(at)))
    }

    /// The file's name and the line of a place in it.
    fn line(&self, at: Range<usize>) -> String {
        let before = &self.text[..at.start.min(self.text.len())];
        format!("{}, line {}", self.name, before.matches('\n').count() + 1)
    }

    /// The file as a table.
    pub(crate) fn table(&self) -> Result<Spanned<DeTable<'_>>> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            self.wrong(at, error.message())
        })
    }
}

/// A table of which it is known what was asked for, so that what nobody asks for can be refused.
pub(crate) struct Table<'a> {
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    /// What it is called in messages.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) at: Range<usize>,
    asked: BTreeSet<&'static str>,
}

/// A value with its place.
pub(crate) type At<T> = (T, Range<usize>);

impl<'a> Table<'a> {
    pub(crate) fn new(
        source: &'a Source<'a>,
        table: &'a DeTable<'a>,
        name: impl Into<String>,
        at: Range<usize>,
    ) -> Self {
        Table {
            source,
            table,
            name: name.into(),
            at,
            asked: BTreeSet::new(),
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.insert(key);
        let table: &'a DeTable<'a> = self.table;
        table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    /// An error at this table.
    pub(crate) fn wrong(&self, what: impl std::fmt::Display) -> Error {
        self.source.wrong(self.at.clone(), what)
    }

    /// Where this table stands.
    pub(crate) fn line(&self) -> String {
        self.source.line(self.at.clone())
    }

    /// An error somewhere in the file.
    pub(crate) fn wrong_at(&self, at: Range<usize>, what: impl std::fmt::Display) -> Error {
        self.source.wrong(at, what)
    }

    /// A quantity that may be left out.
    pub(crate) fn some(&mut self, key: &'static str, what: Dimension) -> Result<Option<f64>> {
        let Some(value) = self.find(key) else {
            return Ok(None);
        };
        let read = match value.get_ref() {
            DeValue::String(text) => what.read(text),
            DeValue::Integer(_) | DeValue::Float(_) => Err(format!(
                "it has no unit; write for example {key} = \"{}\"",
                what.example()
            )),
            _ => Err(format!(
                "a {} is written like \"{}\"",
                what.name(),
                what.example()
            )),
        };
        read.map(Some)
            .map_err(|wrong| self.source.wrong(value.span(), format!("`{key}`: {wrong}")))
    }

    /// A quantity that has to be there.
    pub(crate) fn needed(&mut self, key: &'static str, what: Dimension) -> Result<f64> {
        let found = self.some(key, what)?;
        found.ok_or_else(|| {
            let (name, example) = (&self.name, what.example());
            self.wrong(format!(
                "{name} says no `{key}`; add for example {key} = \"{example}\""
            ))
        })
    }

    /// A quantity that has to be there, and above zero.
    pub(crate) fn positive(&mut self, key: &'static str, what: Dimension) -> Result<f64> {
        let value = self.needed(key, what)?;
        if value > 0.0 {
            return Ok(value);
        }
        let at = self.find(key).map_or(self.at.clone(), Spanned::span);
        let (name, example) = (&self.name, what.example());
        let text = format!(
            "`{key}` of {name} is zero, so nothing would ever end; give it more, for example \"{example}\""
        );
        Err(self.wrong_at(at, text))
    }

    /// A text that may be left out.
    pub(crate) fn text(&mut self, key: &'static str) -> Result<Option<At<&'a str>>> {
        match self.find(key).map(|value| (value.get_ref(), value.span())) {
            None => Ok(None),
            Some((DeValue::String(text), at)) => Ok(Some((text, at))),
            Some((_, at)) => Err(self.wrong_at(at, format!("`{key}` is a text, in quotes"))),
        }
    }

    /// One text or a list of them; none if it is left out.
    pub(crate) fn texts(&mut self, key: &'static str) -> Result<Vec<At<&'a str>>> {
        let Some(value) = self.find(key) else {
            return Ok(Vec::new());
        };
        let one = |value: &'a Spanned<DeValue<'a>>| match value.get_ref() {
            DeValue::String(text) => Ok((text.as_ref(), value.span())),
            _ => Err(self
                .source
                .wrong(value.span(), format!("`{key}` is a list of texts"))),
        };
        match value.get_ref() {
            DeValue::Array(all) => all.iter().map(one).collect(),
            _ => Ok(vec![one(value)?]),
        }
    }

    /// Yes or no; no if it is left out.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<bool> {
        match self.find(key).map(|value| (value.get_ref(), value.span())) {
            None => Ok(false),
            Some((DeValue::Boolean(flag), _)) => Ok(*flag),
            Some((_, at)) => Err(self.wrong_at(at, format!("`{key}` is true or false"))),
        }
    }

    /// A whole number that may be left out.
    pub(crate) fn number(&mut self, key: &'static str) -> Result<Option<At<u64>>> {
        let Some(value) = self.find(key) else {
            return Ok(None);
        };
        let read = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let wrong = || {
            self.source
                .wrong(value.span(), format!("`{key}` is a whole number"))
        };
        read.map(|number| Some((number, value.span())))
            .ok_or_else(wrong)
    }

    /// A table inside this one.
    pub(crate) fn inner(&mut self, key: &'static str) -> Result<Option<Table<'a>>> {
        match self.find(key).map(|value| (value.get_ref(), value.span())) {
            None => Ok(None),
            Some((DeValue::Table(table), at)) => {
                Ok(Some(Table::new(self.source, table, format!("[{key}]"), at)))
            }
            Some((_, at)) => Err(self.wrong_at(at, format!("`{key}` is a table: [{key}]"))),
        }
    }

    /// The tables of a kind, by their names: `[memory.dram]`.
    pub(crate) fn kinds(&mut self, key: &'static str) -> Result<Vec<(&'a str, Table<'a>)>> {
        let Some(all) = self.inner(key)? else {
            return Ok(Vec::new());
        };
        let kind = |(name, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let name: &'a std::borrow::Cow<'a, str> = name.get_ref();
            match value.get_ref() {
                DeValue::Table(table) => {
                    let called = format!("[{key}.{name}]");
                    Ok((
                        name.as_ref(),
                        Table::new(self.source, table, called, value.span()),
                    ))
                }
                _ => {
                    let text = format!("`{name}` is not a table; write [{key}.{name}]");
                    Err(self.source.wrong(value.span(), text))
                }
            }
        };
        all.table.iter().map(kind).collect()
    }

    /// A list of tables: `[[failure]]`.
    pub(crate) fn list(&mut self, key: &'static str) -> Result<Vec<Table<'a>>> {
        let Some(value) = self.find(key) else {
            return Ok(Vec::new());
        };
        let DeValue::Array(all) = value.get_ref() else {
            let text = format!("`{key}` is a list of tables: [[{key}]]");
            return Err(self.wrong_at(value.span(), text));
        };
        let one = |value: &'a Spanned<DeValue<'a>>| match value.get_ref() {
            DeValue::Table(table) => Ok(Table::new(
                self.source,
                table,
                format!("[[{key}]]"),
                value.span(),
            )),
            _ => Err(self
                .source
                .wrong(value.span(), format!("`{key}` is a list of tables"))),
        };
        all.iter().map(one).collect()
    }

    /// Refuses what nobody asked for.
    pub(crate) fn end(&self) -> Result<()> {
        let unknown = |(name, _): &(&Spanned<std::borrow::Cow<'_, str>>, _)| {
            !self.asked.contains(name.get_ref().as_ref())
        };
        let Some((name, _)) = self.table.iter().find(unknown) else {
            return Ok(());
        };
        let known: Vec<&str> = self.asked.iter().copied().collect();
        let text = format!(
            "{} has nothing called `{}`; it may have {}",
            self.name,
            name.get_ref(),
            known.join(", ")
        );
        Err(self.wrong_at(name.span(), text))
    }
}
