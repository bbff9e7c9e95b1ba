//! Temperatures as colours.

/// Colours from cold to hot, evenly spaced: samples of the `inferno` map, whose brightness grows with the value.
const STOPS: [[f32; 3]; 9] = [
    [0.0, 0.0, 4.0],
    [31.0, 12.0, 72.0],
    [85.0, 15.0, 109.0],
    [136.0, 34.0, 106.0],
    [186.0, 54.0, 85.0],
    [227.0, 89.0, 51.0],
    [249.0, 140.0, 10.0],
    [249.0, 201.0, 50.0],
    [252.0, 255.0, 164.0],
];

/// The colour of a temperature from 0 to 1: red, green, blue.
pub fn colour(temperature: f32) -> [u8; 3] {
    let last = STOPS.len() - 1;
    // Not a number is as cold as can be.
    let at = (temperature * last as f32).clamp(0.0, last as f32).max(0.0);
    let low = (at as usize).min(last - 1);
    let part = at - low as f32;
    std::array::from_fn(|c| {
        (STOPS[low][c] + part * (STOPS[low + 1][c] - STOPS[low][c])).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::colour;

    #[test]
    fn ends_and_beyond() {
        assert_eq!(colour(0.0), [0, 0, 4]);
        assert_eq!(colour(1.0), [252, 255, 164]);
        assert_eq!(colour(-3.0), colour(0.0));
        assert_eq!(colour(7.0), colour(1.0));
        assert_eq!(colour(f32::NAN), colour(0.0));
    }
}
