//! `docs/configuration.md` lists the variables that the runtime reads, all of them and no others.

mod pages;

use pages::root;
use std::collections::BTreeSet;
use std::fs;

/// The names of variables that stand in a text between these marks.
fn names(text: &str, mark: char) -> BTreeSet<&str> {
    let parts = text.split(mark);
    parts
        .filter(|part| {
            let name = part.strip_prefix("SPRAT_").unwrap_or_default();
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
        .collect()
}

/// The part of a page under a heading.
fn under<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(heading).expect("the page has the heading");
    rest.split("\n## ").next().unwrap_or(rest)
}

/// What the first column of the tables in a text names.
fn listed(text: &str) -> BTreeSet<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split(" | ").next())
        .flat_map(|cell| names(cell, '`'))
        .collect()
}

#[test]
fn all_variables_of_the_runtime_are_listed() {
    let code = fs::read_to_string(root().join("runtime/src/config.rs")).unwrap();
    let (code, _tests) = code.split_once("#[cfg(test)]").unwrap();
    let page = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let read = names(code, '"');
    assert!(read.len() >= 8, "{read:?}");
    assert_eq!(listed(under(&page, "## Variables of the runtime\n")), read);
}

#[test]
fn planted_faults_are_found() {
    let page = "\n## A\n| `SPRAT_A` | `SPRAT_B` |\n`SPRAT_C`\n\n## B\n| `SPRAT_D` | |\n";
    assert_eq!(listed(under(page, "## A\n")), BTreeSet::from(["SPRAT_A"]));
    assert_eq!(
        names(r#"text("SPRAT_E")?, "SPRAT_F=", "x""#, '"'),
        BTreeSet::from(["SPRAT_E"])
    );
}
