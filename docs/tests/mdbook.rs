//! `mdbook build docs` makes a book that is whole: all chapters are in its table of contents, and what they link to lies
//! inside the folder that is copied.

mod pages;

use pages::{chapters, links, root, summary};

/// What is wrong with a table of contents for these chapters.
fn wrong_summary(summary: &str, chapters: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    if summary.lines().next() != Some("# Summary") {
        wrong.push("SUMMARY.md does not begin with `# Summary`".to_owned());
    }
    let listed: Vec<String> = links(summary).into_iter().map(|(_, to)| to).collect();
    for chapter in chapters {
        let times = listed.iter().filter(|to| to == chapter).count();
        if times != 1 {
            wrong.push(format!("SUMMARY.md lists {chapter} {times} times"));
        }
    }
    for to in &listed {
        if !chapters.contains(&to.as_str()) {
            wrong.push(format!("SUMMARY.md lists {to}, which is no chapter"));
        }
    }
    wrong
}

/// Links of a chapter that lead out of the book: they work beside the sources, but not in the built book.
fn leads_out(name: &str, page: &str) -> Vec<String> {
    links(page)
        .into_iter()
        .filter(|(_, to)| !to.contains("://") && (to.starts_with("../") || to.starts_with('/')))
        .map(|(_, to)| {
            format!("{name} links to {to}, outside of the book; name it as `docs/..` in code marks")
        })
        .collect()
}

#[test]
fn the_table_of_contents_lists_each_chapter_once() {
    let chapters = chapters();
    let names: Vec<&str> = chapters.iter().map(|(name, _)| name.as_str()).collect();
    let wrong = wrong_summary(&summary(), &names);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_stay_inside_the_book() {
    let pages = chapters();
    let wrong: Vec<String> = (pages.iter())
        .flat_map(|(name, page)| leads_out(name, page))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_book_is_not_built_into_its_own_source() {
    let settings = std::fs::read_to_string(root().join("docs/book.toml")).unwrap();
    let value = |key: &str| {
        let line = settings.lines().find(|line| line.starts_with(key));
        let line = line.unwrap_or_else(|| panic!("docs/book.toml does not set {key}"));
        line.split('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(value("src ="), "book");
    // mdBook's default for this is `book`, too.
    assert_eq!(value("build-dir ="), "../target/book");
}

#[test]
fn planted_faults_are_found() {
    let summary = "# Contents\n- [A](a.md)\n- [A](a.md)\n- [C](c.md)";
    assert_eq!(
        wrong_summary(summary, &["a.md", "b.md"]),
        [
            "SUMMARY.md does not begin with `# Summary`",
            "SUMMARY.md lists a.md 2 times",
            "SUMMARY.md lists b.md 0 times",
            "SUMMARY.md lists c.md, which is no chapter",
        ]
    );
    let page = "[a](../a.md) ![b](images/b.svg) [c](https://d/../e) [f](/g)";
    let wrong = leads_out("x.md", page);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("../a.md") && wrong[1].contains("/g"));
}
