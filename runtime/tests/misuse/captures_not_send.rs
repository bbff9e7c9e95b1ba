//! A body may run on any engine, so what it captures is `Send`.
use std::rc::Rc;
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.finish(|s| {
        let shared = Rc::new(1);
        s.spawn_once((), move |_, ()| println!("{shared}"));
        Ok(())
    })
}
