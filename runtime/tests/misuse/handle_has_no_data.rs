//! A block's handle is a name: the data is in the views.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    println!("{}", a[0]);
    Ok(())
}
