//! Where a program begins: `main`, unless it has its own.

use crate::context::{self, Context};
use crate::edt::{self, New};
use crate::program::{self, Program, say};
use crate::types::*;
use crate::{block, event, template};
use sprat::{Builder, Error, ErrorKind, Runtime, Scope};
use std::ffi::{CStr, c_char, c_int};

// The program's `mainEdt` and our `main` are weak: a program without the one has its own of the other. What is weak can be said
// in assembly alone; the word is null if there is no `mainEdt`.
std::arch::global_asm!(
    ".weak mainEdt",
    ".section .data.rel.ro.sprat_ocr_main_edt,\"aw\"",
    ".globl sprat_ocr_main_edt",
    ".hidden sprat_ocr_main_edt",
    ".balign 8",
    "sprat_ocr_main_edt:",
    ".8byte mainEdt",
    ".previous",
);

// The tests of this crate have a `main` of their own, and in one unit of code there is place for one.
#[cfg(all(target_arch = "x86_64", not(test)))]
std::arch::global_asm!(
    ".weak main",
    ".type main, @function",
    "main:",
    "jmp {start}",
    start = sym start,
);

#[cfg(all(target_arch = "aarch64", not(test)))]
std::arch::global_asm!(
    ".weak main",
    ".type main, %function",
    "main:",
    "b {start}",
    start = sym start,
);

unsafe extern "C" {
    static sprat_ocr_main_edt: Option<ocrEdt_t>;
}

/// The stack of engines, as far as the program uses it: EDTs of programs keep arrays there.
const STACK: usize = 64 << 20;

pub(crate) fn builder() -> Builder {
    Runtime::builder().stack_bytes(STACK)
}

/// The arguments that are the program's: without those that are for the runtime.
///
/// # Safety
/// As `main` gets them.
pub(crate) unsafe fn programs_arguments(
    argc: c_int,
    argv: *const *const c_char,
) -> Vec<*const c_char> {
    let count = usize::try_from(argc).unwrap_or(0);
    // SAFETY: the caller's promise.
    let all = (0..count).map(|at| unsafe { argv.wrapping_add(at).read() });
    let mut kept = Vec::with_capacity(count);
    let mut skip = false;
    for (at, argument) in all.enumerate() {
        // SAFETY: the caller's promise.
        let text = unsafe { CStr::from_ptr(argument) }.to_bytes();
        if std::mem::take(&mut skip) {
            continue;
        }
        if at > 0 && text.starts_with(b"-ocr:") {
            // `-ocr:cfg FILE`, or `-ocr:cfg=FILE`.
            skip = !text.contains(&b'=');
            continue;
        }
        kept.push(argument);
    }
    kept
}

/// The block with the arguments: their number, where each begins, and they.
fn pack(arguments: &[*const c_char]) -> Vec<u8> {
    let head = 8 * (1 + arguments.len());
    let mut offsets = vec![arguments.len() as u64];
    let mut text = Vec::new();
    for &argument in arguments {
        offsets.push((head + text.len()) as u64);
        // SAFETY: they are strings, as `main` gets them.
        text.extend_from_slice(unsafe { CStr::from_ptr(argument) }.to_bytes_with_nul());
    }
    let mut packed: Vec<u8> = offsets.iter().flat_map(|word| word.to_ne_bytes()).collect();
    packed.extend(text);
    packed
}

/// Creates the program's first EDT.
fn begin(
    scope: &Scope<'static>,
    first: ocrEdt_t,
    arguments: &[*const c_char],
) -> Result<(), crate::code::Code> {
    let context = Context {
        scope,
        place: scope.key(),
        edt: None,
    };
    context::enter(&context, || {
        let packed = pack(arguments);
        let (guid, start) = block::create(&context, packed.len() as u64, true)?;
        // SAFETY: the block's memory, which is as long, and which we hold.
        unsafe { start.copy_from_nonoverlapping(packed.as_ptr(), packed.len()) };
        block::release(&context, guid)?;
        // SAFETY: a string.
        let template = unsafe { template::create(Some(first), 0, 1, c"mainEdt".as_ptr()) }?;
        let depv = ocrGuid_t::from(guid);
        let new = New {
            template,
            paramc: 0,
            paramv: std::ptr::null(),
            depc: 1,
            depv: &raw const depv,
            properties: 0,
            hint: std::ptr::null(),
            output: std::ptr::null_mut(),
        };
        // SAFETY: the pointers are good.
        unsafe { edt::create(&context, std::ptr::null_mut(), &new) }
    })
}

/// The exit code of a program whose scope has ended so.
pub(crate) fn verdict(ended: sprat::Result<()>) -> u8 {
    let code = match (program::is_shut_down(), ended) {
        // What waited was dropped, which is what the end of a program means; but a codelet that failed is no good end.
        (true, Err(error)) if error.kind() != ErrorKind::Stuck => {
            say(&format!("{error}"));
            tell_never_ran();
            program::exit_code().max(1)
        }
        // Those that were dropped before the end had failed.
        (true, _) => program::exit_code().max(u8::from(tell_never_ran() > 0)),
        (false, ended) => {
            report(ended);
            1
        }
    };
    if program::checks() {
        let (_, open) = event::left();
        if open > 0 {
            say(&format!(
                "at the end, {open} events had been created and neither satisfied nor destroyed"
            ));
        }
        if let Some(program) = program::program() {
            for left in program.runtime.leftovers() {
                say(&format!("at the end, there was left: {left}"));
            }
        }
    }
    match program::findings() {
        0 => code,
        found => {
            say(&format!("{found} mistakes were found, see above"));
            code.max(1)
        }
    }
}

/// Tells why a program that did not shut down cannot go on.
fn report(ended: sprat::Result<()>) {
    let (count, named) = program::all_that_never_ran();
    if let Err(error) = &ended
        && error.kind() != ErrorKind::Stuck
    {
        say(&format!("{error}"));
    }
    match count {
        0 => say("all EDTs have ended, and none of them called ocrShutdown or ocrAbort"),
        1 => say(
            "the program is stuck: nothing runs, ocrShutdown was not called, and 1 EDT waits for what nobody will do",
        ),
        _ => say(&format!(
            "the program is stuck: nothing runs, ocrShutdown was not called, and {count} EDTs wait for what nobody will do"
        )),
    }
    tell(count, &named);
}

/// Tells of EDTs that were dropped and had not run; how many they are.
fn tell_never_ran() -> usize {
    let (count, named) = program::all_that_never_ran();
    tell(count, &named);
    count
}

fn tell(count: usize, named: &[String]) {
    for one in named {
        say(one);
    }
    if count > named.len() {
        say(&format!("and {} more", count - named.len()));
    }
}

/// What `main` does.
#[cfg_attr(test, allow(dead_code))]
unsafe extern "C" fn start(argc: c_int, argv: *const *const c_char) -> c_int {
    // SAFETY: a word, which the linker has filled in.
    let Some(first) = (unsafe { sprat_ocr_main_edt }) else {
        say("the program has neither a `main` nor a `mainEdt`; write one of them");
        return 1;
    };
    // SAFETY: as `main` gets them.
    let arguments = unsafe { programs_arguments(argc, argv) };
    let runtime = match builder().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("{error}"));
            return 1;
        }
    };
    let ended = runtime.finish(|scope| {
        program::begin(Program {
            runtime: runtime.clone(),
            scope: scope.key(),
        });
        // SAFETY: it gives blocks back, and says whether it did.
        unsafe { scope.when_stuck(context::when_stuck) };
        begin(scope, first, &arguments).map_err(|code| {
            Error::msg(format!("`mainEdt` could not be created (error {})", code.0))
        })
    });
    program::shut_out();
    let code = verdict(ended);
    program::end();
    drop(runtime);
    c_int::from(code)
}
