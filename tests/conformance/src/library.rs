//! Where a plugin's library is. A library that is missing is a failure, not a reason to skip.

use std::env::consts::{DLL_EXTENSION, DLL_PREFIX};
use std::path::PathBuf;
use std::sync::Arc;

use entrepot_contract::plugin::Plugin;
use entrepot_host::transport::library;

/// The folder of built libraries; without it they are looked for where cargo puts examples.
pub const FOLDER_VARIABLE: &str = "ENTREPOT_LIBRARIES";

/// Loads the library of a plugin.
pub fn load(plugin: &str) -> Result<Arc<dyn Plugin>, String> {
    let path = path_of(plugin)?;
    if !path.is_file() {
        return Err(format!(
            "{} is missing; build it with `cargo build --examples`, in Entrepot's own repository with `cargo xtask libraries`",
            path.display()
        ));
    }
    let loaded = library::load(&path, None).map_err(|fault| fault.to_string())?;
    Ok(loaded)
}

fn path_of(plugin: &str) -> Result<PathBuf, String> {
    let file = format!("{DLL_PREFIX}{}.{DLL_EXTENSION}", plugin.replace('-', "_"));
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        return Ok(PathBuf::from(folder).join(file));
    }
    // The test runs as target/PROFILE/deps/NAME; cargo builds the package's examples beside `deps`.
    let test = std::env::current_exe().map_err(|fault| format!("where this test is: {fault}"))?;
    let profile = test.ancestors().nth(2).ok_or("this test is in no folder of cargo's")?;
    Ok(profile.join("examples").join(file))
}
