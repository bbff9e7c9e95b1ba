//! A run of ten million codelets: its page has at most 30 MB, and the command gets along with the memory of a workstation. Not a part of
//! the usual tests, since it takes minutes and some gigabytes:
//! `cargo test --release -p sprat-tools --test large -- --ignored --nocapture`. The bound itself is tested at a smaller scale in
//! `report/timeline.rs`.

use sprat::Runtime;
use std::process::Command;
use std::time::Instant;

/// Columns of the stencil, and its steps.
const COLUMNS: usize = 64;
const STEPS: usize = 10_000_000 / COLUMNS;

/// Some microseconds of work.
fn work(seed: u64) -> u64 {
    (0..3000).fold(seed, |x, i| {
        std::hint::black_box(x.wrapping_mul(31).wrapping_add(i))
    })
}

#[test]
#[ignore = "it takes minutes, and gigabytes of memory and disk"]
fn ten_million_codelets() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, page) = (folder.path().join("run.sprat"), folder.path().join("page"));
    let rt = Runtime::builder()
        .ignore_environment()
        .trace(&trace)
        .build()
        .unwrap();
    let mut now = rt.blocks::<u64>(COLUMNS, 8).unwrap();
    let mut next = rt.blocks::<u64>(COLUMNS, 8).unwrap();
    for &block in now.iter().chain(&next) {
        rt.write(block, |cells| cells.fill(1)).unwrap();
    }
    rt.finish(|s| {
        for _ in 0..STEPS {
            for (at, &own) in next.iter().enumerate() {
                let west = now[at.saturating_sub(1)].read();
                let access = (west, now[at].read(), own.write());
                let one = s.codelet("sweep").near(own);
                one.spawn(access, |_, (west, here, out)| {
                    out[0] = work(west[0] ^ here[0]);
                });
            }
            std::mem::swap(&mut now, &mut next);
        }
        Ok(())
    })
    .unwrap();
    drop(rt);
    let begin = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sprat"));
    let output = command
        .arg("report")
        .arg(&trace)
        .arg("-o")
        .arg(&page)
        .arg("--json")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let size = |path| std::fs::metadata(path).unwrap().len();
    println!(
        "{} codelets, {} events dropped: a trace of {} bytes, a page of {} bytes in {:.1} s",
        told["codelets"],
        told["dropped"],
        size(&trace),
        size(&page),
        begin.elapsed().as_secs_f64()
    );
    // Where the machine is too busy to write all down some are missing, and told.
    assert!(told["codelets"].as_u64().unwrap() > 9_000_000);
    assert!(size(&page) <= 30_000_000);
    if let Ok(keep) = std::env::var("KEEP_TRACE") {
        std::fs::copy(&trace, keep).unwrap();
    }
}
