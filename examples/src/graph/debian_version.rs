//! The order of Debian's version numbers, as the Debian Policy Manual defines it (section 5.6.12).

use std::cmp::Ordering;

/// What a dependency says about a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

impl Relation {
    /// Reads one; `<` and `>` are old forms of `<=` and `>=`.
    pub fn parse(text: &str) -> Option<Relation> {
        Some(match text {
            "<<" => Relation::Earlier,
            "<=" | "<" => Relation::EarlierOrEqual,
            "=" => Relation::Equal,
            ">=" | ">" => Relation::LaterOrEqual,
            ">>" => Relation::Later,
            _ => return None,
        })
    }

    /// Whether `version` stands in this relation to `bound`.
    pub fn holds(self, version: &str, bound: &str) -> bool {
        let order = compare(version, bound);
        match self {
            Relation::Earlier => order.is_lt(),
            Relation::EarlierOrEqual => order.is_le(),
            Relation::Equal => order.is_eq(),
            Relation::LaterOrEqual => order.is_ge(),
            Relation::Later => order.is_gt(),
        }
    }
}

/// Compares two versions: epochs, then what is upstream's, then Debian's revisions.
pub fn compare(a: &str, b: &str) -> Ordering {
    let [a, b] = [a, b].map(split);
    compare_digits(a.0.as_bytes(), b.0.as_bytes())
        .then_with(|| compare_part(a.1.as_bytes(), b.1.as_bytes()))
        .then_with(|| compare_part(a.2.as_bytes(), b.2.as_bytes()))
}

/// Epoch, upstream version, revision; no epoch is 0, no revision is "0" or nothing, which are the same.
fn split(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

/// Compares in turns what is no digit, by characters, and what are digits, by value.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let ([text_a, digits_a, rest_a], [text_b, digits_b, rest_b]) = (turn(a), turn(b));
        let order = compare_text(text_a, text_b).then_with(|| compare_digits(digits_a, digits_b));
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

/// What is no digit, the digits after it, and the rest.
fn turn(part: &[u8]) -> [&[u8]; 3] {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let text = part.iter().position(is_digit).unwrap_or(part.len());
    let (text, rest) = part.split_at(text);
    let digits = rest.iter().position(|byte| !is_digit(byte));
    let (digits, rest) = rest.split_at(digits.unwrap_or(rest.len()));
    [text, digits, rest]
}

/// By character: a tilde before the end, the end before letters, letters before all else.
fn compare_text(a: &[u8], b: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let longer = a.len().max(b.len());
    (0..longer)
        .map(|at| weight(a.get(at)).cmp(&weight(b.get(at))))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// By value, however long.
fn compare_digits(a: &[u8], b: &[u8]) -> Ordering {
    let significant = |digits: &'_ [u8]| {
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        digits[zeros..].to_vec()
    };
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_order() {
        // Each is earlier than the next.
        let order = [
            "1.0~beta1~svn1245",
            "1.0~beta1",
            "1.0",
            "1.0-1",
            "1.0-1+b2",
            "1.0-1.1",
            "1.0-2",
            "1.0-10",
            "1.0a",
            "1.0+dfsg",
            "1.0.1",
            "1.9",
            "1.10",
            "10",
            "1:0.1",
            "2:0.0",
        ];
        for (i, a) in order.iter().enumerate() {
            for (j, b) in order.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} and {b}");
            }
        }
        assert!(compare("0:1.0-0", "1.00").is_eq());
        assert!(compare("99999999999999999999998", "99999999999999999999999").is_lt());
    }

    #[test]
    fn relations() {
        for (relation, earlier, equal, later) in [
            ("<<", true, false, false),
            ("<=", true, true, false),
            ("=", false, true, false),
            (">=", false, true, true),
            (">>", false, false, true),
        ] {
            let holds = |version| Relation::parse(relation).unwrap().holds(version, "2");
            assert_eq!(
                [holds("1"), holds("2"), holds("3")],
                [earlier, equal, later]
            );
        }
        assert_eq!(Relation::parse("=="), None);
    }
}
