//! Sets of CPUs and regions as words of hexadecimal digits, as the kernel and hwloc write them.

use super::{CpuSet, text::shown};

/// A set that may go on for ever.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mask {
    pub set: CpuSet,
    /// All numbers from this one on are in it too.
    pub all_from: Option<u32>,
}

impl Mask {
    pub(super) fn contains(&self, number: u32) -> bool {
        self.set.contains(number) || self.all_from.is_some_and(|from| number >= from)
    }

    /// What is in it of a set.
    pub(super) fn of(&self, known: &CpuSet) -> CpuSet {
        let above = self.all_from.map(|from| known.not_below(from));
        self.set
            .intersection(known)
            .union(&above.unwrap_or_default())
    }
}

/// Reads words of 32 bits with commas between them, the highest first. hwloc puts `0x` in front of each, leaves words of
/// zeros empty, and has `0xf...f` for a set that goes on for ever. The error says what is wrong with which word.
pub(super) fn parse(text: &str) -> Result<Mask, String> {
    let text = text.trim();
    let (endless, words) = match text.strip_prefix("0xf...f") {
        Some("") => (true, ""),
        Some(rest) => match rest.strip_prefix(',') {
            Some(words) => (true, words),
            None => {
                return Err(format!(
                    "there is no comma behind `0xf...f` in {}",
                    shown(text)
                ));
            }
        },
        None => (false, text),
    };
    if words.is_empty() && !endless {
        return Err("it is empty, and even no CPU at all is written as 0".into());
    }
    let words: Vec<&str> = match words {
        "" => Vec::new(),
        words => words.split(',').collect(),
    };
    if words.len() > (CpuSet::LIMIT / 32) as usize {
        return Err(format!(
            "numbers end below {}, so the text must be damaged",
            CpuSet::LIMIT
        ));
    }
    let mut set = CpuSet::new();
    for (place, word) in words.iter().rev().enumerate() {
        let digits = word.strip_prefix("0x").unwrap_or(word);
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let bits = match digits {
            "" if word.is_empty() => 0,
            _ if hex => u32::from_str_radix(digits, 16)
                .map_err(|_| format!("{} is not a word of 32 bits", shown(word)))?,
            _ => return Err(format!("{} is not hexadecimal", shown(word))),
        };
        let ones = (0..32).filter(|bit| bits >> bit & 1 == 1);
        set.extend(ones.map(|bit| place as u32 * 32 + bit));
    }
    Ok(Mask {
        set,
        all_from: endless.then_some(words.len() as u32 * 32),
    })
}
