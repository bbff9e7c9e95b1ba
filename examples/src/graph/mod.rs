//! Breadth-first search, PageRank and connected components, over partitions of a graph as data blocks.
//!
//! [`load`] reads edges and names from files, [`rmat`] makes them up. [`Graph`] is the layout: vertices numbered anew by
//! degree, and their edges cut into partitions. The algorithms work on that and print nothing: [`bfs`], [`pagerank`],
//! [`components`]. [`serial`] has the same answers without a runtime.

pub mod args;
pub mod bfs;
pub mod components;
pub mod debian;
pub mod debian_version;
pub mod edges;
pub mod layout;
pub mod load;
pub mod market;
pub mod pagerank;
pub mod rmat;
pub mod rows;
pub mod serial;
pub mod snap;
#[cfg(test)]
mod tests;

pub use edges::{Edges, Names};
pub use layout::{Direction, Graph};
