//! What all engines of a runtime share.

use crate::alternates::Alternates;
use crate::arena::Arena;
use crate::block_table::{BlockTable, SlotCache};
use crate::cancel::Cancelling;
use crate::cap::Cap;
use crate::check::Check;
use crate::codelet::flag;
use crate::control::Control;
use crate::decide::plan::{DomainPlan, Plan};
use crate::decide::policy::Tuning;
use crate::decide::route::Here;
use crate::error::Result;
use crate::event::EventRef;
use crate::failure::FailureLog;
use crate::gate::Gate;
use crate::group::Groups;
use crate::guard::Trap;
use crate::homes::Homes;
use crate::id::{BlockId, CodeletId, RuntimeId};
use crate::idle::Idle;
use crate::io::Io;
use crate::ledger::Ledgers;
use crate::levels::{LevelStealers, Levels};
use crate::loads::Loads;
use crate::local::Local;
use crate::mutants::mutant;
use crate::polls::Polls;
use crate::seat::Seat;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, lock, thread};
use crate::timers::Timers;
use crate::top::Top;
use crate::tracing::Trace;
use crossbeam_deque::Injector;
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;
use std::sync::Weak;

/// A domain: the engines that share a last-level cache, and their control engine.
pub(crate) struct Domain {
    pub(crate) first: u16,
    pub(crate) count: u16,
    pub(crate) idle: Idle,
    /// Work from threads outside of all seats, and from other domains.
    pub(crate) injector: Injector<u32>,
    pub(crate) control: Control,
}

impl Domain {
    fn new(plan: &DomainPlan) -> Self {
        let idle = Idle::new(plan.xes.len());
        // Seats are born asleep: free for a host, or for who wakes their own thread.
        (0..plan.xes.len()).for_each(|place| idle.announce(place, false));
        Domain {
            first: plan.xes.start as u16,
            count: plan.xes.len() as u16,
            idle,
            injector: Injector::new(),
            control: Control::new(),
        }
    }
}

/// The seats of a plan, with what others may take from there beside their normal queues.
#[inline]
fn seats(
    plan: &Plan,
    homes: &Homes,
    check: Option<&Check>,
    (trace, top): (Option<&Trace>, Option<&Top>),
) -> (Vec<Seat<Local>>, Vec<LevelStealers>) {
    let seat = |(number, xe): (usize, &crate::decide::plan::XePlan)| {
        let here = Here {
            xe: number as u16,
            region: xe.region as u16,
        };
        let pool = homes.own_pool(here.region).clone();
        let mut local = Local::new(Some(here), xe.domain as u16, pool);
        local.any_order = check.map(Check::order);
        local.tracer = trace.map(Trace::join);
        local.marker = top.map(Top::marker);
        local.notes = trace.is_some() || top.is_some();
        local.others = plan.domains[xe.domain].xes.len() as u16 - 1;
        let stealer = local.queue.as_ref().expect("a seat has a queue").stealer();
        let tiers = local.levels.stealers();
        let place = number - plan.domains[xe.domain].xes.start;
        let at = (here.region, xe.domain as u16, place as u16);
        (Seat::new(local, stealer, at, xe.cpu), tiers)
    };
    plan.xes.iter().enumerate().map(seat).unzip()
}

/// See the module.
pub(crate) struct Shared {
    pub(crate) id: RuntimeId,
    this: Weak<Shared>,
    pub(crate) plan: Plan,
    pub(crate) tuning: Tuning,
    /// In the checking mode alone. Before the pools, whose memory it guards.
    pub(crate) check: Option<Box<Check>>,
    /// Who touched what, if account is kept.
    pub(crate) ledgers: Option<Ledgers>,
    /// What waits where, if codelets that say nothing run where their data is near: under the policy `locality`.
    pub(crate) loads: Option<Loads>,
    /// What is noted of the run, if a trace is kept.
    pub(crate) trace: Option<Trace>,
    /// Where the run is shown, if it is.
    pub(crate) top: Option<Top>,
    pub(crate) seats: Box<[Seat<Local>]>,
    pub(crate) domains: Box<[Domain]>,
    /// Work for a memory region, by its number.
    pub(crate) regions: Box<[Injector<u32>]>,
    /// The queues of the levels that are not normal.
    pub(crate) levels: Levels,
    /// What engines have measured of codelets' alternates.
    pub(crate) alternates: Alternates,
    /// Where groups of codelets are.
    pub(crate) groups: Groups,
    pub(crate) homes: Homes,
    pub(crate) blocks: BlockTable,
    pub(crate) failures: FailureLog,
    /// Records of codelets that failed in scopes that have ended, oldest first.
    pub(crate) failed_ends: Mutex<VecDeque<u32>>,
    /// The engines' claims when it was last looked whether scopes are stuck, and none was.
    pub(crate) looked_at: AtomicU64,
    /// Since when all such looks were given up ([`Cancelling::now_ns`]).
    pub(crate) put_off_since: AtomicU64,
    /// In a line of its own: every engine looks at it before each codelet.
    pub(crate) cancelling: CachePadded<Cancelling>,
    /// Where engines stop while the runtime is suspended.
    pub(crate) gate: CachePadded<Gate>,
    /// Whoever opens or shuts seats has it. Who changes what is aimed at has the second before it, so that all domains have theirs of the same.
    pub(crate) cap: Mutex<Cap>,
    pub(crate) aiming: Mutex<()>,
    pub(crate) trap: Trap,
    pub(crate) stop: AtomicBool,
    /// Scopes of host threads that have not ended.
    pub(crate) open_scopes: AtomicUsize,
    /// Bodies of host threads' scopes that run outside of all seats.
    pub(crate) outside_bodies: AtomicUsize,
    /// Somebody looks whether scopes are stuck: nobody may begin anything now.
    pub(crate) inspected: AtomicBool,
    /// For threads that come from outside to satisfy an event. The stuck report takes it too, so that nothing moves
    /// meanwhile.
    pub(crate) stranger: Mutex<Local>,
    /// Host threads that are in a scope and sit in no seat.
    pub(crate) outside: Mutex<Vec<thread::ThreadId>>,
    /// The next domain that gets work from outside.
    pub(crate) next_domain: AtomicU32,
    /// The last replay with codelets that certain engines alone may run.
    pub(crate) bound_replay: Mutex<Option<CodeletId>>,
    /// Events that fire when their time has come.
    pub(crate) timers: Timers,
    /// Functions that tell whether something outside has come.
    pub(crate) polls: Polls,
    /// Accesses to files that wait for a thread, or have one.
    pub(crate) io: Io,
    // Last, so that it goes last: records live in the pools' memory.
    pub(crate) arena: Arena,
}

impl Shared {
    /// The state of a runtime whose engines are still to be started.
    pub(crate) fn new(
        id: RuntimeId,
        plan: Plan,
        tuning: Tuning,
        homes: Homes,
        check: Option<Box<Check>>,
        (ledgers, trace, top): (Option<Ledgers>, Option<Trace>, Option<Top>),
    ) -> Result<std::sync::Arc<Self>> {
        let arena = Arena::new()?;
        let noted = (trace.as_ref(), top.as_ref());
        let (seats, tiers) = seats(&plan, &homes, check.as_deref(), noted);
        let mut stranger = Local::new(None, 0, homes.outside_pool().clone());
        stranger.tracer = trace.as_ref().map(Trace::join);
        Ok(std::sync::Arc::new_cyclic(|this| Shared {
            id,
            this: this.clone(),
            seats: seats.into(),
            levels: Levels::new(tiers.into(), plan.domains.len(), plan.regions),
            alternates: Alternates::new(plan.xes.len()),
            groups: Groups::new(),
            check,
            loads: Ledgers::watch(&ledgers).then(|| Loads::new(&plan)),
            ledgers,
            trace,
            top,
            domains: plan.domains.iter().map(Domain::new).collect(),
            regions: (0..plan.regions).map(|_| Injector::new()).collect(),
            blocks: BlockTable::new(),
            failures: FailureLog::default(),
            failed_ends: Mutex::new(VecDeque::new()),
            looked_at: AtomicU64::new(u64::MAX),
            put_off_since: AtomicU64::new(u64::MAX),
            cancelling: CachePadded::new(Cancelling::new()),
            gate: CachePadded::new(Gate::new(plan.xes.len())),
            cap: Mutex::new(Cap::new(plan.xes.len())),
            aiming: Mutex::new(()),
            trap: Trap::new(),
            stop: AtomicBool::new(false),
            open_scopes: AtomicUsize::new(0),
            outside_bodies: AtomicUsize::new(0),
            inspected: AtomicBool::new(false),
            stranger: Mutex::new(stranger),
            outside: Mutex::new(Vec::new()),
            bound_replay: Mutex::new(None),
            next_domain: AtomicU32::new(0),
            timers: Timers::new(),
            polls: Polls::new(),
            io: Io::new(),
            arena,
            plan,
            tuning,
            homes,
        }))
    }

    /// An event. If threads outside of the runtime may satisfy it, cancelled scopes will find who waits for it.
    #[inline]
    pub(crate) fn new_event(&self, name: &'static str, outside: bool) -> EventRef {
        let event = EventRef::new(self.id, name, outside);
        if outside {
            lock(&self.cancelling.outside).add(event.clone());
        }
        event
    }

    /// A handle that keeps this alive.
    #[inline]
    pub(crate) fn hold(&self) -> std::sync::Arc<Shared> {
        self.this.upgrade().expect("whoever asks has it alive")
    }

    /// Makes a block that belongs to an engine, with its place as a word, made by codelet `owner` (0: everybody may use it).
    #[inline]
    pub(crate) fn make_block(
        &self,
        local: &mut Local,
        bytes: usize,
        owner: u32,
        belongs: (u16, u64),
    ) -> Result<BlockId> {
        let made = self
            .blocks
            .make(self.id, &mut local.slots, bytes, owner, belongs)?;
        if owner != 0 {
            local.made_blocks = true;
            self.push_made(owner, made.slot());
        }
        if let Some(check) = &self.check {
            self.check_made(check, made.slot(), bytes, owner);
        }
        Ok(made)
    }

    /// A block goes that was made for everybody, and that nobody has been told of.
    #[cold]
    pub(crate) fn unmake_block(&self, local: &mut Local, id: BlockId) {
        if let Some(check) = &self.check {
            let gone = check.destroyed(id.slot(), None, self.homes.pools());
            gone.expect("it has no memory");
        }
        self.blocks.end(id.slot(), &mut local.slots);
    }

    /// The domain of an engine.
    #[inline]
    pub(crate) fn domain_of(&self, xe: u16) -> &Domain {
        &self.domains[usize::from(self.seats[usize::from(xe)].domain)]
    }

    /// Work was made visible to the domain: wakes one of its engines if all that are awake are busy.
    #[inline]
    pub(crate) fn notify(&self, domain: &Domain) {
        if let Some(place) = domain.idle.notify() {
            self.seats[usize::from(domain.first) + place]
                .occupancy
                .wake();
        } else if self.domains.len() > 1 {
            self.offer(domain);
        }
    }

    /// Whether there is no engine but one.
    #[inline(always)]
    pub(crate) fn is_alone(&self) -> bool {
        self.seats.len() == 1
    }

    /// Something was put in an engine's own queue: tells the sleepers, or that somebody must watch it.
    #[inline(always)]
    pub(crate) fn tell_sleepers(&self, domain: u16, tell: impl FnOnce() -> bool) {
        // Else there is nobody to tell.
        if !self.is_alone() {
            let domain = &self.domains[usize::from(domain)];
            match tell() {
                true => self.notify(domain),
                false => self.watch(domain),
            }
        }
    }

    /// A lone codelet was put in an engine's own queue, and nobody was told: if others sleep, somebody must watch that it
    /// is not left behind a long body.
    #[inline]
    pub(crate) fn watch(&self, domain: &Domain) {
        let control = &domain.control;
        if !control.watching.load(Ordering::Relaxed)
            && domain.idle.is_any_asleep()
            && !control.requested.load(Ordering::Relaxed)
        {
            self.request(domain);
        }
    }

    /// All engines of a domain are awake: if another domain sleeps, its control engine may fetch some of the work.
    #[cold]
    fn offer(&self, domain: &Domain) {
        let queued = || self.queued(domain);
        for other in &self.domains {
            if !std::ptr::eq(other, domain)
                && other.idle.open() > 0
                && other.idle.asleep() == other.idle.seats()
                && queued() > usize::from(domain.count)
            {
                self.request(other);
                return;
            }
        }
    }

    /// Wakes an engine to which work was posted, if it sleeps.
    #[inline]
    pub(crate) fn notify_xe(&self, xe: u16) {
        let seat = &self.seats[usize::from(xe)];
        if self.domain_of(xe).idle.notify_seat(usize::from(seat.place)) {
            seat.occupancy.wake();
        }
    }

    /// Wakes the host that sits in this seat, if it sleeps, to see that its scope has ended. Not the seat's own thread, if the
    /// host has seen that already and has left.
    pub(crate) fn notify_host(&self, xe: u16) {
        if self.seats[usize::from(xe)].occupancy.has_host() {
            self.notify_xe(xe);
        }
    }

    /// Wakes an engine of a memory region to which work was posted, if one sleeps.
    pub(crate) fn wake_in_region(&self, region: u16) {
        let somebody = |seat: &&Seat<Local>| {
            let idle = &self.domains[usize::from(seat.domain)].idle;
            seat.region == region && idle.notify_seat(usize::from(seat.place))
        };
        // P2, before the cap is looked at, too: who has just been shut sees the work, or its seat is seen shut.
        fence(Ordering::SeqCst);
        let is_any_open = self.is_region_open(region);
        let may = |seat: &&Seat<Local>| !is_any_open || !self.is_shut(seat);
        if let Some(seat) = self.seats.iter().filter(may).find(somebody) {
            seat.occupancy.wake();
        }
    }

    /// Asks a control engine to decide.
    #[inline]
    pub(crate) fn request(&self, domain: &Domain) {
        domain.control.ask();
    }

    /// Codelets in queues of a domain that others may take from; an inbox that is not empty counts as one.
    #[inline]
    pub(crate) fn queued(&self, domain: &Domain) -> usize {
        let at = |seat: &Seat<Local>| seat.queued() + usize::from(!seat.inbox.is_empty());
        domain.injector.len()
            + self.seats_of(domain).iter().map(at).sum::<usize>()
            + self.queued_levelled(domain)
    }

    /// The seats of a domain.
    #[inline]
    pub(crate) fn seats_of(&self, domain: &Domain) -> &[Seat<Local>] {
        &self.seats[usize::from(domain.first)..][..usize::from(domain.count)]
    }

    /// Whether there is anything that an engine of this seat could run now: what a sleeper looks at once more (S3).
    #[inline]
    pub(crate) fn has_work(&self, seat: &Seat<Local>) -> bool {
        let domain = &self.domains[usize::from(seat.domain)];
        !seat.pinned.is_empty()
            || !domain.injector.is_empty()
            || !self.regions[usize::from(seat.region)].is_empty()
            || !seat.has_none()
            || (self.seats_of(domain).iter()).any(|other| {
                !other.inbox.is_empty() || other.queued() > usize::from(!other.lone.is_told())
            })
            || self.has_levelled(seat)
    }

    /// Blocks, linked through `next_made`, whose maker has ended go to its parent: a codelet, or everybody.
    #[cold]
    pub(crate) fn hand_up_blocks(&self, first: u32, parent: u32, cache: &mut SlotCache) {
        let mut heir = parent;
        while self.arena.record(heir).flags() & flag::SCOPE != 0 {
            heir = self.arena.record(heir).parent.load(Ordering::Relaxed);
        }
        if self.arena.record(heir).flags() & flag::ROOT != 0 {
            heir = 0;
        }
        let mut at = first;
        while at != 0 {
            let slot = self.blocks.slot(at - 1);
            let next = slot.next_made.load(Ordering::Relaxed);
            // If it is destroyed between these two steps, it waits in the list until the heir hands it up. The heir cannot
            // end meanwhile: we are its descendant, and have not told it of our end.
            if self.blocks.inherit(at - 1, heir, cache) && heir != 0 {
                self.push_made(heir, at - 1);
            }
            at = next;
        }
    }

    /// Adds a block to those that a codelet made.
    #[inline]
    pub(crate) fn push_made(&self, owner: u32, slot: u32) {
        let list = &self.arena.record(owner).made;
        let block = self.blocks.slot(slot);
        let mut head = list.load(Ordering::Relaxed);
        loop {
            // Numbers in the list are one more, so that 0 ends it.
            block.next_made.store(head, Ordering::Relaxed);
            // Release pairs with the Acquire of whoever ends the heir (its live count).
            match list.compare_exchange_weak(head, slot + 1, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Waits until nobody looks whether scopes are stuck. After the caller has made itself seen: by a claimed seat, or
    /// in `outside_bodies`.
    #[inline]
    pub(crate) fn wait_for_inspection(&self) {
        wait_for_inspection(&self.inspected, &self.stranger);
    }
}

/// See [`Shared::wait_for_inspection`].
#[inline]
pub(crate) fn wait_for_inspection<T>(inspected: &AtomicBool, inspector: &Mutex<T>) {
    // Pairs with the fence in `still`: either we see the inspection, or it sees us and ends.
    if !mutant!("inspection_no_host_fence") {
        fence(Ordering::SeqCst);
    }
    // Acquire pairs with the Release in `Shared::end_stuck_scopes`: what we do comes after what it looked at.
    let order = if mutant!("inspection_look_relaxed") {
        Ordering::Relaxed
    } else {
        Ordering::Acquire
    };
    if inspected.load(order) {
        drop(lock(inspector));
    }
}

/// Whether nothing moves: all these seats sleep, no body is open `outside` of them, and `quiet` finds all queues empty, and
/// was so for an instant. Claims are counted before and after the queues are looked at: an engine that takes its
/// announcement back, and then the last codelet from a queue, is noticed by its claim. Proof: `docs/design/stuck.md`; model:
/// `models/stuck.rs`.
pub(crate) fn still<'a>(
    idles: impl Iterator<Item = &'a Idle> + Clone,
    outside: &AtomicUsize,
    quiet: impl FnOnce() -> bool,
) -> bool {
    let claims = || idles.clone().map(Idle::claims).sum::<u64>();
    let all_asleep = || idles.clone().all(|idle| idle.asleep() == idle.seats());
    let before = claims();
    // Pairs with the fences in `wait_for_inspection` and in `Idle::claim`.
    if !mutant!("inspection_no_fence") {
        fence(Ordering::SeqCst);
    }
    let at_rest = all_asleep() && outside.load(Ordering::Relaxed) == 0;
    // Pairs with the Release in `Idle::announce` and with the counts down of `outside_bodies`: what they put in queues
    // before is seen when those are looked at.
    if !mutant!("inspection_looks_early") {
        fence(Ordering::Acquire);
    }
    let still = at_rest && quiet();
    // Pairs with the fence in `Idle::claim`.
    fence(Ordering::SeqCst);
    still && all_asleep() && claims() == before
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.id.release();
    }
}
