//! Who used a cell last: found by going through the program, as often as there are rounds to look at.

use super::{Program, Use};
use crate::access::Mode;
use crate::mutants::mutant;

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

impl<G: Group> Cell<G> {
    fn unused() -> Self {
        Cell {
            mode: None,
            group: G::new(),
            before: G::new(),
        }
    }
}

/// The cells of a program.
pub(super) struct Cells<'p, G> {
    program: &'p Program,
    cells: Vec<Cell<G>>,
}

impl<'p, G: Group> Cells<'p, G> {
    pub(super) fn new(program: &'p Program) -> Self {
        Cells {
            program,
            cells: vec![Cell::unused(); program.cells()],
        }
    }

    /// A codelet uses a cell: tells whom it waits for, and notes it.
    ///
    /// Of other cells that have bytes in common with this one it waits for those who conflict with it: for a group that it would
    /// not stand beside, or else for what that group waited for. Who writes all bytes of another cell has waited for all who
    /// used it, and whoever uses it from now on meets this writer; so it is as if nobody had used it.
    pub(super) fn enter(&mut self, one: &Use, user: G::User, mut wait_for: impl FnMut(&G::User)) {
        for other in self.program.overlaps(one.cell) {
            let cell = &mut self.cells[other.cell as usize];
            match (cell.mode, one.mode) {
                (Some(Mode::Read), Mode::Read) => cell.before.each(&mut wait_for),
                _ => cell.group.each(&mut wait_for),
            }
            let inside = other.inside || mutant!("graph_parts_forgotten");
            if inside && one.mode.writes() {
                *cell = Cell::unused();
            }
        }
        let cell = &mut self.cells[one.cell as usize];
        if cell.mode != Some(one.mode) || !one.side_by_side() {
            cell.before = std::mem::replace(&mut cell.group, G::new());
            cell.mode = Some(one.mode);
        }
        cell.before.each(wait_for);
        cell.group.add(user);
    }
}
