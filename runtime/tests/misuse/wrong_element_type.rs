//! A block keeps its element type.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    rt.finish(|s| {
        s.spawn(a.write(), |_, x: &mut [f32]| x[0] = 1.0);
        Ok(())
    })
}
