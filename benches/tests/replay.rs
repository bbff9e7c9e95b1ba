//! `sprat-bench replay`, as a user calls it: every kernel, on few codelets and on more, checked by the kernels themselves.

use sprat_benches::kernels::REPLAY;
use sprat_benches::report::Row;
use std::process::Command;

#[test]
fn all_kernels_give_a_figure_for_all_systems() {
    for size in ["3", "5000"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("figures.json");
        let output = Command::new(env!("CARGO_BIN_EXE_sprat-bench"))
            .args(["replay", "--runs", "2", "--ce", "shared", "--workers", "2"])
            .args(["--size", size, "--json", file.to_str().unwrap()])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        let text = std::fs::read_to_string(file).unwrap();
        let rows: Vec<Row> = serde_json::from_str(&text).unwrap();
        for kernel in REPLAY {
            for system in ["sprat-shared", "sprat-replay", "deque"] {
                let there = |row: &&Row| row.kernel == kernel.name && row.system == system;
                let found = rows.iter().filter(there).count();
                assert_eq!(found, 1, "{} on {system}", kernel.name);
            }
        }
    }
}
