//! Programs that must not compile, and what their authors are told. After a change of the interface look at each
//! message before writing it down with `TRYBUILD=overwrite`.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
