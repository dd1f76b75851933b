//! The simulation's bugs stay in the simulation.

use std::process::Command;

use entrepot_layout::tree::{packages, read, root};

use crate::assert_none;

/// The feature that makes bugs possible, the crate that has it, and the only ones that may ask for it: for their tests.
const FEATURE: &str = "planted";
const HOLDER: &str = "core/domain";
const USERS: [&str; 2] = ["tests/simulation", "plugins/douyin/groupbuy"];

/// Lines of a manifest that speak of the feature, comments apart.
fn speaking(manifest: &str) -> Vec<String> {
    let lines = manifest.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| line.contains(FEATURE)).map(str::to_owned).collect()
}

/// A bug that can be planted must not be one word away from a guest: nobody else enables the feature, nor hands it on.
#[test]
fn only_tests_plant_bugs() {
    let mut breaches = Vec::new();
    for package in packages() {
        let manifest = read(&format!("{}/Cargo.toml", package.folder)).unwrap_or_default();
        let found = speaking(&manifest);
        let allowed = match package.folder.as_str() {
            HOLDER => found == ["planted = []"],
            folder if USERS.contains(&folder) => found.len() == 1 && found[0].starts_with("entrepot-domain"),
            _ => found.is_empty(),
        };
        if !allowed {
            breaches.push(format!("{}/Cargo.toml: {found:?}", package.folder));
        }
        let user = package.dependencies.iter().find(|d| d.name == "entrepot-simulation");
        breaches.extend(user.map(|_| format!("{} depends on the simulation", package.folder)));
    }
    assert_none("only tests may plant bugs:", &breaches);
}

/// What cargo itself would put into the executable.
#[test]
fn the_executable_has_no_bug_planted() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["tree", "--offline", "--edges", "features,no-dev", "--package", "entrepot-server"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("cargo tree: {error}"));
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    assert!(tree.contains("entrepot-domain feature \"default\""), "cargo tree tells features otherwise than before");
    let found: Vec<String> = tree.lines().filter(|line| line.contains(FEATURE)).map(str::to_owned).collect();
    assert_none("cargo would build the executable with:", &found);
}

#[test]
fn a_planted_word_is_found() {
    assert_eq!(speaking("[features]\n# planted\ndefault = [\"planted\"]"), ["default = [\"planted\"]"]);
    assert!(speaking("[dependencies]\nserde = \"1\" # not planted").is_empty());
}
