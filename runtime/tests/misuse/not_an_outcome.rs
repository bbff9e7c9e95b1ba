//! A body returns nothing, a `Result`, or a child's value.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    rt.finish(|s| {
        s.spawn(a.read(), |_, x| x[0]);
        Ok(())
    })
}
