//! Tuples go up to eight.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    let r = a.read();
    rt.finish(|s| {
        s.spawn((r, r, r, r, r, r, r, r, r), |_, _| ());
        Ok(())
    })
}
