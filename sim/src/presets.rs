//! Machines that come with the simulator.

use crate::machine::Description;
use sprat::{Error, ErrorKind, Result};

/// A machine's name and file.
pub struct Preset {
    /// What it is called on the command line.
    pub name: &'static str,
    /// The text of its file.
    pub text: &'static str,
}

macro_rules! presets {
    ($($name:literal),*) => {
        &[$(Preset { name: $name, text: include_str!(concat!("../machines/", $name, ".toml")) }),*]
    };
}

/// All of them.
pub const PRESETS: &[Preset] = presets![
    "server",
    "hbm",
    "strawman-64",
    "strawman-1024",
    "strawman-16384"
];

impl Description {
    /// A machine that comes with the simulator.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](sprat::ErrorKind::Config) if there is none with this name.
    pub fn preset(name: &str) -> Result<Self> {
        let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) else {
            let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            let text = format!(
                "there is no preset `{name}`; use one of {}, or a file",
                known.join(", ")
            );
            return Err(Error::new(ErrorKind::Config, text));
        };
        Description::read(&format!("{}.toml", preset.name), preset.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_machines() {
        let xes = |name| {
            Description::preset(name)
                .unwrap()
                .build(None)
                .unwrap()
                .xes()
        };
        let all: Vec<(&str, u16)> = PRESETS
            .iter()
            .map(|preset| (preset.name, xes(preset.name)))
            .collect();
        let expected = [
            ("server", 128),
            ("hbm", 56),
            ("strawman-64", 64),
            ("strawman-1024", 1024),
            ("strawman-16384", 16384),
        ];
        assert_eq!(all, expected);
    }

    /// Behind each quantity stands a source, a measurement, or that it is assumed.
    #[test]
    fn presets_say_where_their_figures_are_from() {
        for preset in PRESETS {
            for (number, line) in preset.text.lines().enumerate() {
                let is_figure = !line.starts_with("name")
                    && line
                        .split_once("= \"")
                        .is_some_and(|(_, value)| value.starts_with(|c: char| c.is_ascii_digit()));
                let says = ["source:", "measured", "assumed"]
                    .iter()
                    .any(|word| line.contains(word));
                assert!(
                    !is_figure || says,
                    "{}, line {}: {line}",
                    preset.name,
                    number + 1
                );
            }
        }
    }
}
