//! Who stands in front of an access: whom it waits for.

use super::switch::joins;
use super::{AccessQueue, Extent, Mode, Place};

/// A place further in front than this is not looked for among those who wait, since the queue is locked meanwhile. (Parts that are in
/// use, or wait for others, are all looked at: to enter takes as long.)
const NEAR: usize = 1024;

/// How somebody wants a block, or a part of it.
type Wanted<'a> = (Mode, Option<&'a Extent>);

/// Whether one access waits for another in front of it, if nobody stands between the two.
fn waits_for((mode, part): Wanted<'_>, (other, others): Wanted<'_>) -> bool {
    if !joins(mode) || !joins(other) {
        return mode != other || !mode.shares();
    }
    let overlaps = match (part, others) {
        (Some(part), Some(others)) => part.overlaps(others),
        _ => true,
    };
    overlaps && (mode.writes() || other.writes())
}

impl<T: Copy + Default + PartialEq, M> AccessQueue<T, M> {
    /// Whom an access in `mode` to a part (`None`: to all of the block) waits for here: those in front of `who`, or with `None` of
    /// all that could still enter. The newest first, at most `most` and the holder, each with whether it is certain to be here: of
    /// those who hold the whole block side by side only the one that came last is known, which may have left before the others.
    /// Nobody, if `who` does not wait.
    pub fn in_front(
        &self,
        who: Option<T>,
        mode: Mode,
        part: Option<&Extent>,
        most: usize,
    ) -> Vec<(T, bool)> {
        let special = self.special.as_deref();
        let parts = special.and_then(|special| special.parts.as_ref());
        let mut to_come = parts.into_iter().flat_map(|parts| parts.to_come().rev());
        let mut front = Vec::new();
        // Whether those that are looked at stand in front of it already, and whether it waits for all of these, whatever they want.
        let (mut in_front, mut for_all) = (who.is_none(), false);
        for ticket in self.waiting.iter().rev().take(NEAR) {
            let others = match ticket.place {
                Place::Part => to_come.next(),
                Place::Whole | Place::Weak => None,
            };
            if !in_front {
                in_front = who == Some(ticket.who) && part == others;
            } else if for_all || waits_for((mode, part), (ticket.mode, others)) {
                if front.len() == most {
                    break;
                }
                front.push((ticket.who, true));
                for_all |= others.is_none();
            }
        }
        if self.in_parts()
            && let Some(parts) = parts
        {
            let within = parts.whole();
            let part = part.unwrap_or(&within);
            // Who waits to enter the queue of parts waits until it has drained.
            let for_all = !joins(mode) || in_front && !self.waiting.is_empty();
            let who = who.filter(|_| !in_front);
            let known = parts.in_front(who, (mode, part), for_all);
            let mut unknown = false;
            for other in known {
                match other {
                    Some(_) if front.len() == most => break,
                    Some(other) => front.push((other, true)),
                    None => unknown = true,
                }
            }
            if unknown && self.last != T::default() {
                front.push((self.last, false));
            }
            return front;
        }
        if !in_front {
            return front;
        }
        let certain = !self.held.shares();
        let waits = certain || self.held != mode || !front.is_empty();
        if self.last != T::default() && self.holders != 0 && waits {
            front.push((self.last, certain));
        }
        front
    }
}

#[cfg(test)]
mod tests;
