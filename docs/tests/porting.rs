//! The chapter on porting shows code of others: a compiler takes it, where their libraries are installed. (The blocks of rayon and Sprat are
//! tests like all of the book's in Rust.)

mod pages;

use pages::{blocks, texts};
use std::io::Write;
use std::process::{Command, Stdio};

/// What stands around a block of the chapter, and how it is compiled.
struct Way {
    language: &'static str,
    /// A word that the block has, and no other one of its language.
    word: &'static str,
    header: &'static str,
    before: &'static str,
    arguments: &'static [&'static str],
}

const WAYS: [Way; 3] = [
    Way {
        language: "c",
        word: "#pragma omp task",
        header: "omp.h",
        before: "enum { N = 100 };\nvoid fill(double *a);\nvoid scale(const double *a, double *b);\nvoid program(void) {\n",
        arguments: &["-fopenmp"],
    },
    Way {
        language: "cpp",
        word: "tbb::flow",
        header: "tbb/flow_graph.h",
        before: "int a, b;\nvoid read(int &);\nvoid use(int, int &);\nvoid program() {\n",
        arguments: &["-std=c++17"],
    },
    Way {
        language: "c",
        word: "starpu_task_insert",
        header: "starpu.h",
        before: "#include <stdint.h>\nextern struct starpu_codelet scale_codelet;\nvoid program(double *x, unsigned n, double factor) {\n    starpu_data_handle_t h;\n",
        arguments: &[],
    },
];

/// What the compiler says to this text; nothing if there is none, or if it lacks the header.
fn compiled(way: &Way, text: &str) -> Option<(bool, String)> {
    let (compiler, language) = match way.language {
        "c" => ("cc", "c"),
        _ => ("c++", "c++"),
    };
    let run = |text: &str| {
        let mut command = Command::new(compiler);
        command
            .args(["-x", language, "-fsyntax-only", "-Wall", "-"])
            .args(way.arguments);
        if way.header == "starpu.h" {
            let flags = Command::new("pkg-config")
                .args(["--cflags", "starpu-1.3"])
                .output()
                .ok()?;
            command.args(String::from_utf8_lossy(&flags.stdout).split_whitespace());
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(text.as_bytes()).ok()?;
        let output = child.wait_with_output().ok()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Some((output.status.success(), said))
    };
    let include = format!("#include <{}>\n", way.header);
    run(&include).filter(|(has, _)| *has)?;
    run(&format!("{include}{}{text}\n}}\n", way.before))
}

#[test]
fn compilers_take_what_the_chapter_shows_of_others() {
    let pages = texts("docs/book", "md");
    let (_, page) = pages.iter().find(|(name, _)| name == "porting.md").unwrap();
    for way in &WAYS {
        let blocks = blocks(page, way.language);
        let mut own = blocks.iter().filter(|block| block.contains(way.word));
        let block = own
            .next()
            .unwrap_or_else(|| panic!("no block has {}", way.word));
        assert!(own.next().is_none(), "several have {}", way.word);
        match compiled(way, block) {
            Some((taken, said)) => {
                assert!(taken, "{said}");
                // A fault is noticed.
                let spoiled = block.replacen('(', "((", 1);
                assert!(!compiled(way, &spoiled).unwrap().0, "{spoiled}");
            }
            None => eprintln!(
                "SKIPPED: no compiler here that has {}; .ci/run rivals installs all",
                way.header
            ),
        }
    }
}
