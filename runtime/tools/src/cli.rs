//! What the command line says, and carrying it out.

mod input;
mod output;
mod top;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use input::{load, load_as, told_of};
use output::Output;
use sprat_tools::analyse::analyse;
use sprat_tools::run::Run;
use sprat_tools::{export, read, report, serve, topo};
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows what a program that uses Sprat did, and why.
///
/// Run the program with SPRAT_TRACE=run.sprat, and then: sprat report run.sprat -o report.html
#[derive(Parser)]
#[command(name = "sprat", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a run did and what to do about it: as text, as JSON, or as a page for a browser
    Report {
        /// The trace
        trace: PathBuf,
        /// Where the page goes; it needs no network and no other file
        #[arg(short, long, value_name = "HTML")]
        output: Option<PathBuf>,
        /// All figures as JSON on standard output, instead of text
        #[arg(long)]
        json: bool,
    },
    /// A run in full detail, for a browser on this machine: until control-C
    ///
    /// Any stretch of the timeline, a search through all codelets, and the whole story of each. Nothing leaves the machine.
    Serve {
        /// The trace
        trace: PathBuf,
        /// The port of 127.0.0.1; 0 for one that is free
        #[arg(short, long, default_value_t = 0)]
        port: u16,
    },
    /// A trace for other programs
    Export {
        /// The trace
        trace: PathBuf,
        /// In which language
        #[arg(short, long)]
        format: Format,
        /// Where it goes; standard output if not given
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// For dot: the first codelet, by the order of starts
        #[arg(long, default_value_t = 0)]
        from: usize,
        /// For dot: so many codelets
        #[arg(long, default_value_t = 200)]
        count: usize,
    },
    /// What is different between two runs, by kinds and by how engines spent their time
    Diff {
        /// The trace of the first run
        before: PathBuf,
        /// The trace of the second run
        after: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What a program does right now that runs with SPRAT_TOP=1, also one that hangs
    ///
    /// Without a process: which programs show themselves. On a terminal it is shown until the program ends, or control-C.
    Top {
        /// The number of a process, or the file that its SPRAT_TOP names
        who: Option<String>,
        /// One look, and no more; so it is anyway if this is written to a file or a pipe
        #[arg(long)]
        once: bool,
        /// One look, with all figures as JSON
        #[arg(long)]
        json: bool,
        /// One look at counters, as OpenMetrics text
        #[arg(long, conflicts_with = "json", requires = "who")]
        metrics: bool,
        /// Seconds between two looks
        #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
        every: f64,
    },
    /// The machine, and the engines that a runtime would start here: as a tree, as JSON, or as a picture
    Topo {
        /// As JSON
        #[arg(long, conflicts_with = "svg")]
        json: bool,
        /// As a picture, on standard output
        #[arg(long)]
        svg: bool,
    },
    /// Completions of this command for a shell, on standard output
    ///
    /// For bash: sprat completions bash > ~/.local/share/bash-completion/completions/sprat
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// This command's manual page, on standard output
    ///
    /// To read it at once: sprat man | man -l -
    Man {
        /// A folder for the pages of all subcommands instead
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// JSON for chrome://tracing and ui.perfetto.dev
    Chrome,
    /// Protocol buffers for ui.perfetto.dev: smaller, for long runs
    Perfetto,
    /// Who waits for whom, for Graphviz
    Dot,
    /// A database of SQLite, in a file: -o run.db
    Sqlite,
}

/// Carries out the command.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help, the version, or what is wrong with the arguments.
        Err(told) => {
            return match told.print() {
                // What is wrong, and nobody hears it: its code says it.
                Err(error) if error.kind() != ErrorKind::BrokenPipe && !told.use_stderr() => {
                    note(&format!("sprat: standard output: {error}"));
                    ExitCode::FAILURE
                }
                _ => ExitCode::from(told.exit_code() as u8),
            };
        }
    };
    match carry_out(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            note(&format!("sprat: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> Result<(), String> {
    match command {
        Command::Report {
            trace,
            output,
            json,
        } => {
            let output = output.map(|path| Output::open(&path, &[&trace]));
            let output = output.transpose()?;
            let run = load(&trace)?;
            progress("looking at it");
            let analysis = analyse(&run);
            if let Some(output) = output {
                progress("writing the page");
                let page = report::html::html(&run, &analysis);
                output.write(|out| out.write_all(page.as_bytes()))?;
                if !json {
                    return Ok(());
                }
            }
            match json {
                true => say(&pretty(&analysis)?),
                false => say(&report::text::text(&analysis)),
            }
        }
        Command::Serve { trace, port } => {
            // First, so that a port in use is told before a long trace is read.
            let (listener, port) = serve::http::listen(port)?;
            let (run, accesses) = load_as(&trace, read::read_with_accesses)?;
            told_of(&run, &trace);
            progress("looking at it");
            let analysis = analyse(&run);
            let served = serve::Served::new(run, analysis, accesses);
            say(&format!("http://127.0.0.1:{port}/\n"))?;
            progress("serving it until control-C");
            serve::http::serve(&listener, port, |request| served.answer(request));
            Ok(())
        }
        Command::Export {
            trace,
            format,
            output,
            from,
            count,
        } => {
            let output = output.map(|path| Output::open(&path, &[&trace]));
            match (format, output.transpose()?) {
                (Format::Sqlite, None) => Err("a database needs a file: -o run.db".to_owned()),
                (Format::Sqlite, Some(output)) => {
                    let run = load(&trace)?;
                    output.write(|out| export::sqlite::sqlite(&run, out))
                }
                (_, Some(output)) => {
                    let run = load(&trace)?;
                    output.write(|out| as_text(&run, format, (from, count), out))
                }
                (_, None) => {
                    let run = load(&trace)?;
                    to_stdout(|out| as_text(&run, format, (from, count), out))
                }
            }
        }
        Command::Diff {
            before,
            after,
            json,
        } => {
            let diff = report::diff::diff(&analyse(&load(&before)?), &analyse(&load(&after)?));
            match json {
                true => say(&pretty(&diff)?),
                false => say(&report::diff::text(&diff)),
            }
        }
        Command::Top {
            who,
            once,
            json,
            metrics,
            every,
        } => {
            let how = match (json, metrics) {
                (true, _) => top::How::Json,
                (_, true) => top::How::Metrics,
                _ if once || !std::io::stdout().is_terminal() => top::How::Once,
                _ => top::How::Watch,
            };
            // Pages are written ten times a second.
            if !(0.1..=3600.0).contains(&every) {
                return Err("--every is between 0.1 and 3600 seconds".to_owned());
            }
            top::top(
                who.as_deref(),
                how,
                std::time::Duration::from_secs_f64(every),
            )
        }
        Command::Topo { json, svg } => {
            let (topology, plan) = (sprat::Runtime::builder().plan()).map_err(|e| e.to_string())?;
            match (json, svg) {
                (true, _) => say(&pretty(&topo::json(&topology, &plan)?)?),
                (_, true) => say(&topo::svg(&topology, &plan)),
                _ => say(&topo::text(&topology, &plan)),
            }
        }
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "sprat", &mut text);
            to_stdout(|out| out.write_all(&text))
        }
        Command::Man { output: None } => {
            let page = clap_mangen::Man::new(Arguments::command());
            to_stdout(|out| page.render(out))
        }
        Command::Man {
            output: Some(folder),
        } => {
            let told = |error| format!("{}: {error}", folder.display());
            std::fs::create_dir_all(&folder).map_err(told)?;
            clap_mangen::generate_to(Arguments::command(), &folder).map_err(told)
        }
    }
}

fn pretty(value: &impl serde::Serialize) -> Result<String, String> {
    let text = serde_json::to_string_pretty(value).map_err(|e| e.to_string())?;
    Ok(text + "\n")
}

/// A run in a language that is written from the beginning to the end; for dot so many codelets behind the first ones.
fn as_text(
    run: &Run,
    format: Format,
    (from, count): (usize, usize),
    out: &mut impl Write,
) -> std::io::Result<()> {
    match format {
        Format::Chrome => export::chrome::chrome(run, out),
        Format::Perfetto => export::perfetto::perfetto(run, out),
        Format::Dot => export::dot::dot(run, from, count, out),
        Format::Sqlite => unreachable!("a database is written to and fro"),
    }
}

/// A line for people, on standard error. Where that is closed or full nobody reads it, and the command goes on.
fn note(line: &str) {
    _ = writeln!(std::io::stderr(), "{line}");
}

/// A line for who waits at a terminal.
fn progress(what: &str) {
    if std::io::stderr().is_terminal() {
        note(&format!("{what} ..."));
    }
}

/// To standard output.
fn say(text: &str) -> Result<(), String> {
    to_stdout(|out| out.write_all(text.as_bytes()))
}

/// To standard output. A reader that stops early is no error.
fn to_stdout(
    write: impl FnOnce(&mut BufWriter<std::io::StdoutLock<'_>>) -> std::io::Result<()>,
) -> Result<(), String> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("standard output: {error}")),
    }
}
