//! Each test that the page of rules names is there, in a file that stands in the same line.

use std::fs;
use std::path::Path;

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The tests that a table of rules names and that none of the files in their line has. `read` gives a file's text.
fn missing(page: &str, read: impl Fn(&str) -> String) -> Vec<String> {
    let mut missing = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [rule, files, tests] = cells[..] else {
            panic!("three columns, not: {line}");
        };
        let files: Vec<String> = quoted(files).into_iter().map(&read).collect();
        let has = |test: &str| {
            let begin = format!("fn {test}(");
            files.iter().any(|file| file.contains(&begin))
        };
        let tests = quoted(tests);
        assert!(!tests.is_empty(), "no test for: {rule}");
        let gone = tests.into_iter().filter(|test| !has(test));
        missing.extend(gone.map(|test| format!("{test} ({})", rule.trim())));
    }
    missing
}

#[test]
fn each_rule_has_the_tests_that_its_page_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("docs/design/rules.md")).unwrap();
    let read = |file: &str| {
        let path = root.join("runtime/tests").join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    assert_eq!(
        page.lines().filter(|line| line.starts_with("| ")).count(),
        18,
        "17 rules and a head"
    );
    assert_eq!(missing(&page, read), Vec::<String>::new());
}

#[test]
fn planted_rule_without_its_test() {
    let page = "| rule | files | tests |\n|---|---|---|\n| 1. So | `a.rs`, `b.rs` | `one`, `two`, `on` |\n";
    let read = |file: &str| match file {
        "a.rs" => "fn one() {}".to_owned(),
        _ => "fn twofold() {}".to_owned(),
    };
    assert_eq!(missing(page, read), ["two (1. So)", "on (1. So)"]);
}
