//! `sprat-bench`: see `sprat-bench --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sprat_benches::cli::main()
}
