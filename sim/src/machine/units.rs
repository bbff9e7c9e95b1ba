//! Quantities with their units.

/// What a quantity measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// In nanoseconds.
    Time,
    /// In bytes.
    Size,
    /// In bytes a nanosecond.
    Bandwidth,
    /// In femtojoules a bit.
    BitEnergy,
    /// In microwatts.
    Power,
    /// In operations a nanosecond.
    Rate,
    /// In hertz.
    Frequency,
    /// In volts.
    Voltage,
    /// As a part of one.
    Share,
}

use Dimension::*;

/// A dimension's name, an example, and its units with their factors.
type Units = (&'static str, &'static str, &'static [(&'static str, f64)]);

const KIB: f64 = 1024.0;

impl Dimension {
    fn units(self) -> Units {
        match self {
            Time => (
                "time",
                "90 ns",
                &[
                    ("ns", 1.0),
                    ("us", 1e3),
                    ("µs", 1e3),
                    ("ms", 1e6),
                    ("s", 1e9),
                ],
            ),
            Size => (
                "size",
                "64 GiB",
                &[
                    ("B", 1.0),
                    ("KiB", KIB),
                    ("MiB", KIB * KIB),
                    ("GiB", KIB * KIB * KIB),
                    ("TiB", KIB * KIB * KIB * KIB),
                ],
            ),
            Bandwidth => (
                "bandwidth",
                "50 GB/s",
                &[("MB/s", 1e-3), ("GB/s", 1.0), ("TB/s", 1e3)],
            ),
            BitEnergy => (
                "energy a bit",
                "0.5 pJ/bit",
                &[("fJ/bit", 1.0), ("pJ/bit", 1e3), ("nJ/bit", 1e6)],
            ),
            Power => (
                "power",
                "1.5 W",
                &[
                    ("uW", 1.0),
                    ("µW", 1.0),
                    ("mW", 1e3),
                    ("W", 1e6),
                    ("kW", 1e9),
                    ("MW", 1e12),
                ],
            ),
            Rate => (
                "rate",
                "8 Gop/s",
                &[("Mop/s", 1e-3), ("Gop/s", 1.0), ("Top/s", 1e3)],
            ),
            Frequency => ("frequency", "2.4 GHz", &[("MHz", 1e6), ("GHz", 1e9)]),
            Voltage => ("voltage", "0.8 V", &[("mV", 1e-3), ("V", 1.0)]),
            Share => ("share", "33 %", &[("%", 0.01)]),
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        self.units().0
    }

    /// How one is written.
    pub(crate) fn example(self) -> &'static str {
        self.units().1
    }

    /// Reads a quantity; else what is wrong with it.
    pub(crate) fn read(self, text: &str) -> Result<f64, String> {
        let (name, example, units) = self.units();
        let text = text.trim();
        let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_');
        let end = text.find(|c| !is_digit(c)).unwrap_or(text.len());
        let (number, unit) = (text[..end].replace('_', ""), text[end..].trim());
        let known: Vec<&str> = units.iter().map(|(unit, _)| *unit).collect();
        let known = known.join(", ");
        if unit.is_empty() {
            return Err(format!(
                "`{text}` has no unit; a {name} is written like \"{example}\" (units: {known})"
            ));
        }
        let Some((_, factor)) = units.iter().find(|(known, _)| *known == unit) else {
            return Err(format!(
                "`{unit}` is no unit of a {name}; use one of {known}, as in \"{example}\""
            ));
        };
        match number.parse::<f64>() {
            Ok(number) if number >= 0.0 && (number * factor).is_finite() => Ok(number * factor),
            Ok(_) => Err(format!("`{text}` is no {name}: it may not be negative")),
            Err(_) => Err(format!(
                "`{text}` does not begin with a number; a {name} is written like \"{example}\""
            )),
        }
    }
}

/// A power with its unit, in microwatts.
///
/// # Errors
/// What is wrong with the text, and how a power is written.
pub fn power(text: &str) -> Result<u64, String> {
    Power.read(text).map(|uw| uw as u64)
}

/// A number with three digits and a unit that suits it: `1.25 ms`.
pub fn human(value: f64, units: &[(&str, f64)]) -> String {
    let suits = |(_, factor): &&(&str, f64)| value.abs() >= *factor;
    let (unit, factor) = units.iter().rev().find(suits).unwrap_or(&units[0]);
    let scaled = value / factor;
    let digits = match scaled.abs() {
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        _ => 2,
    };
    format!("{scaled:.digits$} {unit}")
}

/// A time in nanoseconds, for people.
pub fn time(ns: f64) -> String {
    human(ns, &[("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)])
}

/// An energy in femtojoules, for people.
pub fn energy(fj: u128) -> String {
    let units = [
        ("fJ", 1.0),
        ("pJ", 1e3),
        ("nJ", 1e6),
        ("uJ", 1e9),
        ("mJ", 1e12),
        ("J", 1e15),
        ("kJ", 1e18),
    ];
    human(fj as f64, &units)
}

/// A size in bytes, for people.
pub fn size(bytes: u64) -> String {
    let units = [
        ("B", 1.0),
        ("KiB", KIB),
        ("MiB", KIB * KIB),
        ("GiB", KIB * KIB * KIB),
        ("TiB", KIB * KIB * KIB * KIB),
    ];
    human(bytes as f64, &units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_a_number_and_a_unit() {
        assert_eq!(Time.read("1.5 us"), Ok(1500.0));
        assert_eq!(Time.read(" 20ms "), Ok(2e7));
        assert_eq!(Size.read("64 KiB"), Ok(65536.0));
        assert_eq!(BitEnergy.read("75 pJ/bit"), Ok(75_000.0));
        assert_eq!(Share.read("33 %"), Ok(0.33));
        assert_eq!(Size.read("1_024 B"), Ok(1024.0));
    }

    #[test]
    fn what_is_wrong_with_a_quantity_is_said_with_the_mend() {
        let wrong = |dimension: Dimension, text| dimension.read(text).unwrap_err();
        assert!(wrong(Time, "90").contains("has no unit; a time is written like \"90 ns\""));
        assert!(wrong(Bandwidth, "50 GiB/s").contains("use one of MB/s, GB/s, TB/s"));
        assert!(wrong(Power, "many W").contains("is no unit"));
        assert!(wrong(Power, "1.2.3 W").contains("does not begin with a number"));
        assert!(wrong(Power, "-1 W").contains("may not be negative"));
    }

    #[test]
    fn figures_for_people_have_three_digits() {
        assert_eq!(time(1_250_000.0), "1.25 ms");
        assert_eq!(time(0.0), "0.00 ns");
        assert_eq!(energy(75_000), "75.0 pJ");
        assert_eq!(size(123 << 30), "123 GiB");
    }
}
