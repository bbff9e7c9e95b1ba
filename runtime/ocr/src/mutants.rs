//! Planted faults, as those of the runtime (`docs/design/proofs.md`): in no build that anybody uses.

/// Whether this run is for the mutant of this name: with `--cfg sprat_mutants`, the one that `SPRAT_MUTANT` names.
macro_rules! mutant {
    ($name:literal) => {{
        #[cfg(sprat_mutants)]
        let chosen = std::env::var("SPRAT_MUTANT").is_ok_and(|chosen| chosen == $name);
        #[cfg(not(sprat_mutants))]
        let chosen = false;
        chosen
    }};
}
pub(crate) use mutant;
