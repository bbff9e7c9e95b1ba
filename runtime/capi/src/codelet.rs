//! Definitions of codelets: what they are called, what they run, and how they use their blocks.

use crate::access::{sprat_access, sprat_view};
use crate::fault::{Fault, ended};
use crate::few::{self, FEW, Way};
use crate::live::sprat_scope;
use crate::sized::{Sized0, take};
use crate::text::{forever, text};
use crate::types::*;
use sprat::Isa;
use std::collections::HashMap;
use std::ffi::{c_char, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

/// What a codelet runs.
///
/// It may not unwind: a C++ exception that leaves it ends the process, with a message.
pub type sprat_body = Option<
    unsafe extern "C-unwind" fn(
        scope: *mut sprat_scope,
        params: *const c_void,
        views: *const sprat_view,
        count: usize,
    ),
>;

/// What a codelet is.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_definition {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// The name, for messages.
    pub name: *const c_char,
    /// What it runs.
    pub body: sprat_body,
    /// Bytes of its parameters.
    pub params_size: usize,
    /// Their alignment; 0: that of `max_align_t`.
    pub params_align: usize,
    /// The modes of its accesses, in order; null: any.
    pub modes: *const sprat_mode,
    /// How many modes there are.
    pub mode_count: usize,
    /// `SPRAT_REPEAT_LAST`, or 0.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: numbers and addresses, the first of which is the size.
unsafe impl Sized0 for sprat_definition {
    const NAME: &'static str = "sprat_definition";
    const LEAST: usize = 64;
}

/// A definition that was looked through.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) body: Body,
    pub(crate) name: &'static str,
    pub(crate) params_size: usize,
    pub(crate) params_align: usize,
    modes: Option<Box<[sprat_mode]>>,
    repeat_last: bool,
    /// The modes of the first accesses, where modes were declared.
    first_modes: Option<[sprat_mode; FEW]>,
    /// What its alternates need, and these.
    pub(crate) needs: Box<[Isa]>,
    pub(crate) alternates: Box<[Body]>,
    /// How it is spawned without options, by the number of its accesses.
    pub(crate) ways: [Way; FEW + 1],
}

/// A body.
pub(crate) type Body =
    unsafe extern "C-unwind" fn(*mut sprat_scope, *const c_void, *const sprat_view, usize);

/// What two equal definitions have in common: the body's address and all else.
type Key = (
    usize,
    &'static str,
    [usize; 2],
    Option<Box<[sprat_mode]>>,
    bool,
    Box<[(Isa, usize)]>,
);

/// The largest parameters: they are copied at each spawn.
pub(crate) const MOST_PARAMS: usize = 1 << 20;
/// The largest alignment of parameters.
const MOST_ALIGN: usize = 4096;
/// How many definitions there can be.
const MOST: usize = 1 << 16;

/// All definitions, by number, the first of which is 1; all others are null. What is in here stays.
static DEFINITIONS: [AtomicPtr<Definition>; MOST + 1] =
    [const { AtomicPtr::new(null_mut()) }; MOST + 1];

/// The same definitions with their numbers, so that none is there twice.
static NUMBERS: Mutex<Option<HashMap<Key, u32>>> = Mutex::new(None);

impl Definition {
    /// The definition with this number.
    #[inline]
    pub(crate) fn of(codelet: sprat_codelet) -> Result<&'static Definition, Fault> {
        Definition::find(codelet).ok_or_else(|| unknown(codelet))
    }

    /// The same, `None` if there is none.
    #[inline(always)]
    pub(crate) fn find(codelet: sprat_codelet) -> Option<&'static Definition> {
        // Where there is none, as at 0: so there is one look at what was found, and none at the number.
        let id = codelet.id as usize;
        let at = if id <= MOST { id } else { 0 };
        // Acquire pairs with the Release in `number`.
        let definition = DEFINITIONS[at].load(Ordering::Acquire);
        // SAFETY: what is in the table stays.
        unsafe { definition.as_ref() }
    }

    /// Opens the short ways to spawn it, where there are any.
    fn shorten(&mut self) {
        // Behind those declared the last one, if that is to be repeated; else nobody looks there.
        self.first_modes = self.modes.as_deref().map(|modes| {
            std::array::from_fn(|at| modes.get(at).or(modes.last()).copied().unwrap_or(0))
        });
        self.ways = few::ways((self.params_size, self.params_align), |given| {
            self.fits(given)
        });
    }

    /// Its number, new if there was none like it.
    pub(crate) fn number(self) -> Result<u32, Fault> {
        let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = numbers.get_or_insert_default();
        let params = [self.params_size, self.params_align];
        let modes = self.modes.clone();
        let bodies = self.alternates.iter().map(|body| *body as usize);
        let key = (
            self.body as usize,
            self.name,
            params,
            modes,
            self.repeat_last,
            self.needs.iter().copied().zip(bodies).collect(),
        );
        if let Some(&number) = numbers.get(&key) {
            return Ok(number);
        }
        let number = numbers.len() + 1;
        let Some(place) = DEFINITIONS.get(number) else {
            return Err(Fault::new(
                SPRAT_SYSTEM,
                format!("there are {MOST} codelets defined; pass in parameters what differs"),
            ));
        };
        let definition: *mut Definition = Box::leak(Box::new(self));
        // Release pairs with the Acquire in `of`.
        place.store(definition, Ordering::Release);
        numbers.insert(key, number as u32);
        Ok(number as u32)
    }

    /// The same with one more body, which needs this.
    pub(crate) fn with_alternate(&self, isa: Isa, body: Body) -> Self {
        Definition {
            body: self.body,
            name: self.name,
            params_size: self.params_size,
            params_align: self.params_align,
            modes: self.modes.clone(),
            repeat_last: self.repeat_last,
            first_modes: self.first_modes,
            needs: self.needs.iter().copied().chain([isa]).collect(),
            alternates: self.alternates.iter().copied().chain([body]).collect(),
            ways: few::GENERAL,
        }
    }

    /// Whether so many accesses have the modes that were declared.
    #[inline]
    pub(crate) fn check(&self, accesses: &[sprat_access]) -> Result<(), Fault> {
        let Some(modes) = &self.modes else {
            return Ok(());
        };
        let (given, declared) = (accesses.len(), modes.len());
        if !self.fits(given) {
            return Err(self.miscounted(given));
        }
        for (at, access) in accesses.iter().enumerate() {
            if access.mode != modes[at.min(declared - 1)] {
                return Err(self.mistaken(at, access.mode));
            }
        }
        Ok(())
    }

    /// Whether it can have so many accesses.
    fn fits(&self, given: usize) -> bool {
        let declared = self.modes.as_deref().map(<[_]>::len);
        declared.is_none_or(|declared| given == declared || (self.repeat_last && given > declared))
    }

    /// Whether a few accesses, as many as fit, have the modes that were declared.
    #[inline(always)]
    pub(crate) fn agrees(&self, few: &[sprat_access]) -> bool {
        match &self.first_modes {
            None => true,
            Some(modes) => few
                .iter()
                .zip(modes)
                .all(|(access, &mode)| access.mode == mode),
        }
    }

    #[cold]
    fn miscounted(&self, given: usize) -> Fault {
        let declared = self.modes.as_deref().map_or(0, <[_]>::len);
        let least = if self.repeat_last { "at least " } else { "" };
        Fault::new(
            SPRAT_ACCESS,
            format!(
                "codelet `{}` was given {given} accesses, and is defined with {least}{declared}",
                self.name
            ),
        )
    }

    #[cold]
    fn mistaken(&self, at: usize, mode: sprat_mode) -> Fault {
        Fault::new(
            SPRAT_ACCESS,
            format!(
                "codelet `{}` was given an access {at} with mode {mode}, and is defined with another one there",
                self.name
            ),
        )
    }
}

#[cold]
fn unknown(codelet: sprat_codelet) -> Fault {
    match codelet.id {
        0 => Fault::nameless("the codelet"),
        id => Fault::new(
            SPRAT_STALE,
            format!("there is no codelet {id}; define it with sprat_codelet_define first"),
        ),
    }
}

/// Defines a codelet.
///
/// # Safety
/// `definition` is null or points to a struct as long as its first field says, whose addresses are good; `codelet` is null or
/// can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_codelet_define(
    definition: *const sprat_definition,
    codelet: *mut sprat_codelet,
) -> sprat_status {
    // SAFETY: the caller's promise.
    ended(unsafe { define(definition, codelet) })
}

/// # Safety
/// As for `sprat_codelet_define`.
unsafe fn define(
    definition: *const sprat_definition,
    codelet: *mut sprat_codelet,
) -> Result<(), Fault> {
    // SAFETY: the caller's promise.
    let taken = unsafe { take(definition) }?;
    let asked = taken.ok_or_else(|| Fault::null("the definition"))?;
    if codelet.is_null() {
        return Err(Fault::null("the place for the codelet"));
    }
    // SAFETY: the caller's promise.
    let name = unsafe { text(asked.name, "the name of a codelet") }?;
    let wrong = |why: String| Fault::argument(format!("codelet `{name}`: {why}"));
    let body = asked
        .body
        .ok_or_else(|| Fault::null(&format!("the body of codelet `{name}`")))?;
    let align = match asked.params_align {
        0 => 16,
        align => align,
    };
    if !align.is_power_of_two() || align > MOST_ALIGN {
        return Err(wrong(format!(
            "parameters aligned to {align} bytes; that is a power of two, and at most {MOST_ALIGN}"
        )));
    }
    if asked.params_size > MOST_PARAMS {
        return Err(wrong(format!(
            "parameters of {} bytes, which each spawn would copy; at most {MOST_PARAMS} are possible, so pass the rest in a block",
            asked.params_size
        )));
    }
    if asked.flags & !SPRAT_REPEAT_LAST != 0 {
        return Err(wrong(format!("{:#x} are no flags", asked.flags)));
    }
    let modes = match (asked.modes.is_null(), asked.mode_count) {
        (true, 0) => None,
        (true, _) => return Err(Fault::null(&format!("the modes of codelet `{name}`"))),
        (false, count) if count > usize::from(u16::MAX) => {
            return Err(wrong(format!("{count} modes; at most 65,535 are possible")));
        }
        (false, 0) if asked.flags & SPRAT_REPEAT_LAST != 0 => {
            return Err(wrong("there is no mode to be repeated".to_owned()));
        }
        // SAFETY: the caller's promise.
        (false, count) => Some(unsafe { std::slice::from_raw_parts(asked.modes, count) }.into()),
    };
    let repeat_last = asked.flags & SPRAT_REPEAT_LAST != 0;
    let mut definition = Definition {
        name: forever(name),
        body,
        params_size: asked.params_size,
        params_align: align,
        modes,
        repeat_last,
        first_modes: None,
        needs: Box::new([]),
        alternates: Box::new([]),
        ways: few::GENERAL,
    };
    definition.shorten();
    let number = definition.number()?;
    // SAFETY: the caller's promise, and it is not null.
    unsafe { codelet.write(sprat_codelet { id: number }) };
    Ok(())
}
