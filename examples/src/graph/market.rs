//! Graphs from Matrix Market files: an entry in row `i` and column `j` is an edge from `i` to `j`.

use sprat::{Error, Result};

use super::edges::{Edges, Names, check_vertices};
use crate::frame::Lines;
use crate::matrix_market::{Symmetry, read_matrix_after};

/// Reads the rest of a file whose first line was read already.
///
/// # Errors
/// With the line, what is wrong, and what is expected.
pub fn read(banner: &[u8], lines: &mut Lines) -> Result<Edges> {
    let matrix = read_matrix_after(banner, lines)?;
    let name = lines.name();
    if matrix.rows != matrix.columns {
        return Err(Error::msg(format!(
            "{name}: the matrix has {} rows and {} columns; a graph has as many of both",
            matrix.rows, matrix.columns
        )));
    }
    if matrix.rows == 0 {
        return Err(Error::msg(format!("{name}: the matrix has no rows")));
    }
    check_vertices(matrix.rows as u128)?;
    let mut pairs = matrix.places;
    if matrix.symmetry != Symmetry::General {
        let below: Vec<[u32; 2]> = pairs.iter().filter(|[r, c]| r != c).copied().collect();
        pairs.extend(below.into_iter().map(|[row, column]| [column, row]));
    }
    Ok(Edges {
        vertices: matrix.rows,
        pairs,
        names: Names::From(1),
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(banner: &str, text: &str) -> Result<Edges> {
        let text = std::io::Cursor::new(text.as_bytes().to_vec());
        read(banner.as_bytes(), &mut Lines::from_reader("it", text)?)
    }

    #[test]
    fn symmetric_matrices_have_edges_both_ways() {
        let banner = "%%MatrixMarket matrix coordinate pattern symmetric";
        let edges = parse(banner, "3 3 3\n2 1\n3 2\n3 3\n").unwrap();
        assert_eq!(edges.vertices, 3);
        assert_eq!(edges.pairs, [[1, 0], [2, 1], [2, 2], [0, 1], [1, 2]]);
        assert_eq!(edges.names.of(0), "1");
    }

    #[test]
    fn matrices_that_are_no_graphs_are_refused() {
        let banner = "%%MatrixMarket matrix coordinate pattern general";
        let message = parse(banner, "2 3 0\n").unwrap_err().to_string();
        assert!(message.contains("2 rows and 3 columns"), "{message}");
        parse(banner, "0 0 0\n").unwrap_err();
    }
}
