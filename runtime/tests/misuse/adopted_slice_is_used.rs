//! A slice is the scope's while it is adopted.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let mut u = vec![1.0; 100];
    rt.finish(|s| {
        let block = s.adopt(&mut u)?;
        s.spawn(block.write(), |_, block| block.fill(2.0));
        println!("{}", u[0]);
        Ok(())
    })
}
