//! A body that satisfies an event can do so once: `spawn_once`.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.finish(|s| {
        let (_event, trigger) = s.event("once");
        s.spawn((), move |s, ()| s.satisfy(trigger));
        Ok(())
    })
}
