//! `pipeline` as users start it.

mod program;

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Output;

use flate2::read::MultiGzDecoder;
use program::{cores, text};
use tempfile::TempDir;

const PIPELINE: &str = env!("CARGO_BIN_EXE_pipeline");

fn pipeline(folder: &Path, args: &[&str]) -> Output {
    program::run(PIPELINE, folder, args)
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// Chunks that fill the file and those that do not, fewer than slots and many more, one slot alone.
#[test]
fn any_gunzip_reads_the_result_in_every_mode() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let noise: Vec<u8> = (0u32..70_000)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for (name, length) in [
        ("one", 1),
        ("chunk", 1024),
        ("more", 1025),
        ("long", 70_000),
        ("even", 61_440),
    ] {
        fs::write(at(name), &noise[..length]).unwrap();
    }
    for ce in ["shared", "elastic", "dedicated"] {
        for xes in ["1", "2"].into_iter().take(cores()) {
            for name in ["one", "chunk", "more", "long", "even"] {
                for slots in ["1", "3", "1000"] {
                    let args = [
                        name, "--verify", "--ce", ce, "--xes", xes, "--chunk", "1", "--slots",
                        slots, "--level", "1", "--output", "out.gz",
                    ];
                    let out = pipeline(folder.path(), &args);
                    assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
                    assert!(
                        text(&out.stderr).is_empty(),
                        "no progress but on a terminal"
                    );
                    assert!(text(&out.stdout).contains("byte for byte"), "{args:?}");
                    assert!(
                        unpacked(&at("out.gz")) == fs::read(at(name)).unwrap(),
                        "{args:?}"
                    );
                }
            }
        }
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        6,
        "nothing else is left"
    );
}

#[test]
fn without_a_file_a_text_is_made_and_nothing_is_kept() {
    let folder = TempDir::new().unwrap();
    let out = pipeline(folder.path(), &["--make", "1", "--verify", "--chunk", "64"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let shown = text(&out.stdout);
    for word in ["MB/s", "share of bound", "speed-up", "slot(s)"] {
        assert!(shown.contains(word), "{shown}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty"), "").unwrap();
    fs::write(at("good"), "good").unwrap();
    fs::create_dir(at("folder")).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    let refused =
        |args: &[&str], says: &[&str]| program::refused(PIPELINE, folder.path(), args, says);
    refused(&["gone"], &["gone", "check the name"]);
    refused(&["folder"], &["folder", "no regular file"]);
    refused(&["socket"], &["socket"]);
    refused(&["empty"], &["empty", "nothing to compress"]);
    refused(&["good", "--level", "10"], &["--level"]);
    refused(&["good", "--chunk", "0"], &["--chunk"]);
    refused(&["good", "--slots", "0"], &["--slots"]);
    refused(&["good", "--make", "3"], &["--make"]);
    refused(&["good", "--output", "folder"], &["folder", "--output"]);
    refused(
        &["good", "--output", "no/such/place"],
        &["no/such/place", "--output"],
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        4,
        "nothing is left"
    );
}
