//! Channels: lines of events.

use crate::events::{By, keep, there};
use crate::fault::{Fault, ended};
use crate::live::{self, sprat_scope};
use crate::runtime::{runtime, sprat_runtime, still_there};
use crate::table::Table;
use crate::text::{forever, text};
use crate::types::*;
use sprat::{Channel, ChannelTrigger};
use std::ffi::c_char;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Both ends of a channel.
struct Line {
    channel: Channel,
    trigger: ChannelTrigger,
    /// The handle of its runtime; 0 if it was made in a scope.
    runtime: u64,
}

static CHANNELS: Table<Arc<Line>> = Table::new(5);

/// The runtime with this handle goes: so do its channels.
pub(crate) fn forget_those_of(runtime: u64) {
    drop(CHANNELS.take_all(|line| line.runtime == runtime));
}

/// Makes a channel.
///
/// # Safety
/// `name` is null or a C string; `channel` is null or can be written to.
unsafe fn create(
    name: *const c_char,
    channel: *mut sprat_channel,
    runtime: u64,
    make: impl FnOnce(&'static str) -> (Channel, ChannelTrigger),
) -> Result<(), Fault> {
    if channel.is_null() {
        return Err(Fault::null("the place for the channel"));
    }
    // SAFETY: the caller's promise.
    let name = unsafe { text(name, "the name of a channel") }?;
    let (ends, trigger) = make(forever(name));
    let line = Line {
        channel: ends,
        trigger,
        runtime,
    };
    let id = CHANNELS.put(Arc::new(line))?;
    still_there(runtime).inspect_err(|_| drop(CHANNELS.take(id, "the channel")))?;
    // SAFETY: the caller's promise, and it is not null.
    unsafe { channel.write(sprat_channel { id }) };
    Ok(())
}

/// Makes a channel whose events any thread satisfies.
///
/// # Safety
/// `name` is null or a C string; `channel` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_channel_create(
    runtime: *mut sprat_runtime,
    name: *const c_char,
    bound: usize,
    channel: *mut sprat_channel,
) -> sprat_status {
    let create = || {
        let of = self::runtime(runtime)?;
        let make = |name| of.channel(name, NonZeroUsize::new(bound));
        // SAFETY: the caller's promise.
        unsafe { self::create(name, channel, runtime.addr() as u64, make) }
    };
    ended(create())
}

/// Makes a channel whose events codelets of the scope satisfy.
///
/// # Safety
/// As for `sprat_channel_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_channel_create_in(
    scope: *mut sprat_scope,
    name: *const c_char,
    bound: usize,
    channel: *mut sprat_channel,
) -> sprat_status {
    ended(live::with(scope, |live| {
        let make = |name| live.scope().channel(name, NonZeroUsize::new(bound));
        // SAFETY: the caller's promise.
        unsafe { create(name, channel, 0, make) }
    }))
}

fn line(channel: sprat_channel) -> Result<Arc<Line>, Fault> {
    CHANNELS.get(channel.id, "the channel")
}

/// Gives the next event of the line.
///
/// # Safety
/// `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_channel_next(
    channel: sprat_channel,
    event: *mut sprat_event,
) -> sprat_status {
    let next = || {
        let line = line(channel)?;
        there(event)?;
        let next = line.channel.next()?;
        // SAFETY: the caller's promise; whether it is null was looked at.
        unsafe { keep(next, By::Itself, line.runtime, event) }
    };
    ended(next())
}

/// Satisfies the next event of the line, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_channel_satisfy(channel: sprat_channel) -> sprat_status {
    ended(line(channel).and_then(|line| Ok(line.trigger.satisfy()?)))
}

/// Ends the line.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_channel_destroy(channel: sprat_channel) -> sprat_status {
    ended(CHANNELS.take(channel.id, "the channel").map(drop))
}
