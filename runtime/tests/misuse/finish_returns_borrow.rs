//! A view cannot leave `read`, either.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    let view: &[f64] = rt.read(a, |x| x)?;
    println!("{view:?}");
    Ok(())
}
