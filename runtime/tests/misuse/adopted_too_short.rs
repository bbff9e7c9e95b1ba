//! What is adopted must outlive the scope.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    rt.finish(|s| {
        let mut u = vec![1.0; 100];
        let block = s.adopt(&mut u)?;
        s.spawn(block.write(), |_, block| block.fill(2.0));
        Ok(())
    })
}
