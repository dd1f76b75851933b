//! The `entrepot` command: see `cli` for what it can do.

use std::process::ExitCode;

/// Batches make and drop many small texts on several threads; the system's allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    entrepot_server::cli::run()
}
