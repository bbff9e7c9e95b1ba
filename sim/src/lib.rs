//! The simulator: virtual time over the decisions of the runtime.
