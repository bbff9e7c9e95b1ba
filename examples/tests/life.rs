//! `life` as users start it.

mod program;

use std::fs::{self, File};
use std::path::Path;
use std::process::Output;

use program::{cores, text};
use sprat_examples::frame::Lines;
use sprat_examples::life::rle;
use tempfile::TempDir;

const LIFE: &str = env!("CARGO_BIN_EXE_life");

fn life(folder: &Path, args: &[&str]) -> Output {
    program::run(LIFE, folder, args)
}

#[test]
fn agrees_with_the_plain_loop_in_every_mode() {
    let folder = TempDir::new().unwrap();
    let shapes = [
        ("200", "64x32"),
        ("64x7", "64x3"),
        ("130x61", "400"),
        ("320x20", "64x20"),
        ("1", "1"),
    ];
    let rules = [
        ("B3/S23", true),
        ("B3/S23", false),
        ("B2467/S13", true),
        ("B08/S1", false),
    ];
    for (at, ce) in ["shared", "elastic", "dedicated"].into_iter().enumerate() {
        for xes in ["1", "2"].into_iter().take(cores()) {
            for (size, tile) in shapes {
                // All rules in each mode would take long.
                for (rule, torus) in [rules[at], rules[3]] {
                    let mut args = vec![
                        "--verify", "--soup", "3", "--steps", "20", "--ce", ce, "--xes", xes,
                        "--size", size, "--tile", tile, "--rule", rule,
                    ];
                    args.extend(torus.then_some("--torus"));
                    let out = life(folder.path(), &args);
                    assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
                    assert!(
                        text(&out.stderr).is_empty(),
                        "no progress but on a terminal"
                    );
                    assert!(
                        text(&out.stdout).contains("the last board is the plain loop's"),
                        "{args:?}"
                    );
                }
            }
        }
    }
}

/// Steps that fill no graph, and those that are spawned anew.
#[test]
fn steps_are_replayed_unless_told_otherwise() {
    let folder = TempDir::new().unwrap();
    for (more, says) in [
        (&[][..], "21, recorded, and replayed"),
        (&["--dynamic"], "21, spawned anew each time"),
        (&["--film", "soup.gif"], "21, spawned anew each time"),
    ] {
        let args = ["--verify", "--soup", "5", "--steps", "21", "--size", "200"];
        let out = life(folder.path(), &[&args[..], more].concat());
        let shown = text(&out.stdout);
        assert!(shown.contains(says), "{shown} {}", text(&out.stderr));
        assert!(shown.contains("the last board is the plain loop's"));
    }
    let many = ["--size", "20000", "--tile", "64x20"];
    let says = ["recorded", "--tile", "--dynamic"];
    program::refused(LIFE, folder.path(), &many, &says);
}

/// The gun that ships is as it was after thirty steps, and has sent out a glider of five cells.
#[test]
fn the_gun_fires() {
    let folder = TempDir::new().unwrap();
    let args = [
        "--steps", "300", "--size", "256", "--output", "gun.rle", "--film", "gun.gif", "--every",
        "10",
    ];
    let out = life(folder.path(), &args);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(
        text(&out.stdout).contains("36, then 86"),
        "{}",
        text(&out.stdout)
    );
    let last = rle::parse(Lines::open(&folder.path().join("gun.rle")).unwrap()).unwrap();
    assert_eq!((last.width, last.height, last.alive.len()), (256, 256, 86));

    let mut film = gif::DecodeOptions::new()
        .read_info(File::open(folder.path().join("gun.gif")).unwrap())
        .unwrap();
    assert_eq!((film.width(), film.height()), (256, 256));
    let mut frames = 0;
    while let Some(frame) = film.read_next_frame().unwrap() {
        let alive = frame.buffer.iter().filter(|&&pixel| pixel != 0).count();
        // A glider is whole every other time that a frame is taken, and has five cells then and always.
        assert!(alive >= 36, "{alive} in frame {frames}");
        frames += 1;
    }
    assert_eq!(frames, 30);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing else is left"
    );
}

/// A glider goes round a torus, and comes back to where it was.
#[test]
fn a_glider_goes_round() {
    let folder = TempDir::new().unwrap();
    let glider = "x = 3, y = 3\nbo$2bo$3o!\n";
    fs::write(folder.path().join("glider.rle"), glider).unwrap();
    let run = |pattern: &str, steps: &str, output: &str| {
        let args = [
            pattern, "--steps", steps, "--size", "64", "--tile", "64x10", "--torus", "--output",
            output,
        ];
        let out = life(folder.path(), &args);
        assert!(out.status.success(), "{}", text(&out.stderr));
        fs::read_to_string(folder.path().join(output)).unwrap()
    };
    // One cell in four steps, both to the right and down.
    let once = run("glider.rle", "256", "once.rle");
    assert_eq!(run("once.rle", "256", "twice.rle"), once);
    assert_ne!(run("once.rle", "128", "half.rle"), once);
    assert_eq!(
        rle::parse(Lines::from_reader("it", std::io::Cursor::new(once)).unwrap())
            .unwrap()
            .alive
            .len(),
        5
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("bad.rle", "x = 3, y = 3\nbo$\nbq!\n");
    write("cut.rle", "x = 3, y = 3\nbo$");
    write("none.rle", "nothing");
    write("wide.rle", "x = 3000, y = 3\n!");
    fs::create_dir(folder.path().join("folder")).unwrap();
    let refused = |args: &[&str], says: &[&str]| program::refused(LIFE, folder.path(), args, says);
    refused(&["bad.rle"], &["bad.rle", "line 3", "`q`"]);
    refused(&["cut.rle"], &["cut.rle", "`!` is missing"]);
    refused(&["none.rle"], &["none.rle", "line 1", "header"]);
    refused(&["gone.rle"], &["gone.rle", "check the name"]);
    refused(&["wide.rle"], &["does not fit", "--size"]);
    refused(&["--rule", "B9/S"], &["--rule", "B9/S"]);
    refused(&["--size", "0"], &["--size"]);
    refused(&["--size", "16000000"], &["memory", "--size"]);
    refused(&["--size", "65536", "--tile", "1"], &["tiles", "--tile"]);
    refused(&["--steps", "0"], &["--steps"]);
    refused(&["--film", "folder"], &["folder"]);
    refused(&["--output", "no/such/place"], &["no/such/place"]);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        5,
        "nothing is left"
    );
}
