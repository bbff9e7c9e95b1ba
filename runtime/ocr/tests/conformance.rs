//! Programs in C against the library: the sentences of `tests/sentences.txt`, in each mode of the control engines and at several
//! numbers of engines, and the programs of `programs/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The static library, which Cargo builds beside this test, with a name that changes with what it is built from: the newest.
fn library() -> PathBuf {
    let here = std::env::current_exe().expect("a program knows where it is");
    let beside = std::fs::read_dir(here.parent().expect("a folder")).expect("it is there");
    let named = beside.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?;
        let is = name.starts_with("libsprat_ocr") && name.ends_with(".a");
        is.then_some((path.metadata().ok()?.modified().ok()?, path))
    });
    named.max().expect("Cargo builds it for this test").1
}

/// A shared library made of the static one, once: each program is linked with it in a tenth of the time.
fn shared_library() -> &'static Path {
    static SHARED: LazyLock<PathBuf> = LazyLock::new(|| {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libocr-of-the-tests.so");
        let mut command = Command::new(compiler());
        command.args(["-shared", "-Wl,--whole-archive"]);
        command.arg(library()).arg("-Wl,--no-whole-archive");
        command.args(["-lpthread", "-ldl", "-lm", "-lgcc_s", "-o"]);
        builds(command.arg(&shared), "the shared library");
        shared
    });
    &SHARED
}

fn compiler() -> String {
    std::env::var("CC").unwrap_or_else(|_| "cc".to_owned())
}

fn builds(command: &mut Command, what: &str) {
    let built = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{what} does not build:\n{said}");
}

/// Builds a program; where it is.
fn build(source: &str, flags: &[&str]) -> PathBuf {
    build_with(&library(), source, flags)
}

/// The same with one of the libraries.
fn build_with(library: &Path, source: &str, flags: &[&str]) -> PathBuf {
    let source = Path::new(HERE).join(source);
    let name = source.file_stem().expect("a name").to_string_lossy();
    // Tests run side by side, and two of them build the same source.
    let name = format!("{name}{}", flags.join(""));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut command = Command::new(compiler());
    command.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-I"]);
    command.arg(Path::new(HERE).join("include")).args(flags);
    command.arg(&source).arg(library);
    command.args(["-lpthread", "-ldl", "-lm", "-o"]);
    builds(command.arg(&program), &source.display().to_string());
    program
}

fn run(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env("SPRAT_OVERSUBSCRIBE", "1");
    command.envs(environment.iter().copied());
    command.output().expect("it was built")
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Runs a program that tests itself, which must succeed.
fn passes(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(program, arguments, environment);
    let (printed, said) = texts(&output);
    assert!(
        output.status.success(),
        "{} {arguments:?}, {environment:?}: {}\n{printed}\n{said}",
        program.display(),
        output.status
    );
    printed
}

const MODES: [&str; 3] = ["shared", "elastic", "dedicated"];
const XES: [&str; 3] = ["1", "2", "8"];

/// Each mode at each number of engines.
fn everywhere() -> impl Iterator<Item = (&'static str, &'static str)> {
    MODES
        .into_iter()
        .flat_map(|mode| XES.map(|xes| (mode, xes)))
}

fn passes_everywhere(source: &str) {
    let program = build(source, &[]);
    for (mode, xes) in everywhere() {
        passes(&program, &[], &[("SPRAT_CE", mode), ("SPRAT_XES", xes)]);
    }
    // These programs make mistakes on purpose, so the checking mode is off; and it is if it is said to be.
    passes(&program, &[], &[("SPRAT_CHECK", "0")]);
}

#[test]
fn blocks_and_edts_in_all_modes() {
    passes_everywhere("tests/c/basics.c");
}

#[test]
fn events_and_dependences_in_all_modes() {
    passes_everywhere("tests/c/events.c");
}

#[test]
fn extensions_in_all_modes() {
    passes_everywhere("tests/c/extensions.c");
}

#[test]
fn programs_with_a_main_of_their_own() {
    // Sentences 171, 172, 173, 174, 175, 176, 202, 203, 204, 205, 206.
    let program = build("tests/c/legacy.c", &[]);
    for (mode, xes) in everywhere() {
        let environment = [("SPRAT_CE", mode), ("SPRAT_XES", xes)];
        let printed = passes(&program, &["-ocr:cfg", "none.cfg"], &environment);
        assert!(printed.ends_with("passed\n"), "{printed}");
        let environment = [("SPRAT_XES", xes), ("SPRAT_POLICY", "locality")];
        passes(&program, &[], &environment);
    }
}

#[test]
fn ends_of_programs() {
    let program = build("tests/c/ends.c", &[]);
    let ends = |case: &str, more: &[&str], environment: &[(&str, &str)]| {
        let arguments: Vec<&str> = [case].iter().chain(more).copied().collect();
        let output = run(&program, &arguments, environment);
        let (printed, said) = texts(&output);
        (output.status.code(), printed, said)
    };
    for (mode, xes) in everywhere() {
        let few = [("SPRAT_CE", mode), ("SPRAT_XES", xes)];
        // Sentences 19, 21, 22, 23.
        let (code, printed, said) = ends("shutdown", &[], &few);
        assert_eq!(code, Some(0), "{printed}{said}");
        assert!(
            printed.contains("an EDT ran") && printed.contains("after the shutdown"),
            "{printed}"
        );
        assert!(
            !printed.contains("never") && said.is_empty(),
            "{printed}{said}"
        );
        // Sentence 20.
        assert_eq!(ends("abort", &[], &few).0, Some(7));
        // Sentences 26, 27.
        let (code, printed, said) = ends("stuck", &[], &few);
        assert_eq!(code, Some(1), "{printed}{said}");
        assert!(
            printed.is_empty() && said.contains("2 EDTs wait"),
            "{printed}{said}"
        );
        assert!(
            said.contains(
                "`waits_for_ever` never ran: it waits for slot 0, to which nothing was added"
            ),
            "{said}"
        );
        assert!(
            said.contains("slot 1, to which nothing was added"),
            "{said}"
        );
        assert!(
            said.contains("`speaks` never ran: it waits for slot 0, whose event was not satisfied"),
            "{said}"
        );
        // Sentence 210.
        let (code, printed, said) = ends("held to the end", &[], &few);
        assert_eq!(
            (code, printed.as_str(), said.as_str()),
            (Some(0), "an EDT ran\n", "")
        );
        let (code, printed, said) = ends("held", &[], &few);
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{said}");
        assert!(
            said.contains("1 EDT waits") && said.contains("or is held by a thread"),
            "{said}"
        );
        // Sentence 212.
        let (code, printed, said) = ends("kept", &[], &few);
        assert_eq!(
            (code, printed.as_str(), said.as_str()),
            (Some(0), "it is there\n", "")
        );
        // Sentence 211.
        assert_eq!(ends("hinted", &[], &few).0, Some(0));
        // Sentence 36.
        let (code, _, said) = ends("destroyed", &[], &few);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains(
                "`writes_constant` never ran: a block that came on its slots was destroyed"
            ),
            "{said}"
        );
        // Sentence 28.
        let (code, printed, said) = ends("silent", &[], &few);
        assert_eq!(
            (code, printed.as_str()),
            (Some(1), "an EDT ran\n"),
            "{said}"
        );
        assert!(said.contains("none of them called ocrShutdown"), "{said}");
    }
    // Sentence 13.
    let (code, _, said) = ends("assert", &[], &[]);
    assert_eq!(code, None, "{said}");
    assert!(
        said.contains("`1 + 1 == 3` failed in EDT `fails`, at "),
        "{said}"
    );
    // Sentences 15, 16, 17, 18, 24, 25.
    let few = [("OCR_CONFIG", "/no/such/file")];
    let (code, printed, said) = ends(
        "arguments",
        &["-ocr:cfg", "some.cfg", "a b", "", "-x"],
        &few,
    );
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        printed,
        "0 parameters, 1 dependences\n[arguments]\n[a b]\n[]\n[-x]\nno more\n"
    );
}

#[test]
fn the_checking_mode_tells_of_mistakes() {
    let program = build("tests/c/ends.c", &["-DAGAIN"]);
    // Sentences 189, 190, 192, 193, 194, 195.
    let output = run(&program, &["mistakes"], &[("SPRAT_CHECK", "1")]);
    let (_, said) = texts(&output);
    assert_ne!(output.status.code(), Some(0), "{said}");
    for mistake in [
        "was released by an EDT that does not have it (any more)",
        "was destroyed twice",
        "was satisfied in vain",
        "was filled twice",
        "came too late",
        "1 events had been created and neither satisfied nor destroyed",
    ] {
        assert!(said.contains(mistake), "not told: {mistake}\n{said}");
    }
    assert_eq!(run(&program, &["mistakes"], &[]).status.code(), Some(0));
    for case in ["hinted", "held to the end"] {
        let output = run(&program, &[case], &[("SPRAT_CHECK", "1")]);
        assert_eq!(output.status.code(), Some(0), "{:?}", texts(&output));
    }
    // Sentence 191.
    let output = run(&program, &["writes"], &[("SPRAT_CHECK", "1")]);
    let (_, said) = texts(&output);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("codelet `writes_constant`") && said.contains("declared for reading"),
        "{said}"
    );
    assert_eq!(run(&program, &["writes"], &[]).status.code(), Some(0));
}

#[test]
fn programs() {
    let all: [(&str, &[&[&str]]); 13] = [
        ("fib", &[&["15"], &["0"], &["1"]]),
        ("bfs", &[&["1000", "3", "7"], &["1", "1", "1"]]),
        ("cg", &[&["60", "6"], &["20", "1"]]),
        ("fft", &[&["9"], &["4"]]),
        ("uts", &[&["7", "50"]]),
        ("cholesky", &[&["48", "6"], &["8", "1"]]),
        ("smithwaterman", &[&["96", "6"], &["5", "1"]]),
        ("quicksort", &[&["20000"], &["10"]]),
        ("nqueens", &[&["8"], &["1"]]),
        (
            "stencil1d",
            &[
                &["90", "9", "40", "sticky"],
                &["90", "9", "40", "once"],
                &["90", "9", "40", "channel"],
                &["7", "1", "1"],
            ],
        ),
        (
            "stencil2d",
            &[
                &["24", "4", "12", "sticky"],
                &["24", "4", "12", "once"],
                &["24", "4", "12", "channel"],
                &["3", "1", "1", "once"],
            ],
        ),
        ("moldyn", &[&["3", "4", "6"], &["4", "8", "3"]]),
        (
            "amr",
            &[&["6", "4", "40"], &["2", "1", "5"], &["1", "4", "3"]],
        ),
    ];
    for (name, runs) in all {
        let program = build_with(shared_library(), &format!("programs/{name}.c"), &[]);
        for arguments in runs {
            for mode in MODES {
                for xes in XES {
                    passes(
                        &program,
                        arguments,
                        &[("SPRAT_CE", mode), ("SPRAT_XES", xes)],
                    );
                }
            }
        }
        // Sentence 196.
        let checked = run(&program, runs[0], &[("SPRAT_CHECK", "1")]);
        let (printed, said) = texts(&checked);
        let only_left = (said.lines()).all(|line| line.starts_with("sprat-ocr: at the end, "));
        assert!(
            checked.status.success() && only_left,
            "{name}: {printed}\n{said}"
        );
        assert_eq!(printed, passes(&program, runs[0], &[]), "{name}");
    }
    // A file as input.
    let matrix = Path::new(env!("CARGO_TARGET_TMPDIR")).join("matrix.txt");
    std::fs::write(&matrix, "4 2 0 0\n2 5 2 0\n0 2 5 2\n0 0 2 5\n").expect("a file");
    let matrix = matrix.to_str().expect("plain");
    let program = build_with(shared_library(), "programs/cholesky.c", &["-DAGAIN"]);
    passes(&program, &["4", "2", matrix], &[]);
    assert_eq!(
        run(&program, &["8", "2", matrix], &[]).status.code(),
        Some(2)
    );
}

#[test]
fn the_program_of_the_book() {
    let read = |name: &str| std::fs::read_to_string(Path::new(HERE).join(name)).expect(name);
    let (chapter, program) = (
        read("../../docs/book/porting-from-ocr.md"),
        read("programs/hello.c"),
    );
    assert!(
        chapter.contains(&program),
        "the chapter shows another program than programs/hello.c"
    );
    assert_eq!(passes(&build("programs/hello.c", &[]), &[], &[]), "82\n");
}

/// The numbers in a text.
fn numbers(text: &str) -> impl Iterator<Item = u32> + '_ {
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.filter_map(|word| word.parse().ok())
}

#[test]
fn each_sentence_has_a_test() {
    let read = |name: &str| std::fs::read_to_string(Path::new(HERE).join(name)).expect(name);
    let listed = read("tests/sentences.txt");
    let sentences: Vec<u32> = listed
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| numbers(line).next().expect("a number"))
        .collect();
    assert!(sentences.len() >= 150);
    assert!(
        sentences.iter().copied().eq(1..=sentences.len() as u32),
        "numbered in order"
    );
    let mut tested = BTreeSet::new();
    for name in ["basics", "events", "extensions"] {
        for line in read(&format!("tests/c/{name}.c")).lines() {
            if line.starts_with("TEST(") || line.starts_with("TEST2(") {
                let list = line.split('"').nth(1).expect("its sentences");
                tested.extend(numbers(list));
            }
        }
    }
    let marks = read("tests/conformance.rs");
    for line in marks
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("// Sentence"))
    {
        tested.extend(numbers(line));
    }
    let missing: Vec<u32> = sentences
        .into_iter()
        .filter(|number| !tested.contains(number))
        .collect();
    assert!(missing.is_empty(), "sentences without a test: {missing:?}");
}
