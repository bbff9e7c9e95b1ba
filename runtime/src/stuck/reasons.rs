//! What a codelet waits for, in words.

use super::Still;
use crate::bounds::Bounds;
use crate::codelet::flag;
use crate::engine::Engine;
use crate::entry::EntryKind;

/// Whether somebody waits in a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Yes,
    No,
    /// It has more in it than was looked at.
    Perhaps,
}

impl Found {
    /// The sentence, if it is so.
    fn tell(self, what: impl FnOnce() -> String) -> Option<String> {
        match self {
            Found::Yes => Some(what()),
            Found::No => None,
            Found::Perhaps => Some(format!("perhaps {}", what())),
        }
    }
}

impl Still<'_> {
    /// Whether an entry waits in a list of a one-shot, as far as these were looked at.
    fn is_in_list(&self, node: u32) -> Found {
        let longer = || {
            self.one_shot(node)
                .is_some_and(|event| self.longer.contains(&std::ptr::from_ref(event).addr()))
        };
        match self.in_lists.contains(&node) {
            true => Found::Yes,
            false if longer() => Found::Perhaps,
            false => Found::No,
        }
    }

    /// Whether a codelet waits in a block's queue, or for a part that starts there.
    fn is_in_queue(&self, queue: usize, id: u32, start: u64) -> Found {
        let parts = || self.in_parts.contains(&(queue, id, start));
        match self.in_queues.contains(&(queue, id)) || parts() {
            true => Found::Yes,
            false if self.longer.contains(&queue) => Found::Perhaps,
            false => Found::No,
        }
    }

    /// What a codelet waits for, as far as it was looked at.
    pub(crate) fn waits_for(&self, id: u32) -> Vec<String> {
        let arena = &self.shared.arena;
        let mut reasons = Vec::new();
        // SAFETY: it lives and nothing moves.
        let payload = unsafe { arena.record(id).vtable() }.payload;
        let mut entries = arena.entries(id, payload);
        let mut left = self.most;
        while let Some((node, entry)) = entries.next() {
            if left == 0 {
                reasons.push(format!(
                    "perhaps more: the first {} were looked at",
                    self.most
                ));
                break;
            }
            left -= 1;
            self.visit(1);
            let queue = || {
                let cell = Engine::queue_of(entry);
                let label = self.shared.blocks.label_of_slot(cell.slot);
                (std::ptr::from_ref(cell).addr(), label)
            };
            match entry.kind() {
                EntryKind::Block(mode) => {
                    let (address, label) = queue();
                    let found = self.is_in_queue(address, id, 0);
                    reasons.extend(found.tell(|| format!("block {label}, {mode}")));
                }
                EntryKind::Part(mode) => {
                    let (address, label) = queue();
                    let bounds = Bounds::take(&mut entries);
                    // The two of its bounds count where they are looked at.
                    left = left.saturating_sub(2);
                    let found = self.is_in_queue(address, id, bounds.extent.start());
                    reasons.extend(found.tell(|| format!("block {label} {bounds}, {mode}")));
                }
                EntryKind::Weak => (),
                EntryKind::Event => {
                    if let Some(event) = self.event(node) {
                        let who = match event.outside {
                            true => "to come from outside",
                            false => "which nobody can satisfy",
                        };
                        let found = self.is_in_list(node);
                        reasons.extend(found.tell(|| format!("event `{}`, {who}", event.name)));
                    }
                }
                kind => {
                    let what = match kind {
                        EntryKind::End => "end",
                        _ => "value",
                    };
                    match self.is_in_list(node) {
                        Found::Yes => {
                            // SAFETY: it has not fired, so it lives, and nothing moves.
                            let other = unsafe { arena.record(entry.target_record()).body() };
                            let (name, at) = (other.name, other.spawned_at);
                            reasons.push(format!("the {what} of `{name}`, spawned at {at}"));
                        }
                        Found::No => (),
                        // Of what may be no longer there nothing else can be told.
                        Found::Perhaps => {
                            reasons.push(format!("perhaps the {what} of another codelet"))
                        }
                    }
                }
            }
        }
        if arena.record(id).is_open() {
            reasons.push("a slot that nothing has come for".to_owned());
        }
        if reasons.is_empty() && arena.record(id).flags() & flag::AT_READY == 0 {
            reasons.push("what an earlier codelet of this list holds".to_owned());
        }
        reasons
    }
}
