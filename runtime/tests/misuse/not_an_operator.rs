//! The ready-made operators are for numbers.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<[f64; 3]>(1)?;
    rt.finish(|s| {
        s.spawn(a.reduce(sprat::Sum), |_, x| x[0] = [1.0; 3]);
        Ok(())
    })
}
