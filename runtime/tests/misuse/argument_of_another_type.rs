//! What a round is given is what its codelets take.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let graph = rt.record_with(|s, step: sprat::Param<u32>| {
        s.spawn(step, |_, _| ());
        Ok(())
    })?;
    rt.replay_with(&graph, 10, |_| 0.5)
}
