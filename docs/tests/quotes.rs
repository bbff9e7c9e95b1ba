//! What the book quotes is what the compiler and the runtime say: a compiler's message comes from the suite of programs
//! that must not compile, a runtime's sentence is asserted by a program of the same page.

mod pages;

use pages::{blocks, chapters, texts};

/// A program's text with its strings as they are at run time: a `\` at a line's end and the space after it are gone.
fn strings_joined(program: &str) -> String {
    let mut joined = String::new();
    for line in program.lines() {
        match joined.strip_suffix('\\') {
            Some(_) => {
                joined.pop();
                joined.push_str(line.trim_start());
            }
            None => {
                joined.push('\n');
                joined.push_str(line);
            }
        }
    }
    joined
}

/// The sentence of the runtime in a quoted line, without what depends on the place.
fn sentence(line: &str) -> Option<&str> {
    if let Some((_, said)) = line.split_once(", waits for ") {
        return Some(said);
    }
    let (_, said) = (line.split_once(" failed: ")).or_else(|| line.split_once(" panicked: "))?;
    Some(said.split("; ").next().unwrap_or(said))
}

/// The quoted lines of a page that nobody says.
fn unsaid(page: &str, compiler: &str) -> Vec<String> {
    let programs: String = blocks(page, "rust")
        .iter()
        .map(|program| strings_joined(program))
        .collect();
    let quoted = blocks(page, "text");
    let lines = quoted.iter().flat_map(|block| block.lines());
    let is_said = |line: &&str| match line.starts_with("error") {
        true => compiler.lines().any(|said| said == *line),
        false => sentence(line).is_none_or(|said| programs.contains(said)),
    };
    lines
        .filter(|line| !is_said(line))
        .map(str::to_owned)
        .collect()
}

fn compiler() -> String {
    let suite = texts("runtime/tests/misuse", "stderr");
    suite.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn messages_are_quoted_as_they_are() {
    let compiler = compiler();
    for (name, page) in chapters() {
        let wrong = unsaid(&page, &compiler);
        assert!(
            wrong.is_empty(),
            "{name} quotes what nobody says:\n{}",
            wrong.join("\n")
        );
    }
}

#[test]
fn planted_faults_are_found() {
    let page = |quoted: &str| {
        let program = "```rust\nassert_eq!(cause, \"no rows in \\\n    the file\");\n```";
        format!("{program}\n```text\n{quoted}\n```\n")
    };
    let wrong = |quoted: &str| unsaid(&page(quoted), "error[E1]: no\n");
    let none = [""; 0];
    assert_eq!(wrong("error[E1]: no"), none);
    assert_eq!(wrong("error[E1]: yes"), ["error[E1]: yes"]);
    let well = "codelet `a`, spawned at b.rs:1:2, failed: no rows in the file; 2 skipped";
    assert_eq!(wrong(well), none);
    let badly = "codelet `a`, spawned at b.rs:1:2, failed: no rows at all";
    assert_eq!(wrong(badly), [badly]);
    let waits = "  `a`, spawned at b.rs:1:2, waits for block 9 (Write)";
    assert_eq!(wrong(waits), [waits]);
}
