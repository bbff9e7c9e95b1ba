//! Who used a cell last: found by going through the program, as often as there are rounds to look at.

use super::{Program, Use};
use crate::access::Mode;

/// Users that need not wait for each other.
pub(super) trait Group: Clone {
    /// What is known of a user.
    type User;

    /// Nobody.
    fn new() -> Self;

    /// One more. They come in program order.
    fn add(&mut self, user: Self::User);

    /// Those whom somebody must wait for who waits for all.
    fn each(&self, tell: impl FnMut(&Self::User));
}

/// Who used a cell last: a group of neighbours that need not wait for each other, and the group before.
#[derive(Clone)]
struct Cell<G> {
    mode: Option<Mode>,
    group: G,
    before: G,
}

/// The cells of a program.
pub(super) struct Cells<G>(Vec<Cell<G>>);

impl<G: Group> Cells<G> {
    pub(super) fn new(program: &Program) -> Self {
        let unused = Cell {
            mode: None,
            group: G::new(),
            before: G::new(),
        };
        Cells(vec![unused; program.cells()])
    }

    /// A codelet uses a cell: tells whom it waits for, and notes it.
    pub(super) fn enter(&mut self, one: &Use, user: G::User, wait_for: impl FnMut(&G::User)) {
        let cell = &mut self.0[one.cell as usize];
        if cell.mode != Some(one.mode) || !one.side_by_side() {
            cell.before = std::mem::replace(&mut cell.group, G::new());
            cell.mode = Some(one.mode);
        }
        cell.before.each(wait_for);
        cell.group.add(user);
    }
}
