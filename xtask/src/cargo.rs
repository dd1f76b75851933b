//! Asks cargo which packages there are and reads what a build produced.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::leash::Leash;
use xtask::failure::{Result, failed, while_doing};

/// The workspace as `cargo metadata` tells it.
pub struct Workspace {
    pub root: PathBuf,
    pub target: PathBuf,
    pub packages: Vec<Package>,
}

/// One package of the workspace.
pub struct Package {
    pub id: String,
    pub name: String,
    pub folder: PathBuf,
    pub targets: Vec<Target>,
    /// Names of the packages it depends on, of every kind, ours and others'.
    pub dependencies: Vec<String>,
}

/// Something cargo builds for a package.
pub struct Target {
    pub name: String,
    pub kinds: Vec<String>,
    pub crate_types: Vec<String>,
}

impl Target {
    /// By our convention a plugin's library is an example of crate type cdylib.
    pub fn is_plugin_library(&self) -> bool {
        self.kinds.iter().any(|k| k == "example") && self.crate_types.iter().any(|t| t == "cdylib")
    }
}

/// A file that a build produced.
pub struct Artifact {
    pub package_id: String,
    pub target: Target,
    /// The executable or, for a library, its files.
    pub files: Vec<PathBuf>,
    pub executable: Option<PathBuf>,
    /// Built as a test, that is with a `main` that runs tests.
    pub test: bool,
}

/// The cargo that started us.
pub fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

impl Workspace {
    /// Reads the workspace whose `cargo xtask` this is. Cargo says which at run time; the folder known
    /// at compile time may be another clone's, where two share a target folder.
    pub fn read() -> Result<Workspace> {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from("."));
        let output = Command::new(program())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(folder)
            .stderr(Stdio::inherit())
            .output()
            .map_err(while_doing("cargo metadata"))?;
        if !output.status.success() {
            return Err(failed("cargo metadata failed; see above"));
        }
        let value: Value = serde_json::from_slice(&output.stdout).map_err(while_doing("reading cargo metadata"))?;
        Ok(Workspace {
            root: PathBuf::from(text(&value["workspace_root"])),
            target: PathBuf::from(text(&value["target_directory"])),
            packages: list(&value["packages"]).iter().map(package).collect(),
        })
    }

    /// Does the package, or one of ours that it depends on by whatever way, depend on `wanted`?
    pub fn reaches(&self, package: &str, wanted: &str) -> bool {
        let mut seen = HashSet::new();
        let mut open = vec![package];
        while let Some(name) = open.pop() {
            if name == wanted {
                return true;
            }
            if seen.insert(name)
                && let Some(package) = self.packages.iter().find(|p| p.name == name)
            {
                open.extend(package.dependencies.iter().map(String::as_str));
            }
        }
        false
    }
}

/// Runs cargo with the arguments given, progress and errors on standard error, and returns what it
/// produced.
pub fn build(leash: &mut Leash, folder: &Path, args: &[String]) -> Result<Vec<Artifact>> {
    let mut command = Command::new(program());
    command.args(args).arg("--message-format=json-render-diagnostics").current_dir(folder);
    let mut artifacts = Vec::new();
    let status = leash.lines(&mut command, None, |line| {
        if let Some(artifact) = artifact(line) {
            artifacts.push(artifact);
        }
    })?;
    if status.success() { Ok(artifacts) } else { Err(failed(format!("cargo {} failed; see above", args.join(" ")))) }
}

fn artifact(line: &str) -> Option<Artifact> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    Some(Artifact {
        package_id: text(&message["package_id"]),
        target: target(&message["target"]),
        files: texts(&message["filenames"]).into_iter().map(PathBuf::from).collect(),
        executable: message["executable"].as_str().map(PathBuf::from),
        test: message["profile"]["test"].as_bool().unwrap_or(false),
    })
}

fn package(value: &Value) -> Package {
    let manifest = PathBuf::from(text(&value["manifest_path"]));
    Package {
        id: text(&value["id"]),
        name: text(&value["name"]),
        folder: manifest.parent().map(Path::to_path_buf).unwrap_or_default(),
        targets: list(&value["targets"]).iter().map(target).collect(),
        dependencies: list(&value["dependencies"]).iter().map(|d| text(&d["name"])).collect(),
    }
}

fn target(value: &Value) -> Target {
    Target { name: text(&value["name"]), kinds: texts(&value["kind"]), crate_types: texts(&value["crate_types"]) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_message_is_read_and_any_other_is_passed_over() {
        let line = r#"{"reason":"compiler-artifact","package_id":"p#1","target":{"name":"x-y",
            "kind":["example"],"crate_types":["cdylib"]},"profile":{"test":false},
            "filenames":["/t/libx_y.so"],"executable":null}"#;
        let artifact = artifact(line).expect("an artifact");
        assert!(artifact.target.is_plugin_library());
        assert_eq!(artifact.files, [PathBuf::from("/t/libx_y.so")]);
        assert!(super::artifact(r#"{"reason":"build-finished","success":true}"#).is_none());
        assert!(super::artifact("not json").is_none());
    }

    #[test]
    fn this_workspace_is_read() {
        let workspace = Workspace::read().expect("cargo metadata");
        assert!(workspace.packages.iter().any(|p| p.name == "xtask"));
        assert!(workspace.reaches("entrepot-server", "entrepot-contract"));
        assert!(!workspace.reaches("entrepot-contract", "entrepot-server"));
    }
}
