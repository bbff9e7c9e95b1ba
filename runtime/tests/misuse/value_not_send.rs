//! What a codelet returns may be read on any engine.
use std::rc::Rc;
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.finish(|s| {
        s.spawn((), |_, ()| Ok(Rc::new(1)));
        Ok(())
    })
}
