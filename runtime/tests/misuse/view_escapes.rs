//! A view lives as long as its body: a child cannot take it along.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    rt.finish(|s| {
        s.spawn(a.read(), |s, x| {
            s.spawn((), move |_, ()| println!("{}", x[0]));
        });
        Ok(())
    })
}
