//! Runs a program on a runtime, and compares.

use crate::expect::{Expected, Fate, mix, written};
use crate::program::{BLOCKS, LEN, Mode, Node, Piece, Program, Use};
use sprat::{
    Block, Error, Event, Read, ReadPart, ReadTile, ReadWrite, ReadWritePart, ReadWriteTile, Result,
    Runtime, Scope, TileMut, TileRef, Write, WritePart, WriteTile,
};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// What panics of the programs say.
pub const ON_PURPOSE: &str = "on purpose, of the oracle";

#[derive(Default)]
struct Seen {
    ran: AtomicU32,
    digest: AtomicU64,
}

struct Run {
    blocks: Vec<Block<u64>>,
    seen: Vec<Seen>,
    /// Who is in an element now: readers, or -1.
    users: Vec<Vec<AtomicI32>>,
    clashes: AtomicU32,
}

/// The accesses of a codelet, by their kinds.
type Declared = (
    (Vec<Read<u64>>, Vec<Write<u64>>, Vec<ReadWrite<u64>>),
    (
        Vec<ReadPart<u64>>,
        Vec<WritePart<u64>>,
        Vec<ReadWritePart<u64>>,
    ),
    (
        Vec<ReadTile<u64>>,
        Vec<WriteTile<u64>>,
        Vec<ReadWriteTile<u64>>,
    ),
);
type Slices<'v> = (Vec<&'v [u64]>, Vec<&'v mut [u64]>, Vec<&'v mut [u64]>);
type Tiles<'v> = (
    Vec<TileRef<'v, u64>>,
    Vec<TileMut<'v, u64>>,
    Vec<TileMut<'v, u64>>,
);

/// A view whatever it is of.
enum View<'v> {
    Shared(&'v [u64]),
    Mine(&'v mut [u64]),
    Tile(TileRef<'v, u64>),
    MyTile(TileMut<'v, u64>),
}

impl View<'_> {
    fn read(&self) -> Vec<u64> {
        match self {
            View::Shared(view) => view.to_vec(),
            View::Mine(view) => view.to_vec(),
            View::Tile(view) => view.iter().flatten().copied().collect(),
            View::MyTile(view) => {
                let at = |i| (0..view.columns()).map(move |j| view[(i, j)]);
                (0..view.rows()).flat_map(at).collect()
            }
        }
    }

    fn set(&mut self, which: usize, value: u64) {
        match self {
            View::Mine(view) => view[which] = value,
            View::MyTile(view) => {
                let columns = view.columns();
                view[(which / columns, which % columns)] = value;
            }
            _ => unreachable!("only writers write"),
        }
    }
}

/// Whoever uses elements, as long as the body runs.
struct Stay<'r> {
    users: Vec<(&'r AtomicI32, bool)>,
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        for (users, writes) in &self.users {
            match writes {
                true => users.store(0, Ordering::Release),
                false => _ = users.fetch_sub(1, Ordering::Release),
            }
        }
    }
}

impl Run {
    fn stay(&self, node: &Node) -> Stay<'_> {
        let mut stay = Stay { users: Vec::new() };
        // A codelet that reads an element twice is one reader twice.
        for one in &node.uses {
            for at in one.piece.elements() {
                let users = &self.users[one.block][at];
                let writes = one.mode != Mode::Read;
                let clash = match writes {
                    true => users
                        .compare_exchange(0, -1, Ordering::Acquire, Ordering::Relaxed)
                        .is_err(),
                    false => users.fetch_add(1, Ordering::Acquire) < 0,
                };
                self.clashes.fetch_add(u32::from(clash), Ordering::Relaxed);
                stay.users.push((users, writes));
            }
        }
        stay
    }

    fn declare(&self, node: &Node) -> Declared {
        let mut all = Declared::default();
        for Use { block, piece, mode } in &node.uses {
            let block = self.blocks[*block];
            match (piece, mode) {
                (Piece::Whole, Mode::Read) => all.0.0.push(block.read()),
                (Piece::Whole, Mode::Write) => all.0.1.push(block.write()),
                (Piece::Whole, Mode::ReadWrite) => all.0.2.push(block.read_write()),
                (Piece::Range(start, end), mode) => {
                    let part = block.part(*start..*end);
                    match mode {
                        Mode::Read => all.1.0.push(part.read()),
                        Mode::Write => all.1.1.push(part.write()),
                        Mode::ReadWrite => all.1.2.push(part.read_write()),
                    }
                }
                (Piece::Tile(rows, columns, leading), mode) => {
                    let tile = block.tile(rows.0..rows.1, columns.0..columns.1, *leading);
                    match mode {
                        Mode::Read => all.2.0.push(tile.read()),
                        Mode::Write => all.2.1.push(tile.write()),
                        Mode::ReadWrite => all.2.2.push(tile.read_write()),
                    }
                }
            }
        }
        if node.wrong == Some(crate::program::Wrong::Outside) {
            all.1.0.push(self.blocks[0].part(LEN - 1..LEN + 1).read());
        }
        all
    }

    fn list<'r>(&'r self, s: &Scope<'r>, list: &'r [Node]) {
        let mut ends: Vec<Event> = Vec::new();
        for node in list {
            let mut options = s.codelet("node");
            for &other in &node.after {
                options = options.after(&ends[other]);
            }
            if node.at_ready {
                options = options.at_ready();
            }
            let body = move |s: &Scope<'r>, views: (Slices<'_>, Slices<'_>, Tiles<'_>)| {
                self.body(s, node, views)
            };
            ends.push(options.spawn(self.declare(node), body).event());
        }
    }

    fn body<'r>(
        &'r self,
        s: &Scope<'r>,
        node: &'r Node,
        (whole, ranges, tiles): (Slices<'_>, Slices<'_>, Tiles<'_>),
    ) -> Result<()> {
        let seen = &self.seen[node.id];
        seen.ran.fetch_add(1, Ordering::Relaxed);
        let stay = self.stay(node);
        // The views in the order of the accesses.
        let mut slices = [whole, ranges].map(|(r, w, m)| {
            [
                r.into_iter()
                    .map(View::Shared)
                    .collect::<Vec<_>>()
                    .into_iter(),
                w.into_iter()
                    .map(View::Mine)
                    .collect::<Vec<_>>()
                    .into_iter(),
                m.into_iter()
                    .map(View::Mine)
                    .collect::<Vec<_>>()
                    .into_iter(),
            ]
        });
        let (r, w, m) = tiles;
        let mut tiles = [
            r.into_iter()
                .map(View::Tile)
                .collect::<Vec<_>>()
                .into_iter(),
            w.into_iter()
                .map(View::MyTile)
                .collect::<Vec<_>>()
                .into_iter(),
            m.into_iter()
                .map(View::MyTile)
                .collect::<Vec<_>>()
                .into_iter(),
        ];
        let view = |one: &Use| {
            let mode = one.mode as usize;
            let list = match one.piece {
                Piece::Whole => &mut slices[0][mode],
                Piece::Range(..) => &mut slices[1][mode],
                Piece::Tile(..) => &mut tiles[mode],
            };
            list.next().expect("a view for each access")
        };
        let mut views: Vec<View<'_>> = node.uses.iter().map(view).collect();
        let mut digest = mix(node.id as u64, 1);
        for (one, view) in node.uses.iter().zip(&views) {
            let values = view.read();
            assert_eq!(values.len(), one.piece.elements().len());
            if one.mode != Mode::Write {
                digest = values.into_iter().fold(digest, mix);
            }
        }
        seen.digest.store(digest, Ordering::Relaxed);
        for _ in 0..node.dawdle {
            std::thread::yield_now();
        }
        // Half of the work before children are spawned, half of it after: they must wait for both.
        let mut write = |half: usize| {
            let writers = node.uses.iter().zip(&mut views);
            for (one, view) in writers.filter(|(one, _)| one.mode != Mode::Read) {
                let old = view.read();
                for (which, at) in one.piece.elements().into_iter().enumerate() {
                    if which % 2 == half {
                        let old = Some(old[which]).filter(|_| one.mode == Mode::ReadWrite);
                        view.set(which, written(digest, old, at));
                    }
                }
            }
        };
        write(0);
        match node.fail {
            None => self.list(s, &node.children),
            Some((children, panics)) => {
                self.list(s, &node.children[..children]);
                match panics {
                    true => std::panic::panic_any(ON_PURPOSE),
                    false => return Err(Error::msg(ON_PURPOSE)),
                }
            }
        }
        write(1);
        drop(stay);
        Ok(())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, meant: T) -> Result<(), String> {
    match found == meant {
        true => Ok(()),
        false => Err(format!("{what}: {found:?}, and should be {meant:?}")),
    }
}

pub fn check(rt: &Runtime, program: &Program, expected: &Expected) -> Result<(), String> {
    let zeros = || (0..LEN).map(|_| AtomicI32::new(0)).collect();
    let run = Run {
        blocks: rt.blocks(BLOCKS, LEN).map_err(|error| error.to_string())?,
        seen: (0..program.nodes).map(|_| Seen::default()).collect(),
        users: (0..BLOCKS).map(|_| zeros()).collect(),
        clashes: AtomicU32::new(0),
    };
    let result = rt.finish(|s| {
        run.list(s, &program.steps);
        Ok(())
    });
    let count = |wanted: fn(&Fate) -> bool| expected.fates.iter().filter(|f| wanted(f)).count();
    let failed = count(|fate| matches!(fate, Fate::Failed | Fate::Refused));
    // Those that were refused are not skipped.
    let skipped = count(|fate| *fate == Fate::Skipped);
    let told = match &result {
        Ok(()) => (0, 0),
        Err(error) => match error.failure() {
            Some(failure) => (failure.failed as usize, failure.skipped as usize),
            None => return Err(format!("not a failure, but {error}")),
        },
    };
    for (id, fate) in expected.fates.iter().enumerate() {
        let seen = &run.seen[id];
        let ran = u32::from(matches!(fate, Fate::Ran(_) | Fate::Failed));
        let what = format!("how often node {id}, {fate:?}, ran");
        same(&what, seen.ran.load(Ordering::Relaxed), ran)?;
        if let Fate::Ran(digest) = fate {
            let what = format!("what node {id} read");
            same(&what, seen.digest.load(Ordering::Relaxed), *digest)?;
        }
    }
    same("failed and skipped", told, (failed, skipped))?;
    same("clashes", run.clashes.load(Ordering::Relaxed), 0)?;
    for (block, meant) in run.blocks.iter().zip(&expected.blocks) {
        let found: Vec<AtomicU64> = (0..LEN).map(|_| AtomicU64::new(u64::MAX)).collect();
        let read = rt.finish(|s| {
            for (at, found) in found.iter().enumerate() {
                s.spawn(block.part(at..=at).read(), move |_, x| {
                    found.store(x[0], Ordering::Relaxed);
                });
            }
            Ok(())
        });
        let value = |at: usize| Some(found[at].load(Ordering::Relaxed)).filter(|v| *v != u64::MAX);
        let found: Vec<Option<u64>> = (0..LEN).map(value).collect();
        same("elements", &found, meant)?;
        let poisoned = meant.contains(&None);
        same("whether reading fails", read.is_err(), poisoned)?;
        same(
            "whether all can be read",
            rt.read(*block, |_| ()).is_err(),
            poisoned,
        )?;
        rt.destroy(*block).map_err(|error| error.to_string())?;
    }
    Ok(())
}
