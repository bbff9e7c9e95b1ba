//! The types of `ocr.h`, laid out as C has them.

use std::ffi::{c_char, c_int, c_void};

/// `ocrGuid_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
pub struct ocrGuid_t {
    /// The word.
    pub guid: isize,
}

/// `ocrEdtDep_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ocrEdtDep_t {
    /// What came.
    pub guid: ocrGuid_t,
    /// Its memory, or null.
    pub ptr: *mut c_void,
    /// How it may be used.
    pub mode: u32,
}

/// `ocrEdt_t`.
pub type ocrEdt_t = unsafe extern "C" fn(
    paramc: u32,
    paramv: *mut u64,
    depc: u32,
    depv: *mut ocrEdtDep_t,
) -> ocrGuid_t;

/// `ocrHint_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ocrHint_t {
    /// What it is for.
    pub kind: u32,
    /// Which are set.
    pub mask: u64,
    /// The values.
    pub props: [u64; 16],
}

/// `ocrEventParams_t`: two words and a half of a collective's, which is the largest.
#[derive(Clone, Copy)]
#[repr(C)]
pub union ocrEventParams_t {
    /// Of a latch.
    pub latch: u64,
    /// Of a counted event.
    pub counted: u64,
    /// Of a channel: generations, satisfactions and dependences of each.
    pub channel: [u32; 3],
    /// Of a collective event.
    pub collective: CollectiveParams,
}

impl std::fmt::Debug for ocrEventParams_t {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ocrEventParams_t")
    }
}

/// `ocrEventCollectiveParams_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CollectiveParams {
    /// Generations that may be begun and not ended.
    pub max_gen: u32,
    /// Contributions of a generation.
    pub contribs: u32,
    /// Those of this node, which is the only one.
    pub contribs_pd: u32,
    /// Elements of each.
    pub datum: u32,
    /// Unused.
    pub arity: u32,
    /// The operator and the type of the elements.
    pub op: u16,
    /// Reduce, all-reduce or broadcast.
    pub kind: u32,
    /// Unused: each generation has a block of its own. C's `bool`, of which a program may have left any bits.
    pub reuse: u8,
}

/// `ocrConfig_t`.
#[derive(Debug)]
#[repr(C)]
pub struct ocrConfig_t {
    /// The program's arguments.
    pub argc: c_int,
    /// The program's arguments.
    pub argv: *mut *mut c_char,
    /// Ignored.
    pub ini_file: *const c_char,
}

/// `ocrGuidMapFunc_t`.
pub type MapFunction = unsafe extern "C" fn(
    start: ocrGuid_t,
    skip: u64,
    params: *mut i64,
    tuple: *mut i64,
) -> ocrGuid_t;

/// Modes.
pub const DB_MODE_NULL: u32 = 0;
/// It does not change under the holder.
pub const DB_MODE_CONST: u32 = 1;
/// Together with others.
pub const DB_MODE_RW: u32 = 2;
/// The only writer.
pub const DB_MODE_EW: u32 = 4;
/// For reading.
pub const DB_MODE_RO: u32 = 8;

pub(crate) const DB_PROP_NO_ACQUIRE: u16 = 0x10;
pub(crate) const GUID_PROP_IS_LABELED: u16 = 0x100;
pub(crate) const GUID_PROP_CHECK: u16 = 0x300;
pub(crate) const GUID_PROP_BLOCK: u16 = 0x500;
pub(crate) const EDT_PROP_FINISH: u16 = 1;
pub(crate) const EDT_PROP_OEVT_VALID: u16 = 8;
pub(crate) const EDT_PARAM_UNK: u32 = u32::MAX;
pub(crate) const EDT_PARAM_DEF: u32 = u32::MAX - 1;
pub(crate) const EVT_PROP_TAKES_ARG: u16 = 1;
