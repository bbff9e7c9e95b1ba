//! Names and numbers of the interface. Numbers are plain integers, since C may pass any.

/// What a call ended with.
pub type sprat_status = i32;
/// All went well.
pub const SPRAT_OK: i32 = 0;
/// A description of a machine makes no sense.
pub const SPRAT_TOPOLOGY: i32 = 1;
/// An option or a variable has a value that cannot be used.
pub const SPRAT_CONFIG: i32 = 2;
/// A block of length zero, or too large.
pub const SPRAT_BLOCK_SIZE: i32 = 3;
/// A handle of another runtime.
pub const SPRAT_FOREIGN: i32 = 4;
/// A handle of something that is gone.
pub const SPRAT_STALE: i32 = 5;
/// The accesses of one codelet contradict each other or its declaration.
pub const SPRAT_ACCESS: i32 = 6;
/// A child named a block that its parent did not declare.
pub const SPRAT_UNDECLARED: i32 = 7;
/// A call that waits was made in a codelet or scope.
pub const SPRAT_ON_ENGINE: i32 = 8;
/// A codelet failed.
pub const SPRAT_FAILED: i32 = 9;
/// The checking mode found a mistake.
pub const SPRAT_CHECK: i32 = 10;
/// A scope could make no progress.
pub const SPRAT_STUCK: i32 = 11;
/// The scope or replay was cancelled.
pub const SPRAT_CANCELLED: i32 = 12;
/// An event was used against its rules.
pub const SPRAT_EVENT: i32 = 13;
/// A graph cannot hold what was to be recorded, or is being replayed.
pub const SPRAT_GRAPH: i32 = 14;
/// The operating system refused something.
pub const SPRAT_SYSTEM: i32 = 15;
/// What `sprat_fail` said.
pub const SPRAT_USER: i32 = 16;
/// A pointer is null that must not be.
pub const SPRAT_NULL: i32 = 17;
/// An argument that can never be right.
pub const SPRAT_ARGUMENT: i32 = 18;
/// A scope was used on another thread than its own, or after its body.
pub const SPRAT_SCOPE: i32 = 19;
/// An error of a kind that this interface does not know.
pub const SPRAT_OTHER: i32 = 20;
/// A resume too many, or a call that would wait for the calling thread's own resume.
pub const SPRAT_SUSPENDED: i32 = 21;

/// How a codelet uses a block.
pub type sprat_mode = i32;
/// Reads; shares with other readers.
pub const SPRAT_READ: i32 = 1;
/// Writes all of it.
pub const SPRAT_WRITE: i32 = 2;
/// Reads and writes.
pub const SPRAT_READ_WRITE: i32 = 3;
/// Reads and writes in any order among neighbours that do so.
pub const SPRAT_COMMUTE: i32 = 4;
/// Adds to it by an operator.
pub const SPRAT_REDUCE: i32 = 5;
/// Reads and writes together with neighbours that do so.
pub const SPRAT_SHARED_WRITE: i32 = 6;
/// Reads and writes, alone.
pub const SPRAT_EXCLUSIVE: i32 = 7;
/// No block, but memory for the codelet alone.
pub const SPRAT_SCRATCH: i32 = 8;
/// No block, but the argument of the round.
pub const SPRAT_ROUND: i32 = 9;
/// Together with read, write or read-write: for the codelet's children only.
pub const SPRAT_WEAK: i32 = 256;

/// How a reduction adds up.
pub type sprat_operator = i32;
/// Adds; whole numbers wrap around.
pub const SPRAT_SUM: i32 = 1;
/// Multiplies; whole numbers wrap around.
pub const SPRAT_PRODUCT: i32 = 2;
/// The least.
pub const SPRAT_MIN: i32 = 3;
/// The greatest.
pub const SPRAT_MAX: i32 = 4;

/// What a reduction's elements are.
pub type sprat_type = i32;
/// `float`
pub const SPRAT_F32: i32 = 1;
/// `double`
pub const SPRAT_F64: i32 = 2;
/// `int32_t`
pub const SPRAT_I32: i32 = 3;
/// `int64_t`
pub const SPRAT_I64: i32 = 4;
/// `uint32_t`
pub const SPRAT_U32: i32 = 5;
/// `uint64_t`
pub const SPRAT_U64: i32 = 6;

/// How urgent a codelet is.
pub type sprat_priority = i32;
/// After all others.
pub const SPRAT_LOW: i32 = -1;
/// As most are.
pub const SPRAT_NORMAL: i32 = 0;
/// Before all others.
pub const SPRAT_HIGH: i32 = 1;

/// Where a codelet would like to run.
pub type sprat_place = i32;
/// Anywhere.
pub const SPRAT_ANYWHERE: i32 = 0;
/// On the engine that a block belongs to, if that is not much trouble.
pub const SPRAT_NEAR: i32 = 1;
/// On an engine and no other.
pub const SPRAT_ON_XE: i32 = 2;
/// On an engine of a memory region.
pub const SPRAT_ON_REGION: i32 = 3;
/// Where the others of a group run.
pub const SPRAT_WITH_GROUP: i32 = 4;

/// How much of a core a control engine owns.
pub type sprat_ce_mode = i32;
/// As the machine suggests.
pub const SPRAT_CE_DEFAULT: i32 = 0;
/// None.
pub const SPRAT_CE_SHARED: i32 = 1;
/// One, on which it runs codelets too.
pub const SPRAT_CE_ELASTIC: i32 = 2;
/// One, on which it polls.
pub const SPRAT_CE_DEDICATED: i32 = 3;

/// A choice that may be left open.
pub type sprat_choice = i32;
/// Left open.
pub const SPRAT_DEFAULT: i32 = 0;
/// Yes.
pub const SPRAT_YES: i32 = 1;
/// No.
pub const SPRAT_NO: i32 = 2;

/// In a definition's flags: the last mode holds for all further accesses.
pub const SPRAT_REPEAT_LAST: u32 = 1;
/// In the options' flags: enters its queues when its events are there.
pub const SPRAT_AT_READY: u32 = 1;

/// A data block's name. Zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct sprat_block {
    /// Opaque.
    pub id: u64,
}

/// An event's name. Zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct sprat_event {
    /// Opaque.
    pub id: [u64; 2],
}

/// A group's name. Zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct sprat_group {
    /// Opaque.
    pub id: [u64; 2],
}

/// A codelet's definition. Zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct sprat_codelet {
    /// Opaque.
    pub id: u32,
}

/// The right to cancel a scope. Zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct sprat_canceller {
    /// Opaque.
    pub id: u64,
}

/// The argument of a graph's rounds, while that is recorded. Zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct sprat_round {
    /// Opaque.
    pub id: u64,
}

/// A channel's name. Zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct sprat_channel {
    /// Opaque.
    pub id: u64,
}

/// Where a block is to be.
pub type sprat_home_kind = i32;
/// In the region of the engine that touches it first.
pub const SPRAT_HOME_FIRST_TOUCH: i32 = 0;
/// In this region.
pub const SPRAT_HOME_REGION: i32 = 1;
/// In all regions by turns, page by page.
pub const SPRAT_HOME_INTERLEAVED: i32 = 2;
/// Where another block is.
pub const SPRAT_HOME_NEAR: i32 = 3;
/// In the region that is fastest for the engine that touches it first.
pub const SPRAT_HOME_FASTEST: i32 = 4;
/// The region of a block that has no memory yet, or memory in all.
pub const SPRAT_NOWHERE: u32 = 4_294_967_295;

/// What a runtime aims at.
pub type sprat_policy = i32;
/// As the variables say, or performance.
pub const SPRAT_POLICY_DEFAULT: i32 = 0;
/// To be as fast as possible.
pub const SPRAT_POLICY_PERFORMANCE: i32 = 1;
/// That blocks are where they are used.
pub const SPRAT_POLICY_LOCALITY: i32 = 2;
/// As little energy as possible.
pub const SPRAT_POLICY_ENERGY: i32 = 3;
/// As little as possible of energy times time.
pub const SPRAT_POLICY_ENERGY_DELAY: i32 = 4;

/// What an alternate needs of the processor.
pub type sprat_isa = i32;
/// Nothing beyond what the program was compiled for.
pub const SPRAT_ISA_ANY: i32 = 0;
/// x86-64: SSE4.2.
pub const SPRAT_ISA_SSE42: i32 = 1;
/// x86-64: AVX2 and FMA.
pub const SPRAT_ISA_AVX2: i32 = 2;
/// x86-64: AVX-512 Foundation, AVX2 and FMA.
pub const SPRAT_ISA_AVX512F: i32 = 3;
/// AArch64: Advanced SIMD.
pub const SPRAT_ISA_NEON: i32 = 4;
/// AArch64: the Scalable Vector Extension.
pub const SPRAT_ISA_SVE: i32 = 5;

/// What a runtime can tell as text.
pub type sprat_about = i32;
/// The machine, for people.
pub const SPRAT_ABOUT_MACHINE: i32 = 1;
/// The machine as JSON.
pub const SPRAT_ABOUT_MACHINE_JSON: i32 = 2;
/// The engines, and why they are so.
pub const SPRAT_ABOUT_PLAN: i32 = 3;
/// All that is counted, as OpenMetrics text.
pub const SPRAT_ABOUT_METRICS: i32 = 4;
/// What the checking mode found left over.
pub const SPRAT_ABOUT_LEFTOVERS: i32 = 5;

/// What a graph can tell as text.
pub type sprat_about_graph = i32;
/// Its codelets and dependences in the DOT language.
pub const SPRAT_GRAPH_DOT: i32 = 1;
/// What was decided about it.
pub const SPRAT_GRAPH_DECISIONS: i32 = 2;
