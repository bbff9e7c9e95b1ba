//! A turn is not taken for the children only.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(1)?;
    rt.finish(|s| {
        s.spawn(a.commute().weak(), |_, ()| ());
        Ok(())
    })
}
