//! What a body borrows must outlive the scope.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.finish(|s| {
        let table = [1.0, 2.0];
        s.spawn((), |_, ()| println!("{}", table[0]));
        Ok(())
    })
}
