//! What EDTs, events and blocks cost programs of the Open Community Runtime. A program has one runtime, which takes its number of
//! engines from the environment: so each run is a program of its own, this one with another argument.

use crate::report::Row;
use sprat::{Error, Result};
use sprat_ocr::api::*;
use sprat_ocr::{ocrEdt_t, ocrEdtDep_t, ocrGuid_t};
use std::ffi::c_void;
use std::process::Command;
use std::ptr::null_mut;
use std::time::Instant;

/// A kernel: its name, what it measures, in what, and what does it.
pub struct Kernel {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// What is measured.
    pub metric: &'static str,
    /// In what.
    pub unit: &'static str,
    body: ocrEdt_t,
}

/// All of them.
pub const KERNELS: [Kernel; 4] = [
    Kernel {
        name: "fib30",
        about: "4,038,805 EDTs: each call creates two calls and a sum that waits for their blocks",
        metric: "time",
        unit: "s",
        body: fib30,
    },
    Kernel {
        name: "empty_edt",
        about: "empty EDTs from one finish EDT, creation to end",
        metric: "time_per_edt",
        unit: "ns",
        body: empty_edt,
    },
    Kernel {
        name: "event_satisfy",
        about: "satisfying sticky events that nobody waits for",
        metric: "time_per_event",
        unit: "ns",
        body: event_satisfy,
    },
    Kernel {
        name: "block",
        about: "creating and destroying a block of 64 bytes",
        metric: "time_per_block",
        unit: "ns",
        body: block,
    },
];

const NULL: ocrGuid_t = ocrGuid_t { guid: 0 };
const EMPTY: usize = 1_000_000;
const FEW: usize = 1 << 18;
const STICKY: u32 = 3;
const ONCE: u32 = 1;
const TAKES_ARG: u16 = 1;
const FINISH: u16 = 1;
const RW: u32 = 2;

fn ok(code: u8) {
    assert_eq!(code, 0, "an OCR function failed");
}

fn template(function: ocrEdt_t, paramc: u32, depc: u32) -> ocrGuid_t {
    let mut guid = NULL;
    // SAFETY: good pointers, and a string.
    ok(unsafe {
        ocrEdtTemplateCreate_internal(
            &raw mut guid,
            Some(function),
            paramc,
            depc,
            c"kernel".as_ptr(),
        )
    });
    guid
}

fn event(kind: u32) -> ocrGuid_t {
    let mut guid = NULL;
    // SAFETY: a good pointer.
    ok(unsafe { ocrEventCreate(&raw mut guid, kind, TAKES_ARG) });
    guid
}

/// Creates an EDT; its counts are the template's.
fn edt(
    template: ocrGuid_t,
    params: &mut [u64],
    deps: Option<&mut [ocrGuid_t]>,
    properties: u16,
    out: *mut ocrGuid_t,
) -> ocrGuid_t {
    const DEFAULT: u32 = u32::MAX - 1;
    let mut guid = NULL;
    let deps = deps.map_or(null_mut(), <[_]>::as_mut_ptr);
    let params = match params.is_empty() {
        true => null_mut(),
        false => params.as_mut_ptr(),
    };
    // SAFETY: as many parameters and dependences as the template says.
    ok(unsafe {
        ocrEdtCreate(
            &raw mut guid,
            template,
            DEFAULT,
            params,
            DEFAULT,
            deps,
            properties,
            null_mut(),
            out,
        )
    });
    guid
}

fn new_block<T>(what: T) -> ocrGuid_t {
    let (mut guid, mut at) = (NULL, null_mut::<c_void>());
    // SAFETY: good pointers.
    ok(unsafe {
        ocrDbCreate(
            &raw mut guid,
            &raw mut at,
            size_of::<T>() as u64,
            0,
            null_mut(),
            0,
        )
    });
    // SAFETY: the block is ours, and as long.
    unsafe { at.cast::<T>().write(what) };
    ok(ocrDbRelease(guid));
    guid
}

/// Hands the figure over, and ends the kernel.
fn done(event: u64, figure: f64) {
    ok(ocrEventSatisfy(
        ocrGuid_t {
            guid: event as isize,
        },
        new_block(figure),
    ));
}

fn param(paramv: *mut u64, at: usize) -> u64 {
    // SAFETY: kernels have as many as their templates say.
    unsafe { paramv.wrapping_add(at).read() }
}

fn dep(depv: *mut ocrEdtDep_t, at: usize) -> ocrEdtDep_t {
    // SAFETY: as above.
    unsafe { depv.wrapping_add(at).read() }
}

unsafe extern "C" fn sum(_: u32, paramv: *mut u64, _: u32, depv: *mut ocrEdtDep_t) -> ocrGuid_t {
    let (a, b) = (dep(depv, 0), dep(depv, 1));
    // SAFETY: a block of one number.
    let more = unsafe { b.ptr.cast::<u64>().read() };
    // SAFETY: as above.
    unsafe { *a.ptr.cast::<u64>() += more };
    ok(ocrDbRelease(a.guid));
    ok(ocrDbDestroy(b.guid));
    ok(ocrEventSatisfy(
        ocrGuid_t {
            guid: param(paramv, 0) as isize,
        },
        a.guid,
    ));
    NULL
}

unsafe extern "C" fn fib(_: u32, paramv: *mut u64, _: u32, _: *mut ocrEdtDep_t) -> ocrGuid_t {
    let [n, to, calls, sums] = [0, 1, 2, 3].map(|at| param(paramv, at));
    if n < 2 {
        ok(ocrEventSatisfy(
            ocrGuid_t { guid: to as isize },
            new_block(n),
        ));
        return NULL;
    }
    let mut parts = [event(ONCE), event(ONCE)];
    edt(
        ocrGuid_t {
            guid: sums as isize,
        },
        &mut [to],
        Some(&mut parts),
        0,
        null_mut(),
    );
    for (less, part) in (1..).zip(parts) {
        let mut params = [n - less, part.guid as u64, calls, sums];
        edt(
            ocrGuid_t {
                guid: calls as isize,
            },
            &mut params,
            None,
            0,
            null_mut(),
        );
    }
    NULL
}

/// When a kernel began: it is one.
static BEGUN: std::sync::Mutex<Option<Instant>> = std::sync::Mutex::new(None);

fn begin() {
    *BEGUN.lock().expect("nobody panics") = Some(Instant::now());
}

fn seconds() -> f64 {
    let begun = BEGUN.lock().expect("nobody panics");
    begun.expect("it began").elapsed().as_secs_f64()
}

unsafe extern "C" fn fib_ends(
    _: u32,
    paramv: *mut u64,
    _: u32,
    depv: *mut ocrEdtDep_t,
) -> ocrGuid_t {
    let time = seconds();
    // SAFETY: a block of one number.
    let found = unsafe { dep(depv, 0).ptr.cast::<u64>().read() };
    assert_eq!(found, 832_040, "fib(30)");
    done(param(paramv, 0), time);
    NULL
}

unsafe extern "C" fn fib30(_: u32, paramv: *mut u64, _: u32, _: *mut ocrEdtDep_t) -> ocrGuid_t {
    let (calls, sums, ends) = (
        template(fib, 4, 0),
        template(sum, 1, 2),
        template(fib_ends, 1, 1),
    );
    let last = event(ONCE);
    edt(
        ends,
        &mut [param(paramv, 0)],
        Some(&mut [last]),
        0,
        null_mut(),
    );
    begin();
    let mut params = [30, last.guid as u64, calls.guid as u64, sums.guid as u64];
    edt(calls, &mut params, None, 0, null_mut());
    NULL
}

unsafe extern "C" fn nothing(_: u32, _: *mut u64, _: u32, _: *mut ocrEdtDep_t) -> ocrGuid_t {
    NULL
}

unsafe extern "C" fn creates(_: u32, _: *mut u64, _: u32, _: *mut ocrEdtDep_t) -> ocrGuid_t {
    let empty = template(nothing, 0, 0);
    for _ in 0..EMPTY {
        edt(empty, &mut [], None, 0, null_mut());
    }
    NULL
}

unsafe extern "C" fn empty_ends(
    _: u32,
    paramv: *mut u64,
    _: u32,
    _: *mut ocrEdtDep_t,
) -> ocrGuid_t {
    done(param(paramv, 0), seconds() * 1e9 / EMPTY as f64);
    NULL
}

unsafe extern "C" fn empty_edt(_: u32, paramv: *mut u64, _: u32, _: *mut ocrEdtDep_t) -> ocrGuid_t {
    let mut out = NULL;
    let finish = edt(template(creates, 0, 1), &mut [], None, FINISH, &raw mut out);
    edt(
        template(empty_ends, 1, 1),
        &mut [param(paramv, 0)],
        Some(&mut [out]),
        0,
        null_mut(),
    );
    begin();
    ok(ocrAddDependence(NULL, finish, 0, RW));
    NULL
}

unsafe extern "C" fn event_satisfy(
    _: u32,
    paramv: *mut u64,
    _: u32,
    _: *mut ocrEdtDep_t,
) -> ocrGuid_t {
    let mut time = 0.0;
    const ROUNDS: usize = 256;
    for _ in 0..ROUNDS {
        // Few enough to stay in the cache.
        let events: Vec<ocrGuid_t> = (0..512).map(|_| event(STICKY)).collect();
        begin();
        events
            .iter()
            .for_each(|&event| ok(ocrEventSatisfy(event, NULL)));
        time += seconds();
        events.iter().for_each(|&event| ok(ocrEventDestroy(event)));
    }
    done(param(paramv, 0), time * 1e9 / (ROUNDS * 512) as f64);
    NULL
}

unsafe extern "C" fn block(_: u32, paramv: *mut u64, _: u32, _: *mut ocrEdtDep_t) -> ocrGuid_t {
    begin();
    for _ in 0..FEW {
        let (mut guid, mut at) = (NULL, null_mut::<c_void>());
        // SAFETY: good pointers.
        ok(unsafe { ocrDbCreate(&raw mut guid, &raw mut at, 64, 0, null_mut(), 0) });
        ok(ocrDbDestroy(guid));
    }
    done(param(paramv, 0), seconds() * 1e9 / FEW as f64);
    NULL
}

fn named(name: &str) -> Result<&'static Kernel> {
    let kernel = KERNELS.iter().find(|kernel| kernel.name == name);
    kernel.ok_or_else(|| Error::msg(format!("there is no kernel `{name}`")))
}

/// Runs a kernel in this program and prints its figure.
///
/// # Errors
/// If there is no such kernel, or no runtime.
pub fn run_here(name: &str) -> Result<()> {
    let kernel = named(name)?;
    let mut context = NULL;
    // SAFETY: a good pointer.
    unsafe { ocrLegacyInit(&raw mut context, null_mut()) };
    if context.guid == -1 {
        return Err(Error::msg("the runtime could not be started"));
    }
    let ends = event(STICKY);
    edt(
        template(kernel.body, 1, 0),
        &mut [ends.guid as u64],
        None,
        0,
        null_mut(),
    );
    let mut at = null_mut();
    // SAFETY: good pointers.
    ok(unsafe { ocrLegacyBlockProgress(ends, null_mut(), &raw mut at, null_mut(), 0) });
    // SAFETY: the block that `done` made.
    let figure = unsafe { at.cast::<f64>().read() };
    println!("{figure}");
    ok(ocrLegacyFinalize(context, false));
    Ok(())
}

/// One run, in a program of its own.
fn run(kernel: &Kernel, workers: usize) -> Result<f64> {
    let told = |what: String| Error::msg(format!("kernel `{}`: {what}", kernel.name));
    let here = std::env::current_exe().map_err(|why| told(why.to_string()))?;
    let output = Command::new(here)
        .args(["ocr-run", kernel.name])
        .env("SPRAT_XES", workers.to_string())
        .output()
        .map_err(|why| told(why.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match (output.status.success(), said.trim().parse()) {
        (true, Ok(figure)) => Ok(figure),
        _ => Err(told(format!(
            "{}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))),
    }
}

/// Measures the kernels with these names, or all; the workers take turns.
///
/// # Errors
/// If a run fails.
pub fn measure(kernels: &[String], workers: &[usize], runs: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let wanted =
        |kernel: &&Kernel| kernels.is_empty() || kernels.iter().any(|name| name == kernel.name);
    for kernel in KERNELS.iter().filter(wanted) {
        let mut all: Vec<Vec<f64>> = vec![Vec::new(); workers.len()];
        for _ in 0..runs {
            for (figures, &workers) in all.iter_mut().zip(workers) {
                figures.push(run(kernel, workers)?);
            }
        }
        for (mut figures, &workers) in all.into_iter().zip(workers) {
            figures.sort_by(f64::total_cmp);
            rows.push(Row {
                kernel: kernel.name.to_owned(),
                system: "sprat-ocr".to_owned(),
                workers,
                metric: kernel.metric.to_owned(),
                unit: kernel.unit.to_owned(),
                min: figures[0],
                median: figures[figures.len() / 2],
                max: figures[figures.len() - 1],
            });
        }
    }
    Ok(rows)
}
