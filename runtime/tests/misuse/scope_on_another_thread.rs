//! One thread spawns in a scope.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.finish(|s| {
        std::thread::scope(|threads| {
            threads.spawn(|| s.spawn((), |_, ()| ()));
        });
        Ok(())
    })
}
