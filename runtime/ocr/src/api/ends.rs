//! Ends and arguments.

use super::*;

#[unsafe(no_mangle)]
pub extern "C" fn ocrShutdown() {
    program::shut_down(0);
    legacy::tell();
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrAbort(code: u8) {
    program::shut_down(code);
    legacy::tell();
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGetArgc(arguments: *mut c_void) -> u64 {
    if arguments.is_null() {
        return 0;
    }
    // SAFETY: the block that `mainEdt` was given.
    unsafe { arguments.cast::<u64>().read() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGetArgv(arguments: *mut c_void, count: u64) -> *mut c_char {
    // SAFETY: the block that `mainEdt` was given.
    if count >= unsafe { ocrGetArgc(arguments) } {
        return std::ptr::null_mut();
    }
    let word = arguments.cast::<u64>().wrapping_add(1 + count as usize);
    // SAFETY: there is a word for each argument.
    let offset = unsafe { word.read() };
    // SAFETY: where the argument begins, inside the block.
    unsafe { arguments.cast::<c_char>().add(offset as usize) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_ocr_put(text: *const c_char, length: usize) {
    unsafe extern "C" {
        static mut stdout: *mut c_void;
        fn fwrite(from: *const c_void, size: usize, count: usize, file: *mut c_void) -> usize;
    }
    // SAFETY: C's own.
    let file = unsafe { stdout };
    // SAFETY: so much text there is; C's streams have locks of their own. What does not fit on a full disk is lost, as with
    // `printf`.
    unsafe { fwrite(text.cast(), 1, length, file) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_ocr_assert_failed(
    condition: *const c_char,
    file: *const c_char,
    line: u32,
) {
    // SAFETY: strings that the compiler made.
    let text = |text: *const c_char| unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let edt = context::edt(|_, edt| edt.body.name.to_string());
    let edt = edt.map_or_else(String::new, |name| format!(" in EDT `{name}`"));
    let said = format!(
        "assertion `{}` failed{edt}, at {}:{line}\n",
        text(condition),
        text(file)
    );
    // Nothing can be done if that is lost, too.
    let _ = std::io::stderr().write_all(said.as_bytes());
    std::process::abort();
}
