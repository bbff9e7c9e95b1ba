//! A report as a page: one file with all that it needs.

use super::timeline::{Limits, timeline};
use crate::analyse::Analysis;
use crate::run::Run;
use serde_json::json;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// So many rows of each table are in the page, the most important ones. (They are sorted; `report --json` and `serve` have all.)
const ROWS: usize = 500;

/// The page.
pub fn html(run: &Run, analysis: &Analysis) -> String {
    html_within(run, analysis, Limits::PAGE)
}

/// The page that asks `sprat serve` for what it does not have: of the whole run it has levels of detail, and what is searched is found
/// there.
pub fn served(run: &Run, analysis: &Analysis) -> String {
    page(&json!({
        "analysis": shortened(analysis), "timeline": timeline(run, analysis, Limits::SERVED), "served": true,
    }))
}

/// A page whose timeline has so much of each.
pub(super) fn html_within(run: &Run, analysis: &Analysis, limits: Limits) -> String {
    let data =
        json!({ "analysis": shortened(analysis), "timeline": timeline(run, analysis, limits) });
    page(&data)
}

/// The page with this data in it.
fn page(data: &serde_json::Value) -> String {
    // What is in a script element ends at its end tag, and comments begin in it, wherever that stands: so names have none of their `<`.
    let data = data.to_string().replace('<', "\\u003c");
    let (before, rest) = PAGE
        .split_once("/*STYLE*/")
        .expect("the page has a place for its style");
    let (middle, rest) = rest.split_once("/*DATA*/").expect("and for its data");
    let (last, end) = rest.split_once("/*SCRIPT*/").expect("and for its script");
    [before, STYLE, middle, &data, last, SCRIPT, end].concat()
}

/// The analysis with tables that have no more rows than people read, and how many are left out of each.
fn shortened(analysis: &Analysis) -> serde_json::Value {
    let mut all = json!(analysis);
    let mut left_out = serde_json::Map::new();
    let lists = [
        "/kinds",
        "/chain/links",
        "/awaited",
        "/moves",
        "/counters",
        "/spans",
        "/flaws",
    ];
    for name in lists {
        if let Some(list) = all.pointer_mut(name).and_then(|list| list.as_array_mut())
            && list.len() > ROWS
        {
            let name = name.rsplit('/').next().unwrap_or(name);
            left_out.insert(name.to_owned(), json!(list.len() - ROWS));
            list.truncate(ROWS);
        }
    }
    all["left_out"] = left_out.into();
    all
}
