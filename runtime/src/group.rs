//! Groups: codelets that would like to run on the same engine.

use crate::affinity::Affinity;
use crate::id::{CodeletId, RuntimeId};
use crate::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

/// Codelets that stay together: see [`Options::with`](crate::Options::with). A name, freely copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    pub(crate) runtime: RuntimeId,
    pub(crate) number: u16,
}

impl Group {
    /// The group with this number, if there can be one.
    pub(crate) fn with_number(runtime: RuntimeId, number: u16) -> Option<Self> {
        (usize::from(number) < GROUPS).then_some(Group { runtime, number })
    }
}

/// Groups that are told apart at a time.
const GROUPS: usize = 1 << 14;

/// In a group's word: it was sent there, and no member has started there yet. Engines' numbers are below.
const SENT: u16 = 1 << 15;

/// Where the groups are: hints, read and written without order.
#[derive(Debug)]
pub(crate) struct Groups {
    /// The engine of each group plus one, or 0 as long as no member has started.
    homes: Box<[AtomicU16]>,
    next: AtomicU32,
    /// Codelets that others may stay with, with their groups: who comes later takes the place of an earlier one.
    members: Box<[(AtomicU64, AtomicU16)]>,
}

/// Codelets whose groups are remembered at a time: a power of two.
const MEMBERS: usize = 1 << 12;

impl Groups {
    pub(crate) fn new() -> Self {
        let nobody = |_| (AtomicU64::new(0), AtomicU16::new(0));
        Groups {
            homes: (0..GROUPS).map(|_| AtomicU16::new(0)).collect(),
            next: AtomicU32::new(0),
            members: (0..MEMBERS).map(nobody).collect(),
        }
    }

    /// The place of a codelet's name among the members, and the name.
    fn member(&self, id: CodeletId) -> (&(AtomicU64, AtomicU16), u64) {
        let [name, _] = id.bits();
        let mixed = name.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let place = mixed >> (u64::BITS - MEMBERS.trailing_zeros());
        (&self.members[place as usize], name)
    }

    /// A codelet was spawned in a group. Two at once in one place may get each other's: then some run together that need not. (Relaxed
    /// for that reason: these are hints, and nothing is read by them.)
    pub(crate) fn remember(&self, id: CodeletId, group: u16) {
        let (member, name) = self.member(id);
        member.1.store(group, Ordering::Relaxed);
        member.0.store(name, Ordering::Relaxed);
    }

    /// The group of a codelet: that which it was remembered in, or else a new one.
    pub(crate) fn of(&self, runtime: RuntimeId, id: CodeletId) -> u16 {
        let (member, name) = self.member(id);
        if member.0.load(Ordering::Relaxed) == name {
            return member.1.load(Ordering::Relaxed);
        }
        let group = self.make(runtime).number;
        self.remember(id, group);
        group
    }

    /// A group that has no engine yet.
    pub(crate) fn make(&self, runtime: RuntimeId) -> Group {
        let number = self.next.fetch_add(1, Ordering::Relaxed) as usize % GROUPS;
        self.homes[number].store(0, Ordering::Relaxed);
        Group {
            runtime,
            number: number as u16,
        }
    }

    /// The affinity in a word of hints, with the present engine for a group.
    #[inline]
    pub(crate) fn resolve(&self, word: u32) -> Affinity {
        match Affinity::decode(word) {
            Affinity::Group(group) => {
                match self.homes[usize::from(group)].load(Ordering::Relaxed) & !SENT {
                    0 => Affinity::Anywhere,
                    home => Affinity::Prefer(home - 1),
                }
            }
            affinity => affinity,
        }
    }

    /// A member starts on this engine, and the group is there from now on.
    pub(crate) fn moves(&self, group: u16, xe: u16) {
        let home = &self.homes[usize::from(group)];
        match home.load(Ordering::Relaxed) {
            // Mostly it is there already, and its line stays shared.
            at if at == xe + 1 => (),
            // One that was on its way when the group was sent elsewhere does not take it back.
            at if at & SENT != 0 && at & !SENT != xe + 1 => (),
            _ => home.store(xe + 1, Ordering::Relaxed),
        }
    }

    /// The group is to be on this engine from now on; so it is once a member has started there.
    pub(crate) fn send(&self, group: u16, xe: u16) {
        self.homes[usize::from(group)].store((xe + 1) | SENT, Ordering::Relaxed);
    }
}
