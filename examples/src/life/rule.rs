//! Rules: with how many living neighbours a cell is born, and with how many it survives.

use std::fmt;
use std::str::FromStr;

/// A rule. Bit n stands for n neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A dead cell with so many neighbours lives next.
    pub birth: u16,
    /// A living cell with so many neighbours stays alive.
    pub survival: u16,
}

impl Rule {
    /// Conway's Life.
    pub const LIFE: Rule = Rule {
        birth: 1 << 3,
        survival: 1 << 2 | 1 << 3,
    };
}

impl FromStr for Rule {
    type Err = String;

    /// `B3/S23`, with or without the slash, in either case; or `23/3`, the older way, survival first.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no rule; give one such as B3/S23, with numbers of neighbours from 0 to 8 after B (born) and S (survives)"
            )
        };
        let upper = text.trim().to_ascii_uppercase();
        let numbers = |digits: &str| {
            digits.chars().try_fold(0u16, |bits, digit| {
                let n = digit.to_digit(9).ok_or_else(wrong)?;
                Ok::<u16, String>(bits | 1 << n)
            })
        };
        let (birth, survival) = match upper.strip_prefix('B') {
            Some(rest) => {
                let (birth, survival) = rest.split_once('S').ok_or_else(wrong)?;
                (birth.strip_suffix('/').unwrap_or(birth), survival)
            }
            None => match upper.split_once('/').ok_or_else(wrong)? {
                (survival, birth) if survival.starts_with('S') => {
                    (birth.strip_prefix('B').ok_or_else(wrong)?, &survival[1..])
                }
                (survival, birth) => (birth, survival),
            },
        };
        Ok(Rule {
            birth: numbers(birth)?,
            survival: numbers(survival)?,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |bits: u16| {
            let set = (0..9).filter(move |n| bits & 1 << n != 0);
            set.map(|n| n.to_string()).collect::<String>()
        };
        write!(f, "B{}/S{}", digits(self.birth), digits(self.survival))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_in_all_ways_and_shown_in_one() {
        for text in ["B3/S23", "b3s23", "23/3", " B3/S32 ", "S23/B3"] {
            assert_eq!(text.parse(), Ok(Rule::LIFE), "{text}");
        }
        assert_eq!(Rule::LIFE.to_string(), "B3/S23");
        for text in ["B/S", "B36/S125", "B012345678/S012345678"] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
        for wrong in ["", "B3", "3", "B9/S", "B3/S2x", "S23/3", "B3/S23/4"] {
            let error = wrong.parse::<Rule>().unwrap_err();
            assert!(error.contains("B3/S23"), "{wrong}: {error}");
        }
    }
}
