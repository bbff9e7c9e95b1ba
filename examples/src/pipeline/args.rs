//! The command line.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Parser, value_parser};
use sprat::{Error, Result};
use tempfile::NamedTempFile;

use super::text;
use crate::frame::{EngineOptions, open};

/// Compresses a file with gzip, chunk by chunk: read, compress, find a place, write.
///
/// Chunks are a stream through a fixed set of blocks, which bounds the memory, whatever the file's size. Files are read
/// and written beside the engines. Any gunzip reads the result. What the engines could do at most is measured in the
/// same run: the rate of one of them that compresses a chunk in its cache, times their number.
#[derive(Parser, Clone, Debug)]
#[command(name = "pipeline", version)]
pub struct Args {
    /// The file [default: a text is made]
    #[arg(value_name = "FILE")]
    pub input: Option<PathBuf>,

    /// How many MiB of text are made
    #[arg(long, value_name = "N", default_value_t = 128, conflicts_with = "input", value_parser = value_parser!(u64).range(1..=1 << 20))]
    pub make: u64,

    /// Where the result goes; an older file is replaced once the new one is complete [default: nothing is kept]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Bytes of a chunk, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 256, value_parser = value_parser!(u32).range(1..=1 << 20))]
    pub chunk: u32,

    /// How many chunks are on their way at most [default: eight for each engine]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1 << 16))]
    pub slots: Option<u32>,

    /// How hard to try: 0 (not at all) to 9
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = value_parser!(u32).range(0..=9))]
    pub level: u32,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Decompress the result and compare it with the file; a difference is an error, and nothing is kept
    #[arg(long)]
    pub verify: bool,
}

/// What is compressed.
#[derive(Debug)]
pub enum Input {
    /// The user's file.
    Given(PathBuf),
    /// A text, gone when this is dropped.
    Made(NamedTempFile),
}

impl Input {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Input::Given(path) => path,
            Input::Made(file) => file.path(),
        }
    }
}

impl Args {
    /// What is compressed, opened, and its length in bytes.
    ///
    /// # Errors
    /// If it is no regular file, or cannot be opened or made.
    pub fn input(&self) -> Result<(Input, File, u64)> {
        let input = match &self.input {
            Some(path) => Input::Given(path.clone()),
            None => {
                let mut file = NamedTempFile::new()?;
                text::write(file.as_file_mut(), self.make << 20)?;
                Input::Made(file)
            }
        };
        let path = input.path();
        let file = open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(Error::msg(format!(
                "{} is no regular file; it is read at many places at once, so give one",
                path.display()
            )));
        }
        Ok((input, file, about.len()))
    }
}
