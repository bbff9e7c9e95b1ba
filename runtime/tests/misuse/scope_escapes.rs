//! A scope cannot be kept beyond its closure.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let mut kept = None;
    rt.finish(|s| {
        kept = Some(s);
        Ok(())
    })?;
    kept.unwrap().spawn((), |_, ()| ());
    Ok(())
}
