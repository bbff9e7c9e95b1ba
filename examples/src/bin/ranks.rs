//! Heat on a plate over ranks of MPI: each has a share of the rows, in blocks, and trades its outermost rows with its neighbours by calls
//! that do not block. Their requests are events that a control engine polls: what needs a neighbour's row waits for that, the rest does
//! not. The same bits as a serial loop, with any number of ranks; `runtime/capi/programs/mpi/jacobi.c` is the same in C.
//!
//! ```text
//! MPICC=mpicc cargo build --release -p sprat-examples --features mpi --bin ranks
//! mpirun -n RANKS target/release/ranks [SIZE [SWEEPS [BLOCKS [XES]]]]
//! ```
//!
//! 256, 50 and 4 for each rank unless said otherwise; all of the rank's cores.

use mpi::collective::SystemOperation;
use mpi::request::{Request, StaticScope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Root, Source};
use mpi::{Rank, Tag, Threading};
use sprat::{Block, Error, Result, Runtime, Scope};
use std::cell::UnsafeCell;
use std::process::ExitCode;
use std::time::Instant;

/// Memory that MPI reads or writes while a trade is under way: it stays where it is, and blocks may move.
struct Mail(UnsafeCell<Box<[f64]>>);

// SAFETY: who uses it is ordered, see `Trade`.
unsafe impl Sync for Mail {}

impl Mail {
    fn new(cells: usize) -> Self {
        Mail(UnsafeCell::new(vec![0.0; cells].into()))
    }

    /// # Safety
    /// Until the last use of what is returned nobody else uses it, and the mail is there.
    #[allow(clippy::mut_from_ref, reason = "that is what the cell is for")]
    unsafe fn cells(&self) -> &'static mut [f64] {
        // SAFETY: the caller's promise.
        let cells: &mut [f64] = unsafe { &mut *self.0.get() };
        let (start, count) = (cells.as_mut_ptr(), cells.len());
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(start, count) }
    }
}

/// The trade with one neighbour. One is under way at a time, since each writes the ghost, and it is over when the row is there: so the
/// mail belongs to the codelet that begins it, then to MPI until both requests are complete, then to the codelet that unpacks it.
struct Trade {
    peer: Rank,
    send: Tag,
    receive: Tag,
    /// Which row of the block is sent.
    row: usize,
    outgoing: Mail,
    incoming: Mail,
    /// The neighbour's row.
    ghost: Block<f64>,
}

/// A request of MPI that is under way.
struct Pending(Option<Request<'static, [f64], StaticScope>>);

// SAFETY: with `MPI_THREAD_MULTIPLE` any thread may test a request, and one at a time does.
unsafe impl Send for Pending {}

impl Pending {
    /// Whether it is complete.
    fn is_over(&mut self) -> bool {
        self.0 = self.0.take().and_then(|request| request.test().err());
        self.0.is_none()
    }
}

impl Trade {
    /// With the rank above or below, whose row comes into a ghost, while this one of ours goes there.
    fn new(runtime: &Runtime, peer: Rank, upwards: bool, row: usize, size: usize) -> Result<Self> {
        Ok(Trade {
            peer,
            send: upwards.into(),
            receive: (!upwards).into(),
            row,
            outgoing: Mail::new(size),
            incoming: Mail::new(size),
            ghost: runtime.block(size)?,
        })
    }

    /// Sends the row of the edge's block, asks for the neighbour's, and spawns what unpacks it when both requests are complete.
    fn begin<'s>(&'s self, scope: &Scope<'s>, edge: &[f64]) {
        // SAFETY: no trade is under way.
        let outgoing = unsafe { self.outgoing.cells() };
        // SAFETY: as above.
        let incoming = unsafe { self.incoming.cells() };
        outgoing.copy_from_slice(&edge[self.row * outgoing.len()..][..outgoing.len()]);
        // A communicator is for one thread: each takes its own.
        let world = SimpleCommunicator::world();
        let peer = world.process_at_rank(self.peer);
        let receiving = peer.immediate_receive_into_with_tag(StaticScope, incoming, self.receive);
        let sending = peer.immediate_send_with_tag(StaticScope, &*outgoing, self.send);
        let mut both = [Pending(Some(receiving)), Pending(Some(sending))];
        let came = scope.poll_event("a neighbour's row", move || {
            let over = both.each_mut().map(Pending::is_over);
            Ok(over == [true; 2])
        });
        let unpack = scope.codelet("unpack").after(&came);
        unpack.spawn(self.ghost.write(), |_, ghost| {
            // SAFETY: the requests are complete.
            ghost.copy_from_slice(unsafe { self.incoming.cells() });
        });
    }

    fn spawn<'s>(&'s self, scope: &Scope<'s>, edge: Block<f64>) {
        let uses = (edge.read(), self.ghost.write());
        // The ghost is the child's.
        scope
            .codelet("trade")
            .spawn(uses, |s, (edge, _)| self.begin(s, edge));
    }
}

/// The part of a rank.
struct Share {
    size: usize,
    sweeps: usize,
    now: Vec<Block<f64>>,
    next: Vec<Block<f64>>,
    /// With the neighbours, if there are any.
    up: Option<Trade>,
    down: Option<Trade>,
}

fn row(above: &[f64], here: &[f64], below: &[f64], out: &mut [f64]) {
    let last = here.len() - 1;
    (out[0], out[last]) = (here[0], here[last]);
    for j in 1..last {
        out[j] = 0.25 * (above[j] + here[j - 1] + here[j + 1] + below[j]);
    }
}

/// One sweep over a block's rows, with the row above and the one below; without one of them the outermost row stays as it is.
fn sweep(size: usize, above: Option<&[f64]>, here: &[f64], below: Option<&[f64]>, out: &mut [f64]) {
    let rows = here.len() / size;
    let of = |i: usize| &here[i * size..][..size];
    for (i, out) in out.chunks_exact_mut(size).enumerate() {
        let up = if i > 0 { Some(of(i - 1)) } else { above };
        let down = if i + 1 < rows { Some(of(i + 1)) } else { below };
        match (up, down) {
            (Some(up), Some(down)) => row(up, of(i), down, out),
            _ => out.copy_from_slice(of(i)),
        }
    }
}

impl Share {
    /// The blocks with what the last sweep made.
    fn last(&self) -> &[Block<f64>] {
        match self.sweeps % 2 {
            0 => &self.now,
            _ => &self.next,
        }
    }

    fn spawn_all<'s>(&'s self, scope: &Scope<'s>) {
        let size = self.size;
        let (mut now, mut next) = (&self.now, &self.next);
        for _ in 0..self.sweeps {
            let ends = [(&self.up, now.first()), (&self.down, now.last())];
            for (trade, edge) in ends {
                if let (Some(trade), Some(edge)) = (trade, edge) {
                    trade.spawn(scope, *edge);
                }
            }
            for (b, here) in now.iter().enumerate() {
                let beside = |other: Option<&Block<f64>>, trade: &Option<Trade>| match other {
                    Some(block) => Some(*block),
                    None => trade.as_ref().map(|trade| trade.ghost),
                };
                let above = beside(b.checked_sub(1).map(|b| &now[b]), &self.up);
                let below = beside(now.get(b + 1), &self.down);
                let lists = [above, below].map(|block| Vec::from_iter(block.map(Block::read)));
                let [above, below] = lists;
                scope.codelet("sweep").near(next[b]).spawn(
                    (above, here.read(), below, next[b].write()),
                    move |_, (above, here, below, out)| {
                        // The row next to ours: a ghost has one.
                        let above = above.first().map(|block| &block[block.len() - size..]);
                        let below = below.first().map(|block| &block[..size]);
                        sweep(size, above, here, below, out);
                    },
                );
            }
            (now, next) = (next, now);
        }
    }

    /// How many of this rank's blocks are not what a serial loop over the whole plate makes.
    fn wrong_blocks(&self, runtime: &Runtime, first_cell: usize) -> Result<u64> {
        let cells = self.size * self.size;
        let mut plain: Vec<f64> = (0..cells)
            .map(|cell| begins_with(self.size, cell))
            .collect();
        let mut other = plain.clone();
        for _ in 0..self.sweeps {
            sweep(self.size, None, &plain, None, &mut other);
            std::mem::swap(&mut plain, &mut other);
        }
        let mut wrong = 0;
        let mut expected = &plain[first_cell..];
        for &block in self.last() {
            let is_right = runtime.read(block, |cells| {
                let (mine, rest) = expected.split_at(cells.len());
                expected = rest;
                let pairs = cells.iter().zip(mine);
                pairs.into_iter().all(|(a, b)| a.to_bits() == b.to_bits())
            })?;
            wrong += u64::from(!is_right);
        }
        Ok(wrong)
    }
}

fn begins_with(size: usize, cell: usize) -> f64 {
    match cell < size {
        true => 100.0,
        false => (cell * 7 % 13) as f64,
    }
}

fn run(world: &SimpleCommunicator) -> Result<bool> {
    let [size, sweeps, blocks, xes] = numbers([256, 50, 4, 0])?;
    let (rank, ranks) = (world.rank(), world.size());
    let all = ranks as usize * blocks;
    if all == 0 || size == 0 || size % all != 0 {
        return Err(Error::msg("SIZE must be a multiple of RANKS times BLOCKS"));
    }
    let builder = match xes {
        0 => Runtime::builder(),
        // For tests, where ranks share cores.
        xes => Runtime::builder().xes(xes).oversubscribe(true).pin(false),
    };
    let runtime = builder.build()?;
    let rows = size / all;
    let first_cell = rank as usize * blocks * rows * size;
    let share = Share {
        size,
        sweeps,
        now: runtime.blocks(blocks, rows * size)?,
        next: runtime.blocks(blocks, rows * size)?,
        up: (rank > 0)
            .then(|| Trade::new(&runtime, rank - 1, true, 0, size))
            .transpose()?,
        down: (rank + 1 < ranks)
            .then(|| Trade::new(&runtime, rank + 1, false, rows - 1, size))
            .transpose()?,
    };
    for (b, &block) in share.now.iter().enumerate() {
        let first = first_cell + b * rows * size;
        runtime.write(block, |cells| {
            let all = cells.iter_mut().zip(first..);
            all.for_each(|(x, cell)| *x = begins_with(size, cell));
        })?;
    }
    world.barrier();
    let begin = Instant::now();
    runtime.finish(|s| {
        share.spawn_all(s);
        Ok(())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let wrong = share.wrong_blocks(&runtime, first_cell)?;
    let root = world.process_at_rank(0);
    if rank != 0 {
        root.reduce_into(&wrong, SystemOperation::sum());
        return Ok(wrong == 0);
    }
    let mut all_wrong = 0;
    root.reduce_into_root(&wrong, &mut all_wrong, SystemOperation::sum());
    print!("jacobi: {ranks} ranks, {size} x {size} cells, {sweeps} sweeps in {seconds:.3} s: ");
    match all_wrong {
        0 => println!("the same bits as a serial loop"),
        wrong => println!("{wrong} blocks DIFFER"),
    }
    Ok(wrong == 0)
}

/// The arguments, or what counts without them.
fn numbers<const N: usize>(mut otherwise: [usize; N]) -> Result<[usize; N]> {
    for (place, given) in otherwise.iter_mut().zip(std::env::args().skip(1)) {
        let number = given.parse();
        *place = number.map_err(|_| {
            Error::msg(format!(
                "`{given}` is no number; use: ranks [SIZE [SWEEPS [BLOCKS [XES]]]]"
            ))
        })?;
    }
    Ok(otherwise)
}

fn main() -> ExitCode {
    // Codelets and polled functions call MPI at the same time.
    let Some((universe, threading)) = mpi::initialize_with_threading(Threading::Multiple) else {
        eprintln!("ranks: MPI was initialised before");
        return ExitCode::from(2);
    };
    let world = universe.world();
    let result = match threading {
        Threading::Multiple => run(&world),
        _ => Err(Error::msg(
            "this MPI has no MPI_THREAD_MULTIPLE; use one that has",
        )),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ranks: {error}");
            // Others may wait for this rank.
            world.abort(2)
        }
    }
}
