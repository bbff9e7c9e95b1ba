//! Runtimes: their start and end, and the scopes of host threads.

use crate::fault::{Fault, ended};
use crate::live::{self, Said};
use crate::sized::{Sized0, take};
use crate::spawn::sprat_scope_body;
use crate::table::Table;
use crate::text::text;
use crate::types::*;
use crate::{channels, events};
use sprat::page::Place;
use sprat::{Builder, CeMode, Policy, Runtime, Scope, Topology};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// A running Sprat. Opaque.
#[derive(Debug)]
pub struct sprat_runtime(());

static RUNTIMES: Table<Runtime> = Table::new(1);

/// The runtime with this handle.
pub(crate) fn runtime(handle: *mut sprat_runtime) -> Result<Runtime, Fault> {
    RUNTIMES.get(handle.addr() as u64, "the runtime")
}

/// An error if the runtime with this handle (0: none) was destroyed: what was made for it meanwhile went not with it.
pub(crate) fn still_there(handle: u64) -> Result<(), Fault> {
    match handle {
        0 => Ok(()),
        _ => RUNTIMES.get(handle, "the runtime").map(drop),
    }
}

/// This version: the major one in the upper 16 bits, the minor one in 8 bits, the patch in 8 bits.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_version() -> u32 {
    let part = |text: &str| text.parse::<u32>().expect("Cargo gives numbers");
    let major = part(env!("CARGO_PKG_VERSION_MAJOR"));
    let minor = part(env!("CARGO_PKG_VERSION_MINOR"));
    major << 16 | minor << 8 | part(env!("CARGO_PKG_VERSION_PATCH"))
}

/// What can be chosen about a runtime; all zeros but for the size are what a null pointer means.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_config {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// How many execution engines; 0: one for each core.
    pub xes: usize,
    /// How much of a core each control engine owns.
    pub ce_mode: sprat_ce_mode,
    /// Whether engines are pinned.
    pub pin: sprat_choice,
    /// Whether there may be more engines than hardware threads.
    pub oversubscribe: sprat_choice,
    /// Whether `SPRAT_*` variables apply.
    pub environment: sprat_choice,
    /// How long an engine without work looks on, in microseconds; 0: measured; below 0: not at all.
    pub spin_us: i64,
    /// How many codelets may live before a host that spawns is held back; 0: by the memory.
    pub live_codelets: usize,
    /// Bytes of the stack of each execution engine; 0: 2 MiB.
    pub stack_bytes: usize,
    /// The seed of the checking mode; 0: it is off.
    pub check_seed: u64,
    /// A machine to plan for instead of this one; null: this one.
    pub topology: *const c_char,
    /// Whether an account is kept for `sprat_memory_report`.
    pub memory_report: sprat_choice,
    /// What it aims at.
    pub policy: sprat_policy,
    /// A file for a trace; null: none.
    pub trace: *const c_char,
    /// A file for `sprat top`, or a text without letters for the usual place; null: none.
    pub top: *const c_char,
    /// How many bytes copies of blocks may take; 0: by the memory; below 0: none.
    pub replica_bytes: i64,
}

// SAFETY: numbers and addresses, the first of which is the size.
unsafe impl Sized0 for sprat_config {
    const NAME: &'static str = "sprat_config";
    const LEAST: usize = 72;
}

fn choice(choice: sprat_choice, what: &str) -> Result<Option<bool>, Fault> {
    match choice {
        SPRAT_DEFAULT => Ok(None),
        SPRAT_YES => Ok(Some(true)),
        SPRAT_NO => Ok(Some(false)),
        other => Err(Fault::argument(format!(
            "{what} is {other}; use SPRAT_DEFAULT, SPRAT_YES or SPRAT_NO"
        ))),
    }
}

/// # Safety
/// The texts of `config` are null or C strings.
unsafe fn builder(config: &sprat_config) -> Result<Builder, Fault> {
    let mut builder = Runtime::builder();
    if config.xes != 0 {
        builder = builder.xes(config.xes);
    }
    builder = match config.ce_mode {
        SPRAT_CE_DEFAULT => builder,
        SPRAT_CE_SHARED => builder.ce(CeMode::Shared),
        SPRAT_CE_ELASTIC => builder.ce(CeMode::Elastic),
        SPRAT_CE_DEDICATED => builder.ce(CeMode::Dedicated),
        other => {
            return Err(Fault::argument(format!(
                "{other} is no mode of a control engine; use one of the SPRAT_CE_ constants"
            )));
        }
    };
    if let Some(pin) = choice(config.pin, "pin")? {
        builder = builder.pin(pin);
    }
    if let Some(allowed) = choice(config.oversubscribe, "oversubscribe")? {
        builder = builder.oversubscribe(allowed);
    }
    if choice(config.environment, "environment")? == Some(false) {
        builder = builder.ignore_environment();
    }
    if config.spin_us != 0 {
        builder = builder.spin_us(u64::try_from(config.spin_us).unwrap_or(0));
    }
    if config.live_codelets != 0 {
        builder = builder.live_codelets(config.live_codelets);
    }
    if config.stack_bytes != 0 {
        builder = builder.stack_bytes(config.stack_bytes);
    }
    if config.check_seed != 0 {
        builder = builder.check(config.check_seed);
    }
    if let Some(kept) = choice(config.memory_report, "memory_report")? {
        builder = builder.memory_report(kept);
    }
    if config.policy != SPRAT_POLICY_DEFAULT {
        builder = builder.policy(policy(config.policy)?);
    }
    if config.replica_bytes != 0 {
        builder = builder.replica_bytes(usize::try_from(config.replica_bytes).unwrap_or(0));
    }
    if !config.trace.is_null() {
        // SAFETY: the caller's promise.
        let file = unsafe { text(config.trace, "the name of the trace's file") }?;
        builder = builder.trace(file);
    }
    if !config.top.is_null() {
        // SAFETY: the caller's promise.
        builder = match unsafe { text(config.top, "the place for sprat top") }? {
            "" => builder.top(Place::Shared),
            file => builder.top(Place::File(file.into())),
        };
    }
    if !config.topology.is_null() {
        // SAFETY: the caller's promise.
        let description = unsafe { text(config.topology, "the topology") }?;
        builder = builder.topology(Topology::synthetic(description)?);
    }
    Ok(builder)
}

/// Starts a runtime.
///
/// # Safety
/// `config` is null or points to a struct as long as its first field says; `runtime` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_runtime_create(
    config: *const sprat_config,
    runtime: *mut *mut sprat_runtime,
) -> sprat_status {
    let create = || {
        if runtime.is_null() {
            return Err(Fault::null("the place for the runtime"));
        }
        // SAFETY: the caller's promise.
        let builder = match unsafe { take(config) }? {
            None => Runtime::builder(),
            // SAFETY: the caller's promise.
            Some(config) => unsafe { builder(&config) }?,
        };
        let handle = RUNTIMES.put(builder.build()?)?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { runtime.write(std::ptr::without_provenance_mut(handle as usize)) };
        Ok(())
    };
    ended(create())
}

/// Ends a runtime.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_runtime_destroy(runtime: *mut sprat_runtime) -> sprat_status {
    let destroy = || {
        if live::in_a_body() {
            return Err(Fault::new(
                SPRAT_ON_ENGINE,
                "a runtime was to be destroyed in a codelet or in the body of a scope; destroy it after the scope",
            ));
        }
        let handle = runtime.addr() as u64;
        let taken = RUNTIMES.take(handle, "the runtime")?;
        events::forget_those_of(handle);
        channels::forget_those_of(handle);
        // Others may go on in it, and what the functions use is the caller's again when this returns.
        taken.end_polling();
        // Others may wait in it, and nobody could resume it any more.
        while taken.resume().is_ok() {}
        drop(taken);
        Ok(())
    };
    ended(destroy())
}

/// # Safety
/// The body does with the argument what it may.
unsafe fn finish(
    handle: *mut sprat_runtime,
    limit: Option<Duration>,
    body: sprat_scope_body,
    argument: *mut c_void,
) -> Result<(), Fault> {
    let runtime = runtime(handle)?;
    let body = body.ok_or_else(|| Fault::null("the body of the scope"))?;
    let said = Said::default();
    let in_scope = |scope: &Scope<'static>| {
        said.by(live::run(scope, false, |handle| {
            // SAFETY: the caller's promise.
            unsafe { body(handle, argument) };
        }))
    };
    let result = match limit {
        None => runtime.finish(in_scope),
        Some(limit) => runtime.finish_within(limit, in_scope),
    };
    said.told(result)
}

/// A time in seconds.
pub(crate) fn seconds(seconds: f64) -> Result<Duration, Fault> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        Fault::argument(format!(
            "{seconds} is no time in seconds; it is a number from 0 on"
        ))
    })
}

/// Runs a body that spawns, and waits for all that it spawned.
///
/// # Safety
/// The body does with `argument` what it may.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_finish(
    runtime: *mut sprat_runtime,
    body: sprat_scope_body,
    argument: *mut c_void,
) -> sprat_status {
    // SAFETY: the caller's promise.
    ended(unsafe { finish(runtime, None, body, argument) })
}

/// The same with a deadline.
///
/// # Safety
/// As for `sprat_finish`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_finish_within(
    runtime: *mut sprat_runtime,
    limit_seconds: f64,
    body: sprat_scope_body,
    argument: *mut c_void,
) -> sprat_status {
    let run = |limit| {
        // SAFETY: the caller's promise.
        unsafe { finish(runtime, Some(limit), body, argument) }
    };
    ended(seconds(limit_seconds).and_then(run))
}

/// Stops all execution engines, each between two codelets, until `sprat_resume`.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_suspend(runtime: *mut sprat_runtime) -> sprat_status {
    let suspend = || {
        let of = self::runtime(runtime)?;
        of.suspend()?;
        // If it was destroyed while this waited, nobody could resume it any more.
        let is_there = self::runtime(runtime).map(drop);
        is_there.inspect_err(|_| _ = of.resume())
    };
    ended(suspend())
}

/// Takes one `sprat_suspend` back.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_resume(runtime: *mut sprat_runtime) -> sprat_status {
    let resume = || {
        let of = self::runtime(runtime)?;
        of.resume().or_else(|error| {
            // If it was destroyed meanwhile, that has taken ours back.
            still_there(runtime.addr() as u64)?;
            Err(error.into())
        })
    };
    ended(resume())
}

/// Lets the first execution engines work, so many, and the others sleep.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_set_xes(runtime: *mut sprat_runtime, xes: usize) -> sprat_status {
    ended(self::runtime(runtime).and_then(|runtime| Ok(runtime.set_xes(xes)?)))
}

/// Policies with their numbers.
const POLICIES: [(sprat_policy, Policy); 4] = [
    (SPRAT_POLICY_PERFORMANCE, Policy::Performance),
    (SPRAT_POLICY_LOCALITY, Policy::Locality),
    (SPRAT_POLICY_ENERGY, Policy::Energy),
    (SPRAT_POLICY_ENERGY_DELAY, Policy::EnergyDelay),
];

fn policy(number: sprat_policy) -> Result<Policy, Fault> {
    let found = POLICIES.iter().find(|(known, _)| *known == number);
    found.map(|&(_, policy)| policy).ok_or_else(|| {
        Fault::argument(format!(
            "{number} is no policy; use one of the SPRAT_POLICY_ constants"
        ))
    })
}

/// Aims at something else from now on.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_set_policy(
    runtime: *mut sprat_runtime,
    policy: sprat_policy,
) -> sprat_status {
    let set = || {
        let runtime = self::runtime(runtime)?;
        if policy == SPRAT_POLICY_DEFAULT {
            return Err(Fault::argument(
                "SPRAT_POLICY_DEFAULT leaves the choice to the variables, which are looked at when a runtime is made; say here which policy it shall be",
            ));
        }
        Ok(runtime.set_policy(self::policy(policy)?)?)
    };
    ended(set())
}

/// Tells what is aimed at now.
///
/// # Safety
/// `policy` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_policy_get(
    runtime: *mut sprat_runtime,
    policy: *mut sprat_policy,
) -> sprat_status {
    let tell = || {
        let now = self::runtime(runtime)?.policy();
        if policy.is_null() {
            return Err(Fault::null("the place for the policy"));
        }
        let known = POLICIES.iter().find(|(_, known)| *known == now);
        let (number, _) = known.expect("all policies have numbers");
        // SAFETY: the caller's promise, and it is not null.
        unsafe { policy.write(*number) };
        Ok(())
    };
    ended(tell())
}

/// Makes a group.
///
/// # Safety
/// `group` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_group_create(
    runtime: *mut sprat_runtime,
    group: *mut sprat_group,
) -> sprat_status {
    let create = || {
        let runtime = self::runtime(runtime)?;
        if group.is_null() {
            return Err(Fault::null("the place for the group"));
        }
        let id = runtime.group().to_bits();
        // SAFETY: the caller's promise, and it is not null.
        unsafe { group.write(sprat_group { id }) };
        Ok(())
    };
    ended(create())
}
