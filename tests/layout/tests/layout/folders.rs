//! What every folder has to bring along.

use entrepot_layout::tree::{Package, Room, Target, files, packages, read, root};

use crate::assert_none;

fn missing(package: &Package, names: &[&str]) -> Vec<String> {
    let paths = names.iter().map(|name| format!("{}/{name}", package.folder));
    paths.filter(|path| !root().join(path).is_file()).collect()
}

/// An operator meets a plugin through its page and its settings, and the conformance suite is the
/// definition of a plugin.
#[test]
fn every_plugin_folder_has_page_settings_and_conformance_test() {
    let mut breaches = Vec::new();
    for package in packages() {
        let wanted: &[&str] = match package.room() {
            Room::Plugin => &["README.md", "settings.example.toml", "tests/conformance.rs"],
            Room::Simulator | Room::Wire => &["README.md"],
            _ => &[],
        };
        breaches.extend(missing(package, wanted));
    }
    assert_none("missing:", &breaches);
}

/// A crate that cargo does not know is compiled and tested by nobody.
#[test]
fn every_manifest_belongs_to_the_one_workspace() {
    let known = |path: &str| packages().iter().any(|p| format!("{}/Cargo.toml", p.folder) == path);
    let strays: Vec<String> =
        files().iter().map(|f| f.path.clone()).filter(|path| path.ends_with("/Cargo.toml") && !known(path)).collect();
    assert_none("not a member of the workspace (plugins/builtin or Cargo.toml must lead to it):", &strays);
    let locks: Vec<String> = files().iter().map(|f| f.path.clone()).filter(|p| p.ends_with("/Cargo.lock")).collect();
    assert_none("there is one lock file, at the root:", &locks);
}

/// One place sets lints, edition and licence; a crate that does not inherit them escapes quietly.
#[test]
fn every_crate_inherits_lints_edition_and_licence() {
    let mut breaches = Vec::new();
    for package in packages() {
        let path = format!("{}/Cargo.toml", package.folder);
        let manifest = read(&path).unwrap_or_default();
        if !inherits_lints(&manifest) {
            breaches.push(format!("{path}: no `[lints]` with `workspace = true`"));
        }
        for key in ["edition", "license"] {
            if !manifest.lines().any(|line| line.trim() == format!("{key}.workspace = true")) {
                breaches.push(format!("{path}: no `{key}.workspace = true`"));
            }
        }
        if package.edition != "2024" || package.license != "Apache-2.0" {
            breaches.push(format!("{path}: edition {}, licence {}", package.edition, package.license));
        }
    }
    assert_none("not inherited from the workspace:", &breaches);
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.by_ref().take_while(|line| !line.starts_with('[')).any(|line| line == "workspace = true")
}

/// The licence every manifest names is there to be read.
#[test]
fn the_licence_is_there() {
    let licence = read("LICENSE").unwrap_or_default();
    assert!(
        licence.contains("Apache License") && licence.contains("Version 2.0, January 2004"),
        "LICENSE at the root is not the Apache License 2.0"
    );
}

/// The defaults are embedded in the binary from this file, which is also their documentation.
#[test]
fn the_default_configuration_is_there() {
    assert!(root().join("config/default.toml").is_file(), "config/default.toml is missing");
}

/// A plugin is built in, or its manifest says what it is an example of. A demo run with and without `--libraries` compares
/// the built-ins: the list must not miss one. An example shows what is not built in, so it has no library either.
#[test]
fn every_plugin_is_built_in_or_says_that_it_is_an_example() {
    let list = read("plugins/builtin/src/lib.rs").unwrap_or_default();
    let code = entrepot_layout::scan::code_only(&list);
    let plugins = packages().iter().filter(|p| p.room() == Room::Plugin);
    let breaches: Vec<String> = plugins.filter_map(|package| neither(package, &code)).collect();
    assert_none("neither in plugins/builtin/src/lib.rs nor an example:", &breaches);
}

fn neither(package: &Package, list_of_built_ins: &str) -> Option<String> {
    let name = package.name.replace('-', "_");
    let listed = !entrepot_layout::scan::words(list_of_built_ins, &name).is_empty();
    let place = format!("{}/Cargo.toml", package.folder);
    match &package.example {
        None if listed => None,
        None => Some(format!("{place}: {name} is not listed")),
        Some(what) if what.trim().is_empty() => Some(format!("{place}: does not say of what")),
        Some(_) if listed => Some(format!("{place}: {name} is listed, and calls itself an example")),
        Some(_) => package.plugin_libraries().next().map(|library| format!("{place}: an example with {library}")),
    }
}

#[test]
fn a_plugin_that_is_neither_is_found() {
    let package = |example: Option<&str>, libraries: &[&str]| Package {
        name: "a-gate".to_owned(),
        folder: "plugins/a-gate".to_owned(),
        edition: String::new(),
        license: String::new(),
        dependencies: Vec::new(),
        example: example.map(str::to_owned),
        targets: libraries
            .iter()
            .map(|name| Target {
                name: (*name).to_owned(),
                kinds: vec!["example".to_owned()],
                crate_types: vec!["cdylib".to_owned()],
                source: String::new(),
            })
            .collect(),
    };
    let (listed, unlisted) = ("vec![a_gate::plugin()]", "vec![]");
    assert_eq!(neither(&package(None, &["a-gate"]), listed), None);
    assert_eq!(neither(&package(Some("another language"), &[]), unlisted), None);
    for (package, list) in [
        (package(None, &["a-gate"]), unlisted),
        (package(None, &[]), unlisted),
        (package(Some(" "), &[]), unlisted),
        (package(Some("another language"), &[]), listed),
        (package(Some("another language"), &["a-gate"]), unlisted),
    ] {
        assert!(neither(&package, list).is_some(), "{package:?}");
    }
}

/// A library bears its plugin's name, because the loader looks for the exact name. Only what is bad on purpose, in the
/// workshop, may have several.
#[test]
fn a_library_is_named_after_its_package() {
    let mut breaches = Vec::new();
    for package in packages().iter().filter(|p| p.room() != Room::Workshop) {
        let other = package.plugin_libraries().filter(|library| *library != package.name);
        breaches.extend(other.map(|library| format!("{}/Cargo.toml: {library}", package.folder)));
    }
    assert_none("a library is named otherwise than its package:", &breaches);
}

#[test]
fn a_manifest_without_lints_is_found() {
    assert!(inherits_lints("[package]\n[lints]\nworkspace = true\n[dependencies]"));
    assert!(!inherits_lints("[package]\n[lints]\n[dependencies]\nworkspace = true"));
    assert!(!inherits_lints("[package]\nname = \"x\""));
}
