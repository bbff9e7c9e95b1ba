//! What is declared for the children only cannot be seen by the body.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(1)?;
    rt.finish(|s| {
        s.spawn(a.write().weak(), |_, x| x[0] = 1.0);
        Ok(())
    })
}
