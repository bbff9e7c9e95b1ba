//! What shells and `man` want to know of the command.

use crate::options::print;
use clap::Args;
use sprat::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// For bash: sprat-sim completions bash > ~/.local/share/bash-completion/completions/sprat-sim
#[derive(Args)]
pub(crate) struct Completions {
    /// Which shell
    shell: clap_complete::Shell,
}

impl Completions {
    pub(crate) fn run(&self, mut command: clap::Command) -> Result<()> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "sprat-sim", &mut text);
        print(&String::from_utf8_lossy(&text));
        Ok(())
    }
}

/// To read it at once: sprat-sim man | man -l -
#[derive(Args)]
pub(crate) struct Man {
    /// A folder for the pages of all subcommands instead
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(&self, command: clap::Command) -> Result<()> {
        let told = |path: &Path, error: std::io::Error| {
            Error::new(ErrorKind::System, format!("{}: {error}", path.display()))
        };
        let Some(folder) = &self.output else {
            let mut text = Vec::new();
            let page = clap_mangen::Man::new(command).render(&mut text);
            page.map_err(|error| told(Path::new("standard output"), error))?;
            print(&String::from_utf8_lossy(&text));
            return Ok(());
        };
        std::fs::create_dir_all(folder).map_err(|error| told(folder, error))?;
        clap_mangen::generate_to(command, folder).map_err(|error| told(folder, error))
    }
}
