//! What control engines did, what became of blocks that move, and what codelets take.

use crate::fault::ended;
use crate::machine::{number, sized};
use crate::runtime::{runtime, sprat_runtime};
use crate::sized::{Sized0, give};
use crate::types::*;

/// What a control engine decided so far.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_ce {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// Times its routine ran.
    pub rounds: u64,
    /// Codelets moved between domains.
    pub brokered: u64,
    /// Times it looked for stuck scopes.
    pub stuck_checks: u64,
    /// Scopes it found stuck.
    pub stuck_scopes: u64,
}

/// What became of blocks' moves and copies so far.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_moves {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// Blocks that went to another region.
    pub moved: u64,
    /// Their bytes.
    pub moved_bytes: u64,
    /// Copies that were made.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Moves and copies that were not made, since there was no room.
    pub refused: u64,
    /// Bytes that copies take now.
    pub replica_bytes: u64,
}

/// What codelets take now.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_usage {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// Codelets that live, scopes included.
    pub live_codelets: usize,
    /// Bytes of their records, with free ones.
    pub codelet_bytes: usize,
    /// Execution engines that may work.
    pub open_xes: usize,
}

sized! { sprat_ce 40 sprat_moves 56 sprat_usage 32 }

/// Tells of a control engine.
///
/// # Safety
/// `ce` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_ce_get(
    runtime: *mut sprat_runtime,
    which: usize,
    ce: *mut sprat_ce,
) -> sprat_status {
    let tell = || {
        let all = self::runtime(runtime)?.ce_counts();
        let counts = all[number(which, all.len(), "control engine")?];
        let told = sprat_ce {
            size: 0,
            rounds: counts.rounds,
            brokered: counts.brokered,
            stuck_checks: counts.stuck_checks,
            stuck_scopes: counts.stuck_scopes,
        };
        // SAFETY: the caller's promise.
        unsafe { give(ce, told) }
    };
    ended(tell())
}

/// Tells what became of moves and copies.
///
/// # Safety
/// `moves` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_moves_get(
    runtime: *mut sprat_runtime,
    moves: *mut sprat_moves,
) -> sprat_status {
    let tell = || {
        let counts = self::runtime(runtime)?.move_counts();
        let told = sprat_moves {
            size: 0,
            moved: counts.moved,
            moved_bytes: counts.moved_bytes,
            copied: counts.copied,
            copied_bytes: counts.copied_bytes,
            refused: counts.refused,
            replica_bytes: counts.replica_bytes,
        };
        // SAFETY: the caller's promise.
        unsafe { give(moves, told) }
    };
    ended(tell())
}

/// Tells what codelets take now.
///
/// # Safety
/// `usage` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_usage_get(
    runtime: *mut sprat_runtime,
    usage: *mut sprat_usage,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let told = sprat_usage {
            size: 0,
            live_codelets: runtime.live_codelets(),
            codelet_bytes: runtime.codelet_bytes(),
            open_xes: runtime.open_xes(),
        };
        // SAFETY: the caller's promise.
        unsafe { give(usage, told) }
    };
    ended(tell())
}
