//! Blocks that move and have copies, on machines on paper: what they hold, in which order, and what is refused. Where pages
//! really are is looked at in `numa.rs`.

mod account;
mod copies;
mod graphs;
mod locality;
mod order;
mod random;
mod refusals;

use sprat::{Block, ErrorKind, Home, Result, Runtime, Topology};

fn builder(regions: usize) -> sprat::Builder {
    Runtime::builder()
        .topology(Topology::synthetic(&format!("region:{regions} core:1")).unwrap())
        .ce(sprat::CeMode::Shared)
        .ignore_environment()
}

fn runtime(regions: usize) -> Result<Runtime> {
    builder(regions).build()
}

/// A block with 0, 1, 2, and so on, in this region: on paper memory is where the first writer is.
fn counted(rt: &Runtime, home: Home, len: usize) -> Result<Block<u64>> {
    let block = rt.block_at(home, len)?;
    rt.write(block, |x| {
        x.iter_mut().zip(0..).for_each(|(x, at)| *x = at);
    })?;
    rt.migrate(block, home)?;
    Ok(block)
}

fn assert_counted(rt: &Runtime, block: Block<u64>) -> Result<()> {
    rt.read(block, |x| {
        assert!(x.iter().zip(0..).all(|(x, at)| *x == at))
    })
}

/// The kind and the words of what a call refuses.
#[track_caller]
fn refused<R: std::fmt::Debug>(result: Result<R>, kind: ErrorKind, words: &str) {
    let error = result.unwrap_err();
    let (found, text) = match error.failure() {
        Some(failure) => (failure.kind, failure.cause.clone()),
        None => (error.kind(), error.to_string()),
    };
    assert_eq!(found, kind, "{error}");
    assert!(text.contains(words), "{text}");
}
