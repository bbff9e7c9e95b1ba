//! A body may run again, so it is `Fn`; one that changes what it captured takes `spawn_once`.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    let mut total = 0.0;
    rt.finish(|s| {
        s.spawn(a.read(), |_, x| total += x[0]);
        Ok(())
    })?;
    println!("{total}");
    Ok(())
}
