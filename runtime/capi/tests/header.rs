//! `include/sprat.h` says what the library does: names, numbers, structs and functions, as cbindgen finds them in the source.
//! And what both say is what `abi.txt` says, so that a change of the interface is seen as one.

use std::collections::BTreeMap;
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What cbindgen makes of the source.
fn generated() -> String {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        style: cbindgen::Style::Both,
        usize_is_size_t: true,
        ..cbindgen::Config::default()
    };
    let mut text = Vec::new();
    cbindgen::Builder::new()
        .with_crate(env!("CARGO_MANIFEST_DIR"))
        .with_config(config)
        .generate()
        .expect("cbindgen reads the crate")
        .write(&mut text);
    String::from_utf8(text).unwrap()
}

/// A header's words, without comments and preprocessor lines; of these, constants are kept.
fn words(header: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let mut code = String::new();
    let mut rest = header;
    while let Some(at) = rest.find("/*") {
        code.push_str(&rest[..at]);
        rest = rest[at..].split_once("*/").expect("a comment ends").1;
    }
    code.push_str(rest);
    let mut constants = BTreeMap::new();
    let (mut kept, mut goes_on) = (String::new(), false);
    for line in code.lines() {
        if goes_on || line.trim_start().starts_with('#') {
            goes_on = line.ends_with('\\');
            if let Some((name, value)) = line
                .strip_prefix("#define ")
                .and_then(|l| l.split_once(' '))
                && name.starts_with("SPRAT_")
                && value.trim_end_matches('u').parse::<i64>().is_ok()
            {
                constants.insert(name.to_owned(), value.trim_end_matches('u').to_owned());
            }
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in kept.chars() {
        if c.is_alphanumeric() || c == '_' || (c == '-' && word.is_empty()) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if !c.is_whitespace() && c != '"' {
            words.push(c.to_string());
        }
    }
    (words, constants)
}

/// What a header declares, by name: `struct sprat_view`, `function sprat_spawn`, `type sprat_mode`, `constant SPRAT_OK`.
fn declared(header: &str) -> BTreeMap<String, String> {
    let (words, constants) = words(header);
    let mut all = BTreeMap::new();
    for (name, value) in constants {
        all.insert(format!("constant {name}"), value);
    }
    // Statements end at a semicolon outside of braces, or at the brace that ends a function's body.
    let (mut depth, mut statement) = (0, Vec::<String>::new());
    for word in words {
        match &*word {
            "{" if statement.join(" ") == "extern C" => {
                statement.clear();
                continue;
            }
            "{" => depth += 1,
            "}" if depth == 0 => continue,
            "}" => depth -= 1,
            _ => (),
        }
        let inline = statement.first().is_some_and(|first| first == "static");
        let ends = depth == 0 && (word == ";" || (word == "}" && inline));
        if word != ";" || depth > 0 {
            statement.push(word);
        }
        if ends {
            note(&std::mem::take(&mut statement), &mut all);
        }
    }
    all
}

fn note(statement: &[String], all: &mut BTreeMap<String, String>) {
    let text = |words: &[String]| {
        let kept = words.iter().filter(|word| *word != "struct");
        kept.cloned().collect::<Vec<_>>().join(" ")
    };
    let words: Vec<&str> = statement.iter().map(String::as_str).collect();
    match &*words {
        [] | ["static", ..] => (),
        ["enum", "{", values @ .., "}"] => {
            for value in values.split(|word| *word == ",") {
                if let [name, "=", number] = value {
                    all.insert(format!("constant {name}"), (*number).to_owned());
                }
            }
        }
        ["typedef", "struct", name, "{", .., "}", _] => {
            let fields = &statement[4..statement.len() - 2];
            all.insert(format!("struct {name}"), text(fields));
        }
        ["typedef", "struct", name, _] => {
            all.insert(format!("struct {name}"), "opaque".to_owned());
        }
        ["typedef", .., ")"] => {
            let name = words
                .iter()
                .position(|word| *word == "*")
                .expect("a function's type");
            all.insert(format!("type {}", words[name + 1]), text(&statement[1..]));
        }
        ["typedef", what @ .., name] => {
            all.insert(format!("type {name}"), what.join(" "));
        }
        [.., ")"] => {
            let name = words
                .iter()
                .position(|word| *word == "(")
                .expect("a function")
                - 1;
            all.insert(format!("function {}", words[name]), text(statement));
        }
        other => panic!("what is this? {other:?}"),
    }
}

fn compare(header: &BTreeMap<String, String>, source: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<&String> = header.keys().chain(source.keys()).collect();
    names.sort();
    names.dedup();
    let differ = names
        .into_iter()
        .filter(|name| header.get(*name) != source.get(*name));
    differ
        .map(|name| {
            let show = |one: Option<&String>| one.map_or("nothing".to_owned(), Clone::clone);
            let (here, there) = (show(header.get(name)), show(source.get(name)));
            format!("{name}\n  here:  {here}\n  there: {there}")
        })
        .collect()
}

/// The version's numbers are told by macros, and by the manifest.
fn without_version(mut all: BTreeMap<String, String>) -> (BTreeMap<String, String>, [String; 3]) {
    let numbers = ["MAJOR", "MINOR", "PATCH"].map(|part| {
        let name = format!("constant SPRAT_VERSION_{part}");
        all.remove(&name).expect("the header says its version")
    });
    (all, numbers)
}

#[test]
fn the_header_says_what_the_library_does() {
    let (header, version) = without_version(declared(&file("include/sprat.h")));
    let differ = compare(&header, &declared(&generated()));
    assert!(
        differ.is_empty(),
        "sprat.h and the source differ:\n{}",
        differ.join("\n")
    );
    assert!(header.len() >= 130, "{} things are declared", header.len());
    let package = ["MAJOR", "MINOR", "PATCH"];
    let numbers = [
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    ];
    assert_eq!(version, numbers, "{package:?}");
}

#[test]
fn the_interface_is_the_one_that_was_agreed() {
    let (header, _) = without_version(declared(&file("include/sprat.h")));
    let now: String = header
        .iter()
        .map(|(name, what)| format!("{name}: {what}\n"))
        .collect();
    if std::env::var_os("SPRAT_TEST_WRITE_ABI").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("abi.txt"), &now).unwrap();
    }
    let agreed = file("abi.txt");
    let lines = |text: &str| -> BTreeMap<String, String> {
        let pairs = text.lines().filter_map(|line| line.split_once(": "));
        pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    };
    let differ = compare(&lines(&now), &lines(&agreed));
    assert!(
        differ.is_empty(),
        "the interface is not that of runtime/capi/abi.txt. If it may change (a new function, a field at a struct's end), run\n\
         SPRAT_TEST_WRITE_ABI=1 cargo test -p sprat-capi --test header\n{}",
        differ.join("\n")
    );
}

#[test]
fn planted_differences_are_found() {
    let header = "typedef int32_t a_t;\nenum { SPRAT_A = 1, SPRAT_B = -2 };\ntypedef struct v { size_t x; void *y; } v;\n\
                  /* no; */ typedef struct o o;\nvoid f(struct v *a,\n  size_t b);\n\
                  static inline int g(void) { return 1; }\ntypedef void (*cb)(o *s, int n);\n";
    let all = declared(header);
    assert_eq!(all.len(), 7, "{all:?}");
    assert_eq!(all["function f"], "void f ( v * a , size_t b )");
    assert_eq!(all["constant SPRAT_B"], "-2");
    for (from, to) in [
        ("int32_t", "int64_t"),
        ("= -2", "= 2"),
        ("size_t x", "int x"),
        ("size_t b", "size_t *b"),
        ("int n", "long n"),
        ("void f(", "void ff("),
    ] {
        let other = declared(&header.replace(from, to));
        assert!(!compare(&all, &other).is_empty(), "{from} and {to}");
    }
}

/// The functions that a language's layer has to have.
fn functions() -> Vec<String> {
    let (header, _) = without_version(declared(&file("include/sprat.h")));
    let names = header
        .keys()
        .filter_map(|name| name.strip_prefix("function "));
    names.map(str::to_owned).collect()
}

#[test]
fn the_fortran_module_has_all_of_it() {
    let module = file("fortran/sprat.f90");
    for name in functions() {
        let plain = format!("function {name}(");
        assert!(module.contains(&plain), "sprat.f90 has no {name}");
    }
    // And structs are as long as they say.
    let layout = file("layout.h");
    let mut sized = 0;
    for part in module.split("  type, bind(c) :: ").skip(1) {
        let (name, rest) = part.split_once('\n').expect("a type has fields");
        let Some(size) = rest
            .trim_start()
            .strip_prefix("integer(c_size_t) :: size = ")
        else {
            continue;
        };
        let size = size.lines().next().expect("a number").trim();
        let said = format!("sizeof({name}) == {size},");
        assert!(layout.contains(&said), "{name} has not {size} bytes");
        sized += 1;
    }
    assert_eq!(sized, layout.matches(", size) == 0").count());
}

#[test]
fn the_layer_for_cpp_has_all_of_it() {
    let layer = file("include/sprat.hpp");
    // Texts of statuses and versions need no layer; early release is for bodies that write C; codelets have no names of their own there.
    let left = [
        "sprat_status_text",
        "sprat_version",
        "sprat_release",
        "sprat_alternate_get",
    ];
    for name in functions() {
        let used = layer.contains(&format!("{name}("));
        let is_left = left.contains(&&*name);
        assert!(used != is_left, "{name}: used {used}, left out {is_left}");
    }
}
