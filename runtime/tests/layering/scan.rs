//! Reads what a Rust source names: its tokens, and the paths that they spell, without comments and texts.

/// A word or a punctuation mark (`::` is one), and its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

/// A path as written, use trees spelled out: `use a::{b, c::*}` gives `a::b` and `a::c::*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub segments: Vec<String>,
    pub line: usize,
    /// Inline modules around it, outermost first.
    pub inside: Vec<String>,
}

/// The tokens of a source; comments, strings and characters are left out.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let (mut at, mut line, mut found) = (0, 1, Vec::new());
    while at < bytes.len() {
        let rest = &source[at..];
        let start = at;
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += comment(rest);
        } else if let Some(length) = text(rest) {
            at += length;
        } else if rest.starts_with(is_word_part) {
            at += rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
            found.push(Token {
                text: &source[start..at],
                line,
            });
        } else if bytes[at].is_ascii_whitespace() {
            at += 1;
        } else {
            at += if rest.starts_with("::") {
                2
            } else {
                rest.chars().next().map_or(1, char::len_utf8)
            };
            found.push(Token {
                text: &source[start..at],
                line,
            });
        }
        line += source[start..at].matches('\n').count();
    }
    found
}

/// The length of a block comment, nested ones included.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a string or character literal, prefix included, if one begins here.
fn text(rest: &str) -> Option<usize> {
    let prefix = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    let hashes = rest[prefix..].len() - rest[prefix..].trim_start_matches('#').len();
    let body = prefix + hashes;
    if prefix <= 2 && rest[..prefix].ends_with('r') && rest[body..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let length = rest[body + 1..].find(&end)?;
        return Some(body + 1 + length + end.len());
    }
    if prefix > 1 || hashes > 0 {
        return None;
    }
    let quote = rest[prefix..]
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))?;
    if quote == '\'' {
        // A lifetime has no closing quote after its first character; it is left out as a whole.
        let after = &rest[prefix + 1..];
        let mut characters = after.chars();
        if characters.next()? != '\\' && characters.next()? != '\'' {
            return (prefix == 0)
                .then(|| 1 + after.find(|c| !is_word_part(c)).unwrap_or(after.len()));
        }
    }
    let mut escaped = false;
    for (i, c) in rest[prefix + 1..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(prefix + 1 + i + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// Every path of two segments or more, and every path of a `use`.
pub fn paths(source: &str) -> Vec<Named> {
    let tokens = tokens(source);
    let (mut found, mut inside, mut depth) = (Vec::new(), Vec::<(&str, usize)>::new(), 0);
    let (mut at, mut in_use) = (0, false);
    while at < tokens.len() {
        let text = tokens[at].text;
        match text {
            "mod" if tokens.get(at + 2).is_some_and(|t| t.text == "{") => {
                inside.push((tokens[at + 1].text, depth));
                at += 2;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inside.pop_if(|(_, outside)| *outside == depth);
            }
            "use" => in_use = true,
            _ if is_word(text) || text == "::" => {
                let mut tree = Vec::new();
                at = walk(&tokens, at, &[], in_use, &mut tree);
                in_use = false;
                found.extend(tree.into_iter().map(|(segments, line)| Named {
                    segments,
                    line,
                    inside: inside.iter().map(|(name, _)| name.to_string()).collect(),
                }));
                continue;
            }
            _ => in_use = false,
        }
        at += 1;
    }
    found
}

/// Follows one path, or a whole use tree, from a token on; returns the token after it.
fn walk(
    tokens: &[Token<'_>],
    mut at: usize,
    before: &[String],
    in_use: bool,
    found: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    let mut segments = before.to_vec();
    let line = tokens[at].line;
    let text = |at: usize| tokens.get(at).map_or("", |t| t.text);
    if text(at) == "::" {
        at += 1;
    }
    loop {
        match text(at) {
            "{" if in_use => {
                at += 1;
                while at < tokens.len() && text(at) != "}" {
                    at = if text(at) == "," {
                        at + 1
                    } else {
                        walk(tokens, at, &segments, true, found)
                    };
                }
                return at + 1;
            }
            "*" if in_use => segments.push("*".into()),
            "self" if in_use && !segments.is_empty() => {}
            word if is_word(word) => segments.push(word.into()),
            _ => break,
        }
        at += 1;
        if text(at) != "::" {
            break;
        }
        at += 1;
    }
    if in_use && text(at) == "as" {
        at += 2;
    }
    if in_use || segments.len() > 1 {
        found.push((segments, line));
    }
    // Whatever stands here (the `<` of `a::<T>`), go on: a walk always takes a token.
    at
}

/// Whether a character can stand in a word.
fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_word(text: &str) -> bool {
    text.starts_with(is_word_part)
}

#[test]
fn reads_paths_and_nothing_in_comments_or_texts() {
    let source = r##"
        // use crate::a;   /* crate::b */
        /* /* crate::c */ crate::d */
        use crate::{error::{self, Error as E}, id::*};
        const A: &str = "crate::e \" crate::f"; const B: char = '"'; const C: &[u8] = br#"crate::g" "#;
        mod tests { use super::h; fn f<'a>(x: &'a ::std::thread::Thread) { let y = crate::i::<'a, crate::j::K>::l(); } }
        pub(crate) fn g() { r#loop!(); 'c: loop { m::n() } }
    "##;
    let read: Vec<_> = paths(source)
        .iter()
        .map(|p| {
            format!(
                "{}{}:{}",
                p.inside.iter().map(|m| format!("{m}/")).collect::<String>(),
                p.segments.join("::"),
                p.line
            )
        })
        .collect();
    let expected = [
        "crate::error:4",
        "crate::error::Error:4",
        "crate::id::*:4",
        "tests/super::h:6",
        "tests/std::thread::Thread:6",
        "tests/crate::i:6",
        "tests/crate::j::K:6",
        "m::n:7",
    ];
    assert_eq!(read, expected);
}
