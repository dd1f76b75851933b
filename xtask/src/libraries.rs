//! Builds each plugin as a loadable library.
//!
//! A plugin that can be a library has an example of crate type cdylib, named after the plugin:
//!
//! ```toml
//! [[example]]
//! name = "douyin-calendar"
//! crate-type = ["cdylib"]
//! path = "library.rs"
//! ```

use std::env::consts::{DLL_EXTENSION, DLL_PREFIX};
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::{Artifact, Workspace, build as cargo_build};
use crate::leash::Leash;
use xtask::failure::{Result, failed, unfit, while_doing};

/// Beside the executable, where it looks for them.
pub fn default_folder(workspace: &Workspace, release: bool) -> PathBuf {
    let profile = if release { "release" } else { "debug" };
    workspace.target.join(profile).join("plugins")
}

/// Builds the libraries into the folder and prints the path of each.
pub fn build(workspace: &Workspace, release: bool, out: &Path) -> Result<()> {
    let plugins = names(workspace)?;
    if plugins.is_empty() {
        println!("no plugin has a library target yet ([[example]] with crate-type = [\"cdylib\"])");
        return Ok(());
    }
    let mut args = build_args(release);
    for plugin in &plugins {
        args.extend(["--example".to_owned(), plugin.clone()]);
    }
    let artifacts = cargo_build(&mut Leash::start()?, &workspace.root, &args)?;
    for path in install(workspace, &artifacts, out)? {
        println!("{}", path.display());
    }
    Ok(())
}

/// Builds for the tests: the executables and every library, in one go.
pub fn build_for_tests(workspace: &Workspace, leash: &mut Leash, release: bool) -> Result<PathBuf> {
    let mut args = build_args(release);
    args.extend(["--bins", "--examples"].map(str::to_owned));
    let artifacts = cargo_build(leash, &workspace.root, &args)?;
    let out = default_folder(workspace, release);
    fs::create_dir_all(&out).map_err(while_doing(out.display()))?;
    install(workspace, &artifacts, &out)?;
    Ok(out)
}

/// The whole workspace is selected, so that features resolve as they do for the tests and nothing is
/// compiled twice.
fn build_args(release: bool) -> Vec<String> {
    let mut args = vec!["build".to_owned(), "--workspace".to_owned()];
    args.extend(release.then(|| "--release".to_owned()));
    args
}

fn names(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for package in &workspace.packages {
        for target in package.targets.iter().filter(|t| t.is_plugin_library()) {
            if names.contains(&target.name) {
                return Err(unfit(format!(
                    "two packages have a library named {}; a plugin's name is its own",
                    target.name
                )));
            }
            names.push(target.name.clone());
        }
    }
    Ok(names)
}

/// Copies the libraries among the artifacts; returns where they are now.
fn install(workspace: &Workspace, artifacts: &[Artifact], out: &Path) -> Result<Vec<PathBuf>> {
    let wanted = names(workspace)?;
    let mut installed = Vec::new();
    for artifact in artifacts.iter().filter(|a| wanted.contains(&a.target.name) && a.target.is_plugin_library()) {
        let is_library = |file: &&PathBuf| file.extension().is_some_and(|e| e == DLL_EXTENSION);
        let Some(file) = artifact.files.iter().find(is_library) else {
            return Err(failed(format!("cargo made no library for {}", artifact.target.name)));
        };
        fs::create_dir_all(out).map_err(while_doing(out.display()))?;
        let name = file_name(&artifact.target.name);
        let path = out.join(&name);
        // Never written in place: a running server may have the old one mapped.
        let fresh = out.join(format!(".{name}.{}", std::process::id()));
        fs::copy(file, &fresh).map_err(while_doing(fresh.display()))?;
        fs::rename(&fresh, &path).map_err(while_doing(path.display()))?;
        installed.push(path);
    }
    if installed.len() == wanted.len() {
        Ok(installed)
    } else {
        Err(failed(format!("cargo made {} of {} libraries: {}", installed.len(), wanted.len(), wanted.join(", "))))
    }
}

/// `douyin-calendar` → `libdouyin_calendar.so`.
fn file_name(plugin: &str) -> String {
    format!("{DLL_PREFIX}{}.{DLL_EXTENSION}", plugin.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_named_after_its_plugin() {
        assert!(file_name("simple-gate").starts_with("libsimple_gate."));
    }
}
