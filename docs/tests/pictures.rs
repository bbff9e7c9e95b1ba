//! The book's pictures: each chapter has one, each is shown, and each can be read in light and dark, by screen readers,
//! and without anything from elsewhere.

mod pages;

use pages::{chapters, links, texts};

/// The pictures of a chapter that it shows with words for those who do not see them.
fn shown(page: &str) -> Vec<String> {
    /// Less than this says nothing.
    const LEAST_WORDS: usize = 5;
    links(page)
        .into_iter()
        .filter(|(alt, _)| alt.starts_with('!') && alt.split_whitespace().count() >= LEAST_WORDS)
        .filter_map(|(_, to)| Some(to.strip_prefix("images/")?.to_owned()))
        .collect()
}

/// The text between the first `<tag ..>` and its end.
fn inside<'a>(svg: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = svg.split_once(&format!("<{tag}"))?;
    let (_, rest) = rest.split_once('>')?;
    Some(rest.split_once(&format!("</{tag}>"))?.0)
}

/// What is wrong with a picture.
fn faults(svg: &str) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let mut check = |good: bool, what| {
        if !good {
            wrong.push(what);
        }
    };
    let long = |tag, least| inside(svg, tag).is_some_and(|text: &str| text.len() >= least);
    check(long("title", 10), "has no title");
    check(long("desc", 40), "has no description");
    check(
        svg.contains("role=\"img\" aria-labelledby=\"title desc\""),
        "does not tell screen readers of its title and description",
    );
    check(
        svg.contains("@media (prefers-color-scheme: dark)"),
        "has no colours for the dark",
    );
    check(svg.contains("class=\"paper\""), "has no background");
    // The name of the format is the only address, and it is never fetched.
    let rest = svg.replace("http://www.w3.org/2000/svg", "");
    let foreign = [
        "://",
        "href",
        "@import",
        "@font-face",
        "<script",
        "<image",
        "data:",
    ];
    check(
        !foreign.iter().any(|word| rest.contains(word)),
        "takes something from elsewhere",
    );
    // Colours are classes, since a colour in an attribute is the same in the light and in the dark.
    let drawing = svg.rsplit("</style>").next().unwrap_or_default();
    check(
        !drawing.contains("fill=\"#") && !drawing.contains("stroke=\"#"),
        "has a colour outside of its style",
    );
    wrong
}

#[test]
fn each_chapter_shows_a_picture() {
    for (name, page) in chapters() {
        assert!(
            !shown(&page).is_empty(),
            "{name} shows no picture that it describes"
        );
    }
}

#[test]
fn each_picture_is_shown_and_keeps_the_rules() {
    let all: Vec<String> = chapters()
        .iter()
        .flat_map(|(_, page)| shown(page))
        .collect();
    for (name, svg) in texts("docs/book/images", "svg") {
        assert!(all.contains(&name), "no chapter shows images/{name}");
        let wrong = faults(&svg);
        assert!(wrong.is_empty(), "images/{name} {}", wrong.join(", and "));
    }
}

#[test]
fn planted_faults_are_found() {
    let (_, good) = &texts("docs/book/images", "svg")[0];
    assert_eq!(faults(good), [""; 0]);
    let spoiled = |from: &str, to: &str| {
        assert!(good.contains(from));
        faults(&good.replace(from, to))
    };
    assert_eq!(spoiled("<title", "<name"), ["has no title"]);
    assert_eq!(spoiled("</desc>", ""), ["has no description"]);
    assert_eq!(
        spoiled("role=\"img\"", ""),
        ["does not tell screen readers of its title and description"]
    );
    assert_eq!(
        spoiled(": dark", ": light"),
        ["has no colours for the dark"]
    );
    assert_eq!(spoiled("class=\"paper\"", ""), ["has no background"]);
    let elsewhere = ["takes something from elsewhere"];
    assert_eq!(spoiled("</svg>", "<script/></svg>"), elsewhere);
    assert_eq!(spoiled("<style>", "<style>@import 'x';"), elsewhere);
    assert_eq!(
        spoiled("</svg>", "<rect fill=\"#fff\"/></svg>"),
        ["has a colour outside of its style"]
    );
    let page =
        "![A block's queue over time.](images/a.svg) ![b](images/c.svg) [d e f g h](images/i.svg)";
    assert_eq!(shown(page), ["a.svg"]);
}
