//! A slice is the body's until it returns, so it cannot be given back before.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(1)?;
    rt.finish(|s| {
        s.codelet("c").at_ready().spawn(a.read(), |s, x| {
            let _ = s.release(x);
        });
        Ok(())
    })
}
