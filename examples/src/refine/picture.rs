//! The mesh as a picture.

use super::function::Function;
use super::square::Square;

/// Pixels of the picture's side.
pub const SIDE: usize = 1024;

/// The colour of lines.
const LINE: [u8; 3] = [40, 52, 70];

/// Draws the function's values from blue to yellow, and the edges of squares that are large enough to have some. Rows
/// from the top, so that the second coordinate grows upwards; three bytes a pixel.
pub fn draw(function: Function, leaves: &[Square]) -> Vec<u8> {
    let value = |square: &Square| {
        let middle = |at: u32| (f64::from(at) + 0.5) * square.side();
        function.at(middle(square.x), middle(square.y))
    };
    let values: Vec<f64> = leaves.iter().map(value).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut pixels = vec![[0; 3]; SIDE * SIDE];
    for (square, value) in leaves.iter().zip(values) {
        // A needle is seen all the same: the logarithm of what is above the lowest.
        let height = (value - low).ln_1p() / (high - low).ln_1p();
        let colour = colour(if height.is_finite() { height } else { 0.0 });
        let edge = |at: u32| (f64::from(at) * square.side() * SIDE as f64) as usize;
        let (left, right) = (edge(square.x), edge(square.x + 1));
        let (low, high) = (edge(square.y), edge(square.y + 1));
        let lines = right - left > 3;
        for y in low..high.max(low + 1).min(SIDE) {
            for x in left..right.max(left + 1).min(SIDE) {
                let edge = lines && (x == left || y == low);
                pixels[(SIDE - 1 - y) * SIDE + x] = if edge { LINE } else { colour };
            }
        }
    }
    pixels.into_flattened()
}

/// From 0, dark blue, to 1, yellow.
fn colour(height: f64) -> [u8; 3] {
    const STOPS: [[f64; 3]; 4] = [
        [24.0, 28.0, 76.0],
        [32.0, 112.0, 142.0],
        [90.0, 186.0, 110.0],
        [250.0, 226.0, 60.0],
    ];
    let at = height.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let from = (at as usize).min(STOPS.len() - 2);
    let part = at - from as f64;
    [0, 1, 2].map(|i| (STOPS[from][i] + part * (STOPS[from + 1][i] - STOPS[from][i])) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_fill_the_picture() {
        let pixels = draw(Function::Waves, &Square::WHOLE.quarters());
        assert_eq!(pixels.len(), 3 * SIDE * SIDE);
        let at = |x: usize, y: usize| &pixels[3 * (y * SIDE + x)..][..3];
        assert_eq!(at(SIDE / 2, 7), LINE);
        assert_eq!(at(0, 7), LINE);
        assert_ne!(at(10, 10), LINE);
        assert_ne!(at(10, 10), [0; 3]);
        assert_eq!(at(SIDE - 1, 0), at(SIDE / 2 + 1, SIDE / 2 - 2));
    }
}
