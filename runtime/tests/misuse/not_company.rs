//! A codelet stays with a group or with an earlier codelet.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(3)?;
    rt.finish(|s| {
        s.codelet("near").with(a).spawn(a.read(), |_, _| ());
        let first = s.spawn((), |_, ()| ());
        s.codelet("with").with(first).spawn((), |_, ()| ());
        Ok(())
    })
}
