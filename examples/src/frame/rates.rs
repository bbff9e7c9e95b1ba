//! Several measurements of one thing.

use std::time::Duration;

/// The one in the middle; an absurdly long time for none, so that no rate comes of it.
pub fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(Duration::MAX)
}

/// The slowest and the fastest rate, for people, of doing `amount` in each of these times.
pub fn spread(times: &[Duration], amount: f64) -> String {
    let rate = |time: Option<&Duration>| time.map_or(0.0, |t| amount / t.as_secs_f64());
    format!(
        "{:.2} to {:.2}",
        rate(times.iter().max()),
        rate(times.iter().min())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends() {
        let times = [4, 1, 2].map(Duration::from_secs);
        assert_eq!(median(&times), Duration::from_secs(2));
        assert_eq!(spread(&times, 8.0), "2.00 to 8.00");
        assert_eq!(median(&[]), Duration::MAX);
    }
}
