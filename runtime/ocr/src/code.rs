//! OCR's numbers of errors, and which of them an error of the runtime is.

use sprat::decide::event_kinds::Misuse;
use sprat::{Error, ErrorKind};

/// One of OCR's numbers; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) u8);

pub(crate) const EPERM: Code = Code(1);
pub(crate) const ENOENT: Code = Code(2);
/// Never given to a program: what a thread outside of all EDTs asks for is to be asked for again.
pub(crate) const EAGAIN: Code = Code(11);
pub(crate) const ENOMEM: Code = Code(12);
pub(crate) const EACCES: Code = Code(13);
pub(crate) const EFAULT: Code = Code(14);
pub(crate) const EINVAL: Code = Code(22);
pub(crate) const ENOSPC: Code = Code(28);
pub(crate) const ERANGE: Code = Code(34);
pub(crate) const ENOTSUP: Code = Code(95);
pub(crate) const EGUIDEXISTS: Code = Code(100);
pub(crate) const ENOP: Code = Code(103);
/// The program was shut down, so that what is waited for does not come any more.
pub(crate) const ECANCELED: Code = Code(125);

/// What a function gives.
pub(crate) type Answer<T = ()> = Result<T, Code>;

/// For C.
#[inline]
pub(crate) fn number(answer: Answer) -> u8 {
    match answer {
        Ok(()) => 0,
        Err(code) => code.0,
    }
}

impl From<Error> for Code {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::System => ENOMEM,
            ErrorKind::Stale => EPERM,
            _ => EINVAL,
        }
    }
}

impl From<Misuse> for Code {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::Repeated | Misuse::TooMany | Misuse::BelowZero => EPERM,
            Misuse::Gone | Misuse::NoLatch => EINVAL,
            Misuse::Overflow => ERANGE,
            Misuse::Full => ENOSPC,
        }
    }
}
