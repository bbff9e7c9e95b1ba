//! Deliberately bad: all codelets add what they found to one block, so each waits for the one before, and engines have nothing to run. What
//! the first finding of the report says. `SPRAT_TRACE=chain.sprat cargo run --release --bin chain`, and
//! then `sprat report chain.sprat`. Better: `total.reduce(Sum)`, which all may do side by side.

use sprat::Runtime;

fn main() -> sprat::Result<()> {
    let rt = Runtime::new()?;
    let total = rt.block::<u64>(1)?;
    rt.name(total, "total")?;
    rt.write(total, |total| total[0] = 0)?;
    rt.finish(|s| {
        for part in 0..1_000_u64 {
            s.codelet("search and add")
                .spawn(total.read_write(), move |_, total| {
                    total[0] += primes(part * 1_000..(part + 1) * 1_000);
                });
        }
        Ok(())
    })?;
    println!("{} primes", rt.read(total, |total| total[0])?);
    Ok(())
}

/// How many numbers of a range have no divisor, by trying all.
fn primes(range: std::ops::Range<u64>) -> u64 {
    let is_prime = |n: &u64| {
        *n > 1
            && (2..)
                .take_while(|d| d * d <= *n)
                .all(|d| !n.is_multiple_of(d))
    };
    range.filter(is_prime).count() as u64
}
