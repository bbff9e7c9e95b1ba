//! Who writes together with others promises not to race.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(1)?;
    rt.finish(|s| {
        s.spawn(a.shared_write(), |_, _| ());
        Ok(())
    })
}
