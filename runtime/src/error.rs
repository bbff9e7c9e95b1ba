//! The one error type: what was wrong, where, and what to do about it.

use std::fmt;
use std::panic::Location;

/// What kind of thing went wrong, for code that wants to react; the text is for people.
///
/// A codelet that is refused at its spawn, since it declares what it may not, fails: the scope's error is of the kind
/// [`Failed`](ErrorKind::Failed), and the reason's kind ([`Foreign`](ErrorKind::Foreign), [`Stale`](ErrorKind::Stale),
/// [`Access`](ErrorKind::Access), [`Undeclared`](ErrorKind::Undeclared), or that of another option) is in
/// [`Failure::kind`].
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// use sprat::{ErrorKind, Runtime};
///
/// let (rt, other) = (Runtime::new()?, Runtime::new()?);
/// let foreign = other.block::<u64>(1)?;
/// let error = rt
///     .finish(|s| {
///         s.spawn(foreign.read(), |_, _| ());
///         Ok(())
///     })
///     .unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Failed);
/// assert_eq!(error.failure().unwrap().kind, ErrorKind::Foreign);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A topology description or a sysfs tree does not make sense. Mend the description, or the path.
    Topology,
    /// An option or a `SPRAT_*` variable has a value that cannot be used. The text lists what can.
    Config,
    /// A block of length zero, or too large for the address space. Ask for at least one element.
    BlockSize,
    /// A block, value or event of another runtime. Use it with the runtime that made it.
    Foreign,
    /// A block after its destruction, or a value after the end of the codelet that could name it.
    Stale,
    /// The accesses of one codelet contradict each other. Declare each block once, with the strongest mode needed.
    Access,
    /// A child named a block that its parent did not declare, or with more right. Declare it in the parent.
    Undeclared,
    /// `finish` and other waiting calls were made on an engine. Codelets never wait: spawn, or use `scope`. Also for other
    /// calls that are for host threads only.
    OnEngine,
    /// A codelet returned an error or panicked. [`Error::failure`] has the details.
    Failed,
    /// The checking mode found a mistake that the type system cannot refuse. The text names it, and how to see it again.
    Check,
    /// A scope could make no progress. [`Error::stuck`] names each codelet and what it waits for.
    Stuck,
    /// The scope or the replay was cancelled, by somebody or by its deadline. [`Error::cancellation`] says why, and what was left.
    Cancelled,
    /// A [`resume`](crate::Runtime::resume) without a `suspend`; or a thread that has suspended the runtime called what waits for
    /// codelets, which would wait for the thread itself. Resume first.
    Suspended,
    /// An event of a kind that counts was used against its rules: counted below zero, satisfied beyond its bound, or
    /// after it had fired. The text says which, and what to do. In [`Failure::kind`]: an event cannot come any more, since
    /// its trigger was dropped.
    Event,
    /// A graph cannot hold what was to be recorded, its codelets did what only others may (they spawn nothing), or it is
    /// being replayed already.
    Graph,
    /// The operating system refused memory, a thread, or a call.
    System,
    /// An error that the user's code returned.
    User,
}

/// What a failure began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A codelet: its body failed, or it was refused at its spawn.
    Codelet,
    /// An event that cannot come any more.
    Event,
    /// A scope that was cancelled.
    Scope,
}

/// The first failure that a scope was told of, and what it cost: mostly that of a codelet of the scope.
///
/// The first in time, not in the program's order: of codelets that fail independently of each other, another one may be
/// the first in the next run. What fails because of a failure never comes before it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What failed.
    pub origin: Origin,
    /// The codelet's name, or the event's.
    pub codelet: String,
    /// Where the codelet was spawned, the event made, or the scope cancelled.
    pub spawned_at: &'static Location<'static>,
    /// The kind of the error: why the codelet was refused, or what the error was that its body returned;
    /// [`ErrorKind::User`] for a panic and for errors of the user's own.
    pub kind: ErrorKind,
    /// What it said: the error it returned, or the message of its panic.
    pub cause: String,
    /// Whether it panicked (else it returned an error, or was refused at its spawn).
    pub panicked: bool,
    /// Whether it is a codelet of this scope, and so one of the `failed`. If not, it failed in an earlier scope and left
    /// a block poisoned, or it is an event; then codelets of this scope were skipped because of it.
    pub counted: bool,
    /// How many codelets of this scope failed: at least 1 if this one is [counted](Failure::counted), else perhaps 0.
    pub failed: u64,
    /// How many were skipped because they would have read what a failed codelet was to write.
    pub skipped: u64,
}

/// One codelet of a stuck scope.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The codelet's name.
    pub codelet: String,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// What it waits for, a sentence each.
    pub waits_for: Vec<String>,
}

/// An error of the runtime, or of user code that ran under it.
///
/// Like `anyhow::Error` it does not implement [`std::error::Error`] itself, so that `?` turns any such error
/// into it inside codelets; [`Error::into_std`] gives one that does.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    failure: Option<Failure>,
    stuck: Vec<Waiting>,
    cancellation: Option<Cancellation>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// How a cancelled scope or replay ended, and what was left of it.
#[derive(Clone, Debug)]
pub struct Cancellation {
    /// What the one who cancelled it said.
    pub reason: String,
    /// Whether its deadline passed (else somebody cancelled it).
    pub by_deadline: bool,
    /// Of a replay: how many rounds ran, all of each. `None` for a scope.
    pub rounds: Option<usize>,
    /// How many bodies ran, to a good or a bad end. Counted since the scope had its first
    /// [canceller](crate::Scope::canceller) or a [deadline](crate::Runtime::finish_within), since counting costs
    /// something: take it before the first spawn, and all are counted.
    pub ran: u64,
    /// The remainder: how many codelets were spawned and did not start, because of this cancellation or that of a scope
    /// inside. Their captures were dropped, and what they were to write is poisoned. Of a replay: those of the rounds that did
    /// not begin; its blocks are as the rounds that ran left them.
    pub not_started: u64,
    /// How many codelets failed; of those [`Error::failure`] names the first.
    pub failed: u64,
    /// How many were skipped because they would have read what a failed codelet was to write.
    pub skipped: u64,
}

/// The result of most calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind with a message that says what was wrong, where, and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            failure: None,
            stuck: Vec::new(),
            cancellation: None,
            source: None,
        }))
    }

    /// An error that user code returns: `Err(Error::msg("the input has no rows"))`.
    pub fn msg(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::User, message)
    }

    /// The same with the operating system's error as its source.
    pub(crate) fn system(message: impl Into<String>, source: std::io::Error) -> Self {
        let mut error = Self::new(ErrorKind::System, message);
        error.0.source = Some(Box::new(source));
        error
    }

    pub(crate) fn failed(failure: Failure) -> Self {
        let mut error = Self::new(ErrorKind::Failed, String::new());
        error.0.failure = Some(failure);
        error
    }

    /// What a scope's body said, with the first failure among its codelets, unless the body told of one itself.
    pub(crate) fn beside(mut self, failure: Failure) -> Self {
        self.0.failure.get_or_insert(failure);
        self
    }

    pub(crate) fn stuck_scope(waiting: Vec<Waiting>) -> Self {
        let mut error = Self::new(ErrorKind::Stuck, String::new());
        error.0.stuck = waiting;
        error
    }

    /// With the first codelet that failed before or meanwhile, and what the scope's body said, if that was an error.
    pub(crate) fn cancelled(
        cancellation: Cancellation,
        failure: Option<Failure>,
        said: Option<Error>,
    ) -> Self {
        let mut error = Self::new(ErrorKind::Cancelled, String::new());
        error.0.cancellation = Some(cancellation);
        error.0.failure = failure;
        error.0.source = said.map(Error::into_std);
        error
    }

    /// The kind, to react to.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The first failure, for [`ErrorKind::Failed`]. For [`ErrorKind::Cancelled`], and for an error that the body of
    /// [`finish`](crate::Runtime::finish) returned, too, if a codelet failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.0.failure.as_ref()
    }

    /// The codelets that wait, for [`ErrorKind::Stuck`]; else empty.
    pub fn stuck(&self) -> &[Waiting] {
        &self.0.stuck
    }

    /// Why the scope was cancelled and what was left, for [`ErrorKind::Cancelled`].
    pub fn cancellation(&self) -> Option<&Cancellation> {
        self.0.cancellation.as_ref()
    }

    /// The same error as a [`std::error::Error`], for code that collects those.
    pub fn into_std(self) -> Box<dyn std::error::Error + Send + Sync> {
        Box::new(StdError(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, .. } = &*self.0;
        let besides = match (&self.0.cancellation, kind) {
            (Some(cancellation), _) => {
                write!(f, "{cancellation}")?;
                "; before that or meanwhile "
            }
            (None, ErrorKind::Stuck) if message.is_empty() => {
                write_stuck(f, &self.0.stuck)?;
                "\nbesides, "
            }
            (None, _) if message.is_empty() => "",
            (None, _) => {
                f.write_str(message)?;
                if let (ErrorKind::System, Some(source)) = (kind, &self.0.source) {
                    write!(f, ": {source}")?;
                }
                "; besides, "
            }
        };
        match &self.0.failure {
            Some(failure) => write!(f, "{besides}{failure}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, at, cause) = (&self.codelet, self.spawned_at, &self.cause);
        match self.origin {
            Origin::Codelet => {
                let verb = if self.panicked { "panicked" } else { "failed" };
                write!(f, "codelet `{name}`, spawned at {at}, {verb}: {cause}")?;
            }
            Origin::Event => write!(
                f,
                "event `{name}`, made at {at}, cannot come any more: {cause}"
            )?,
            Origin::Scope => write!(f, "a scope, at {at}, was {cause}")?,
        }
        match (self.counted, self.failed) {
            (true, 0 | 1) | (false, 0) => (),
            (true, failed) => write!(f, "; {failed} codelets failed in all, this one first")?,
            (false, failed) => write!(f, "; {failed} of the scope's codelets failed later")?,
        }
        match (self.skipped, self.origin) {
            (0, _) => Ok(()),
            (skipped, Origin::Event) => write!(
                f,
                "; {skipped} skipped, since they wait for it, or depend on what others were to write"
            ),
            (skipped, _) => write!(
                f,
                "; {skipped} skipped, since they depend on what failed codelets were to write"
            ),
        }
    }
}

impl fmt::Display for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rounds) = self.rounds {
            let s = if rounds == 1 { "" } else { "s" };
            return write!(
                f,
                "the replay was cancelled: {}; {rounds} round{s} ran, all of each",
                self.reason
            );
        }
        write!(
            f,
            "the scope was cancelled: {}; {} codelets ran, {} were not started",
            self.reason, self.ran, self.not_started
        )
    }
}

fn write_stuck(f: &mut fmt::Formatter<'_>, waiting: &[Waiting]) -> fmt::Result {
    const SHOWN: usize = 20;
    write!(
        f,
        "the scope is stuck: nothing runs, and {} codelet(s) wait for what can no longer come",
        waiting.len()
    )?;
    for w in waiting.iter().take(SHOWN) {
        write!(
            f,
            "\n  `{}`, spawned at {}, waits for {}",
            w.codelet,
            w.spawned_at,
            w.waits_for.join(" and ")
        )?;
    }
    if waiting.len() > SHOWN {
        write!(
            f,
            "\n  and {} more (see Error::stuck)",
            waiting.len() - SHOWN
        )?;
    }
    Ok(())
}

impl fmt::Debug for Error {
    /// As it is shown, since `main` prints errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        let mut error = Self::new(ErrorKind::User, source.to_string());
        error.0.source = Some(Box::new(source));
        error
    }
}

struct StdError(Error);

impl fmt::Debug for StdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for StdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for StdError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.0.source.as_deref()?;
        Some(source)
    }
}
