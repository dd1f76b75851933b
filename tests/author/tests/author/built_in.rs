//! A plugin in a checkout: two lines build it in.

use std::fs;
use std::path::Path;

use entrepot_author::checkout;
use entrepot_author::shell::Shell;

/// The command says which lines; nobody has to find out more.
#[test]
fn a_plugin_in_a_checkout_is_built_in_with_two_lines() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("entrepot");
    checkout::copy_to(&root);
    let before = checkout::contents(&root);
    let mut shell = Shell::at(&root.join("core"));
    let ended = shell.run("entrepot plugins new supplier-beta --kind supplier");
    assert_eq!(ended.code, 0, "{}", ended.err);
    let told: Vec<(&str, &str)> =
        ended.err.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": ")).collect();
    let [(manifest, dependency), (list, plugin)] = told.as_slice() else {
        panic!("two lines should be told, not {told:?}");
    };
    insert(&root.join(manifest), "[dependencies]\n", dependency);
    insert(&root.join(list), "    vec![\n", &format!("        {plugin}"));
    shell.folder = root.clone();
    let known: serde_json::Value =
        serde_json::from_str(&shell.does("cargo metadata --no-deps --format-version 1")).unwrap();
    let packages = known["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "supplier-beta").unwrap();
    assert!(known["workspace_members"].as_array().unwrap().contains(&package["id"]));
    let after = checkout::contents(&root);
    let changed: Vec<&Path> = after
        .iter()
        .filter(|(path, text)| !path.starts_with("plugins/supplier-beta") && before.get(*path) != Some(text))
        .map(|(path, _)| path.as_path())
        .collect();
    assert_eq!(changed, [Path::new(manifest), Path::new(list)]);
}

/// One line behind another one.
fn insert(file: &Path, behind: &str, line: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(behind), "{} has no {behind:?}", file.display());
    fs::write(file, text.replacen(behind, &format!("{behind}{line}\n"), 1)).unwrap();
}
