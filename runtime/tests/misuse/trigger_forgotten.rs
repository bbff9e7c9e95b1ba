//! A trigger that nobody takes is dropped, and poisons its event.
#![deny(unused_must_use)]
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.event("forgotten").1;
    Ok(())
}
