//! Files as dependences.

use crate::blocks::{found, name};
use crate::fault::{Fault, ended};
use crate::homes::block_in;
use crate::live::{self, Live, sprat_scope};
use crate::options::{once, sprat_options};
use crate::runtime::{runtime, sprat_runtime};
use crate::spawn::{remembered, tell_end};
use crate::types::*;
use sprat::{Block, Options, Spawned};
use std::ffi::{CStr, OsStr, c_char};
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path, which is any bytes.
///
/// # Safety
/// It is null or a C string.
unsafe fn path<'a>(path: *const c_char) -> Result<&'a Path, Fault> {
    if path.is_null() {
        return Err(Fault::null("the path of a file"));
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(path) };
    Ok(Path::new(OsStr::from_bytes(text.to_bytes())))
}

/// So many bytes from there on, or all up to the end.
fn range(start: u64, bytes: u64) -> Result<(Bound<u64>, Bound<u64>), Fault> {
    let end = match (bytes, start.checked_add(bytes)) {
        (0, _) => Bound::Unbounded,
        (_, Some(end)) => Bound::Excluded(end),
        (_, None) => {
            return Err(Fault::new(
                SPRAT_BLOCK_SIZE,
                format!("{bytes} bytes of a file from byte {start} on are more than there can be"),
            ));
        }
    };
    Ok((Bound::Included(start), end))
}

/// Makes a block that is filled from a file, and waits until it is.
///
/// # Safety
/// `path` is null or a C string, `block` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_read_file(
    runtime: *mut sprat_runtime,
    path: *const c_char,
    start: u64,
    bytes: u64,
    block: *mut sprat_block,
) -> sprat_status {
    let read = || {
        let runtime = self::runtime(runtime)?;
        // SAFETY: the caller's promise.
        let path = unsafe { self::path(path) }?;
        if block.is_null() {
            return Err(Fault::null("the place for the block"));
        }
        let made = runtime.read_file::<u8>(path, range(start, bytes)?)?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { block.write(name(made)) };
        Ok(())
    };
    ended(read())
}

/// Writes a block to a file, and waits until it is written.
///
/// # Safety
/// `path` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_write_file(
    runtime: *mut sprat_runtime,
    block: sprat_block,
    path: *const c_char,
) -> sprat_status {
    let write = || {
        let runtime = self::runtime(runtime)?;
        // SAFETY: the caller's promise.
        let path = unsafe { self::path(path) }?;
        Ok(runtime.write_file(found(&runtime, block)?, path)?)
    };
    ended(write())
}

/// Makes a block that is filled from a file.
///
/// # Safety
/// As for `sprat_read_file` and `sprat_spawn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_read_file_in(
    scope: *mut sprat_scope,
    path: *const c_char,
    start: u64,
    bytes: u64,
    options: *const sprat_options,
    block: *mut sprat_block,
) -> sprat_status {
    let read = |live: &Live<'_>| {
        // SAFETY: the caller's promise.
        let path = unsafe { self::path(path) }?;
        if block.is_null() {
            return Err(Fault::null("the place for the block"));
        }
        // SAFETY: the caller's promise.
        let options = unsafe { once(live.scope(), "read_file", options) }?;
        let made = options.read_file::<u8>(path, range(start, bytes)?)?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { block.write(name(made)) };
        Ok(())
    };
    ended(live::with(scope, |live| remembered(live, read(live))))
}

/// Begins an access to a file by a block that is there.
///
/// # Safety
/// `path` is null or a C string, `ended` is null or can be written to, `options` as for `sprat_spawn`.
unsafe fn begin(
    (scope, block): (*mut sprat_scope, sprat_block),
    path: *const c_char,
    (what, options): (&'static str, *const sprat_options),
    ended: *mut sprat_event,
    access: impl FnOnce(Options<'_, 'static>, Block<u8>, &Path) -> sprat::Result<Spawned<()>>,
) -> sprat_status {
    let begin = |live: &Live<'_>| {
        let scope = live.scope();
        // SAFETY: the caller's promise.
        let path = unsafe { self::path(path) }?;
        // SAFETY: the caller's promise.
        let options = unsafe { once(scope, what, options) }?;
        let begun = access(options, block_in(scope, block)?, path)?;
        // SAFETY: the caller's promise.
        unsafe { tell_end(&begun.event(), ended) };
        Ok(())
    };
    self::ended(live::with(scope, |live| remembered(live, begin(live))))
}

/// Fills a block from a file.
///
/// # Safety
/// `path` is null or a C string, `ended` is null or can be written to, `options` as for `sprat_spawn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_read_file_into(
    scope: *mut sprat_scope,
    block: sprat_block,
    path: *const c_char,
    start: u64,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> sprat_status {
    let what = ("read_file", options);
    // SAFETY: the caller's promise.
    unsafe {
        begin((scope, block), path, what, ended, |options, block, path| {
            options.read_file_into(block, path, start)
        })
    }
}

/// Writes a block to a file, which is as long afterwards.
///
/// # Safety
/// As for `sprat_read_file_into`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_write_file_in(
    scope: *mut sprat_scope,
    block: sprat_block,
    path: *const c_char,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> sprat_status {
    let what = ("write_file", options);
    // SAFETY: the caller's promise.
    unsafe {
        begin((scope, block), path, what, ended, |options, block, path| {
            options.write_file(block, path)
        })
    }
}

/// Writes a block into a file, whose rest stays.
///
/// # Safety
/// As for `sprat_read_file_into`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_write_file_at(
    scope: *mut sprat_scope,
    block: sprat_block,
    path: *const c_char,
    start: u64,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> sprat_status {
    let what = ("write_file", options);
    // SAFETY: the caller's promise.
    unsafe {
        begin((scope, block), path, what, ended, |options, block, path| {
            options.write_file_at(block, path, start)
        })
    }
}
