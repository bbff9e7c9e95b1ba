//! The programs as users start them: what they print, what they write, and what they refuse.

mod program;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use program::{cores, run, text};
use serde_json::json;
use tempfile::TempDir;

fn jacobi(folder: &Path, args: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_jacobi"), folder, args)
}

fn topology(args: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_topology"), Path::new("."), args)
}

/// A PNG's width and height, after all of it was decoded.
fn png_size(path: &Path) -> (u32, u32) {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height)
}

fn write_png(path: &Path, color: png::ColorType, depth: png::BitDepth, side: u32, data: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), side, side);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 255, 255, 255]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
}

/// Runs with what the serial reference agrees with, and is silent but for its table. Gives the table.
fn verified(args: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let out = jacobi(folder.path(), &[&["--verify"], args].concat());
    assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
    assert!(
        text(&out.stderr).is_empty(),
        "no progress but on a terminal"
    );
    let shown = text(&out.stdout);
    assert!(shown.contains("equal to the serial reference"), "{args:?}");
    shown
}

/// Jacobi's sweeps are replayed, and its copies are not. Who runs no codelets has nothing to tell of them.
#[test]
fn the_memory_report_tells_of_codelets_and_blocks() {
    let small = ["--size", "64", "--tile", "32", "--sweeps", "6"];
    let shown = verified(&[&small[..], &["--memory-report"]].concat());
    let report = shown.find("memory report").expect("it is told");
    assert!(shown[report..].contains(" local, ") && shown[report..].contains("sweep"));
    assert!(!verified(&small).contains("memory report"));
    let refused = topology(&["--memory-report"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("--memory-report"));
}

#[test]
fn agrees_with_the_serial_reference_in_every_mode() {
    let shapes = [
        ("200", "64"),
        ("97x61", "16x9"),
        ("33x70", "1000"),
        ("3x50", "1x7"),
        ("1x1", "1"),
        ("40x1", "8"),
    ];
    for ce in ["shared", "elastic", "dedicated"] {
        for xes in ["1", "2"].into_iter().take(cores()) {
            for (size, tile) in shapes {
                verified(&[
                    "--sweeps", "25", "--ce", ce, "--xes", xes, "--size", size, "--tile", tile,
                ]);
            }
        }
    }
}

/// Sweeps that fill no graph, bands of a row more than sweeps, a last band that is shorter than the sweeps in turn, odd
/// numbers of bands, grids smaller than a band, more sweeps in turn than there are, and grids of one column, row or cell.
#[test]
fn tiles_in_time_agree_with_the_serial_reference() {
    let cases = [
        "--size 97x61 --tile 4 --time-tile 3 --sweeps 25",
        "--size 97x61 --tile 2 --time-tile 1 --sweeps 7",
        "--size 33x70 --tile 17 --time-tile 16 --sweeps 80",
        "--size 300x52 --tile 10 --time-tile 8 --sweeps 39",
        "--size 2000x90 --tile 20 --time-tile 5 --sweeps 11",
        "--size 40x30 --tile 1000 --time-tile 7 --sweeps 29",
        "--size 40x300 --time-tile 400 --sweeps 10",
        "--size 40x300 --time-tile 4096 --sweeps 1",
        "--size 1x50 --time-tile 4 --sweeps 9",
        "--size 2x50 --tile 5 --time-tile 4 --sweeps 9",
        "--size 3x50 --tile 5 --time-tile 4 --sweeps 9",
        "--size 50x1 --time-tile 4 --sweeps 9",
        "--size 50x2 --time-tile 4 --sweeps 9",
        "--size 1x1 --time-tile 2 --sweeps 4",
    ];
    for case in cases {
        let args: Vec<&str> = case.split(' ').collect();
        let shown = verified(&args);
        assert!(shown.contains("of a tile in turn, recorded"), "{shown}");
        let shown = verified(&[&args[..], &["--dynamic"]].concat());
        assert!(shown.contains("of a tile in turn, spawned"), "{shown}");
    }
}

#[test]
fn tiles_in_time_agree_in_every_mode() {
    for ce in ["shared", "elastic", "dedicated"] {
        for xes in ["1", "2"].into_iter().take(cores()) {
            let case = "--size 257x301 --tile 9 --time-tile 6 --sweeps 55";
            let args: Vec<&str> = case.split(' ').chain(["--ce", ce, "--xes", xes]).collect();
            verified(&args);
        }
    }
}

#[test]
fn plain_sweeps_are_replayed_unless_told_otherwise() {
    let args = ["--size", "90", "--tile", "90x7", "--sweeps", "21"];
    assert!(verified(&args).contains("recorded, and replayed"));
    let args = [&args[..], &["--dynamic"]].concat();
    assert!(verified(&args).contains("spawned anew"));
}

#[test]
fn writes_a_picture_of_the_grids_shape() {
    let folder = TempDir::new().unwrap();
    for (size, expected) in [
        ("120x80", (120, 80)),
        ("64", (64, 64)),
        ("1400x700", (1024, 512)),
    ] {
        let name = format!("{size}.png");
        let out = jacobi(
            folder.path(),
            &["--size", size, "--sweeps", "3", "--output", &name],
        );
        assert!(out.status.success(), "{}", text(&out.stderr));
        assert_eq!(png_size(&folder.path().join(name)), expected);
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "nothing else is left"
    );
}

#[test]
fn takes_pictures_of_any_kind() {
    use png::{BitDepth, ColorType};
    let folder = TempDir::new().unwrap();
    let kinds = [
        ("grey1", ColorType::Grayscale, BitDepth::One, 8),
        ("grey8", ColorType::Grayscale, BitDepth::Eight, 64),
        ("grey16", ColorType::Grayscale, BitDepth::Sixteen, 128),
        ("alpha", ColorType::GrayscaleAlpha, BitDepth::Eight, 128),
        ("rgb", ColorType::Rgb, BitDepth::Eight, 192),
        ("rgba16", ColorType::Rgba, BitDepth::Sixteen, 512),
        ("palette", ColorType::Indexed, BitDepth::One, 8),
    ];
    for (name, color, depth, bytes) in kinds {
        write_png(
            &folder.path().join(name),
            color,
            depth,
            8,
            &vec![0xff; bytes],
        );
        let out = jacobi(
            folder.path(),
            &["--input", name, "--sweeps", "2", "--size", "16"],
        );
        assert!(out.status.success(), "{name}: {}", text(&out.stderr));
    }
}

/// Starts `jacobi` with what it must refuse, over an older result that must survive.
fn refused(args: &[&str], says: &[&str]) {
    let folder = TempDir::new().unwrap();
    let sprats = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/sprats.png");
    let whole = fs::read(sprats).unwrap();
    fs::write(folder.path().join("cut.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("tail.png"), &whole[..whole.len() - 6]).unwrap();
    fs::write(folder.path().join("text.png"), "no picture").unwrap();
    fs::write(folder.path().join("empty.png"), "").unwrap();
    fs::write(folder.path().join("jacobi.png"), "older").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let before = fs::read_dir(folder.path()).unwrap().count();
    program::refused(env!("CARGO_BIN_EXE_jacobi"), folder.path(), args, says);
    assert_eq!(
        fs::read_to_string(folder.path().join("jacobi.png")).unwrap(),
        "older"
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        before,
        "{args:?}"
    );
}

#[test]
fn bad_pictures_are_refused() {
    for name in ["cut.png", "tail.png", "text.png", "empty.png", "folder"] {
        refused(&["--input", name], &[name, "cannot read"]);
    }
    refused(
        &["--input", "gone.png"],
        &["gone.png", "cannot open", "check the name"],
    );
}

#[test]
fn bad_numbers_are_refused() {
    refused(&["--size", "0"], &["--size", "zero"]);
    refused(&["--size", "5x0"], &["--size", "zero"]);
    refused(&["--size", "large"], &["--size", "large"]);
    refused(&["--tile", "0"], &["--tile", "zero"]);
    refused(&["--sweeps", "0"], &["--sweeps", "zero"]);
    refused(&["--sweeps", "-3"], &["-3"]);
    refused(&["--ce", "some"], &["--ce", "some", "elastic"]);
    refused(&["--size", "10000000"], &["memory", "PiB", "--size"]);
    refused(&["--size", "18446744073709551615"], &["memory", "--size"]);
    refused(&["--size", "2000", "--tile", "1"], &["tiles", "--tile"]);
    refused(
        &["--size", "2000", "--tile", "10"],
        &["recorded", "--tile", "--dynamic"],
    );
    refused(&["--time-tile", "0"], &["--time-tile", "0"]);
    refused(&["--time-tile", "4097"], &["--time-tile", "4096"]);
    refused(&["--time-tile", "-2"], &["-2"]);
    refused(
        &["--time-tile", "4", "--tile", "64x64"],
        &["whole rows", "--tile 3840x64"],
    );
    refused(
        &["--time-tile", "4", "--tile", "4"],
        &["4 rows", "at least 5 rows", "--time-tile"],
    );
    refused(&["--xes", "0"], &["zero execution engines"]);
    refused(&["--xes", "4000"], &["4000 execution engines"]);
}

#[test]
fn places_that_cannot_be_written_to_are_refused_at_once() {
    refused(&["--output", "folder"], &["folder", "--output"]);
    refused(
        &["--output", "no/such/place.png"],
        &["no/such/place.png", "--output"],
    );
}

/// Nor a device or a pipe: as root, a picture called `/dev/null` would take its place for all programs.
#[test]
fn what_is_no_regular_file_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let out = jacobi(folder.path(), &["--output", "socket"]);
    assert_eq!(out.status.code(), Some(1));
    let message = text(&out.stderr);
    assert!(message.contains("no regular file"), "{message}");
    assert!(!socket.metadata().unwrap().is_file());
}

#[test]
fn a_link_stays_and_its_file_is_replaced() {
    let folder = TempDir::new().unwrap();
    let (link, file) = (folder.path().join("link"), folder.path().join("file"));
    fs::write(&file, "older").unwrap();
    symlink(&file, &link).unwrap();
    let out = jacobi(
        folder.path(),
        &["--size", "16", "--sweeps", "1", "--output", "link"],
    );
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(link.is_symlink());
    assert_eq!(png_size(&file), (16, 16));
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let folder = TempDir::new().unwrap();
    let mut jacobi = Command::new(env!("CARGO_BIN_EXE_jacobi"))
        .current_dir(folder.path())
        .args(["--size", "16", "--sweeps", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(jacobi.stdout.take());
    assert!(jacobi.wait().unwrap().success());
    assert_eq!(png_size(&folder.path().join("jacobi.png")), (16, 16));
}

#[test]
fn hello_says_what_readme_says() {
    let out = run(env!("CARGO_BIN_EXE_hello"), Path::new("."), &[]);
    assert_eq!(text(&out.stdout), "the last tile holds 6\n");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let program = fs::read_to_string(root.join("examples/src/bin/hello.rs")).unwrap();
    assert!(
        readme.contains(&format!("```rust\n{program}```\n")),
        "README shows another program"
    );
}

#[test]
fn topology_prints_the_plan() {
    let machine = "package:2 region:2 core:4 thread:2";
    let out = topology(&["--synthetic", machine, "--xes", "6", "--ce", "dedicated"]);
    let shown = text(&out.stdout);
    assert!(shown.contains("6 execution engines"), "{shown}");
    assert!(
        shown.contains("control engines: dedicated (asked for)"),
        "{shown}"
    );
    assert!(shown.contains("XE 5: cpu"), "{shown}");
}

#[test]
fn topology_as_json() {
    let out = topology(&[
        "--synthetic",
        "package:2 region:2 core:4 thread:2",
        "--json",
    ]);
    let machine: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(machine["counts"]["packages"], 2);
    assert_eq!(machine["counts"]["regions"], 4);
    assert_eq!(machine["counts"]["cores"], 16);
    assert_eq!(machine["counts"]["threads"], 32);
    assert_eq!(
        machine["regions"][0]["distances"].as_array().unwrap().len(),
        4
    );
    assert_eq!(machine["plan"]["xes"].as_array().unwrap().len(), 16);
    assert!(!machine["plan"]["ce"]["reason"].as_str().unwrap().is_empty());
    // This machine, too.
    let here: serde_json::Value = serde_json::from_slice(&topology(&["--json"]).stdout).unwrap();
    assert!(here["plan"]["xes"][0]["cpu"].is_u64());
}

#[test]
fn topology_from_hwlocs_xml() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine.xml");
    let machine = r#"<topology version="2.0"><object type="Machine">
        <object type="NUMANode" os_index="0" cpuset="0x00000007" local_memory="4096"/>
        <object type="NUMANode" os_index="2" subtype="HBM" cpuset="0x00000007" local_memory="2048"/>
        <object type="Package" os_index="0"><object type="L3Cache" depth="3" cache_size="65536">
        <object type="Core" os_index="0"><object type="PU" os_index="0"/><object type="PU" os_index="2"/></object>
        <object type="Core" os_index="1"><object type="PU" os_index="1"/></object>
        </object></object></object></topology>"#;
    fs::write(&file, machine).unwrap();
    let file = file.to_str().unwrap();
    let out = topology(&["--xml", file, "--json"]);
    let machine: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let counts = ["packages", "regions", "cores", "threads"].map(|what| &machine["counts"][what]);
    assert_eq!(counts, [1, 2, 2, 3]);
    assert_eq!(machine["regions"][0]["cpus"], json!([0, 1, 2]));
    assert_eq!(machine["regions"][1]["local_cpus"], json!([0, 1, 2]));
    assert_eq!(machine["regions"][1]["kind"], "hbm");
    assert_eq!(machine["caches"][0]["bytes"], 65536);
    let shown = topology(&["--xml", file]);
    assert!(text(&shown.stdout).contains("region 1 (the kernel's 2), 2 KiB of hbm"));
}

#[test]
fn topology_refuses() {
    for (args, says) in [
        (&["--synthetic", "core:x"][..], "core:x"),
        (&["--sysfs", "/no/such/folder"], "/no/such/folder"),
        (&["--xml", "/no/such/file"], "/no/such/file cannot be read"),
        (
            &["--xml", "Cargo.toml"],
            "Cargo.toml, line 1: it is not whole XML",
        ),
        (
            &["--xml", "Cargo.toml", "--sysfs", "."],
            "cannot be used with",
        ),
        (
            &["--synthetic", "core:2", "--xes", "3"],
            "3 execution engines",
        ),
        (&["--synthetic", "core:2", "--whole"], "cannot be used with"),
        (&["--cpus", "9-1"], "9-1"),
    ] {
        let out = topology(args);
        let message = text(&out.stderr);
        assert!(
            !out.status.success() && message.contains(says),
            "{args:?}: {message}"
        );
        assert!(!message.contains("panicked"), "{message}");
    }
}
