//! The code blocks of the documentation, as tests: `cargo test -p sprat-docs`.
//!
//! Each chapter is a module, so that a failing block is reported by its chapter's name. `docs/tests/book.rs` sees to
//! it that none is left out.

#[doc = include_str!("../../README.md")]
pub mod readme {}

#[doc = include_str!("../configuration.md")]
pub mod configuration {}

#[doc = include_str!("../performance.md")]
pub mod performance {}

#[doc = include_str!("../decisions.md")]
pub mod decisions {}

/// The book: what the model means, chapter by chapter.
pub mod book {
    #[doc = include_str!("../book/SUMMARY.md")]
    pub mod summary {}

    #[doc = include_str!("../book/start.md")]
    pub mod start {}

    #[doc = include_str!("../book/model.md")]
    pub mod model {}

    #[doc = include_str!("../book/stencils.md")]
    pub mod stencils {}

    #[doc = include_str!("../book/graphs.md")]
    pub mod graphs {}

    #[doc = include_str!("../book/porting.md")]
    pub mod porting {}

    #[doc = include_str!("../book/costs.md")]
    pub mod costs {}

    #[doc = include_str!("../book/when-not.md")]
    pub mod when_not {}

    #[doc = include_str!("../book/internals.md")]
    pub mod internals {}

    #[doc = include_str!("../book/words.md")]
    pub mod words {}

    #[doc = include_str!("../book/codelets.md")]
    pub mod codelets {}

    #[doc = include_str!("../book/blocks.md")]
    pub mod blocks {}

    #[doc = include_str!("../book/where-your-data-lives.md")]
    pub mod where_your_data_lives {}

    #[doc = include_str!("../book/dependences.md")]
    pub mod dependences {}

    #[doc = include_str!("../book/scopes.md")]
    pub mod scopes {}

    #[doc = include_str!("../book/failure.md")]
    pub mod failure {}

    #[doc = include_str!("../book/divide-and-conquer.md")]
    pub mod divide_and_conquer {}

    #[doc = include_str!("../book/record-and-replay.md")]
    pub mod record_and_replay {}

    #[doc = include_str!("../book/reading-the-report.md")]
    pub mod reading_the_report {}

    #[doc = include_str!("../book/from-c.md")]
    pub mod from_c {}

    #[doc = include_str!("../book/simulating.md")]
    pub mod simulating {}

    #[doc = include_str!("../book/porting-from-ocr.md")]
    pub mod porting_from_ocr {}
}

/// How it is built, and why that is right.
pub mod design {
    #[doc = include_str!("../design/layers.md")]
    pub mod layers {}

    #[doc = include_str!("../design/proofs.md")]
    pub mod proofs {}

    #[doc = include_str!("../design/codelets.md")]
    pub mod codelets {}

    #[doc = include_str!("../design/dependences.md")]
    pub mod dependences {}

    #[doc = include_str!("../design/homes.md")]
    pub mod homes {}

    #[doc = include_str!("../design/moves.md")]
    pub mod moves {}
    #[doc = include_str!("../design/ocr.md")]
    pub mod ocr {}

    #[doc = include_str!("../design/turns.md")]
    pub mod turns {}

    #[doc = include_str!("../design/reductions.md")]
    pub mod reductions {}

    #[doc = include_str!("../design/replay.md")]
    pub mod replay {}

    #[doc = include_str!("../design/rules.md")]
    pub mod rules {}

    #[doc = include_str!("../design/weak.md")]
    pub mod weak {}

    #[doc = include_str!("../design/energy.md")]
    pub mod energy {}
    #[doc = include_str!("../design/events.md")]
    pub mod events {}

    #[doc = include_str!("../design/live.md")]
    pub mod live {}

    #[doc = include_str!("../design/polling.md")]
    pub mod polling {}

    #[doc = include_str!("../design/suspending.md")]
    pub mod suspending {}

    #[doc = include_str!("../design/io.md")]
    pub mod io {}

    #[doc = include_str!("../design/topology.md")]
    pub mod topology {}

    #[doc = include_str!("../design/parking.md")]
    pub mod parking {}

    #[doc = include_str!("../design/seats.md")]
    pub mod seats {}

    #[doc = include_str!("../design/stuck.md")]
    pub mod stuck {}

    #[doc = include_str!("../design/priorities.md")]
    pub mod priorities {}

    #[doc = include_str!("../design/alternates.md")]
    pub mod alternates {}

    #[doc = include_str!("../design/throttling.md")]
    pub mod throttling {}

    #[doc = include_str!("../design/checking.md")]
    pub mod checking {}
    #[doc = include_str!("../design/cancellation.md")]
    pub mod cancellation {}

    #[doc = include_str!("../design/parts.md")]
    pub mod parts {}

    #[doc = include_str!("../design/loops.md")]
    pub mod loops {}

    #[doc = include_str!("../design/c-interface.md")]
    pub mod c_interface {}

    #[doc = include_str!("../design/memory-report.md")]
    pub mod memory_report {}

    #[doc = include_str!("../design/trace.md")]
    pub mod trace {}

    #[doc = include_str!("../design/simulator.md")]
    pub mod simulator {}

    #[doc = include_str!("../design/time-tiles.md")]
    pub mod time_tiles {}
}
