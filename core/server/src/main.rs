//! The `entrepot` command: see `cli` for what it can do.

use std::process::ExitCode;

fn main() -> ExitCode {
    entrepot_server::cli::run()
}
