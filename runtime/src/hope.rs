//! Whether some scope may be stuck at all: none is if in each of them somebody waits for what comes from outside. That is seen in pieces, so
//! that who begins something meanwhile waits for one piece alone, however many wait. See `docs/design/stuck.md`.

use crate::shared::Shared;
use crate::stuck::{NoLook, Still};
use crate::sync::atomic::Ordering;
use crate::waiting::{ENTRIES, PIECE};
use std::collections::HashMap;

/// A look for hope, between two pieces.
pub(crate) struct Hope {
    /// The engines' claims when it began: more say that something has moved.
    claims: u64,
    /// The record that comes next; `None` when all were looked at.
    next: Option<u32>,
    /// The scopes in which somebody waits, and whether one was seen there who waits for something outside.
    scopes: HashMap<u32, bool>,
    /// The most that one piece has looked at.
    pub(crate) longest: usize,
}

impl Shared {
    /// Whether each scope in which somebody waits has hope from outside. Nothing if something moves, or has moved since the engines had so
    /// many claims. Who takes a hope away meanwhile sets `looked_at`, which is these claims before.
    pub(crate) fn all_have_hope(&self, claims: u64) -> Option<bool> {
        let mut hope = Hope::new(claims);
        self.in_pieces(|| hope.go_on(self))?;
        Some(hope.for_all())
    }
}

impl Hope {
    pub(crate) fn new(claims: u64) -> Self {
        Hope {
            claims,
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
        let Some(next) = self.next else { return false };
        let ids = shared.arena.ids_from(next, PIECE);
        self.next = ids.last().map(|last| last + 1);
        let still = Still::nothing(shared, ENTRIES);
        let mut looked = 0;
        for id in ids {
            if looked >= PIECE {
                self.next = Some(id);
                break;
            }
            looked += 1;
            if !shared.waits(id) {
                continue;
            }
            let has = self.scopes.entry(still.root(id)).or_insert(false);
            if !*has {
                let (found, entries) = still.waits_for_outside(id);
                *has = found;
                looked += entries;
            }
        }
        self.longest = self.longest.max(looked);
        self.next.is_some()
    }
}
