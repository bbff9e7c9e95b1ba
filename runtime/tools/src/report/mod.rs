//! Reports: as text, as JSON, and as a page.

pub mod diff;
pub mod html;
pub mod text;
