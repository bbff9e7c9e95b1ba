//! Functions of two variables, on the square from 0 to 1.

/// Which function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Function {
    /// A narrow ring around (0.6, 0.55).
    Ring,
    /// One over the distance from a point near the middle, nearly: a needle.
    Needle,
    /// One inside of a circle, zero outside: a step that no square can follow.
    Disc,
    /// Waves whose length becomes shorter to the upper right.
    Waves,
}

impl Function {
    /// Its value.
    pub fn at(self, x: f64, y: f64) -> f64 {
        let distance = |cx: f64, cy: f64| ((x - cx) * (x - cx) + (y - cy) * (y - cy)).sqrt();
        match self {
            Function::Ring => {
                let off = (distance(0.6, 0.55) - 0.3) / 0.01;
                1.0 / (1.0 + off * off)
            }
            Function::Needle => 1.0 / (distance(0.49, 0.52) + 1e-4),
            Function::Disc => f64::from(u8::from(distance(0.5, 0.5) < 0.4)),
            Function::Waves => {
                let to = x * x + y * y;
                (20.0 * to * to).sin()
            }
        }
    }

    /// The integral over the square, where it can be written down.
    pub fn integral(self) -> Option<f64> {
        match self {
            Function::Disc => Some(std::f64::consts::PI * 0.16),
            _ => None,
        }
    }
}
