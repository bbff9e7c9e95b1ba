//! The threads of a runtime: started, and sent home.

use crate::decide::plan::CeMode;
use crate::error::Result;
use crate::shared::Shared;
use crate::start_thread::start_thread;
use crate::sync::atomic::Ordering;
use crate::sync::thread;
use crate::topology::CpuSet;

/// Starts a thread for each seat and each control engine that is not one of them, and the one that shows the run.
pub(crate) fn start(
    shared: &std::sync::Arc<Shared>,
    pin: bool,
    stack: Option<usize>,
) -> Result<Vec<thread::JoinHandle<()>>> {
    let mut threads = Vec::new();
    for (xe, plan) in shared.plan.xes.iter().enumerate() {
        let (engine, cpus) = (shared.clone(), CpuSet::from_iter([plan.cpu]));
        threads.push(start_thread(
            format!("sprat-xe{xe}"),
            (pin.then_some(cpus), stack),
            move || {
                engine.seat_loop(xe as u16);
            },
        )?);
    }
    if shared.top.is_some() {
        // Whoever looks as soon as there is a runtime finds a page.
        shared.show_now();
        let engine = shared.clone();
        let show = move || engine.show();
        threads.push(start_thread("sprat-top".to_owned(), (None, None), show)?);
    }
    if shared.plan.mode != CeMode::Elastic {
        for (domain, plan) in shared.plan.domains.iter().enumerate() {
            let (engine, cpus) = (shared.clone(), plan.ce_cpus.iter().copied().collect());
            threads.push(start_thread(
                format!("sprat-ce{domain}"),
                (pin.then_some(cpus), None),
                move || {
                    engine.control_loop(&engine.domains[domain], engine.plan.polls(domain));
                },
            )?);
        }
    }
    Ok(threads)
}

impl Shared {
    /// Sends the engines home.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        if let Some(top) = &self.top {
            top.bed.wake();
        }
        for domain in &self.domains {
            domain.control.bed.wake();
        }
        for seat in &self.seats {
            let idle = &self.domains[usize::from(seat.domain)].idle;
            if idle.claim(usize::from(seat.place)) {
                idle.begin_search();
            }
            seat.occupancy.bed(false).wake();
        }
    }
}
