//! Ranks of MPI. They are processes of their own: `mpirun` starts this program once more for each, and each is told over
//! a socket what to run ([`super::mpi_rank`] is what it then does). Between runs they sleep at the socket.

use super::{Runner, Setup};
use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use crate::{Error, Result};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Ranks that are not here after so long will not come.
const PATIENCE: Duration = Duration::from_secs(30);

struct Ranks {
    /// In the order of the ranks' numbers. Before `mpirun`: ranks end when their sockets close.
    lines: Vec<BufReader<UnixStream>>,
    _mpirun: Mpirun,
}

/// Waited for when it is dropped.
struct Mpirun(Child);

impl Drop for Mpirun {
    fn drop(&mut self) {
        // Nothing sensible can be done about ranks that ended badly.
        let _ = self.0.wait();
    }
}

/// A socket's name, which goes away with it.
struct Name(PathBuf);

impl Drop for Name {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    static SOCKETS: AtomicUsize = AtomicUsize::new(0);
    let number = SOCKETS.fetch_add(1, Ordering::Relaxed);
    let name = format!("sprat-bench-{}-{number}.socket", std::process::id());
    let name = Name(std::env::temp_dir().join(name));
    let listener = UnixListener::bind(&name.0)?;
    listener.set_nonblocking(true)?;
    let ranks = setup.cpus.len();
    let cpus: Vec<String> = setup.cpus.iter().map(u32::to_string).collect();
    let crowded = thread::available_parallelism()?.get() < ranks;
    let mut mpirun = Command::new("mpirun");
    // They pin themselves, to the processors that all systems have.
    mpirun
        .args(["-n", &ranks.to_string(), "--oversubscribe"])
        .args(["--bind-to", "none"])
        // Waits actively; ranks that share a processor must let each other run.
        .args([
            "--mca",
            "mpi_yield_when_idle",
            if crowded { "1" } else { "0" },
        ])
        // It refuses to run as root otherwise, which is what machines for tests run as.
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .arg(std::env::current_exe()?)
        .arg("mpi-rank")
        .arg(&name.0)
        .arg(cpus.join(","))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mpirun = mpirun.spawn();
    let mpirun = mpirun.map_err(|why| Error::msg(format!("mpirun does not start: {why}")))?;
    // Sockets that are dropped early, as an error drops them, end the ranks, and those `mpirun`.
    let mut mpirun = Mpirun(mpirun);
    let mut lines: Vec<Option<BufReader<UnixStream>>> = (0..ranks).map(|_| None).collect();
    let begin = Instant::now();
    while lines.iter().any(Option::is_none) {
        let Ok((stream, _)) = listener.accept() else {
            if let Some(status) = mpirun.0.try_wait()? {
                return Err(Error::msg(format!(
                    "mpirun ended before all ranks were here: {status}"
                )));
            }
            if begin.elapsed() > PATIENCE {
                mpirun.0.kill()?;
                return Err(Error::msg("not all ranks of MPI have come"));
            }
            thread::sleep(Duration::from_millis(2));
            continue;
        };
        stream.set_nonblocking(false)?;
        let mut reader = BufReader::new(stream);
        let rank: usize = said(&mut reader)?.parse().map_err(strange)?;
        lines[rank] = Some(reader);
    }
    Ok(Box::new(Ranks {
        lines: lines.into_iter().flatten().collect(),
        _mpirun: mpirun,
    }))
}

/// The next line of a rank.
fn said(reader: &mut BufReader<UnixStream>) -> Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(Error::msg("a rank of MPI has ended"));
    }
    Ok(line.trim_end().to_owned())
}

fn strange(why: std::num::ParseIntError) -> Error {
    Error::msg(format!("a rank of MPI says what makes no sense: {why}"))
}

impl Ranks {
    fn tell(&mut self, line: &str) -> Result<()> {
        for reader in &mut self.lines {
            reader.get_mut().write_all(line.as_bytes())?;
        }
        Ok(())
    }
}

impl Runner for Ranks {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        let (name, width, steps) = (lattice.pattern.name(), lattice.width, lattice.steps);
        self.tell(&format!("graph {name} {width} {steps}\n"))
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        let (kernel, iterations) = case.work.told();
        self.tell(&format!("run {kernel} {iterations}\n"))?;
        let mut times = Vec::new();
        for reader in &mut self.lines {
            let line = said(reader)?;
            let Some((time, ran)) = line.split_once(' ').filter(|_| !line.starts_with("wrong"))
            else {
                return Err(Error::msg(line));
            };
            times.push(time.parse().map_err(strange)?);
            case.ran_elsewhere(ran.parse().map_err(strange)?);
        }
        // The clock of the first: all begin and end together.
        Ok(Duration::from_nanos(times[0]))
    }

    fn check(&mut self, _: &Case) -> Result<()> {
        // Each rank has looked at the outputs of its own tasks before it gave its time.
        Ok(())
    }
}
