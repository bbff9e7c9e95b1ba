//! The programs that the book shows are those that `.ci/run link` builds and runs.

use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_book_shows_a_part_of_the_program_for_mpi() {
    let page = file("../../docs/book/from-c.md");
    let (_, section) = page
        .split_once("## Requests as events")
        .expect("the section");
    let part = shown(section, "c");
    assert!(part.lines().count() > 30);
    assert!(file("programs/mpi/jacobi.c").contains(part));
}

/// The first block of a page in this language.
fn shown<'a>(page: &'a str, language: &str) -> &'a str {
    let fence = format!("```{language}\n");
    let (_, rest) = page.split_once(&fence).expect("the page has such a block");
    rest.split("```").next().expect("the block ends")
}

#[test]
fn the_book_shows_programs_that_run() {
    let page = file("../../docs/book/from-c.md");
    for (language, program) in [
        ("c", "c/hello.c"),
        ("cpp", "cpp/hello.cpp"),
        ("fortran", "fortran/hello.f90"),
    ] {
        assert_eq!(
            shown(&page, language),
            file(&format!("programs/{program}")),
            "{program}"
        );
    }
}
