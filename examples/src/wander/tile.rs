//! What is done with a tile: once across it, and its rim told to the neighbours.

/// How a tile begins: a hot point in the middle, so that there is something to spread.
pub fn start(cells: usize, number: usize, tile: &mut [f64]) {
    tile.fill((number % 7) as f64);
    tile[cells / 2 * cells + cells / 2] = 100.0;
}

/// A tile's rim, as its neighbours see it: its first row, last row, first column, last column.
pub fn rim(cells: usize, tile: &[f64], rim: &mut [f64]) {
    let sides = rim.chunks_exact_mut(cells);
    let last = cells - 1;
    let at = |side: usize, place: usize| match side {
        0 => place,
        1 => last * cells + place,
        2 => place * cells,
        _ => place * cells + last,
    };
    for (side, line) in sides.enumerate() {
        for (place, cell) in line.iter_mut().enumerate() {
            *cell = tile[at(side, place)];
        }
    }
}

/// Each cell becomes the mean of its four neighbours, from the first to the last, those before it as they are already. `around` are
/// the rims of the tiles above, below, left and right.
pub fn smooth(cells: usize, tile: &mut [f64], around: [&[f64]; 4]) {
    let last = cells - 1;
    // Of the tile above the last row, of the one below the first, and so on.
    let lines = [1, 0, 3, 2];
    let side = |which: usize| &around[which][lines[which] * cells..][..cells];
    let (above, below, left, right) = (side(0), side(1), side(2), side(3));
    for row in 0..cells {
        for column in 0..cells {
            let at = row * cells + column;
            let north = if row == 0 {
                above[column]
            } else {
                tile[at - cells]
            };
            let south = if row == last {
                below[column]
            } else {
                tile[at + cells]
            };
            let west = if column == 0 { left[row] } else { tile[at - 1] };
            let east = if column == last {
                right[row]
            } else {
                tile[at + 1]
            };
            tile[at] = (north + south + west + east) / 4.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_becomes_the_mean_of_what_is_around() {
        let rims: [Vec<f64>; 4] = [4.0, 8.0, 12.0, 16.0].map(|value| vec![value; 4]);
        let mut tile = [0.0];
        smooth(1, &mut tile, [&rims[0], &rims[1], &rims[2], &rims[3]]);
        assert_eq!(tile, [10.0]);
    }

    #[test]
    fn a_rim_is_two_rows_and_two_columns() {
        let tile: Vec<f64> = (0..9).map(f64::from).collect();
        let mut found = [0.0; 12];
        rim(3, &tile, &mut found);
        let expected = [0, 1, 2, 6, 7, 8, 0, 3, 6, 2, 5, 8].map(f64::from);
        assert_eq!(found, expected);
    }
}
