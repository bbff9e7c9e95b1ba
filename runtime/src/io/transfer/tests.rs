//! Calling off: the only thing here that no program can see, since its scope waits for what it reads and writes.

use super::*;
use std::cell::Cell;

/// A folder that goes when the test ends.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sprat-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn never() -> bool {
    false
}

#[test]
fn a_large_file_is_called_off_between_two_pieces() {
    let folder = Folder::new("pieces");
    let path = folder.0.join("large");
    let data = vec![7u8; 3 * PIECE];
    let looks = Cell::new(0);
    let second = || looks.replace(looks.get() + 1) == 1;
    let error = write(&path, None, &data, &second).unwrap_err();
    assert_eq!(error.to_string(), "called off");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), PIECE as u64);

    write(&path, None, &data, &never).unwrap();
    let mut into = vec![0; data.len()];
    looks.set(0);
    let error = read(&path, 0, None, &mut into, &second).unwrap_err();
    assert_eq!(error.to_string(), "called off");
    assert_eq!(into.iter().filter(|&&byte| byte == 7).count(), PIECE);
    read(&path, 0, None, &mut into, &never).unwrap();
    assert_eq!(into, data);
}

#[test]
fn a_pipe_whose_other_end_never_comes_is_called_off() {
    let folder = Folder::new("pipe");
    let path = folder.0.join("pipe");
    assert!(
        (std::process::Command::new("mkfifo").arg(&path).status())
            .unwrap()
            .success()
    );
    let looks = Cell::new(0);
    let third = || looks.replace(looks.get() + 1) == 2;
    let error = read(&path, 0, None, &mut [0; 10], &third).unwrap_err();
    assert_eq!(error.to_string(), "called off");
    looks.set(0);
    let error = write(&path, None, &[0; 10], &third).unwrap_err();
    assert_eq!(error.to_string(), "called off");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_what_was_asked_for() {
    let folder = Folder::new("changes");
    let path = folder.0.join("file");
    std::fs::write(&path, [1; 100]).unwrap();
    let whole = Whole::of(&std::fs::metadata(&path).unwrap());
    let grow = || {
        use std::io::Write;
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&[2]).unwrap();
        false
    };
    let mut into = [0; 100];
    let error = read(&path, 0, Some(whole), &mut into, &grow).unwrap_err();
    assert!(error.to_string().contains("it has changed"), "{error}");
    // Who asks for a range gets it.
    read(&path, 0, None, &mut into, &never).unwrap();
    assert_eq!(into, [1; 100]);
    let shrink = || {
        std::fs::write(&path, [1; 50]).unwrap();
        false
    };
    let error = read(&path, 0, None, &mut into, &shrink).unwrap_err();
    assert!(error.to_string().contains("ends at byte 50"), "{error}");
}
