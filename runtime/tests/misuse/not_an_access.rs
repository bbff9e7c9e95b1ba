//! A block alone says not how it is used.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let (a, b) = (rt.block::<f64>(4)?, rt.block::<f64>(4)?);
    rt.finish(|s| {
        s.spawn((a.read(), b), |_, (x, y)| println!("{x:?} {y:?}"));
        Ok(())
    })
}
