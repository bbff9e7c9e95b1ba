//! Answers questions about graphs; `graph --help` says which. The work is in `sprat_examples::graph`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use sprat::{Error, Result, Runtime};
use sprat_examples::frame::{
    Copies, Lines, Rows, bytes, check_memory, exit, median, progress, say,
};
use sprat_examples::graph::args::{Args, BfsArgs, ComponentsArgs, Input, PagerankArgs, Question};
use sprat_examples::graph::bfs::Bfs;
use sprat_examples::graph::components::Components;
use sprat_examples::graph::pagerank::{Options, PageRank};
use sprat_examples::graph::{Direction, Edges, Graph, Names, load, rmat, serial};

/// The packages that ship with Sprat. In the program, so that they are found from any folder.
const PACKAGES: &[u8] = include_bytes!("../../data/packages.txt");
/// Rounds of copying before the work and after it.
const COPIES: usize = 6;
/// The blocks that are copied are not larger than this: larger than the caches, and no more.
const MOST_COPIED: u64 = 256 << 20;
/// Iterations of the serial PageRank, unless all of them are needed for comparing.
const SERIAL_ITERATIONS: usize = 3;

fn main() -> ExitCode {
    let run = match Args::parse().question {
        Question::Bfs(args) => bfs(&args),
        Question::Pagerank(args) => pagerank(&args),
        Question::Components(args) => components(&args),
    };
    exit("graph", run)
}

/// A graph, read or made up, and laid out.
struct Subject {
    runtime: Runtime,
    graph: Graph,
    names: Names,
    rows: Rows,
}

impl Subject {
    fn new(input: &Input, direction: Direction) -> Result<Subject> {
        let runtime = input.engines.builder().build()?;
        let (what, edges) = edges(&runtime, input, direction)?;
        let (vertices, given) = (edges.vertices, edges.pairs.len());
        say(&format!(
            "{what}: {vertices} vertices, {given} edges; on {} engine(s)",
            runtime.xes()
        ))?;
        for note in &edges.notes {
            say(note)?;
        }
        let graph = Graph::new(&runtime, &edges, direction)?;
        let mut rows = Rows::new();
        let kind = match direction {
            Direction::Directed => "directed",
            Direction::Undirected => "undirected",
        };
        let (kept, dropped) = (graph.edges(), graph.dropped);
        rows.row(
            "graph",
            format!(
                "{vertices} vertices, {kept} {kind} edges ({dropped} loops and repeated edges left out)"
            ),
        );
        let parts = graph.incoming.parts.len();
        let size = bytes(4 * u128::from(graph.incoming.edges));
        rows.row(
            "parts",
            format!("{parts} for each direction, {size} of neighbours"),
        );
        Ok(Subject {
            runtime,
            graph,
            names: edges.names,
            rows,
        })
    }

    fn name(&self, vertex: u32) -> String {
        self.names.of(self.graph.original[vertex as usize])
    }

    /// Gives the graph's blocks back.
    fn end(self) -> Result<()> {
        self.graph.destroy(&self.runtime)
    }

    /// Blocks to copy, together as large as what the work moves.
    fn copies(&self, moved: u64) -> Result<Copies<'_>> {
        let mut copies = Copies::new(&self.runtime, moved.min(MOST_COPIED) as usize / 2)?;
        copies.measure(COPIES)?;
        Ok(copies)
    }
}

fn edges(runtime: &Runtime, input: &Input, direction: Direction) -> Result<(String, Edges)> {
    if let Some(scale) = input.rmat {
        let vertices = 1_u128 << scale;
        let needed = Graph::memory(
            vertices,
            vertices * u128::from(input.edge_factor),
            direction,
        );
        let what = format!("an R-MAT graph of scale {scale}");
        check_memory(needed, &what, "a smaller --rmat or --edge-factor")?;
        let edges = rmat::make(runtime, scale, input.edge_factor as usize, input.seed)?;
        return Ok((what, edges));
    }
    let (what, edges) = match &input.file {
        Some(file) => {
            let lines = Lines::open(file)?;
            (lines.name().to_owned(), load::read(lines, input.format)?)
        }
        None => {
            let lines = Lines::from_reader("packages.txt", PACKAGES)?;
            let what = "the Debian packages that ship with Sprat".to_owned();
            (what, load::read(lines, input.format)?)
        }
    };
    let needed = Graph::memory(edges.vertices as u128, edges.pairs.len() as u128, direction);
    check_memory(needed, &what, "a smaller graph")?;
    Ok((what, edges))
}

fn direction(undirected: bool) -> Direction {
    match undirected {
        true => Direction::Undirected,
        false => Direction::Directed,
    }
}

fn bfs(args: &BfsArgs) -> Result<()> {
    let subject = Subject::new(&args.input, direction(args.undirected))?;
    let (runtime, graph) = (&subject.runtime, &subject.graph);
    let source = match &args.source {
        None => most_edges(&subject)?,
        Some(name) => {
            let original = subject.names.find(name, graph.vertices())?;
            let found = graph.number_of(original);
            found.ok_or_else(|| Error::msg(format!("vertex `{name}` was lost in the layout")))?
        }
    };
    let mut bfs = Bfs::new(runtime, graph)?;
    // Neighbours and levels, once each.
    let moved = 4 * graph.incoming.edges + 4 * graph.vertices() as u64;
    let mut copies = subject.copies(moved)?;
    let bar = progress("searches", args.runs as usize);
    let mut last = bfs.search(source)?;
    let mut times = Vec::new();
    for _ in 0..args.runs {
        last = bfs.search(source)?;
        times.push(last.time);
        bar.inc(1);
    }
    bar.finish_and_clear();
    copies.measure(COPIES)?;
    let outgoing = graph.outgoing.to_host(runtime)?;
    let (expected, alone) = timed(|| serial::levels(&outgoing, source));
    if args.input.verify {
        let levels = bfs.levels()?;
        same("levels", &subject, &levels, &expected)?;
    }
    let time = median(&times).as_secs_f64();
    let mut rows = subject.rows.clone();
    rows.engines(&subject.runtime);
    rows.row("source", subject.name(source));
    rows.row(
        "reached",
        format!(
            "{} vertices in {} levels ({} of them from below)",
            last.reached, last.levels, last.up
        ),
    );
    rows.row(
        "time",
        format!("{} a search (median of {})", ms(time), times.len()),
    );
    rows.row(
        "traversed",
        format!("{:.1} M edges/s", last.edges as f64 / time / 1e6),
    );
    share(&mut rows, &copies, moved, time);
    rows.row(
        "",
        "4 B an edge, 4 B a vertex; from below, not all edges are looked at",
    );
    alone_rows(&mut rows, "a queue, top down", alone.as_secs_f64(), time);
    if args.input.verify {
        rows.row("verified", "the same levels as the serial program's");
    }
    say(&rows.to_string())?;
    subject.end()
}

fn pagerank(args: &PagerankArgs) -> Result<()> {
    let subject = Subject::new(&args.input, direction(args.undirected))?;
    let (runtime, graph) = (&subject.runtime, &subject.graph);
    let options = Options {
        damping: args.damping,
        tolerance: args.tolerance,
        iterations: args.max_iterations as usize,
    };
    let run = PageRank::new(runtime, graph, options.damping)?.dynamic(args.dynamic);
    let moved = run.bytes();
    let mut copies = subject.copies(moved)?;
    let bar = progress("iterations", options.iterations);
    let found = run.run(&options, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    copies.measure(COPIES)?;
    let iterations = found.iterations;

    let incoming = graph.incoming.to_host(runtime)?;
    let mut reference = serial::PageRank::new(graph, &incoming, options.damping);
    let serial_iterations = match args.input.verify {
        true => iterations,
        false => SERIAL_ITERATIONS,
    };
    let bar = progress("reference", serial_iterations);
    let ((), alone) = timed(|| {
        for _ in 0..serial_iterations {
            reference.iterate();
            bar.inc(1);
        }
    });
    bar.finish_and_clear();
    if args.input.verify {
        let bits = |ranks: &[f64]| ranks.iter().map(|r| r.to_bits()).collect::<Vec<_>>();
        same(
            "ranks",
            &subject,
            &bits(&found.ranks),
            &bits(&reference.ranks),
        )?;
    }
    let time = found.time.as_secs_f64() / iterations as f64;
    let mut rows = subject.rows.clone();
    rows.engines(&subject.runtime);
    rows.row(
        "iterations",
        format!(
            "{iterations}, the last changed ranks by {:.1e} ({})",
            found.change,
            match found.change < options.tolerance {
                true => "less than --tolerance",
                false => "not yet less than --tolerance: --max-iterations ended it",
            }
        ),
    );
    let how = match args.dynamic {
        true => "spawned anew each time",
        false => "two of them recorded, and replayed by turns",
    };
    rows.row("", how);
    rows.row(
        "time",
        format!(
            "{} an iteration, {:.3} s in all",
            ms(time),
            found.time.as_secs_f64()
        ),
    );
    rows.row(
        "edges",
        format!("{:.1} M/s", graph.incoming.edges as f64 / time / 1e6),
    );
    share(&mut rows, &copies, moved, time);
    rows.row(
        "",
        "4 B an edge, 44 B a vertex; that shares are read again and again is not counted",
    );
    let alone = alone.as_secs_f64() / serial_iterations as f64;
    alone_rows(&mut rows, "the same sums", alone, time);
    if args.input.verify {
        rows.row(
            "verified",
            "equal to the serial program's ranks, bit for bit",
        );
    }
    say(&rows.to_string())?;
    let mut order: Vec<u32> = (0..found.ranks.len() as u32).collect();
    // Ranks are finite; equal ones stand in the input's order.
    let key = |&v: &u32| (found.ranks[v as usize], graph.original[v as usize]);
    order.sort_by(|a, b| {
        let ((rank_a, a), (rank_b, b)) = (key(a), key(b));
        rank_b.total_cmp(&rank_a).then(a.cmp(&b))
    });
    let mut top = Rows::new();
    for &vertex in order.iter().take(args.top) {
        let rank = 100.0 * found.ranks[vertex as usize];
        top.row(subject.name(vertex), format!("{rank:.3} %"));
    }
    if args.top > 0 {
        say("\nwhat matters most:")?;
        say(&top.to_string())?;
    }
    subject.end()
}

fn components(args: &ComponentsArgs) -> Result<()> {
    let subject = Subject::new(&args.input, Direction::Undirected)?;
    let (runtime, graph) = (&subject.runtime, &subject.graph);
    let mut components = Components::new(runtime, graph)?;
    let moved = 4 * graph.incoming.edges + 4 * graph.vertices() as u64;
    let mut copies = subject.copies(moved)?;
    let bar = progress("runs", args.runs as usize);
    let mut found = components.run()?;
    let mut times = Vec::new();
    for _ in 0..args.runs {
        found = components.run()?;
        times.push(found.time);
        bar.inc(1);
    }
    bar.finish_and_clear();
    copies.measure(COPIES)?;
    let host = graph.incoming.to_host(runtime)?;
    let (expected, alone) = timed(|| serial::components(&host));
    if args.input.verify {
        same("components", &subject, &found.labels, &expected)?;
    }
    let time = median(&times).as_secs_f64();
    let mut rows = subject.rows.clone();
    rows.engines(&subject.runtime);
    rows.row(
        "components",
        format!("{}, the largest of {} vertices", found.count, found.largest),
    );
    rows.row(
        "rounds",
        format!("{} of spreading labels, after a search", found.rounds),
    );
    rows.row("time", format!("{} (median of {})", ms(time), times.len()));
    rows.row(
        "edges",
        format!("{:.1} M/s", graph.edges() as f64 / time / 1e6),
    );
    share(&mut rows, &copies, moved, time);
    rows.row(
        "",
        "4 B an edge and direction, 4 B a vertex; not all edges are looked at",
    );
    alone_rows(&mut rows, "union and find", alone.as_secs_f64(), time);
    if args.input.verify {
        rows.row("verified", "the same components as the serial program's");
    }
    say(&rows.to_string())?;
    subject.end()
}

/// The first of the vertices from which most edges lead.
fn most_edges(subject: &Subject) -> Result<u32> {
    let degrees = subject.graph.degrees;
    subject.runtime.read(degrees, |degrees| {
        let most = degrees.iter().max();
        let at = degrees.iter().position(|degree| Some(degree) == most);
        at.unwrap_or(0) as u32
    })
}

/// Tells how fast the engines copy, and what share of that the work came to.
fn share(rows: &mut Rows, copies: &Copies<'_>, moved: u64, time: f64) {
    rows.row("copy", copies.describe());
    let share = moved as f64 / time / copies.rate();
    rows.row("share of copy", format!("{:.1} %", 100.0 * share));
}

/// Tells what one thread takes without the runtime.
fn alone_rows(rows: &mut Rows, how: &str, alone: f64, time: f64) {
    rows.row(
        "serial program",
        format!("{} ({how}; one thread, no runtime)", ms(alone)),
    );
    rows.row("speed-up", format!("{:.2}", alone / time));
}

fn ms(seconds: f64) -> String {
    format!("{:.3} ms", seconds * 1e3)
}

fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let begin = Instant::now();
    let result = work();
    (result, begin.elapsed())
}

/// Compares results, vertex by vertex.
fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    subject: &Subject,
    got: &[T],
    expected: &[T],
) -> Result<()> {
    let wrong = |at: &usize| got.get(*at) != expected.get(*at);
    let all = 0..got.len().max(expected.len());
    let count = all.clone().filter(wrong).count();
    match all.clone().find(wrong) {
        None => Ok(()),
        Some(at) => Err(Error::msg(format!(
            "{what} of {count} vertices differ from the serial program's; that of `{}` is {:?} instead of {:?}. This is a fault of the program or the runtime: please report it with the command line",
            subject.name(at as u32),
            got.get(at),
            expected.get(at),
        ))),
    }
}
