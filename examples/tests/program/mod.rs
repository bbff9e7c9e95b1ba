//! Starting programs as users do.

#![allow(dead_code)] // Each test file takes what it needs.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a program in a folder, without the `SPRAT_*` variables of whoever runs the tests.
pub fn run(program: &str, folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.current_dir(folder).args(args);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SPRAT_")) {
        command.env_remove(name);
    }
    command.output().unwrap()
}

/// What a program printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().unwrap().get()
}

/// Runs a program with what it must refuse; its message has all these words. Gives the message.
pub fn refused(program: &str, folder: &Path, args: &[&str], says: &[&str]) -> String {
    let out = run(program, folder, args);
    let message = text(&out.stderr);
    let code = out.status.code();
    assert!(matches!(code, Some(1 | 2)), "{args:?}: {code:?} {message}");
    for part in says {
        assert!(
            message.contains(part),
            "{args:?} should say `{part}`: {message}"
        );
    }
    assert!(!message.contains("panicked"), "{message}");
    message
}
