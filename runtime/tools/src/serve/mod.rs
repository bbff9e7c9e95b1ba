//! A run in full detail, for a browser on the same machine: the page of the report, and what it asks for while somebody looks at it.

pub mod http;
mod story;

use crate::analyse::{Analysis, REASONS};
use crate::report::{detail, html};
use crate::run::{Access, Run};
use http::{Answer, Request};
use serde_json::json;

/// What is served.
pub struct Served {
    run: Run,
    analysis: Analysis,
    accesses: Vec<(u32, Access)>,
    /// The page, which does not change.
    page: String,
}

impl Served {
    /// Of a run, and the accesses of its tasks by their places in [`Run::tasks`].
    pub fn new(run: Run, analysis: Analysis, accesses: Vec<(u32, Access)>) -> Self {
        let page = html::served(&run, &analysis);
        Served {
            run,
            analysis,
            accesses,
            page,
        }
    }

    /// Answers one request.
    pub fn answer(&self, request: &Request) -> Answer {
        let bad = |word: &str| {
            Answer::refusal(
                "400 Bad Request",
                &format!("`{word}` is not a number that is there"),
            )
        };
        let number = |word, otherwise| request.number(word, otherwise).ok_or_else(|| bad(word));
        let answer = || -> Result<Answer, Answer> {
            Ok(match request.path.as_str() {
                "/" => Answer::html(self.page.clone()),
                "/analysis" => Answer::json(&json!(self.analysis)),
                "/reasons" => Answer::json(&json!(REASONS)),
                "/timeline" => {
                    let (from, to) = (number("from", 0)?, number("to", self.run.length)?);
                    if to < from {
                        return Err(Answer::refusal("400 Bad Request", "`to` is before `from`"));
                    }
                    Answer::json(&json!(detail::detail(&self.run, &self.analysis, from, to)))
                }
                "/task" => {
                    let at = number("at", u64::MAX)?;
                    let task = usize::try_from(at)
                        .ok()
                        .filter(|at| *at < self.run.tasks.len());
                    let at = task.ok_or_else(|| bad("at"))?;
                    Answer::json(&story::story(&self.run, &self.analysis, &self.accesses, at))
                }
                "/next" => {
                    let text = request.get("text").unwrap_or("");
                    let from = usize::try_from(number("from", 0)?).unwrap_or(usize::MAX);
                    let found = story::next(&self.run, &self.accesses, text, from);
                    Answer::json(&json!(found))
                }
                "/favicon.ico" => Answer::refusal("404 Not Found", "there is no picture for tabs"),
                other => Answer::refusal(
                    "404 Not Found",
                    &format!(
                        "there is no {other}; there are /, /analysis, /timeline?from=&to= (nanoseconds), /next?text=&from= (a place as that of /task), /task?at="
                    ),
                ),
            })
        };
        answer().unwrap_or_else(|refusal| refusal)
    }
}
