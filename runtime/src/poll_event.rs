//! Events that come when a function says so, which the runtime polls.

use crate::error::Result;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::trigger::Event;
use std::panic::Location;

#[track_caller]
fn poll_event<F>(shared: &Shared, name: &'static str, function: F) -> Event
where
    F: FnMut() -> Result<bool> + Send + 'static,
{
    Event::made(shared.add_poll(name, Location::caller(), Box::new(function)))
}

impl Runtime {
    /// An event that comes when `function` says that it has: for what happens outside and has no callback, such as requests of
    /// MPI, work of a GPU, or a word that another process writes. A scope with codelets that wait for it waits, too.
    ///
    /// The function returns `Ok(false)` as long as it has not come, then once `Ok(true)`. An error, or a panic, poisons the
    /// event: those who wait for it are skipped, and their scope tells why. After that it is not called again, and is
    /// dropped before they run. Dropping the event cancels nothing: the function is called until it says that it is over, or
    /// the runtime ends, which drops it. (So it must not own a handle of the runtime, which would never end.)
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// let rt = sprat::Runtime::new()?;
    /// let flag = Arc::new(AtomicBool::new(false));
    /// let seen = flag.clone();
    /// rt.finish(|s| {
    ///     let come = s.poll_event("the flag", move || Ok(seen.load(Ordering::Acquire)));
    ///     s.codelet("go on").after(&come).spawn((), |_, ()| println!("it has come"));
    ///     s.spawn((), move |_, ()| flag.store(true, Ordering::Release));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Who calls it, and how often
    ///
    /// The first domain's control engine calls it, and engines that look for work; all such functions of a runtime are called
    /// one at a time, from any of its threads, and from host threads that wait in a scope. It must return soon, since others
    /// wait for their turn, and must not wait for a scope: that is refused with
    /// [`ErrorKind::OnEngine`](crate::ErrorKind::OnEngine).
    ///
    /// The pause between two calls is an eighth of the time waited so far: at least 2 µs while some engine has nothing to do,
    /// 200 µs while all work, and at most 1 ms. (A control engine that sleeps wakes up some tens of microseconds after it
    /// wants to.) If the functions of a runtime take long, the pause is as long as all of them took, or seven times as long while all
    /// engines work.
    #[track_caller]
    pub fn poll_event<F>(&self, name: &'static str, function: F) -> Event
    where
        F: FnMut() -> Result<bool> + Send + 'static,
    {
        poll_event(self.shared(), name, function)
    }

    /// Ends polling for good, for interfaces of other languages, whose functions use what goes when they say that the runtime ends: no
    /// function is called any more when this returns, now or later, and the events that have not come are poisoned. It waits for the
    /// function that is being called, so that one may not call this.
    pub fn end_polling(&self) {
        self.shared().end_polling();
    }
}

impl Scope<'_> {
    /// An event that comes when `function` says that it has. See [`Runtime::poll_event`](crate::Runtime::poll_event).
    #[track_caller]
    pub fn poll_event<F>(&self, name: &'static str, function: F) -> Event
    where
        F: FnMut() -> Result<bool> + Send + 'static,
    {
        poll_event(self.frame().engine.shared, name, function)
    }
}
