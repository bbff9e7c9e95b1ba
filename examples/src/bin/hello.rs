//! Four data blocks, and codelets that depend on each other through them.

use sprat::{Result, Runtime};

fn main() -> Result<()> {
    let rt = Runtime::new()?; // finds the machine, pins its engines
    let tiles = rt.blocks::<f64>(4, 1_000)?; // four data blocks of a thousand numbers

    rt.finish(|s| {
        // These four depend on nothing: they may run at once.
        for (i, &tile) in tiles.iter().enumerate() {
            s.codelet("fill")
                .near(tile)
                .spawn(tile.write(), move |_, cells| cells.fill(i as f64));
        }
        // Each of these reads what the one before it wrote: they run in order.
        for pair in tiles.windows(2) {
            let access = (pair[0].read(), pair[1].read_write());
            s.codelet("add")
                .near(pair[1])
                .spawn(access, |_, (left, here)| {
                    for (h, l) in here.iter_mut().zip(left) {
                        *h += l;
                    }
                });
        }
        let last = tiles[3].read();
        s.codelet("show").spawn(last, |_, cells| {
            println!("the last tile holds {}", cells[0])
        });
        Ok(())
    }) // returns when all have ended, with the first failure if there was one
}
