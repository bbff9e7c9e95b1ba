//! Deliberately bad: each codelet adds up eight numbers, so nearly all of the time is the runtime's. What the first finding of
//! the report says. `SPRAT_TRACE=grain.sprat cargo run --release --bin grain`, and then
//! `sprat report grain.sprat`. Better: `for_each`, which chooses chunks.

use sprat::Runtime;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> sprat::Result<()> {
    let rt = Runtime::new()?;
    let numbers: Vec<u64> = (0..400_000).collect();
    let sum = AtomicU64::new(0);
    rt.finish(|s| {
        for few in numbers.chunks(8) {
            let sum = &sum;
            s.codelet("add eight").spawn((), move |_, ()| {
                sum.fetch_add(few.iter().sum(), Ordering::Relaxed);
            });
        }
        Ok(())
    })?;
    println!("the sum is {}", sum.into_inner());
    Ok(())
}
