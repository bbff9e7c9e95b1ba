//! Recorded graphs: what was decided when they were compiled, decided again.

use sprat::Result;
use sprat::decide::graph::Inputs;

/// Reads what the decisions of a recorded graph were made from, in the text that `Graph::decisions` gives, and makes them again: which
/// engine runs each codelet, in which order, and who waits for whom, with all new plans so far. If the text was written by the same version of the
/// runtime, the answer has the same bytes.
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// let blocks = rt.blocks::<f64>(4, 100)?;
/// let graph = rt.record(|s| {
///     for &block in &blocks {
///         s.spawn(block.read_write(), |_, x| x[0] += 1.0);
///     }
///     Ok(())
/// })?;
/// rt.replay(&graph, 10)?;
/// let decisions = graph.decisions();
/// assert_eq!(sprat_sim::decide_again(&decisions)?, decisions);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::Graph`](sprat::ErrorKind::Graph) if the text makes no sense, with the number of the line.
pub fn decide_again(decisions: &str) -> Result<String> {
    let inputs: Inputs = decisions.parse()?;
    Ok(inputs.decide())
}
