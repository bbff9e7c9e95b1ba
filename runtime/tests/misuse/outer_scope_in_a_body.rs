//! A body spawns in its own scope, not in its parent's.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.finish(|outer| {
        outer.spawn((), |_, ()| {
            outer.spawn((), |_, ()| ());
        });
        Ok(())
    })
}
