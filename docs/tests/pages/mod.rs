//! The pages of the book, for the tests that look at them.

#![allow(dead_code)] // Each test uses a part.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace.
pub fn root() -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    docs.parent().unwrap().to_path_buf()
}

/// The files of a folder of the workspace with this extension: their names and texts, in order.
pub fn texts(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{folder} has no .{extension} files");
    found
}

/// The chapters: the book's pages without its table of contents.
pub fn chapters() -> Vec<(String, String)> {
    let mut pages = texts("docs/book", "md");
    pages.retain(|(name, _)| name != "SUMMARY.md");
    pages
}

/// The table of contents.
pub fn summary() -> String {
    fs::read_to_string(root().join("docs/book/SUMMARY.md")).unwrap()
}

/// A page's links outside its code blocks: what is shown, and where they lead. Pictures begin with `!`.
pub fn links(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in prose(page) {
        let mut rest = line;
        while let Some(middle) = rest.find("](") {
            let shown = rest[..middle].rfind('[').map_or(0, |at| {
                let picture = rest[..at].ends_with('!');
                at - usize::from(picture)
            });
            let Some(end) = rest[middle..].find(')') else {
                break;
            };
            let target = &rest[middle + 2..middle + end];
            found.push((rest[shown..middle].replace('[', ""), target.to_owned()));
            rest = &rest[middle + end..];
        }
    }
    found
}

/// The lines outside of code blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// The code blocks whose first line says this language: their texts.
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut taken = None;
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), taken) {
            (Some(named), None) => {
                let ours = named.split(',').next() == Some(language);
                if ours {
                    found.push(String::new());
                }
                taken = Some(ours);
            }
            (Some(_), Some(_)) => taken = None,
            (None, Some(true)) => {
                let block = found.last_mut().unwrap();
                block.push_str(line);
                block.push('\n');
            }
            _ => {}
        }
    }
    found
}

#[test]
fn links_and_blocks_of_a_page() {
    let page =
        "a [b](c.md) ![d](e.svg)\n```rust,no_run\nf [g](h.md)\n```\n```text\ni\n```\n[j](#k)";
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        links(page),
        [pair("b", "c.md"), pair("!d", "e.svg"), pair("j", "#k")]
    );
    assert_eq!(blocks(page, "rust"), ["f [g](h.md)\n"]);
    assert_eq!(blocks(page, "text"), ["i\n"]);
}
