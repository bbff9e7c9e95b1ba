//! A report as a page: one file with all that it needs.

use super::timeline::timeline;
use crate::analyse::Analysis;
use crate::run::Run;
use serde_json::json;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub fn html(run: &Run, analysis: &Analysis) -> String {
    let data = json!({ "analysis": analysis, "timeline": timeline(run, analysis) });
    // What is in a script element ends at its end tag, and comments begin in it, wherever that stands: so names have none of their `<`.
    let data = data.to_string().replace('<', "\\u003c");
    let (before, rest) = PAGE
        .split_once("/*STYLE*/")
        .expect("the page has a place for its style");
    let (middle, rest) = rest.split_once("/*DATA*/").expect("and for its data");
    let (last, end) = rest.split_once("/*SCRIPT*/").expect("and for its script");
    [before, STYLE, middle, &data, last, SCRIPT, end].concat()
}
