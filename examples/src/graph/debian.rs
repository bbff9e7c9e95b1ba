//! Package lists of Debian, as `apt-cache dumpavail` prints them: a package that depends on another is an edge to it.
//!
//! Of a package that is there in several versions the latest counts. Of alternatives (`a | b`) the first that can be had
//! counts, as it does for `apt`: a package in the list whose version does, or else all packages that provide the name.

use std::collections::BTreeMap;

use sprat::{Error, Result};

use super::debian_version::{Relation, compare};
use super::edges::{Edges, Names, check_vertices};
use crate::frame::Lines;

/// One package, as far as it matters here.
#[derive(Clone, Debug, Default)]
struct Package {
    name: String,
    version: String,
    /// Each is a list of alternatives.
    depends: Vec<Vec<Wish>>,
    provides: Vec<Wish>,
}

/// A package's name and what its version must be.
#[derive(Clone, Debug, PartialEq)]
struct Wish {
    name: String,
    version: Option<(Relation, String)>,
}

/// Reads a list whose first line was read already.
///
/// # Errors
/// With the line, what is wrong, and what is expected.
pub fn read(lines: &mut Lines) -> Result<Edges> {
    let mut packages = BTreeMap::new();
    let mut package = Package::default();
    // A field may go on over several lines.
    let (mut field, mut at) = (Vec::new(), 0);
    let mut line = Some(lines.line().to_vec());
    loop {
        let goes_on = |line: &[u8]| line.starts_with(b" ") || line.starts_with(b"\t");
        match &line {
            Some(line) if goes_on(line) && !line.trim_ascii().is_empty() && !field.is_empty() => {
                field.extend_from_slice(line);
            }
            _ => {
                if !field.is_empty() {
                    let taken = package.take(&std::mem::take(&mut field));
                    taken.map_err(|what| lines.wrong_at(at, what))?;
                }
                match &line {
                    Some(line) if !line.trim_ascii().is_empty() => {
                        (field, at) = (line.clone(), lines.number());
                    }
                    _ => {
                        let done = std::mem::take(&mut package);
                        keep(&mut packages, done).map_err(|what| lines.wrong(what))?;
                    }
                }
            }
        }
        if line.is_none() {
            break;
        }
        line = lines.next_line()?.map(<[u8]>::to_vec);
    }
    if packages.is_empty() {
        return Err(Error::msg(format!(
            "{}: no package in it; `apt-cache dumpavail` prints what is expected here",
            lines.name()
        )));
    }
    check_vertices(packages.len() as u128)?;
    Ok(edges(packages))
}

/// Keeps a package unless a later version of it is there.
fn keep(packages: &mut BTreeMap<String, Package>, package: Package) -> Result<(), String> {
    if package.name.is_empty() {
        let nothing = package.version.is_empty() && package.depends.is_empty();
        return match nothing {
            true => Ok(()),
            false => Err("the paragraph that ends here has no field `Package:`".to_owned()),
        };
    }
    match packages.get(&package.name) {
        Some(there) if compare(&there.version, &package.version).is_ge() => {}
        _ => {
            packages.insert(package.name.clone(), package);
        }
    }
    Ok(())
}

impl Package {
    /// Takes a field if it is one of those that matter.
    fn take(&mut self, field: &[u8]) -> Result<(), String> {
        let Some(colon) = field.iter().position(|&byte| byte == b':') else {
            let text = String::from_utf8_lossy(field);
            let shown: String = text.chars().take(40).collect();
            return Err(format!(
                "`{shown}` is no field; a line reads `Name: value`, or goes on with the one above it after a space"
            ));
        };
        let (name, value) = (&field[..colon], &field[colon + 1..]);
        let name = name.to_ascii_lowercase();
        let matters: [&[u8]; 5] = [
            b"package",
            b"version",
            b"depends",
            b"pre-depends",
            b"provides",
        ];
        if !matters.contains(&&name[..]) {
            return Ok(());
        }
        let value = str::from_utf8(value.trim_ascii())
            .map_err(|_| "the field is not in UTF-8".to_owned())?;
        match &name[..] {
            b"package" if !self.name.is_empty() => {
                return Err(format!(
                    "a second package, `{value}`, in the paragraph of `{}`; an empty line goes between two",
                    self.name
                ));
            }
            b"package" => self.name = package_name(value)?,
            b"version" => self.version = value.to_owned(),
            b"provides" => {
                for wish in list(value, ',') {
                    self.provides.push(Wish::parse(wish)?);
                }
            }
            _ => {
                for group in list(value, ',') {
                    let wishes = list(group, '|').map(Wish::parse);
                    self.depends.push(wishes.collect::<Result<_, _>>()?);
                }
            }
        }
        Ok(())
    }
}

fn list(text: &str, by: char) -> impl Iterator<Item = &str> {
    text.split(by)
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn package_name(text: &str) -> Result<String, String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
    match !text.is_empty() && text.bytes().all(good) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{text}` is no package's name; names have letters, digits, and + - . _"
        )),
    }
}

impl Wish {
    /// `name:architecture (relation version) [architectures] <profiles>`, of which all but the name may be missing; the
    /// architectures and profiles say nothing about which package it is.
    fn parse(text: &str) -> Result<Wish, String> {
        let end = text.find(['(', '[', '<', ' ', '\t']);
        let (name, rest) = text.split_at(end.unwrap_or(text.len()));
        let name = package_name(name.split(':').next().unwrap_or_default())?;
        let Some(open) = rest.find('(') else {
            return Ok(Wish {
                name,
                version: None,
            });
        };
        let inside = rest[open + 1..].split_once(')').map(|(inside, _)| inside);
        let version = inside.and_then(|inside| {
            let inside = inside.trim();
            let end = inside.find(|c| !"<=>".contains(c))?;
            let relation = Relation::parse(&inside[..end])?;
            Some((relation, inside[end..].trim().to_owned()))
        });
        match version {
            Some(version) => Ok(Wish {
                name,
                version: Some(version),
            }),
            None => Err(format!(
                "`{text}`: a version is restricted as in `(>= 1.2)`, by one of << <= = >= >>"
            )),
        }
    }

    fn accepts(&self, version: &str) -> bool {
        let restriction = self.version.as_ref();
        restriction.is_none_or(|(relation, bound)| relation.holds(version, bound))
    }

    /// Whether what a package provides will do: what is provided without a version satisfies no restriction.
    fn accepts_provided(&self, provided: &Wish) -> bool {
        match &provided.version {
            Some((_, version)) => self.accepts(version),
            None => self.version.is_none(),
        }
    }
}

/// Numbers the packages by name, and finds what satisfies their dependencies.
fn edges(packages: BTreeMap<String, Package>) -> Edges {
    let (words, packages): (Vec<String>, Vec<Package>) = packages.into_iter().unzip();
    let find = |name: &str| words.binary_search_by(|word| word.as_str().cmp(name)).ok();
    let mut providers: BTreeMap<&str, Vec<(usize, &Wish)>> = BTreeMap::new();
    for (at, package) in packages.iter().enumerate() {
        for provided in &package.provides {
            let of = providers.entry(&provided.name).or_default();
            of.push((at, provided));
        }
    }
    let satisfy = |wish: &Wish| -> Vec<usize> {
        let real = find(&wish.name).filter(|&at| wish.accepts(&packages[at].version));
        let of = providers.get(wish.name.as_str()).into_iter().flatten();
        match real {
            Some(at) => vec![at],
            None => of
                .filter(|(_, provided)| wish.accepts_provided(provided))
                .map(|(at, _)| *at)
                .collect(),
        }
    };
    let (mut pairs, mut missing) = (Vec::new(), 0);
    for (at, package) in packages.iter().enumerate() {
        for wishes in &package.depends {
            let found = wishes.iter().map(satisfy).find(|found| !found.is_empty());
            let Some(found) = found else {
                missing += 1;
                continue;
            };
            pairs.extend(found.into_iter().map(|to| [at as u32, to as u32]));
        }
    }
    let notes = match missing {
        0 => Vec::new(),
        _ => vec![format!(
            "{missing} dependencies lead to no package in the list"
        )],
    };
    Edges {
        vertices: words.len(),
        pairs,
        names: Names::Words(words),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Edges> {
        let mut lines = Lines::from_reader("it", std::io::Cursor::new(text.to_vec()))?;
        lines.next_line()?;
        read(&mut lines)
    }

    fn named(edges: &Edges) -> Vec<String> {
        let pairs = edges.pairs.iter();
        pairs
            .map(|pair| pair.map(|v| edges.names.of(v)).join(">"))
            .collect()
    }

    #[test]
    fn dependences_lead_where_apt_goes() {
        let text = b"Package: app\nVersion: 1\nDepends: lib (>= 2), gone | mail-agent,\n old (<< 2) | lib:any\nPre-Depends: base\n\n\
            Package: lib\nVersion: 2.0~rc1-1\n\nPackage: lib\nVersion: 2.0-1\nDescription: words: no\n field\n\n\
            Package: post\nVersion: 3\nProvides: mail-agent, api (= 7)\n\nPackage: exim\nProvides: mail-agent\n\n\
            Package: base\n\nPackage: old\nVersion: 2\n\nPackage: user\nDepends: api (>= 7), api (>= 8), mail-agent (>= 1)\n";
        let edges = parse(text).unwrap();
        let mut pairs = named(&edges);
        pairs.sort();
        assert_eq!(
            pairs,
            [
                "app>base",
                "app>exim",
                "app>lib",
                "app>lib",
                "app>post",
                "user>post"
            ]
        );
        assert_eq!(
            edges.notes,
            ["2 dependencies lead to no package in the list"]
        );
    }

    #[test]
    fn wishes_in_all_their_forms() {
        let wish = Wish::parse("python3:any (>= 3.9~) [amd64 i386] <!nocheck>").unwrap();
        assert_eq!(wish.name, "python3");
        let version = (Relation::LaterOrEqual, "3.9~".to_owned());
        assert_eq!(wish.version, Some(version));
        assert_eq!(Wish::parse("a(<<2)").unwrap().name, "a");
        for wrong in ["", "(>= 1)", "a (1)", "a (>= 1", "a (=> 1)", "a/b"] {
            assert!(Wish::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        for (text, says) in [
            (&b"Package: a\nnothing\n"[..], &["line 2", "no field"][..]),
            (b"Package: a\nDepends: b (?? 1)\n\n", &["line 2", ">="]),
            (b"Package: a\nDepends: b,\n c (=)\n", &["line 2", "c (=)"]),
            (b"Package: a\nPackage: b\n", &["line 2", "empty line"]),
            (b"Package: \xff\n", &["line 1", "UTF-8"]),
            (b"Package: a b\n", &["line 1", "no package's name"]),
            (
                b"Version: 1\n\nPackage: a\n",
                &["line 2", "no field `Package:`"],
            ),
            (b"Tag: x\n", &["no package in it"]),
        ] {
            let message = parse(text).unwrap_err().to_string();
            for part in says {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}
