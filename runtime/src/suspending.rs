//! Lending the cores to somebody else: no codelet runs between [`Runtime::suspend`] and [`Runtime::resume`].

use crate::cap::Cap;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::sync::{lock, thread, try_lock};

impl Runtime {
    /// Stops all execution engines, each between two codelets, and returns when they have stopped: until
    /// [`resume`](Runtime::resume) no codelet runs, and the engines' cores are free for others, for a region of OpenMP or the
    /// threads of a BLAS. So this waits for the bodies that run now, and sees all that they did.
    ///
    /// What is under way goes on where it was when the runtime is resumed, replays between two codelets, too. Meanwhile all may be
    /// called that does not wait for codelets. Bodies of scopes on other threads go on, and scopes may be opened there, but none ends
    /// that has codelets left. Control engines go on: events come, timers fire, polled functions are asked, files are read, deadlines
    /// pass. (A scope whose deadline has passed ends when the runtime is resumed.) They sleep while there is nothing to do, in all
    /// modes. Nobody looks for stuck scopes.
    ///
    /// Calls come in pairs, and may be nested, on one thread or several: the last `resume` lets the engines go. When the last handle
    /// of a suspended runtime is dropped, it ends as usual.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let sum = rt.block::<f64>(1)?;
    /// rt.write(sum, |sum| sum[0] = 2.0)?;
    /// rt.suspend()?;
    /// // Here all cores are the program's, or a library's.
    /// let busy: Vec<u64> = rt.xe_counts().iter().map(|xe| xe.ran).collect();
    /// rt.resume()?;
    /// assert_eq!(rt.read(sum, |sum| sum[0])?, 2.0);
    /// # assert_eq!(busy.len(), rt.xes());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OnEngine`] in a codelet or in the body of a scope, whose own end this would wait for.
    pub fn suspend(&self) -> Result<()> {
        let shared = self.shared();
        if shared.on_engine() {
            return Err(Error::new(
                ErrorKind::OnEngine,
                "`suspend` waits until no codelet runs, so no codelet or scope's body can call it; call it before the scope, or on another thread",
            ));
        }
        let _alone = lock(&shared.gate.changes);
        let is_first = lock(&shared.gate.holders).is_empty();
        if is_first {
            shared.stop_engines();
        }
        lock(&shared.gate.holders).push(thread::current().id());
        Ok(())
    }

    /// Takes one [`suspend`](Runtime::suspend) back, on whichever thread it was called: this thread's last one, or if it has none the
    /// last of all. Engines go on when all are taken back.
    ///
    /// # Errors
    /// [`ErrorKind::Suspended`] if the runtime is not suspended.
    pub fn resume(&self) -> Result<()> {
        let shared = self.shared();
        let none = || {
            Error::new(
                ErrorKind::Suspended,
                "`resume` without a `suspend`: the runtime is not suspended; each `suspend` is taken back once",
            )
        };
        let _alone = loop {
            if lock(&shared.gate.holders).is_empty() {
                return Err(none());
            }
            // Never wait for it: who has it may be about to suspend, and wait for the engine whose thread calls this, from a codelet
            // or a polled function.
            match try_lock(&shared.gate.changes) {
                Some(alone) => break alone,
                None => thread::yield_now(),
            }
        };
        let mut holders = lock(&shared.gate.holders);
        let me = thread::current().id();
        let mine = holders.iter().rposition(|&holder| holder == me);
        let at = mine.or_else(|| holders.len().checked_sub(1));
        holders.remove(at.ok_or_else(none)?);
        let is_last = holders.is_empty();
        drop(holders);
        if is_last {
            shared.let_engines_go();
        }
        Ok(())
    }

    /// Lets the first `xes` execution engines work, and the others sleep: a cap that can change while the runtime runs. It has as
    /// many at its start as it was built with ([`xes`](Runtime::xes)), and can never have more.
    ///
    /// An engine beyond the cap ends the codelet that it runs, hands on what others may run, and sleeps. (In a replay it goes on for a
    /// few hundred microseconds, or to the end of its round, if that is later.) This does not wait for that, so codelets may call it.
    /// Hosts sit down in seats below the cap.
    ///
    /// A cap is about work that may run anywhere, and holds up no scope: what nobody else may run still runs beyond it
    /// ([`on_xe`](crate::Options::on_xe), and [`on_region`](crate::Options::on_region) if all engines of the region are beyond the
    /// cap). So does a replay of which no engine below the cap has taken a part when the cap comes, or whose graph is one codelet.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::builder().xes(2).oversubscribe(true).build()?;
    /// rt.set_xes(1)?;
    /// // The other core has something else to do.
    /// rt.finish(|s| {
    ///     (0..100).for_each(|_| _ = s.spawn((), |_, ()| ()));
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.xe_counts()[1].ran, 0);
    /// rt.set_xes(rt.xes())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if `xes` is 0 (see [`suspend`](Runtime::suspend)) or more than there are.
    pub fn set_xes(&self, xes: usize) -> Result<()> {
        let shared = self.shared();
        let most = shared.seats.len();
        if !(1..=most).contains(&xes) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{xes} execution engines cannot work: this runtime has {most}, so from 1 to {most} can; to stop all of them, suspend it"
                ),
            ));
        }
        shared.set_open(xes);
        Ok(())
    }

    /// How many execution engines may work: what [`set_xes`](Runtime::set_xes) said last.
    pub fn open_xes(&self) -> usize {
        lock(&self.shared().cap).seats
    }

    /// The execution engines that are relieved just now, by number: they limp, or stand still, while others have nothing to do. They get no
    /// work that others may run, as if they were beyond the [cap](Runtime::set_xes), until they are well, or are tried again.
    ///
    /// Who decides that are the control engines, by what the system says of the engines' threads: one limps that has
    /// had less than a third of the processor time that the others have had of the time for which they wanted it (a quota of its
    /// control group, another program on its core), and stands still when it has had none for 48 ms (it is
    /// frozen, or waits for the system). What such an engine has begun is waited for. It is tried again after
    /// four seconds, then eight, and so on up to four minutes. Where the system does not tell, nobody is relieved: Linux does, in
    /// `/proc/self/task/*/schedstat`. Nobody is, either, who is the only one below the cap.
    /// And only where it is asked for: [`Builder::relieve`](crate::Builder::relieve).
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let builder = sprat::Runtime::builder().xes(2).oversubscribe(true);
    /// let rt = builder.relieve(true).build()?;
    /// assert_eq!(rt.relieved_xes(), []);
    /// # Ok(())
    /// # }
    /// ```
    pub fn relieved_xes(&self) -> Vec<usize> {
        Cap::which(&lock(&self.shared().cap).relieved)
    }

    /// The execution engines that the policies `energy` and `energy_delay` have turned off just now, by number: they get no work that others
    /// may run, as if they were beyond the [cap](Runtime::set_xes). None under other policies.
    pub fn turned_off_xes(&self) -> Vec<usize> {
        Cap::which(&lock(&self.shared().cap).off)
    }

    /// For tests: relieves an engine, or relieves it no more, as a control engine would that has seen it limp.
    #[doc(hidden)]
    pub fn relieve_xe(&self, xe: usize, relieved: bool) {
        self.shared().relieve(xe, relieved);
    }
}

impl Shared {
    /// Before a host waits for codelets: a thread that has suspended the runtime would wait for itself.
    #[inline]
    pub(crate) fn refuse_the_suspender(&self) -> Result<()> {
        match self.gate.is_shut() {
            true => self.refuse_if_mine(),
            false => Ok(()),
        }
    }

    #[cold]
    fn refuse_if_mine(&self) -> Result<()> {
        if !lock(&self.gate.holders).contains(&thread::current().id()) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Suspended,
            "this thread has suspended the runtime, so it cannot wait for codelets (nor `read` or `write` blocks): they would wait for its `resume`; resume first",
        ))
    }

    /// The last handle goes.
    pub(crate) fn end_suspension(&self) {
        let was_held = !std::mem::take(&mut *lock(&self.gate.holders)).is_empty();
        if was_held {
            let _alone = lock(&self.gate.changes);
            self.let_engines_go();
        }
    }
}
