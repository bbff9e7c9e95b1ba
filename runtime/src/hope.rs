//! Whether some scope may be stuck at all: none is if in each of them somebody waits for what comes from outside. That is seen in pieces, so
//! that who begins something meanwhile waits for a few pieces alone, however many wait. See `docs/design/stuck.md`.

use crate::shared::Shared;
use crate::stuck::{NoLook, Still};
use crate::sync::atomic::Ordering;
use crate::waiting::{ENTRIES, PIECE};
use std::collections::HashMap;
use std::time::Duration;

/// So long a scope that may be stuck is put off by looks that are given up since something moves; then the whole look is made. It takes some
/// hundred milliseconds if a million codelets wait: a busy program is not kept waiting by it most of the time.
const LONGEST_PUT_OFF: Duration = Duration::from_secs(1);

/// A look for hope, between two pieces.
pub(crate) struct Hope {
    /// The engines' claims when it began: more say that something has moved.
    claims: u64,
    /// Codelets that access files and were not looked at yet; `None` when it begins. No more come while nothing moves, and each that ends
    /// sets `looked_at`.
    files: Option<Vec<u32>>,
    /// The record that comes next; `None` when all were looked at.
    next: Option<u32>,
    /// The scopes in which somebody waits, and whether one was seen there who waits for something outside.
    scopes: HashMap<u32, bool>,
    /// The most that one piece has looked at.
    pub(crate) longest: usize,
}

impl Shared {
    /// Whether each scope in which somebody waits has hope from outside. Nothing if something moves, or has moved since the engines had so
    /// many claims. Who takes a hope away meanwhile sets `looked_at`, which is these claims before. For a control engine's routine: what
    /// cannot wait for the end of it is done between the pieces.
    pub(crate) fn all_have_hope(&self, claims: u64) -> Option<bool> {
        let mut hope = Hope::new(claims);
        self.in_pieces(|| {
            self.look_at_deadlines();
            self.fire_timers();
            hope.go_on(self)
        })?;
        Some(hope.for_all())
    }

    /// A look was given up: whether all were for too long.
    pub(crate) fn is_put_off_too_long(&self) -> bool {
        let now = self.cancelling.now_ns();
        let since = self.put_off_since.fetch_min(now, Ordering::Relaxed);
        u128::from(now.saturating_sub(since)) >= LONGEST_PUT_OFF.as_nanos()
    }
}

impl Hope {
    pub(crate) fn new(claims: u64) -> Self {
        Hope {
            claims,
            files: None,
            next: Some(0),
            scopes: HashMap::new(),
            longest: 0,
        }
    }

    pub(crate) fn for_all(&self) -> bool {
        self.scopes.values().all(|has| *has)
    }

    /// One more piece: whether there is another one.
    pub(crate) fn go_on(&mut self, shared: &Shared) -> Result<bool, NoLook> {
        let claims = self.claims;
        let same = || {
            let looked_at = shared.looked_at.load(Ordering::Relaxed);
            shared.claims() == claims && looked_at == claims
        };
        let more = shared.while_still(|| same().then(|| self.look(shared)));
        more?.ok_or(NoLook::Moves)
    }

    fn look(&mut self, shared: &Shared) -> bool {
        let still = Still::nothing(shared, ENTRIES);
        let more = self.look_by(&still, shared);
        self.longest = self.longest.max(still.visited());
        more
    }

    fn look_by(&mut self, still: &Still<'_>, shared: &Shared) -> bool {
        // An access to a file will end.
        let files = self.files.get_or_insert_with(|| shared.io.in_flight());
        while let Some(id) = files.pop() {
            self.scopes.insert(still.root(id), true);
            if still.visited() >= PIECE {
                return true;
            }
        }
        let Some(next) = self.next else { return false };
        let ids = shared.arena.ids_from(next, PIECE);
        self.next = ids.last().map(|last| last + 1);
        for id in ids {
            if still.visited() >= PIECE {
                self.next = Some(id);
                break;
            }
            still.visit(1);
            if !shared.waits(id) {
                continue;
            }
            let has = self.scopes.entry(still.root(id)).or_insert(false);
            *has = *has || still.waits_for_outside(id);
        }
        self.next.is_some()
    }
}
