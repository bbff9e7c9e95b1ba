//! An event is satisfied once.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let (_event, trigger) = rt.event("once");
    trigger.satisfy();
    trigger.satisfy();
    Ok(())
}
