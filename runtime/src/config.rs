//! The settings of a runtime that come from the environment. The list for users is `docs/configuration.md`.

use crate::error::{Error, ErrorKind, Result};
use crate::page::Place;
use std::path::PathBuf;

/// Settings; `None` where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) xes: Option<usize>,
    pub(crate) ce: Option<String>,
    pub(crate) pin: Option<bool>,
    pub(crate) spin_us: Option<u64>,
    pub(crate) oversubscribe: Option<bool>,
    pub(crate) topology: Option<String>,
    pub(crate) live_codelets: Option<usize>,
    pub(crate) check: Option<Seed>,
    pub(crate) memory_report: Option<bool>,
    pub(crate) relieve: Option<bool>,
    pub(crate) policy: Option<String>,
    pub(crate) power_cap: Option<String>,
    pub(crate) trace: Option<String>,
    pub(crate) top: Option<Place>,
}

/// The seed of the checking mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seed {
    /// Another one in each run.
    Any,
    This(u64),
}

impl Settings {
    /// From the process's environment.
    pub(crate) fn from_environment() -> Result<Self> {
        Self::read(|name| match std::env::var(name) {
            Ok(text) => Ok(Some(text)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(wrong(name, "?", "be plain text")),
        })
    }

    /// From wherever `look_up` finds a variable's text. An empty text counts as not set.
    fn read(look_up: impl Fn(&'static str) -> Result<Option<String>>) -> Result<Self> {
        let text = |name| Ok::<_, Error>(look_up(name)?.filter(|text| !text.is_empty()));
        let number = |name| match text(name)? {
            None => Ok(None),
            Some(text) => match text.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(wrong(name, &text, "be a whole number")),
            },
        };
        let switch = |name| {
            let Some(text) = text(name)? else {
                return Ok(None);
            };
            match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Ok(Some(true)),
                "0" | "false" | "no" | "off" => Ok(Some(false)),
                _ => Err(wrong(name, &text, "be 1 or 0")),
            }
        };
        let seed = |name| {
            let Some(text) = text(name)? else {
                return Ok(None);
            };
            if let Some(number) = text.strip_prefix("seed=") {
                return match number.parse() {
                    Ok(seed) => Ok(Some(Seed::This(seed))),
                    Err(_) => Err(wrong(name, &text, "have a whole number after `seed=`")),
                };
            }
            match switch(name) {
                Ok(on) => Ok(on.unwrap_or(false).then_some(Seed::Any)),
                Err(_) => Err(wrong(
                    name,
                    &text,
                    "be 1, 0, or `seed=` with a whole number",
                )),
            }
        };
        // What is no switch is a file's name.
        let place = |name| match switch(name) {
            Ok(on) => Ok(on.unwrap_or(false).then_some(Place::Shared)),
            Err(_) => Ok::<_, Error>(text(name)?.map(|text| Place::File(PathBuf::from(text)))),
        };
        Ok(Settings {
            xes: number("SPRAT_XES")?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
            ce: text("SPRAT_CE")?,
            pin: switch("SPRAT_PIN")?,
            spin_us: number("SPRAT_SPIN_US")?,
            oversubscribe: switch("SPRAT_OVERSUBSCRIBE")?,
            topology: text("SPRAT_TOPOLOGY")?,
            check: seed("SPRAT_CHECK")?,
            memory_report: switch("SPRAT_MEMORY_REPORT")?,
            relieve: switch("SPRAT_RELIEVE")?,
            policy: text("SPRAT_POLICY")?,
            power_cap: text("SPRAT_POWER_CAP")?,
            trace: text("SPRAT_TRACE")?,
            top: place("SPRAT_TOP")?,
            live_codelets: number("SPRAT_LIVE_CODELETS")?
                .map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        })
    }
}

fn wrong(name: &str, text: &str, must: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("the environment variable {name} is `{text}`, and must {must}; mend or unset it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings> {
        let find = |name: &str| pairs.iter().find(|(n, _)| *n == name);
        Settings::read(|name| Ok(find(name).map(|(_, text)| (*text).to_owned())))
    }

    #[test]
    fn nothing_said_is_nothing_set() {
        assert_eq!(read(&[("SPRAT_XES", "")]).unwrap(), Settings::default());
    }

    #[test]
    fn what_is_said_is_read() {
        let all = [
            ("SPRAT_XES", "3"),
            ("SPRAT_CE", "elastic"),
            ("SPRAT_PIN", "off"),
            ("SPRAT_SPIN_US", "0"),
            ("SPRAT_OVERSUBSCRIBE", "1"),
            ("SPRAT_TOPOLOGY", "core:4"),
            ("SPRAT_LIVE_CODELETS", "5000"),
            ("SPRAT_CHECK", "seed=7"),
            ("SPRAT_MEMORY_REPORT", "on"),
            ("SPRAT_RELIEVE", "1"),
            ("SPRAT_POLICY", "locality"),
            ("SPRAT_POWER_CAP", "62.5"),
            ("SPRAT_TRACE", "run.sprat"),
            ("SPRAT_TOP", "/tmp/page-%p"),
        ];
        let expected = Settings {
            xes: Some(3),
            ce: Some("elastic".to_owned()),
            pin: Some(false),
            spin_us: Some(0),
            oversubscribe: Some(true),
            topology: Some("core:4".to_owned()),
            live_codelets: Some(5000),
            check: Some(Seed::This(7)),
            memory_report: Some(true),
            relieve: Some(true),
            policy: Some("locality".to_owned()),
            power_cap: Some("62.5".to_owned()),
            trace: Some("run.sprat".to_owned()),
            top: Some(Place::File(PathBuf::from("/tmp/page-%p"))),
        };
        assert_eq!(read(&all).unwrap(), expected);
    }

    #[test]
    fn a_page_is_shared_or_in_a_file() {
        let top = |text| read(&[("SPRAT_TOP", text)]).unwrap().top;
        assert_eq!(top("1"), Some(Place::Shared));
        assert_eq!(top("no"), None);
        assert_eq!((top("True"), top("OFF")), (Some(Place::Shared), None));
        assert_eq!(top("here"), Some(Place::File(PathBuf::from("here"))));
    }

    #[test]
    fn checking_is_on_off_or_seeded() {
        let check = |text| read(&[("SPRAT_CHECK", text)]).unwrap().check;
        assert_eq!(check("1"), Some(Seed::Any));
        assert_eq!(check("off"), None);
        assert_eq!(check("seed=0"), Some(Seed::This(0)));
    }

    #[test]
    fn nonsense_is_told_with_the_variables_name() {
        for pair in [
            ("SPRAT_XES", "two"),
            ("SPRAT_XES", "-1"),
            ("SPRAT_PIN", "maybe"),
            ("SPRAT_LIVE_CODELETS", "many"),
            ("SPRAT_CHECK", "twice"),
            ("SPRAT_CHECK", "seed=x"),
        ] {
            let error = read(&[pair]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(pair.0) && error.to_string().contains(pair.1));
        }
    }
}
