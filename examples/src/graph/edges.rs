//! A graph as it is read: pairs of vertices, and what the vertices are called.

use sprat::{Error, Result};

/// Vertices are numbered in 32 bits, and one number is kept for "none".
pub const MOST_VERTICES: usize = u32::MAX as usize;

/// What vertices are called.
#[derive(Clone, Debug, PartialEq)]
pub enum Names {
    /// Vertex `i` is called `i + first`.
    From(u64),
    /// Numbers, in ascending order.
    Numbers(Vec<u64>),
    /// Words, in ascending order.
    Words(Vec<String>),
}

/// A directed graph as a list. An edge may be there more than once, and may be a loop.
#[derive(Clone, Debug, PartialEq)]
pub struct Edges {
    /// How many vertices, all numbers below which an edge may name.
    pub vertices: usize,
    /// From and to.
    pub pairs: Vec<[u32; 2]>,
    /// What the vertices are called.
    pub names: Names,
    /// What is worth telling about the input, a sentence each.
    pub notes: Vec<String>,
}

impl Names {
    /// What a vertex is called.
    pub fn of(&self, vertex: u32) -> String {
        match self {
            Names::From(first) => (first + u64::from(vertex)).to_string(),
            Names::Numbers(numbers) => numbers[vertex as usize].to_string(),
            Names::Words(words) => words[vertex as usize].clone(),
        }
    }

    /// The vertex with this name among so many.
    ///
    /// # Errors
    /// If none is called so; says what to do.
    pub fn find(&self, name: &str, vertices: usize) -> Result<u32> {
        let number = name.parse::<u64>().ok();
        let found = match self {
            Names::From(first) => number
                .and_then(|n| n.checked_sub(*first))
                .map(|n| n as usize)
                .filter(|&n| n < vertices),
            Names::Numbers(numbers) => number.and_then(|n| numbers.binary_search(&n).ok()),
            Names::Words(words) => words.binary_search_by(|w| w.as_str().cmp(name)).ok(),
        };
        let example = self.of(0);
        found.map(|vertex| vertex as u32).ok_or_else(|| {
            Error::msg(format!(
                "no vertex is called `{name}`; the first of the graph's {vertices} vertices is called `{example}`: name one of them with --source, or leave it out"
            ))
        })
    }
}

/// Makes a graph of edges whose ends are called by any numbers: vertices get numbers from 0 on, in the order of what they
/// were called.
///
/// # Errors
/// If there are more vertices than can be numbered.
pub fn from_numbers(ends: &[[u64; 2]]) -> Result<Edges> {
    let mut numbers: Vec<u64> = ends.iter().flatten().copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    check_vertices(numbers.len() as u128)?;
    let vertices = numbers.len();
    let greatest = numbers.last().copied().unwrap_or(0);
    // A table where numbers are dense, as they mostly are; else by search.
    let rank: Box<dyn Fn(u64) -> u32> = if greatest < 8 * vertices as u64 + 1024 {
        let mut table = vec![0; greatest as usize + 1];
        for (rank, &number) in numbers.iter().enumerate() {
            table[number as usize] = rank as u32;
        }
        Box::new(move |number| table[number as usize])
    } else {
        let numbers = numbers.clone();
        Box::new(move |number| numbers.partition_point(|&n| n < number) as u32)
    };
    let pairs = ends.iter().map(|ends| ends.map(&rank)).collect();
    Ok(Edges {
        vertices,
        pairs,
        names: Names::Numbers(numbers),
        notes: Vec::new(),
    })
}

/// Refuses more vertices than can be numbered.
///
/// # Errors
/// Says how many there may be.
pub fn check_vertices(count: u128) -> Result<()> {
    if count > MOST_VERTICES as u128 {
        return Err(Error::msg(format!(
            "the graph has {count} vertices, and this program numbers at most {MOST_VERTICES}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_and_sparse_numbers() {
        let far = u64::MAX;
        for (ends, numbers) in [
            (vec![[7, 3], [3, 5]], vec![3, 5, 7]),
            (vec![[far, 3], [3, 5]], vec![3, 5, far]),
        ] {
            let edges = from_numbers(&ends).unwrap();
            assert_eq!(edges.vertices, 3);
            assert_eq!(edges.pairs, [[2, 0], [0, 1]]);
            assert_eq!(edges.names, Names::Numbers(numbers));
        }
    }

    #[test]
    fn names_are_found_and_refused() {
        let words = Names::Words(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(words.find("b", 2).unwrap(), 1);
        assert_eq!(Names::From(1).find("2", 2).unwrap(), 1);
        assert_eq!(Names::Numbers(vec![4, 9]).find("9", 2).unwrap(), 1);
        for (names, wrong) in [
            (&words, "c"),
            (&Names::From(1), "0"),
            (&Names::From(1), "3"),
            (&Names::From(0), "x"),
            (&Names::Numbers(vec![4, 9]), "5"),
        ] {
            let message = names.find(wrong, 2).unwrap_err().to_string();
            assert!(message.contains("--source"), "{message}");
        }
    }

    #[test]
    fn too_many_vertices_are_refused() {
        check_vertices(MOST_VERTICES as u128).unwrap();
        check_vertices(MOST_VERTICES as u128 + 1).unwrap_err();
    }
}
