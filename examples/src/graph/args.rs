//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use super::load::Format;
use super::rmat::MOST_SCALE;
use crate::frame::EngineOptions;

/// Answers questions about graphs: what is how far away, what matters most, what hangs together.
///
/// A graph is read from a file, or made up. Without either it is a list of Debian packages that ships with Sprat, where
/// an edge leads from a package to one that it depends on. On a Debian machine
/// `apt-cache dumpavail | graph pagerank -` says which of all packages matter most.
///
/// The graph's edges are cut into parts that are data blocks, and each algorithm is codelets over these. It tells its
/// rate, its share of the copy bandwidth that was measured in the same run, and the speed-up over a serial program.
#[derive(Parser, Clone, Debug)]
#[command(name = "graph", version, verbatim_doc_comment)]
pub struct Args {
    /// What to find out.
    #[command(subcommand)]
    pub question: Question,
}

/// What to find out.
#[derive(Subcommand, Clone, Debug)]
pub enum Question {
    /// How many edges away is each vertex from one of them? Breadth-first search
    Bfs(BfsArgs),
    /// Which vertices matter most? PageRank
    Pagerank(PagerankArgs),
    /// Which vertices hang together, whichever way edges lead? Connected components
    Components(ComponentsArgs),
}

/// Where the graph comes from, and who works on it.
#[derive(ClapArgs, Clone, Debug)]
pub struct Input {
    /// The graph, perhaps compressed with gzip; `-` is standard input [default: Debian packages that ship with Sprat]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// The file's format [default: found out from the first line]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Make a graph up: R-MAT with Graph500's parameters and 2^SCALE vertices
    #[arg(long, value_name = "SCALE", conflicts_with_all = ["file", "format"],
          value_parser = clap::value_parser!(u32).range(0..=MOST_SCALE as i64))]
    pub rmat: Option<u32>,

    /// Edges for each vertex of a graph that is made up
    #[arg(long, value_name = "N", default_value_t = 16, requires = "rmat",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub edge_factor: u32,

    /// Where the random numbers of a graph begin that is made up; the same seed gives the same graph
    #[arg(long, value_name = "N", default_value_t = 1, requires = "rmat")]
    pub seed: u64,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare the result with that of a serial program, in all bits; a difference is an error
    #[arg(long)]
    pub verify: bool,
}

/// What a search takes.
#[derive(ClapArgs, Clone, Debug)]
pub struct BfsArgs {
    /// The graph.
    #[command(flatten)]
    pub input: Input,

    /// Take edges both ways
    #[arg(long)]
    pub undirected: bool,

    /// The vertex to begin at, by its name in the file [default: one from which most edges lead]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,

    /// How many searches; the median of their times counts
    #[arg(long, value_name = "N", default_value_t = 9,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
}

/// What PageRank takes.
#[derive(ClapArgs, Clone, Debug)]
pub struct PagerankArgs {
    /// The graph.
    #[command(flatten)]
    pub input: Input,

    /// Take edges both ways
    #[arg(long)]
    pub undirected: bool,

    /// How many of the vertices that matter most are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,

    /// How likely a walker goes on along an edge, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.85, allow_negative_numbers = true, value_parser = parse_damping)]
    pub damping: f64,

    /// End when ranks change by less than this in an iteration, all changes added up
    #[arg(long, value_name = "CHANGE", default_value_t = 1e-9, allow_negative_numbers = true, value_parser = parse_tolerance)]
    pub tolerance: f64,

    /// End after so many iterations, whatever the tolerance
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_iterations: u32,

    /// Spawn the codelets of each iteration anew, instead of recording two iterations and replaying them by turns
    #[arg(long)]
    pub dynamic: bool,
}

/// What components take.
#[derive(ClapArgs, Clone, Debug)]
pub struct ComponentsArgs {
    /// The graph.
    #[command(flatten)]
    pub input: Input,

    /// How many runs; the median of their times counts
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
}

fn parse_damping(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(damping) if (0.0..1.0).contains(&damping) => Ok(damping),
        Ok(_) => Err("it is a share; give a number from 0 to below 1".to_owned()),
        Err(error) => Err(format!("{error}; give a number from 0 to below 1")),
    }
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(tolerance) if tolerance >= 0.0 => Ok(tolerance),
        Ok(_) => Err("a change is never negative; give 0 or more".to_owned()),
        Err(error) => Err(format!("{error}; give a number such as 1e-9")),
    }
}
