//! Compresses a file; `pipeline --help` says what can be set. The work is in `sprat_examples::pipeline`.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sprat::{Error, Result};
use sprat_examples::frame::{Output, check_memory, exit, open, progress, say};
use sprat_examples::pipeline::args::Args;
use sprat_examples::pipeline::chunks::Chunks;
use sprat_examples::pipeline::kernel;
use sprat_examples::pipeline::plain;
use sprat_examples::pipeline::report::Report;
use sprat_examples::pipeline::stream::Stream;
use tempfile::NamedTempFile;

/// One engine compresses a chunk so many times before the stream, and after it.
const RATES: usize = 5;
/// The plain loop compresses no more than so many bytes.
const PLAIN: u64 = 32 << 20;

fn main() -> ExitCode {
    exit("pipeline", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let output = args.output.as_deref().map(Output::begin).transpose()?;
    let (input, mut file, bytes) = args.input()?;
    if bytes == 0 {
        let path = input.path().display();
        return Err(Error::msg(format!(
            "{path} is empty: there is nothing to compress"
        )));
    }
    let runtime = args.engines.builder().build()?;
    let chunks = Chunks {
        bytes,
        chunk: args.chunk as usize * 1024,
    };
    let slots = args.slots.map_or(8 * runtime.xes(), |slots| slots as usize);
    let most = chunks.chunk + kernel::most_bytes(chunks.chunk);
    let needed = (slots as u128).min(chunks.count().into()) * most as u128;
    check_memory(
        needed,
        "so many slots for chunks",
        "fewer --slots or a smaller --chunk",
    )?;
    say(&format!("{bytes} bytes, on {} engine(s)", runtime.xes()))?;

    let stream = Stream::new(&runtime, chunks, args.level, slots)?;
    let mut one = stream.rates(&mut file, RATES)?;
    file.seek(SeekFrom::Start(0))?;
    let few = PLAIN.div_ceil(chunks.chunk as u64);
    let mut sink = tempfile::tempfile()?;
    let plain = plain::compress(&mut file, &chunks, args.level, few, &mut sink)?;
    drop(sink);

    let mut written = (0, Duration::ZERO);
    let mut compress = |to: &mut NamedTempFile| {
        let bar = progress("chunks", chunks.count() as usize);
        written = stream.run(input.path(), to.path(), || bar.inc(1))?;
        bar.finish_and_clear();
        match args.verify {
            true => verify(&mut open(to.path())?, &mut file),
            false => Ok(()),
        }
    };
    match output {
        Some(output) => output.write(compress)?,
        None => compress(&mut NamedTempFile::new()?)?,
    }
    one.extend(stream.rates(&mut file, RATES)?);
    let report = Report {
        runtime: &runtime,
        chunks,
        level: args.level,
        slots: (stream.slots(), stream.bytes()),
        written,
        plain,
        one,
        verified: args.verify,
    };
    say(&report.rows().to_string())?;
    match &args.output {
        Some(path) => say(&format!("wrote {}", path.display())),
        None => Ok(()),
    }
}

/// Compares the result with the file.
fn verify(compressed: &mut File, original: &mut File) -> Result<()> {
    original.seek(SeekFrom::Start(0))?;
    plain::verify(compressed, original).map_err(|error| {
        Error::msg(format!(
            "the result is wrong: {error}. Unless the file changed meanwhile, this is a fault of the program or the runtime: please report it with the command line"
        ))
    })
}
