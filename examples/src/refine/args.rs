//! The command line.

use std::path::PathBuf;

use clap::{Parser, value_parser};

use super::function::Function;
use super::square::Task;
use crate::frame::EngineOptions;

/// Integrates a function over a square that is cut in four where that is needed, and draws the mesh.
///
/// Codelets spawn codelets: each looks at a square, and spawns one for each quarter if Gauss' rules with 9 and with 25
/// points differ by more than its share of the tolerance. The sums are added up in a fixed order. What the engines could do
/// at most is measured in the same run: the rate at which one of them looks at squares, times their number.
#[derive(Parser, Clone, Debug)]
#[command(name = "refine", version)]
pub struct Args {
    /// What is integrated
    #[arg(long, value_name = "NAME", default_value = "ring")]
    pub function: Function,

    /// How far the integral may be off
    #[arg(long, value_name = "ERROR", default_value_t = 1e-11, allow_negative_numbers = true, value_parser = positive)]
    pub tolerance: f64,

    /// Squares are cut so many times at most
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = value_parser!(u32).range(0..=16))]
    pub deepest: u32,

    /// So many levels above the deepest, a codelet does the rest by itself
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u32).range(0..=16))]
    pub grain: u32,

    /// Where the picture of the mesh goes, a PNG; an older file is replaced once the new one is complete
    #[arg(long, value_name = "PNG", default_value = "refine.png")]
    pub output: PathBuf,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare the result with that of plain recursion, bit for bit; a difference is an error, and nothing is written
    #[arg(long)]
    pub verify: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("give a number above zero, such as 1e-9".to_owned()),
    }
}

impl Args {
    /// What is to be done.
    pub fn task(&self) -> Task {
        Task {
            function: self.function,
            tolerance: self.tolerance,
            deepest: self.deepest,
        }
    }
}
