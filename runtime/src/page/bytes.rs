//! The file that pages are written to: a header, and room for two. See `docs/design/live.md`.

use super::Page;
use super::fields::Way;
use crate::mutants::mutant;
use crate::trace::{Numbers, put_chunk, sound_chunk};

/// The version of the format. Readers refuse others.
pub const VERSION: u32 = 2;

/// How a file begins.
const MAGIC: [u8; 8] = *b"SPRAT\x00\xf0\x0b";

/// Where the first page lies.
pub(crate) const FIRST: usize = 64;

/// The letters of a page.
const TAG: [u8; 4] = *b"PAGE";

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing is written yet.
    Empty,
    /// It is nothing of Sprat's.
    Foreign,
    /// Of another version of the format: this one.
    Version(u32),
    /// Neither page is whole: both are being written, or damaged.
    Torn,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Empty => f.write_str("nothing is written there yet: the program has just started, or was killed while it did"),
            Flaw::Foreign => f.write_str("this is no page of a running program: run the program with SPRAT_TOP=1, and give its process's number, or nothing"),
            Flaw::Version(other) => write!(f, "the program shows itself in version {other} of the format, and this command reads version {VERSION}: use the `sprat` of the library that the program is linked with"),
            Flaw::Torn => f.write_str("the page is damaged: something else than the program has written to the file"),
        }
    }
}

impl std::error::Error for Flaw {}

/// Whether a file that begins like this is one of pages.
pub(super) fn begins_a_page(first: &[u8]) -> bool {
    first.starts_with(&MAGIC)
}

/// How a file begins whose pages have so much room.
pub(crate) fn header(room: usize) -> [u8; FIRST] {
    let mut bytes = [0; FIRST];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&(room as u32).to_le_bytes());
    bytes
}

/// How much room a page should have, when the first one takes so many bytes.
pub(crate) fn room_for(engines: usize, first: usize) -> usize {
    (first + engines * 1024 + (32 << 10)).next_multiple_of(4096)
}

/// Where the page with this number lies: two have a place each, so that the last one is whole while the next one is written.
pub(crate) fn place(number: u64, room: usize) -> usize {
    if mutant!("page_over_the_last_one") {
        return FIRST;
    }
    FIRST + (number % 2) as usize * room
}

/// A page as it is written, in at most `room` bytes. If it has more, those who wait are left out; `None` if it is too long even so.
pub(crate) fn page_bytes(page: &mut Page, room: usize) -> Option<Vec<u8>> {
    loop {
        let mut way = Way::Out(Vec::new());
        page.pass(&mut way)?;
        let Way::Out(body) = way else { return None };
        let mut bytes = Vec::new();
        put_chunk(&mut bytes, TAG, 0, page.number, &body);
        if bytes.len() <= room {
            return Some(bytes);
        }
        let waiting = &mut page.still.as_mut()?.waiting;
        if waiting.is_empty() {
            return None;
        }
        waiting.truncate(waiting.len() / 2);
    }
}

/// The newest page of a file with this content.
///
/// # Errors
/// Why there is none.
pub fn read(bytes: &[u8]) -> Result<Page, Flaw> {
    if bytes.is_empty() {
        return Err(Flaw::Empty);
    }
    let Some(rest) = bytes.strip_prefix(&MAGIC) else {
        return Err(match MAGIC.starts_with(bytes) {
            true => Flaw::Empty,
            false => Flaw::Foreign,
        });
    };
    let word = |at: usize| {
        let word = rest.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*word))
    };
    let (version, room) = (word(0).ok_or(Flaw::Empty)?, word(4).ok_or(Flaw::Empty)?);
    if version != VERSION {
        return Err(Flaw::Version(version));
    }
    if bytes.len() <= FIRST {
        return Err(Flaw::Empty);
    }
    let pages = [0, 1].map(|number| place(number, room as usize));
    let page = |at: usize| {
        let (number, body) = sound_chunk(bytes.get(at..)?, TAG)?;
        let mut page = Page {
            number,
            ..Page::default()
        };
        page.pass(&mut Way::In(Numbers(body)))?;
        Some(page)
    };
    let whole = pages.into_iter().filter_map(page);
    whole.max_by_key(|page| page.number).ok_or(Flaw::Torn)
}

#[cfg(test)]
mod tests {
    use super::super::{Control, Doing, Engine, Region, Replay, Still, Waiting};
    use super::*;
    use proptest::prelude::*;

    fn page(number: u64) -> Page {
        let word = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let text = |what: &str| format!("{what} {}", word % 1000);
        Page {
            number,
            time_ns: word,
            about: vec![("program".to_owned(), text("jacobi"))],
            open_scopes: 1,
            live_codelets: word >> 20,
            engines: (0..word % 5)
                .map(|cpu| Engine {
                    cpu,
                    doing: Doing::Runs,
                    name: text("sweep"),
                    spawned_at: text("src/main.rs:"),
                    begun: word >> cpu,
                    ..Engine::default()
                })
                .collect(),
            controls: vec![Control::default()],
            regions: vec![Region::default(); 2],
            replays: vec![Replay {
                rounds: word % 400,
                ..Replay::default()
            }],
            still: number.is_multiple_of(2).then(|| Still {
                count: 7,
                waiting: vec![
                    Waiting {
                        name: text("use"),
                        waits_for: vec![text("event"), text("block")],
                        ..Waiting::default()
                    };
                    (word % 4) as usize
                ],
                ..Still::default()
            }),
            ..Page::default()
        }
    }

    const ROOM: usize = 4096;

    /// A file after these pages were written.
    fn file(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
        let mut bytes = header(ROOM).to_vec();
        bytes.resize(FIRST + 2 * ROOM, 0);
        for number in numbers {
            let written = page_bytes(&mut page(number), ROOM).unwrap();
            let at = place(number, ROOM);
            bytes[at..at + written.len()].copy_from_slice(&written);
        }
        bytes
    }

    #[test]
    fn the_newest_page_is_read_as_it_was_written() {
        for last in 1..50 {
            assert_eq!(read(&file(1..=last)).unwrap(), page(last));
        }
    }

    #[test]
    fn what_is_no_page_is_told_apart() {
        assert_eq!(read(b""), Err(Flaw::Empty));
        assert_eq!(read(b"SPRAT"), Err(Flaw::Empty));
        assert_eq!(read(&header(ROOM)), Err(Flaw::Empty));
        assert_eq!(read(b"SPRAT\x00\xf0\n a trace"), Err(Flaw::Foreign));
        let mut newer = file([1]);
        newer[8] = 7;
        assert_eq!(read(&newer), Err(Flaw::Version(7)));
        assert_eq!(read(&file([])), Err(Flaw::Torn));
    }

    #[test]
    fn what_has_no_room_loses_those_who_wait() {
        let still = |count| Still {
            waiting: vec![
                Waiting {
                    name: "x".repeat(300),
                    ..Waiting::default()
                };
                count
            ],
            ..Still::default()
        };
        let mut long = Page {
            still: Some(still(100)),
            ..page(1)
        };
        let bytes = page_bytes(&mut long, ROOM).unwrap();
        assert!(bytes.len() <= ROOM && long.still.unwrap().waiting.len() >= 6);
        let mut longer = Page {
            about: vec![(String::new(), "y".repeat(300)); 100],
            ..page(1)
        };
        assert_eq!(page_bytes(&mut longer, ROOM), None);
    }

    #[test]
    fn texts_are_cut_at_a_character_and_cannot_move_the_cursor() {
        let mut long = Page {
            about: vec![("a\x1b[2J\nb".to_owned(), "ä".repeat(500))],
            ..page(2)
        };
        let mut bytes = header(ROOM).to_vec();
        bytes.extend(page_bytes(&mut long, ROOM).unwrap());
        let (key, value) = read(&bytes).unwrap().about.remove(0);
        assert_eq!(key, "a\u{fffd}[2J\u{fffd}b");
        assert_eq!(value, "ä".repeat(200));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 5 } else { 1000 }))]

        /// A read that met a write: each piece of the file is from before or after. What is given is one of the two pages, or none.
        #[test]
        fn a_torn_file_gives_a_whole_page_or_none(
            last in 2u64..40,
            cuts in prop::collection::vec(0usize..FIRST + 2 * ROOM, 0..6),
        ) {
            let (before, after) = (file(1..=last), file(1..=last + 1));
            let mut torn = before.clone();
            let mut cuts = cuts;
            cuts.sort_unstable();
            for pair in cuts.chunks_exact(2) {
                torn[pair[0]..pair[1]].copy_from_slice(&after[pair[0]..pair[1]]);
            }
            // The older page is never touched by one write, so there is always one.
            let read = read(&torn).unwrap();
            prop_assert!(read == page(last) || read == page(last + 1));
        }

        /// Pages of all times in one file, byte by byte, and noise.
        #[test]
        fn whatever_is_in_the_file_the_reader_ends_and_believes_only_sums(
            noise in prop::collection::vec((0usize..FIRST + 2 * ROOM, any::<u8>()), 0..40),
            length in 0usize..FIRST + 2 * ROOM,
        ) {
            let mut bytes = file(1..=9);
            for (at, byte) in noise {
                bytes[at] = byte;
            }
            bytes.truncate(length);
            if let Ok(read) = read(&bytes) {
                prop_assert!(read == page(8) || read == page(9));
            }
        }

        /// A sum that fits, over a body that nobody wrote.
        #[test]
        fn a_body_of_noise_does_no_harm(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = header(ROOM).to_vec();
            put_chunk(&mut bytes, TAG, 0, 1, &body);
            let _ = read(&bytes);
            let mut noise = header(u32::MAX as usize).to_vec();
            noise.extend(&body);
            let _ = read(&noise);
        }
    }
}
