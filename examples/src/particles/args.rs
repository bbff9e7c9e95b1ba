//! The command line.

use clap::{Parser, value_parser};
use sprat::{Error, Result};

use super::kernel::Force;
use super::space::Space;
use super::start::{self, Particle};
use crate::frame::{EngineOptions, check_memory};

/// Moves particles in a periodic box: molecular dynamics with Lennard-Jones forces, cell lists and velocity Verlet.
///
/// All numbers are in the units of the force: the particles' diameter, their mass, and the depth of the energy. The
/// particles begin on a lattice, with random velocities. Data blocks hold columns of cells; particles move from one to
/// the other. What the engines could do at most is measured in the same run: the rate of one of them that computes
/// forces on a column in its cache, and nothing else, times their number.
#[derive(Parser, Clone, Debug)]
#[command(name = "particles", version)]
pub struct Args {
    /// How many particles, at least: it is rounded up to fill a lattice
    #[arg(long, value_name = "N", default_value_t = 108_000, value_parser = value_parser!(u32).range(1..=100_000_000))]
    pub particles: u32,

    /// How many steps
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(2..))]
    pub steps: u32,

    /// How long a step is
    #[arg(long, value_name = "TIME", default_value_t = 0.004, allow_negative_numbers = true, value_parser = positive)]
    pub dt: f64,

    /// How many particles are in a unit of volume
    #[arg(long, value_name = "N", default_value_t = 0.8442, allow_negative_numbers = true, value_parser = positive)]
    pub density: f64,

    /// How warm it is at first
    #[arg(long, value_name = "T", default_value_t = 1.44, allow_negative_numbers = true, value_parser = positive)]
    pub temperature: f64,

    /// How far a particle acts
    #[arg(long, value_name = "LENGTH", default_value_t = 2.5, allow_negative_numbers = true, value_parser = positive)]
    pub cutoff: f64,

    /// Other velocities
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Spawn the codelets of each step anew, instead of recording one and replaying it [default: only if there are too many
    /// columns of cells for a graph]
    #[arg(long)]
    pub dynamic: bool,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare all places and velocities with those of a plain loop, bit for bit; a difference is an error
    #[arg(long)]
    pub verify: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("give a number above zero".to_owned()),
    }
}

impl Args {
    /// The box, the force, and the particles.
    ///
    /// # Errors
    /// If there are too few particles for the cutoff, or there is no memory for them.
    pub fn problem(&self) -> Result<(Space, Force, Vec<Particle>)> {
        let cells = start::lattice_cells(self.particles);
        let count = 4 * u64::from(cells).pow(3);
        // Their blocks with some room, a copy, and what the reference has.
        check_memory(
            u128::from(count) * 500,
            &format!("{count} particles"),
            "fewer --particles",
        )?;
        let side = (count as f64 / self.density).cbrt();
        let space = Space::new(side, self.cutoff)?;
        if space.columns() > count as usize {
            return Err(Error::msg(format!(
                "{count} particles are spread over {} columns of cells; ask for a larger --density or --cutoff",
                space.columns()
            )));
        }
        let particles = start::particles(cells, side, self.temperature, self.seed);
        Ok((space, Force::new(self.cutoff), particles))
    }
}
