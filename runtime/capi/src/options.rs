//! Options of a spawn.

use crate::events::event;
use crate::fault::Fault;
use crate::sized::{Sized0, take};
use crate::types::*;
use sprat::{Group, Options, Priority, Scope};

/// Options of a spawn; all zeros but for the size are what a null pointer means.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_options {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// Where it would like to run.
    pub place: sprat_place,
    /// How urgent it is.
    pub priority: sprat_priority,
    /// `SPRAT_AT_READY`, or 0.
    pub flags: u32,
    /// How often it may run again when it fails.
    pub repeats: u32,
    /// For `SPRAT_NEAR`.
    pub near_block: sprat_block,
    /// The engine for `SPRAT_ON_XE`, the region for `SPRAT_ON_REGION`.
    pub place_number: usize,
    /// For `SPRAT_WITH_GROUP`.
    pub group: sprat_group,
    /// Operations on floating-point numbers that it will do, or 0.
    pub flops: u64,
    /// Bytes that it will move, or 0.
    pub bytes: u64,
    /// Events that it waits for.
    pub after: *const sprat_event,
    /// How many these are.
    pub after_count: usize,
}

// SAFETY: numbers and addresses, the first of which is the size.
unsafe impl Sized0 for sprat_options {
    const NAME: &'static str = "sprat_options";
    const LEAST: usize = 88;
}

impl sprat_options {
    /// The same for the runtime.
    ///
    /// # Safety
    /// `after` is null or points to so many events.
    #[inline(never)]
    pub(crate) unsafe fn apply<'x>(
        &self,
        scope: &'x Scope<'static>,
        name: &'static str,
    ) -> Result<Asked<'x>, Fault> {
        let options = scope.codelet(name);
        let mut options = match self.place {
            SPRAT_ANYWHERE => options,
            SPRAT_NEAR if self.near_block.id == 0 => {
                return Err(Fault::nameless("the block to run near"));
            }
            SPRAT_NEAR => options.near(scope.block_from_bits(self.near_block.id)?),
            SPRAT_ON_XE => options.on_xe(self.place_number),
            SPRAT_ON_REGION => options.on_region(self.place_number),
            SPRAT_WITH_GROUP => match Group::from_bits(self.group.id) {
                Some(group) => options.with(group),
                None => return Err(Fault::argument("a group that no runtime has made")),
            },
            other => {
                return Err(Fault::argument(format!(
                    "{other} is no place for a codelet; use one of the SPRAT_ constants"
                )));
            }
        };
        options = match self.priority {
            SPRAT_NORMAL => options,
            SPRAT_LOW => options.priority(Priority::Low),
            SPRAT_HIGH => options.priority(Priority::High),
            other => {
                return Err(Fault::argument(format!(
                    "{other} is no priority; use SPRAT_LOW, SPRAT_NORMAL or SPRAT_HIGH"
                )));
            }
        };
        if self.flags & !SPRAT_AT_READY != 0 {
            return Err(Fault::argument(format!(
                "{:#x} are no flags of a spawn",
                self.flags
            )));
        }
        if self.flags & SPRAT_AT_READY != 0 {
            options = options.at_ready();
        }
        if self.flops != 0 || self.bytes != 0 {
            options = options.cost(self.flops, self.bytes);
        }
        if self.after.is_null() && self.after_count != 0 {
            return Err(Fault::null("the list of events to wait for"));
        }
        for at in 0..self.after_count {
            // SAFETY: the caller's promise.
            let name = unsafe { self.after.wrapping_add(at).read() };
            options = options.after(&event(name)?);
        }
        Ok(Asked {
            options,
            repeats: self.repeats,
        })
    }
}

/// The options of a spawn, for the runtime.
pub(crate) struct Asked<'x> {
    pub(crate) options: Options<'x, 'static>,
    pub(crate) repeats: u32,
}

/// The options of something that does not run again.
///
/// # Safety
/// As for `sprat_spawn`.
pub(crate) unsafe fn once<'x>(
    scope: &'x Scope<'static>,
    name: &'static str,
    options: *const sprat_options,
) -> Result<Options<'x, 'static>, Fault> {
    // SAFETY: the caller's promise.
    let Some(taken) = unsafe { take(options) }? else {
        return Ok(scope.codelet(name));
    };
    if taken.repeats != 0 {
        return Err(Fault::argument(format!(
            "`{name}` with repeats = {}; loops and accesses to files do not run again, so use 0",
            taken.repeats
        )));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { taken.apply(scope, name) }?.options)
}
