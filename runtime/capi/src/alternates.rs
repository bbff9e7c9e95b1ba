//! Codelets with several bodies, of which each engine runs the one that is best there.

use crate::codelet::{Definition, sprat_body};
use crate::fault::{Fault, ended};
use crate::machine::number;
use crate::runtime::{runtime, sprat_runtime};
use crate::sized::{Sized0, give};
use crate::types::*;
use sprat::Isa;

/// Bodies that a codelet can have beside its usual one.
const MOST: usize = 7;

/// Makes a codelet of another one's and one more body.
///
/// # Safety
/// The body does with what it is given what the other one's may; `with` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_codelet_alternate(
    codelet: sprat_codelet,
    needs: sprat_isa,
    body: sprat_body,
    with: *mut sprat_codelet,
) -> sprat_status {
    let define = || {
        let definition = Definition::of(codelet)?;
        let body = body.ok_or_else(|| {
            Fault::null(&format!(
                "the alternate body of codelet `{}`",
                definition.name
            ))
        })?;
        if with.is_null() {
            return Err(Fault::null("the place for the codelet"));
        }
        let isa = match needs {
            SPRAT_ISA_ANY => Isa::Any,
            SPRAT_ISA_SSE42 => Isa::Sse42,
            SPRAT_ISA_AVX2 => Isa::Avx2,
            SPRAT_ISA_AVX512F => Isa::Avx512f,
            SPRAT_ISA_NEON => Isa::Neon,
            SPRAT_ISA_SVE => Isa::Sve,
            other => {
                return Err(Fault::argument(format!(
                    "{other} is nothing that a body can need; use one of the SPRAT_ISA_ constants"
                )));
            }
        };
        if definition.alternates.len() == MOST {
            return Err(Fault::argument(format!(
                "codelet `{}` has seven alternates, which is all that it can have",
                definition.name
            )));
        }
        let id = definition.with_alternate(isa, body).number()?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { with.write(sprat_codelet { id }) };
        Ok(())
    };
    ended(define())
}

/// What an execution engine knows of one of a codelet's bodies.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_alternate {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// 1 if the engine can run it, else 0.
    pub usable: i32,
    /// 1 if the engine keeps to it at present, else 0.
    pub chosen: i32,
    /// How often it ran there.
    pub calls: u64,
    /// The least time of a call in the last trials, in nanoseconds; 0 if there was none.
    pub least_ns: u64,
}

// SAFETY: plain numbers, the first of which is the size.
unsafe impl Sized0 for sprat_alternate {
    const NAME: &'static str = "sprat_alternate";
    const LEAST: usize = 32;
}

/// Tells what an execution engine knows of a codelet's body: 0 is the usual one.
///
/// # Safety
/// `alternate` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_alternate_get(
    runtime: *mut sprat_runtime,
    codelet: sprat_codelet,
    xe: usize,
    which: usize,
    alternate: *mut sprat_alternate,
) -> sprat_status {
    let tell = || {
        let (runtime, definition) = (self::runtime(runtime)?, Definition::of(codelet)?);
        let known = runtime.alternates_of(definition, &definition.needs);
        let of_xe = &known[number(xe, known.len(), "execution engine")?];
        let one = of_xe[number(which, of_xe.len(), "body")?];
        let told = sprat_alternate {
            size: 0,
            usable: i32::from(one.usable),
            chosen: i32::from(one.chosen),
            calls: one.calls,
            least_ns: one.least_ns.unwrap_or(0),
        };
        // SAFETY: the caller's promise.
        unsafe { give(alternate, told) }
    };
    ended(tell())
}
