//! Options alone do nothing.
#![deny(unused_must_use)]
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    rt.finish(|s| {
        s.codelet("forgotten").near(a);
        Ok(())
    })
}
