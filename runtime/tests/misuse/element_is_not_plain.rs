//! Elements are plain old data: a `String` is not.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let _names = rt.block::<String>(4)?;
    Ok(())
}
