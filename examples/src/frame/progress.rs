//! Progress on a terminal, silence elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal, nothing elsewhere. Call `finish_and_clear` at the end.
pub fn progress(what: &'static str, length: usize) -> ProgressBar {
    bar(what, length as u64, "{pos}/{len}")
}

/// A bar for reading so many bytes.
pub(super) fn reading(bytes: u64) -> ProgressBar {
    bar("reading", bytes, "{bytes}/{total_bytes}")
}

fn bar(what: &'static str, length: u64, done: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    match ProgressStyle::with_template(&format!("{{msg}} {{wide_bar}} {done} {{eta}} left")) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
