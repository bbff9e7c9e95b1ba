//! A slice is adopted once at a time.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let mut u = vec![1.0; 100];
    rt.finish(|s| {
        let (a, b) = (s.adopt(&mut u[..60])?, s.adopt(&mut u[50..])?);
        s.spawn((a.write(), b.write()), |_, (a, b)| a[50] = b[0]);
        Ok(())
    })
}
