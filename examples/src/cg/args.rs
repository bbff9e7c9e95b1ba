//! The command line.

use std::path::PathBuf;

use clap::Parser;

use super::system::Grid;
use crate::frame::EngineOptions;

/// Solves a sparse system of equations, symmetric and positive definite, by conjugate gradients.
///
/// The matrix is read from a Matrix Market file, or is that of Poisson's equation on a grid. Its rows are cut into parts
/// that are data blocks. Dot products are reductions, so the solution has the same bits on any number of engines. It tells
/// its rate, its share of the copy bandwidth that was measured in the same run, and the speed-up over a serial program.
#[derive(Parser, Clone, Debug)]
#[command(name = "cg", version)]
pub struct Args {
    /// The matrix, in the Matrix Market format (coordinate; integer or real), perhaps compressed with gzip; `-` is standard
    /// input [default: --poisson 1000]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Make a system up: Poisson's equation on a grid of so many points, in two or three directions
    #[arg(long, value_name = "N|WxH|WxHxD", conflicts_with = "file")]
    pub poisson: Option<Grid>,

    /// The right-hand side, in the Matrix Market format (array, one column) [default: ones]
    #[arg(long, value_name = "FILE")]
    pub rhs: Option<PathBuf>,

    /// Where the solution goes, in the Matrix Market format [default: nowhere]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// End when the residual is at most this share of the right-hand side
    #[arg(long, value_name = "SHARE", default_value_t = 1e-8, allow_negative_numbers = true, value_parser = parse_tolerance)]
    pub tolerance: f64,

    /// End after so many iterations; it is an error if the residual is not small enough then
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_iterations: u32,

    /// Spawn the codelets of each iteration anew, instead of recording one iteration and replaying it
    #[arg(long)]
    pub dynamic: bool,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare the solution with that of a serial program, in all bits; a difference is an error
    #[arg(long)]
    pub verify: bool,
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(tolerance) if tolerance > 0.0 && tolerance < 1.0 => Ok(tolerance),
        Ok(_) => Err("it is a share; give a number between 0 and 1, such as 1e-8".to_owned()),
        Err(error) => Err(format!("{error}; give a number such as 1e-8")),
    }
}
