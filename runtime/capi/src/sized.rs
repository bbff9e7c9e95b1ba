//! Structs that may grow: their first field is their size, as the caller knows them.

use crate::fault::Fault;

/// A struct of plain numbers and addresses whose first field is its size in bytes, all of whose fields may be zero.
///
/// # Safety
/// That is so, and it is `repr(C)`, and any bytes are a valid one.
pub(crate) unsafe trait Sized0: Copy {
    /// For messages.
    const NAME: &'static str;
    /// How large it was when it first came out: what a caller knows at least.
    const LEAST: usize;
}

/// What a caller passes, with zeros for what the caller does not know.
///
/// # Safety
/// `from` is null, or points to a struct that is as long as its first field says.
#[inline]
pub(crate) unsafe fn take<T: Sized0>(from: *const T) -> Result<Option<T>, Fault> {
    match from.is_null() {
        true => Ok(None),
        // SAFETY: the caller's promise.
        false => unsafe { take_there(from) }.map(Some),
    }
}

/// # Safety
/// As for `take`, and it is not null.
#[inline(never)]
unsafe fn take_there<T: Sized0>(from: *const T) -> Result<T, Fault> {
    // SAFETY: the caller's promise; its first field is a `usize`.
    let size = unsafe { size_of_struct::<T>(from) }?;
    let known = size.min(size_of::<T>());
    // SAFETY: the promise given for `Sized0`: zeros are a valid one.
    let mut taken = unsafe { std::mem::zeroed::<T>() };
    let (source, target) = (from.cast::<u8>(), (&raw mut taken).cast::<u8>());
    // SAFETY: both are at least so long.
    unsafe { std::ptr::copy_nonoverlapping(source, target, known) };
    for at in known..size {
        // SAFETY: it lies in the struct.
        let byte = unsafe { source.wrapping_add(at).read() };
        if byte != 0 {
            return Err(Fault::argument(format!(
                "{} has a field set that this version of Sprat does not know; it is {size} bytes long, of which {known} are known",
                T::NAME
            )));
        }
    }
    Ok(taken)
}

/// Fills a caller's struct as far as the caller knows it. Its size stays.
///
/// # Safety
/// `to` is null, or points to a struct that is as long as its first field says, and that nobody else uses.
pub(crate) unsafe fn give<T: Sized0>(to: *mut T, what: T) -> Result<(), Fault> {
    if to.is_null() {
        return Err(Fault::null(T::NAME));
    }
    // SAFETY: the caller's promise.
    let size = unsafe { size_of_struct::<T>(to) }?;
    let known = size.min(size_of::<T>());
    const HEAD: usize = size_of::<usize>();
    let source = (&raw const what).cast::<u8>().wrapping_add(HEAD);
    let target = to.cast::<u8>().wrapping_add(HEAD);
    // SAFETY: both are at least so long behind their first fields.
    unsafe { std::ptr::copy_nonoverlapping(source, target, known - HEAD) };
    Ok(())
}

/// # Safety
/// It points to a struct whose first field is a `usize`.
unsafe fn size_of_struct<T: Sized0>(of: *const T) -> Result<usize, Fault> {
    // SAFETY: the caller's promise.
    let size = unsafe { of.cast::<usize>().read() };
    // Nothing will ever grow to a page.
    if (T::LEAST..=4096).contains(&size) {
        return Ok(size);
    }
    Err(Fault::argument(format!(
        "the field `size` of {} is {size}; set it to sizeof({}), which is at least {}",
        T::NAME,
        T::NAME,
        T::LEAST
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SPRAT_ARGUMENT;

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Thing {
        size: usize,
        first: u64,
        second: u64,
    }

    // SAFETY: plain numbers, the first of which is the size.
    unsafe impl Sized0 for Thing {
        const NAME: &'static str = "thing";
        const LEAST: usize = 16;
    }

    fn take_of(words: &[u64]) -> Result<Option<Thing>, Fault> {
        // SAFETY: the tests below say a size that is right, or one that is refused.
        unsafe { take(words.as_ptr().cast()) }
    }

    #[test]
    fn older_and_newer_callers_are_understood() {
        let thing = |first, second| {
            let size = 24;
            Thing {
                size,
                first,
                second,
            }
        };
        assert_eq!(take_of(&[24, 1, 2]).unwrap().unwrap(), thing(1, 2));
        let older = take_of(&[16, 1, 99]).unwrap().unwrap();
        assert_eq!((older.first, older.second), (1, 0));
        let newer = take_of(&[32, 1, 2, 0]).unwrap().unwrap();
        assert_eq!((newer.first, newer.second), (1, 2));
        for wrong in [&[32, 1, 2, 7][..], &[8, 1, 2], &[0, 1, 2], &[1 << 20, 1, 2]] {
            assert_eq!(take_of(wrong).unwrap_err().status, SPRAT_ARGUMENT);
        }
        // SAFETY: null.
        assert_eq!(unsafe { take::<Thing>(std::ptr::null()) }.unwrap(), None);
    }

    #[test]
    fn no_more_is_given_than_the_caller_knows() {
        let mut older = [16u64, 0, 77];
        let size = 0;
        let what = Thing {
            size,
            first: 5,
            second: 6,
        };
        // SAFETY: a struct of 16 bytes of our own.
        unsafe { give(older.as_mut_ptr().cast::<Thing>(), what) }.unwrap();
        assert_eq!(older, [16, 5, 77]);
    }
}
