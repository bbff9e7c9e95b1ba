//! Texts in both directions.

use crate::fault::Fault;
use std::collections::HashSet;
use std::ffi::{CStr, CString, c_char};
use std::sync::{Mutex, PoisonError};

/// A text of the caller's, which must be there and UTF-8.
///
/// # Safety
/// `text` is null or the start of a C string.
pub(crate) unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<&'a str, Fault> {
    if text.is_null() {
        return Err(Fault::null(what));
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str()
        .map_err(|_| Fault::argument(format!("{what} is not UTF-8; encode it so")))
}

/// Gives a text to the caller, as far as there is room, and tells how long it is.
///
/// # Safety
/// `place` is null and `room` 0, or so many bytes can be written there; `length` is null or can be written to.
pub(crate) unsafe fn give_text(
    text: &str,
    place: *mut c_char,
    room: usize,
    length: *mut usize,
) -> Result<(), Fault> {
    if place.is_null() && room != 0 {
        return Err(Fault::null("the place for the text"));
    }
    if room == 0 && length.is_null() {
        return Err(Fault::argument(
            "there is no room for the text, and no place for its length; give one of them",
        ));
    }
    if room != 0 {
        // At a letter's border, so that it stays UTF-8.
        let fits = text.floor_char_boundary(room - 1);
        let target = place.cast::<u8>();
        // SAFETY: the caller's promise; it is less than the room.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), target, fits) };
        // SAFETY: as above.
        unsafe { target.wrapping_add(fits).write(0) };
    }
    if !length.is_null() {
        // SAFETY: the caller's promise.
        unsafe { length.write(text.len()) };
    }
    Ok(())
}

/// The same text for as long as the process lives. Names are few, and each is kept once.
pub(crate) fn forever(text: &str) -> &'static str {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(there) = kept.get(text) {
        return there;
    }
    let new: &'static str = Box::leak(text.into());
    kept.insert(new);
    new
}

/// For C. It has no zeros inside: what has is cut there.
pub(crate) fn c_string(text: String) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).expect("it was cut before its first zero")
}

/// A message of the runtime's without the places in this interface's source that it names as those of calls: nobody who
/// writes C can do anything with them.
pub(crate) fn without_places(message: &str) -> String {
    const HERE: &str = file!();
    let folder = HERE.strip_suffix("text.rs").expect("it ends so");
    let mut left = message;
    let mut told = String::with_capacity(message.len());
    while let Some(at) = left.find(folder) {
        // From the comma before "spawned at", "made at" or "at"; none: the place is the sentence's.
        let from = left[..at].rfind(", ").unwrap_or(at);
        told.push_str(&left[..from]);
        let path = &left[at..];
        let file = path.find(':').unwrap_or(path.len());
        let rest = path[file..].trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
        // A colon behind the place belongs to the sentence, as do digits of no place.
        let eaten = path.len() - rest.len();
        left = match path[..eaten].ends_with(':') {
            true => &path[eaten - 1..],
            false => rest.strip_prefix(',').unwrap_or(rest),
        };
    }
    told + left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_here_are_left_out_and_others_stay() {
        let here = file!();
        for (from, to) in [
            (
                format!("codelet `a`, spawned at {here}:12:34, failed: no, at all"),
                "codelet `a` failed: no, at all".to_owned(),
            ),
            (
                format!("the latch `b`, made at {here}:1:2: it has fired"),
                "the latch `b`: it has fired".to_owned(),
            ),
            (
                format!("a scope, at {here}:1:2, was cancelled: x\n  `c`, spawned at {here}:3:4"),
                "a scope was cancelled: x\n  `c`".to_owned(),
            ),
            (
                "codelet `d`, spawned at main.rs:1:2, failed".to_owned(),
                "codelet `d`, spawned at main.rs:1:2, failed".to_owned(),
            ),
        ] {
            assert_eq!(without_places(&from), to);
        }
    }

    #[test]
    fn names_are_kept_once() {
        let name = String::from("a name");
        assert!(std::ptr::eq(forever(&name), forever("a name")));
    }

    #[test]
    fn texts_with_zeros_are_cut() {
        assert_eq!(c_string("ab\0c".to_owned()).to_bytes(), b"ab");
    }
}
