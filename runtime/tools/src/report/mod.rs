//! Reports: as text, as JSON, and as a page.

mod base64;
mod critical;
pub mod detail;
pub mod diff;
pub mod html;
pub mod text;
mod timeline;
