//! What users add to a trace: counters and spans.

use crate::scope::Scope;
use crate::trace::Event;

impl Scope<'_> {
    /// Notes a counter's value in the [trace](crate::Builder::trace), if one is kept; else it costs next to nothing. What `sprat export -f chrome`
    /// writes has how it went over time.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let residual = rt.block::<f64>(1)?;
    /// rt.finish(|s| {
    ///     s.codelet("sweep").spawn(residual.read_write(), |s, residual| {
    ///         residual[0] = 0.5;
    ///         s.count("residual", residual[0]);
    ///     });
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn count(&self, name: &'static str, value: f64) {
        self.frame().engine.trace(|tracer| Event::Count {
            time: tracer.now(),
            value,
            codelet: tracer.cause.0,
            kind: tracer.kind((name, None)),
        });
    }

    /// Whether a [trace](crate::Builder::trace) is kept: for who would take pains to make a name.
    pub fn is_traced(&self) -> bool {
        self.frame().engine.shared.trace.is_some()
    }

    /// Begins a span: a part of this body with a name, noted in the [trace](crate::Builder::trace), if one is kept; what `sprat export -f chrome`
    /// writes shows it. It ends when what this returns is dropped.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// rt.finish(|s| {
    ///     s.codelet("solve").spawn((), |s, ()| {
    ///         let assembling = s.span("assemble");
    ///         let matrix = vec![1.0; 100];
    ///         drop(assembling);
    ///         let _factoring = s.span("factor");
    ///         assert_eq!(matrix.iter().sum::<f64>(), 100.0);
    ///     });
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use = "the span ends when this is dropped: give it a name that begins with `_`"]
    pub fn span(&self, name: &'static str) -> Span<'_> {
        Span {
            scope: self.frame(),
            name,
            start: self.frame().engine.trace_now(),
        }
    }
}

/// A part of a body: see [`Scope::span`].
pub struct Span<'a> {
    scope: &'a crate::engine::Frame<'a>,
    name: &'static str,
    start: Option<u64>,
}

impl std::fmt::Debug for Span<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Span").field(&self.name).finish()
    }
}

impl Drop for Span<'_> {
    fn drop(&mut self) {
        let Some(start) = self.start else { return };
        self.scope.engine.trace(|tracer| Event::Span {
            start,
            end: tracer.now(),
            codelet: tracer.cause.0,
            kind: tracer.kind((self.name, None)),
        });
    }
}
