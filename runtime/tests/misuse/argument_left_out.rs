//! Rounds that need an argument get one.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let graph = rt.record_with(|s, step: sprat::Param<u32>| {
        s.spawn(step, |_, _| ());
        Ok(())
    })?;
    rt.replay(&graph, 10)
}
