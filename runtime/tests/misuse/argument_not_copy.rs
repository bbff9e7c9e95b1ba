//! An argument is copied to each codelet.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let graph = rt.record_with(|s, name: sprat::Param<String>| {
        s.spawn(name, |_, _| ());
        Ok(())
    })?;
    rt.replay_with(&graph, 10, |round| round.to_string())
}
