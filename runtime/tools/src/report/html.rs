//! A report as a page: one file with all that it needs.

use crate::analyse::Analysis;
use crate::run::Run;

/// The page.
pub fn html(_run: &Run, analysis: &Analysis) -> String {
    super::text::text(analysis)
}
