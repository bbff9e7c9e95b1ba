//! Programs that use Sprat.
