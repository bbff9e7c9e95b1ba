//! Nor is a struct that does not say that it is.
#[derive(Clone, Copy)]
struct Cell {
    kind: u8,
    heat: f64,
}

fn main() -> sprat::Result<()> {
    let rt = sprat::Runtime::new()?;
    let _cells = rt.block::<Cell>(4)?;
    Ok(())
}
