//! What becomes of a spawn on an engine.

/// See the module.
#[derive(Clone, Copy)]
pub(crate) enum Instead {
    /// A codelet.
    Spawn,
    /// An entry in a graph: by the recorder at this address, which stays until this is set back.
    Record(*const ()),
    /// Nothing: codelets of a graph do not spawn.
    Refuse,
}

// SAFETY: only an address; it is used by the thread that set it, which owns the recorder.
unsafe impl Send for Instead {}
