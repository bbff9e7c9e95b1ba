//! Nor can a view be stored outside of the body.
fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let a = rt.block::<f64>(4)?;
    let mut kept: Option<&[f64]> = None;
    rt.finish(|s| {
        s.spawn_once(a.read(), |_, x| kept = Some(x));
        Ok(())
    })?;
    println!("{kept:?}");
    Ok(())
}
