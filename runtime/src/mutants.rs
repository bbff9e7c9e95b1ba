//! Planted faults: for the checks of the checks (`docs/design/proofs.md`), and in no build that anybody uses.

/// Whether this run is for the mutant of this name, in which one decision, ordering or step is weaker than it must be. A
/// build with `--cfg sprat_mutants` takes the name from the variable `SPRAT_MUTANT`, so that one build serves for all; in
/// any other this is `false` as written.
macro_rules! mutant {
    ($name:literal) => {{
        #[cfg(sprat_mutants)]
        let chosen = crate::mutants::chosen($name);
        #[cfg(not(sprat_mutants))]
        let chosen = false;
        chosen
    }};
}
pub(crate) use mutant;

#[cfg(sprat_mutants)]
pub(crate) fn chosen(name: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    CHOSEN.get_or_init(|| std::env::var("SPRAT_MUTANT").unwrap_or_default()) == name
}
