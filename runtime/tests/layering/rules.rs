//! The rules: pure functions from sources to what is wrong with them, a line each.

use crate::scan::{Named, paths, tokens};
use crate::{BEHIND_THE_DOOR, DOOR, LEVELS, LONGEST, NOT_IN_DECIDE, SIM_MAY, WORDS_NOT_IN_DECIDE};
use std::collections::{BTreeMap, BTreeSet};

/// Arrows inside levels: from a row to a row, and where the first one stands.
type Arrows = BTreeMap<String, BTreeMap<String, String>>;

/// A source: its path under the crate's `src`, and its text.
pub type File<'a> = (&'a str, &'a str);

/// The modules that a file's path spells: `decide/policy.rs` is `[decide, policy]`.
fn module(path: &str) -> Vec<&str> {
    let mut segments: Vec<_> = path.trim_end_matches(".rs").split('/').collect();
    segments.pop_if(|last| *last == "mod");
    segments
}

/// The row of the table that a module path falls in: its first name, two under `decide` where the second has a row.
fn row(segments: &[impl AsRef<str>]) -> String {
    let first = segments.first().map_or("", |s| s.as_ref());
    match segments.get(1) {
        Some(second)
            if first == "decide" && level(&format!("decide::{}", second.as_ref())).is_some() =>
        {
            format!("decide::{}", second.as_ref())
        }
        _ => first.into(),
    }
}

fn level(row: &str) -> Option<usize> {
    LEVELS.iter().position(|rows| rows.contains(&row))
}

/// The path from the crate's root or another crate, in one spelling: `crate::…` for our own, `std` for `core` and `alloc`.
fn absolute(file: &str, named: &Named) -> Vec<String> {
    let mut here: Vec<String> = module(file).iter().map(|s| s.to_string()).collect();
    here.extend(named.inside.iter().cloned());
    let mut rest = named.segments.as_slice();
    match rest[0].as_str() {
        "crate" => return rest.to_vec(),
        "core" | "alloc" => return [&["std".to_string()], &rest[1..]].concat(),
        "self" => rest = &rest[1..],
        "super" => {}
        // In the front of `decide`, a bare name may be a child's.
        name if here == ["decide"] && level(&format!("decide::{name}")).is_some() => {}
        _ => return rest.to_vec(),
    }
    while rest.first().is_some_and(|s| s == "super") {
        here.pop();
        rest = &rest[1..];
    }
    [&["crate".to_string()], here.as_slice(), rest].concat()
}

/// Whether a path is a forbidden one or goes on from it, or hides it: `use std::thread as t`, `use std::*`.
fn reaches(path: &[String], forbidden: &str) -> bool {
    let forbidden: Vec<_> = forbidden.split("::").collect();
    match path.split_last() {
        Some((star, front)) if star == "*" && front.len() < forbidden.len() => {
            forbidden.starts_with(&strs(front))
        }
        _ => strs(path).starts_with(&forbidden),
    }
}

fn strs(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// All that is wrong with the runtime's sources, a line each.
pub fn check_runtime(files: &[File<'_>], around: &[(&str, &str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut arrows: Arrows = BTreeMap::new();
    let mut excused = BTreeSet::new();
    for (file, text) in files.iter().filter(|(file, _)| *file != "lib.rs") {
        let segments = module(file);
        let own = row(&segments);
        let decides = segments[0] == "decide";
        let in_front = matches!(segments[..], ["decide"] | ["decide", "tests", ..]);
        let Some(own_level) = level(&own).filter(|_| own != "decide" || in_front) else {
            let unknown = segments[..if decides { 2 } else { 1 }].join("::");
            wrong.push(format!(
                "{file}: module `{unknown}` has no level; add it to LEVELS in runtime/tests/layering.rs, \
                 at the lowest level that holds all it names"
            ));
            continue;
        };
        for named in paths(text) {
            let path = absolute(file, &named);
            let (at, spelled) = (format!("{file}:{}", named.line), path.join("::"));
            if path[0] == "crate" {
                wrong.extend(arrow(&at, &own, own_level, &path, &mut arrows));
            }
            let doorless = own != DOOR && !in_tests(&segments, &named);
            if let Some(forbidden) = BEHIND_THE_DOOR
                .iter()
                .find(|f| doorless && reaches(&path, f))
            {
                match around
                    .iter()
                    .position(|(f, name, _)| f == file && reaches(&path, name))
                {
                    Some(entry) => _ = excused.insert(entry),
                    None => wrong.push(format!(
                        "{at}: `{spelled}`: `{forbidden}` is named in sync.rs alone; take it from crate::sync"
                    )),
                }
            }
            if doorless && ["std::sync", "std::cell"].contains(&spelled.as_str()) {
                wrong.push(format!(
                    "{at}: `{spelled}` as a whole would hide what is taken from it; name the items"
                ));
            }
            if let Some(forbidden) = NOT_IN_DECIDE.iter().find(|f| decides && reaches(&path, f)) {
                wrong.push(format!(
                    "{at}: `{spelled}`: a decision may not name `{forbidden}`; let it be an input"
                ));
            }
        }
        for token in tokens(text).iter().filter(|_| decides) {
            if WORDS_NOT_IN_DECIDE.contains(&token.text) || token.text.starts_with("Atomic") {
                wrong.push(format!(
                    "{file}:{}: a decision may not say `{}`; let it be an input",
                    token.line, token.text
                ));
            }
        }
    }
    wrong.extend(unguarded_tests(files));
    wrong.extend(unforbidden_unsafe(files));
    wrong.extend(circles(&arrows));
    for (entry, (file, name, _)) in around
        .iter()
        .enumerate()
        .filter(|(i, _)| !excused.contains(i))
    {
        wrong.push(format!(
            "AROUND_THE_DOOR[{entry}]: {file} does not need `{name}` any more; take the entry out"
        ));
    }
    wrong
}

/// Whether a path stands in a module `tests`. Those start threads of their own, and never run under loom: they need
/// not use the door. All other rules hold there too.
fn in_tests(file: &[&str], named: &Named) -> bool {
    file.contains(&"tests") || named.inside.iter().any(|m| m == "tests")
}

/// A module `tests` is compiled for tests only.
fn unguarded_tests(files: &[File<'_>]) -> Vec<String> {
    const GUARD: [&str; 9] = ["#", "[", "cfg", "(", "test", ")", "]", "mod", "tests"];
    let mut wrong = Vec::new();
    for (file, text) in files {
        let tokens = tokens(text);
        let words: Vec<_> = tokens.iter().map(|t| t.text).collect();
        for at in (1..words.len()).filter(|&at| words[at - 1..=at] == GUARD[7..]) {
            if !words[..=at].ends_with(&GUARD) {
                let line = tokens[at].line;
                wrong.push(format!(
                    "{file}:{line}: `mod tests` without `#[cfg(test)]` right before it"
                ));
            }
        }
    }
    wrong
}

/// Judges one path into our own crate; an arrow inside a level is kept for [`circles`].
fn arrow(
    at: &str,
    own: &str,
    own_level: usize,
    path: &[String],
    arrows: &mut Arrows,
) -> Option<String> {
    let other = row(&path[1..]);
    let spelled = path.join("::");
    let Some(other_level) = level(&other) else {
        return Some(format!(
            "{at}: `{spelled}`: `{other}` has no level; a new module goes into LEVELS in \
             runtime/tests/layering.rs, what lib.rs re-exports is named by the module it lives in"
        ));
    };
    if other_level > own_level {
        return Some(format!(
            "{at}: `{own}` (L{own_level}) names `{spelled}` (L{other_level}): \
             a file knows only its own level and those below"
        ));
    }
    if other_level == own_level && other != own {
        arrows
            .entry(own.into())
            .or_default()
            .entry(other)
            .or_insert(at.into());
    }
    None
}

/// A circle among arrows inside a level, if there is one, with the place of each arrow.
fn circles(arrows: &Arrows) -> Option<String> {
    fn search<'a>(
        arrows: &'a Arrows,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<String> {
        let here = *way.last()?;
        for to in arrows.get(here).into_iter().flat_map(|to| to.keys()) {
            if let Some(start) = way.iter().position(|from| from == to) {
                let round = [&way[start..], &[to]].concat();
                let places: Vec<_> = round
                    .windows(2)
                    .map(|a| arrows[a[0]][a[1]].as_str())
                    .collect();
                return Some(format!(
                    "a circle inside a level: {} ({})",
                    round.join(" -> "),
                    places.join(", ")
                ));
            }
            if !done.contains(to.as_str()) {
                way.push(to);
                if let Some(circle) = search(arrows, way, done) {
                    return Some(circle);
                }
                way.pop();
            }
        }
        done.insert(here);
        None
    }
    let mut done = BTreeSet::new();
    arrows
        .keys()
        .find_map(|from| search(arrows, &mut vec![from.as_str()], &mut done))
}

/// `decide` forbids unsafe code as a whole: in its front, or at its declaration in lib.rs.
fn unforbidden_unsafe(files: &[File<'_>]) -> Option<String> {
    let says = |text: &str, words: &[&str]| {
        let tokens: Vec<_> = tokens(text).iter().map(|t| t.text).collect();
        tokens.windows(words.len()).any(|w| w == words)
    };
    let forbids = files.iter().any(|(file, text)| match *file {
        "decide.rs" | "decide/mod.rs" => says(
            text,
            &["#", "!", "[", "forbid", "(", "unsafe_code", ")", "]"],
        ),
        "lib.rs" => says(
            text,
            &[
                "#",
                "[",
                "forbid",
                "(",
                "unsafe_code",
                ")",
                "]",
                "pub",
                "mod",
                "decide",
                ";",
            ],
        ),
        _ => false,
    });
    let decides = files.iter().any(|(file, _)| module(file)[0] == "decide");
    (decides && !forbids)
        .then(|| "decide: `#![forbid(unsafe_code)]` is missing at its front".into())
}

/// All that is wrong with the simulator's sources.
pub fn check_sim(files: &[File<'_>]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, text) in files {
        for named in paths(text)
            .iter()
            .filter(|named| named.segments[0] == "sprat")
        {
            let path = &named.segments;
            if !SIM_MAY
                .iter()
                .any(|may| strs(path).starts_with(&may.split("::").collect::<Vec<_>>()))
            {
                wrong.push(format!(
                    "{file}:{}: the simulator names `{}`; it may name only {}",
                    named.line,
                    path.join("::"),
                    SIM_MAY.join(", ")
                ));
            }
        }
    }
    wrong
}

/// Files that have grown too long.
pub fn check_length(files: &[File<'_>]) -> Vec<String> {
    let lines = files
        .iter()
        .map(|(file, text)| (file, text.lines().count()));
    let long = lines.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(file, lines)| {
        format!("{file} has {lines} lines, more than {LONGEST}: one idea a file")
    })
    .collect()
}
