//! Spans of the crate `tracing` in Sprat's trace: a layer for programs that use such spans already, or libraries that do. Behind the
//! feature `tracing`.
//!
//! ```
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! // Beside the layers that print, or send elsewhere.
//! let all = tracing_subscriber::registry().with(sprat::spans::Spans);
//! tracing_core::dispatcher::set_global_default(all.into()).unwrap();
//!
//! let path = std::env::temp_dir().join(format!("sprat-doc-spans-{}", std::process::id()));
//! let rt = sprat::Runtime::builder().trace(&path).build().unwrap();
//! rt.finish(|s| {
//!     s.codelet("solve").spawn((), |_, ()| {
//!         let _assembling = tracing::info_span!("assemble").entered();
//!     });
//!     Ok(())
//! })
//! .unwrap();
//! drop(rt);
//! let trace = std::fs::read(&path).unwrap();
//! assert!(trace.windows(8).any(|text| text == b"assemble"));
//! # std::fs::remove_file(&path).unwrap();
//! ```

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::trace::Event;
use std::cell::RefCell;
use tracing_core::Subscriber;
use tracing_core::span::Id;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A layer that notes, in the [trace](crate::Builder::trace) if one is kept, each span that a codelet's body enters and leaves: see the
/// module. Spans elsewhere, events and fields are none of its business. On a thread that works for no runtime, or for one that keeps no
/// trace, it costs next to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spans;

/// Makes a subscriber with [`Spans`] alone the one of this process. The variable `RUST_LOG` says which spans count: `info`,
/// `solver=debug,fft=off`; all, if it is not set. (It means nothing to Sprat otherwise.)
///
/// # Errors
/// [`ErrorKind::Config`] if the variable makes no sense, or the process has a subscriber; add [`Spans`] to that.
pub fn init() -> Result<()> {
    let wrong = |text: String| Error::new(ErrorKind::Config, text);
    let text = std::env::var("RUST_LOG").unwrap_or_default();
    let targets = match text.is_empty() {
        true => Targets::new().with_default(tracing_core::LevelFilter::TRACE),
        false => text.parse().map_err(|error| {
            wrong(format!(
                "the environment variable RUST_LOG is `{text}`: {error}; say for instance `info`, or `solver=debug,fft=off`"
            ))
        })?,
    };
    let all = tracing_subscriber::registry().with(Spans.with_filter(targets));
    tracing_core::dispatcher::set_global_default(all.into()).map_err(|_| {
        wrong("this process has a subscriber of the crate `tracing`; add the layer `sprat::spans::Spans` to that".to_owned())
    })
}

/// A codelet, with its generation.
type Body = (u32, u32);

thread_local! {
    /// The engines in whose noted bodies this thread is, the innermost last: a codelet may call another runtime, whose bodies run here
    /// too.
    static ENGINES: RefCell<Vec<*const ()>> = const { RefCell::new(Vec::new()) };
    /// Spans that were entered and not left, with the body and when.
    static OPEN: RefCell<Vec<(Id, Body, u64)>> = const { RefCell::new(Vec::new()) };
}

impl Engine<'_> {
    /// A body begins here that is noted, or goes on after others ran in its middle.
    #[inline]
    pub(crate) fn spans_begin(&self) {
        let me = std::ptr::from_ref(self).cast();
        // Nothing is noted while the thread ends.
        let _ = ENGINES.try_with(|all| all.borrow_mut().push(me));
    }

    /// It has ended, or others run in its middle.
    #[inline]
    pub(crate) fn spans_end(&self) {
        let me = std::ptr::from_ref(self).cast();
        let _ = ENGINES.try_with(|all| {
            let mut all = all.borrow_mut();
            if let Some(at) = all.iter().rposition(|&other| other == me) {
                all.truncate(at);
            }
        });
    }
}

/// The engine that runs the body that we are in, if it is noted.
fn engine<R>(f: impl FnOnce(&Engine<'_>) -> Option<R>) -> Option<R> {
    let last = ENGINES.try_with(|all| all.borrow().last().copied());
    let engine = last.ok()??.cast::<Engine<'_>>();
    // SAFETY: it is there, on this thread's stack: set when the body began, and taken back when it ended.
    f(unsafe { engine.as_ref() }?)
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        let now = engine(|engine| engine.tracer(|tracer| (tracer.cause, tracer.now())));
        if let Some((body, start)) = now {
            let _ = OPEN.try_with(|open| open.borrow_mut().push((id.clone(), body, start)));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        // Another thread-local of this thread may keep a span, and leave it after these are gone.
        let entered = OPEN.try_with(|open| {
            let mut open = open.borrow_mut();
            let at = open.iter().rposition(|(other, _, _)| other == id)?;
            Some(open.remove(at))
        });
        let (Ok(Some((_, body, start))), Some(metadata)) = (entered, context.metadata(id)) else {
            return;
        };
        engine(|engine| {
            // One that was entered in another body tells nothing of this one.
            let now = engine.tracer(|tracer| tracer.cause == body)?;
            now.then(|| {
                engine.trace(|tracer| Event::Span {
                    start,
                    end: tracer.now(),
                    codelet: tracer.cause.0,
                    kind: tracer.kind((metadata.name(), None)),
                });
            })
        });
    }
}
