//! The workspace: its packages, as cargo tells them, and its files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// A package of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder, from the root, with `/` between the parts.
    pub folder: String,
    /// Its edition, inherited or not.
    pub edition: String,
    /// Its licence, inherited or not.
    pub license: String,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// What cargo builds for it.
    pub targets: Vec<Target>,
    /// What it is an example of, where its manifest says so: `[package.metadata.entrepot] example = "…"`.
    pub example: Option<String>,
}

/// One entry among a package's dependencies.
#[derive(Debug)]
pub struct Dependency {
    /// The other package's name.
    pub name: String,
    /// For tests only.
    pub dev: bool,
    /// One of ours: it has a path.
    pub ours: bool,
}

/// Something cargo builds.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `lib`, `bin`, `example`, `test` and so on.
    pub kinds: Vec<String>,
    /// `lib`, `cdylib` and so on.
    pub crate_types: Vec<String>,
    /// The file it begins with, from the root.
    pub source: String,
}

/// What a package is in the house.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Room {
    /// `core/NAME`.
    Core,
    /// `migrations`.
    Migrations,
    /// `plugins/sdk`.
    Sdk,
    /// `plugins/builtin`.
    Builtin,
    /// A family's shared protocol.
    Wire,
    /// The other side of a family, for tests and the demo.
    Simulator,
    /// A plugin proper.
    Plugin,
    /// `tests/NAME`, `bench`, `xtask`, what a family's tests share: nothing that runs in service.
    Workshop,
    /// Nothing the design knows.
    Unknown,
}

impl Package {
    /// Where in the house it stands.
    pub fn room(&self) -> Room {
        let parts: Vec<&str> = self.folder.split('/').collect();
        match parts.as_slice() {
            ["core", _] => Room::Core,
            ["migrations"] => Room::Migrations,
            ["plugins", "sdk"] => Room::Sdk,
            ["plugins", "builtin"] => Room::Builtin,
            ["plugins", .., last] if *last == "simulator" || self.name.ends_with("-simulator") => Room::Simulator,
            ["plugins", .., last] if *last == "wire" || self.name.ends_with("-wire") => Room::Wire,
            ["plugins", _, "testing"] => Room::Workshop,
            ["plugins", _, ..] => Room::Plugin,
            ["tests" | "bench", ..] | ["xtask"] => Room::Workshop,
            _ => Room::Unknown,
        }
    }

    /// The partner family: the first folder below `plugins`.
    pub fn family(&self) -> Option<&str> {
        self.folder.strip_prefix("plugins/")?.split('/').next()
    }

    /// The names of its libraries for loading: examples of crate type cdylib.
    pub fn plugin_libraries(&self) -> impl Iterator<Item = &str> {
        let is_library =
            |t: &&Target| t.kinds.iter().any(|k| k == "example") && t.crate_types.iter().any(|c| c == "cdylib");
        self.targets.iter().filter(is_library).map(|t| t.name.as_str())
    }
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        // What cargo says now counts more than what it said when this was compiled, perhaps in another
        // clone with the same target folder.
        let now = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = now.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
    })
}

/// The packages of the workspace.
///
/// # Panics
/// Where cargo cannot tell: then no rule can be checked.
pub fn packages() -> &'static [Package] {
    static PACKAGES: OnceLock<Vec<Package>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
            .current_dir(root())
            .output()
            .unwrap_or_else(|error| panic!("cargo metadata: {error}"));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo metadata: {error}");
        let value: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("cargo metadata: {error}"));
        // Cargo resolves links in the root, the file system may not have: take cargo's own word.
        let root = text(&value["workspace_root"]);
        list(&value["packages"]).iter().map(|p| package(p, &root)).collect()
    })
}

fn package(value: &Value, root: &str) -> Package {
    let from_root = |path: String| {
        let path = path.strip_prefix(root).unwrap_or(&path);
        path.trim_start_matches('/').to_owned()
    };
    let manifest = from_root(text(&value["manifest_path"]));
    Package {
        name: text(&value["name"]),
        folder: manifest.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned(),
        edition: text(&value["edition"]),
        license: text(&value["license"]),
        example: value["metadata"]["entrepot"]["example"].as_str().map(str::to_owned),
        dependencies: list(&value["dependencies"])
            .iter()
            .map(|d| Dependency { name: text(&d["name"]), dev: d["kind"] == "dev", ours: d["path"].is_string() })
            .collect(),
        targets: list(&value["targets"])
            .iter()
            .map(|t| Target {
                name: text(&t["name"]),
                kinds: list(&t["kind"]).iter().map(text).collect(),
                crate_types: list(&t["crate_types"]).iter().map(text).collect(),
                source: from_root(text(&t["src_path"])),
            })
            .collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A file of the tree.
#[derive(Debug)]
pub struct File {
    /// From the root, with `/` between the parts.
    pub path: String,
    /// Its text; bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl File {
    /// Is it Rust source?
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Is it, by its place, for tests only?
    pub fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }
}

/// Every file of the tree but what cargo builds and git keeps.
pub fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        collect(root(), &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    })
}

/// The text of one file, where there is one.
pub fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

fn collect(folder: &Path, files: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        // The kind of the entry itself, so that a link is not followed.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != "target" && name != ".git" && name != "__pycache__" => {
                collect(&path, files)
            }
            // In a worktree, what git keeps is a file.
            Ok(kind) if kind.is_file() && name != ".git" => {
                let Ok(bytes) = std::fs::read(&path) else {
                    continue;
                };
                let path = path.strip_prefix(root()).unwrap_or(&path);
                files.push(File {
                    path: path.to_string_lossy().replace('\\', "/"),
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                });
            }
            _ => {}
        }
    }
}
