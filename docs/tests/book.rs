//! The book holds together: its links lead somewhere, its code blocks are tested, the sources' pointers to it are right.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// The files under a folder with one of these extensions, but for build folders.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && name != ".git" {
            found.extend(files(&path, extensions));
        } else if path
            .extension()
            .is_some_and(|e| extensions.contains(&e.to_str().unwrap()))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Chapters: the pages at the top and those of `docs/`.
fn chapters() -> Vec<PathBuf> {
    let mut pages = files(&root().join("docs"), &["md"]);
    pages.extend(["README.md", "CHANGELOG.md"].map(|page| root().join(page)));
    pages
}

/// Lines with their numbers.
type Lines<'a> = Vec<(usize, &'a str)>;

/// A page's lines outside its code blocks, with their numbers, and its code blocks' first lines.
fn split(page: &str) -> (Lines<'_>, Lines<'_>) {
    let (mut prose, mut fences, mut inside) = (Vec::new(), Vec::new(), false);
    for (number, line) in (1..).zip(page.lines()) {
        match line.trim_start().strip_prefix("```") {
            Some(language) => {
                inside = !inside;
                if inside {
                    fences.push((number, language));
                }
            }
            None if !inside => prose.push((number, line)),
            None => {}
        }
    }
    (prose, fences)
}

/// The targets of a line's links.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| Some(&rest[..rest.find(')')?]))
}

/// The anchors of a page's headings.
fn anchors(page: &str) -> Vec<String> {
    let headings = split(page)
        .0
        .into_iter()
        .filter_map(|(_, line)| line.strip_prefix('#'));
    let slug = |heading: &str| {
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    headings
        .map(|heading| slug(heading.trim_start_matches('#').trim()))
        .collect()
}

/// The links of a page that lead nowhere.
fn broken(path: &Path, page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, line) in split(page).0 {
        for link in links(line).filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.to_path_buf()
            } else {
                path.with_file_name("").join(file)
            };
            let held = anchor.is_empty() || {
                let text = if file.is_empty() {
                    page.to_string()
                } else {
                    fs::read_to_string(&target).unwrap_or_default()
                };
                anchors(&text).iter().any(|a| a == anchor)
            };
            if !(file.is_empty() || target.exists()) || !held {
                wrong.push(format!(
                    "{}:{number}: `{link}` leads nowhere",
                    path.display()
                ));
            }
        }
    }
    wrong
}

/// Code blocks that name no language: rustdoc would take them for Rust.
fn unnamed(path: &Path, page: &str) -> Vec<String> {
    let fences = split(page)
        .1
        .into_iter()
        .filter(|(_, language)| language.trim().is_empty());
    fences
        .map(|(number, _)| {
            format!(
                "{}:{number}: a code block without a language",
                path.display()
            )
        })
        .collect()
}

/// The pages under `docs/` that a text names.
fn pages_named(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("docs/").filter_map(|(at, _)| {
        let rest = &text[at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"/_-.".contains(c))
            .unwrap_or(rest.len());
        rest[..end]
            .trim_end_matches('.')
            .strip_suffix(".md")
            .map(|page| &rest[..page.len() + 3])
    })
}

#[test]
fn links_lead_somewhere_and_blocks_name_their_language() {
    let mut wrong = Vec::new();
    for path in chapters() {
        let page = fs::read_to_string(&path).unwrap();
        wrong.extend(broken(&path, &page));
        wrong.extend(unnamed(&path, &page));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_chapter_is_tested() {
    let book = fs::read_to_string(root().join("docs/src/lib.rs")).unwrap();
    for path in files(&root().join("docs"), &["md"]) {
        let chapter = path
            .strip_prefix(root().join("docs"))
            .unwrap()
            .display()
            .to_string();
        assert!(
            book.contains(&format!("include_str!(\"../{chapter}\")")),
            "docs/src/lib.rs leaves out {chapter}"
        );
    }
}

#[test]
fn pages_that_files_point_to_exist() {
    let mut wrong = Vec::new();
    let own = root().join("docs/tests/book.rs");
    for path in files(&root(), &["rs", "toml", "md", "txt"])
        .into_iter()
        .filter(|path| *path != own)
    {
        let text = fs::read_to_string(&path).unwrap();
        for page in pages_named(&text).filter(|page| !root().join(page).exists()) {
            wrong.push(format!(
                "{} names {page}, which is not there",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn planted_faults_are_found() {
    let path = root().join("docs/planted.md");
    let page = "# One two\n[a](#one-two) [b](#three) [c](decisions.md#crates-from-outside)\n[d](gone.md)\n\
                ```sh\n[e](gone.md)\n```\n```\n```\n[f](decisions.md#gone)";
    let places = |wrong: Vec<String>| -> Vec<String> {
        wrong
            .iter()
            .map(|w| w.split("planted.md:").nth(1).unwrap().to_string())
            .collect()
    };
    assert_eq!(
        places(broken(&path, page)),
        [
            "2: `#three` leads nowhere",
            "3: `gone.md` leads nowhere",
            "9: `decisions.md#gone` leads nowhere"
        ]
    );
    assert_eq!(
        places(unnamed(&path, page)),
        ["7: a code block without a language"]
    );
    let named: Vec<_> =
        pages_named("see docs/a.md, and `docs/design/b.md`. docs/c/ docs/d.rs docs/e.md.")
            .collect();
    assert_eq!(named, ["docs/a.md", "docs/design/b.md", "docs/e.md"]);
}
