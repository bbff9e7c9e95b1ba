//! Made-up graphs whose degrees are spread as in social networks: R-MAT (Chakrabarti, Zhan, Faloutsos, SDM 2004) with the
//! parameters of the Graph500 benchmark.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng as _;
use sprat::{Error, Result, Runtime};

use super::edges::{Edges, Names};

/// How likely an edge is in the first three of the matrix's quadrants, of 2^32; the fourth has the rest, 0.05.
const QUADRANTS: [u32; 3] = [share(0.57), share(0.19), share(0.19)];
/// Edges that one stream of random numbers makes. It decides what comes out, so engines do not.
const CHUNK: usize = 1 << 14;
/// The largest graph.
pub const MOST_SCALE: u32 = 31;

const fn share(of_one: f64) -> u32 {
    (of_one * 4_294_967_296.0) as u32
}

/// Makes a graph with `2^scale` vertices and `factor` edges for each. The same seed gives the same graph, on any number
/// of engines. As in Graph500, edges may be there more than once, and vertices are numbered at random.
///
/// # Errors
/// If the scale is too large; the runtime's.
pub fn make(runtime: &Runtime, scale: u32, factor: usize, seed: u64) -> Result<Edges> {
    if scale > MOST_SCALE {
        return Err(Error::msg(format!(
            "an R-MAT graph of scale {scale} is too large; {MOST_SCALE} is the most for --rmat"
        )));
    }
    let vertices = 1_usize << scale;
    let names = shuffled(vertices as u32, seed);
    let mut pairs = vec![[0_u32; 2]; vertices * factor];
    if !pairs.is_empty() {
        runtime.finish(|s| {
            let pairs = s.adopt(&mut pairs)?;
            let names = &names;
            s.codelet("rmat").for_each(
                pairs.write(),
                CHUNK,
                move |start, pairs: &mut [[u32; 2]]| {
                    let mut random = Pcg64::new(seed.into(), 1 + (start / CHUNK) as u128);
                    for pair in pairs {
                        *pair = edge(scale, || random.next_u32()).map(|end| names[end as usize]);
                    }
                },
            );
            Ok(())
        })?;
    }
    Ok(Edges {
        vertices,
        pairs,
        names: Names::From(0),
        notes: Vec::new(),
    })
}

/// One edge: a quadrant for each bit of its ends.
fn edge(scale: u32, mut random: impl FnMut() -> u32) -> [u32; 2] {
    let [a, b, c] = QUADRANTS;
    let mut ends = [0; 2];
    for _ in 0..scale {
        let draw = random();
        let bits = match draw {
            _ if draw < a => [0, 0],
            _ if draw < a + b => [0, 1],
            _ if draw < a + b + c => [1, 0],
            _ => [1, 1],
        };
        ends = [ends[0] << 1 | bits[0], ends[1] << 1 | bits[1]];
    }
    ends
}

/// All numbers below `count`, in a random order.
fn shuffled(count: u32, seed: u64) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..count).collect();
    let mut random = Pcg64::new(seed.into(), 0);
    for last in (1..count).rev() {
        // The upper half of a product: as even as 32 bits allow.
        let at = (u64::from(random.next_u32()) * (u64::from(last) + 1)) >> 32;
        numbers.swap(last as usize, at as usize);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_graph_on_any_number_of_engines() {
        let cores = std::thread::available_parallelism().unwrap().get();
        let make = |xes, seed| {
            let runtime = Runtime::builder().xes(xes).build().unwrap();
            make(&runtime, 12, 16, seed).unwrap()
        };
        let one = make(1, 7);
        assert_eq!(one, make(2.min(cores), 7));
        assert_ne!(one, make(1, 8));
        assert_eq!((one.vertices, one.pairs.len()), (4096, 65_536));
    }

    #[test]
    fn quadrants_are_as_likely_as_they_should_be() {
        let mut random = Pcg64::new(1, 1);
        let mut counts = [[0; 2]; 2];
        for _ in 0..100_000 {
            let [from, to] = edge(1, || random.next_u32());
            counts[from as usize][to as usize] += 1;
        }
        let close = |count: i32, expected: i32| (count - expected).abs() < 1000;
        assert!(close(counts[0][0], 57_000), "{counts:?}");
        assert!(close(counts[0][1], 19_000) && close(counts[1][0], 19_000));
        assert!(close(counts[1][1], 5_000));
    }

    #[test]
    fn names_are_a_permutation() {
        let mut numbers = shuffled(1000, 3);
        assert_ne!(numbers, (0..1000).collect::<Vec<_>>());
        numbers.sort_unstable();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    }
}
