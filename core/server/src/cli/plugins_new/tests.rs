//! Names, places and files of new plugins.

use std::fs;
use std::path::{Path, PathBuf};

use super::name::Name;
use super::place::{Place, Sdk};
use super::{Kind, files};

fn name(text: &str) -> Name {
    Name::parse(text, &[]).unwrap()
}

/// A checkout as far as it is looked at, a folder beside it.
fn stage() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (root, beside) = (folder.path().join("entrepot"), folder.path().join("work"));
    for made in ["plugins/sdk", "plugins/octo", "tests/conformance", "core"] {
        fs::create_dir_all(root.join(made)).unwrap();
    }
    for file in ["Cargo.toml", "Cargo.lock", "plugins/sdk/Cargo.toml", "tests/conformance/Cargo.toml"] {
        fs::write(root.join(file), "").unwrap();
    }
    fs::create_dir(&beside).unwrap();
    (folder, root.canonicalize().unwrap(), beside.canonicalize().unwrap())
}

fn find(here: &Path, path: Option<&str>, sdk: Option<Sdk>) -> Result<Place, String> {
    Place::find(here, path.map(Path::new), sdk, &name("supplier-acme")).map_err(|failure| failure.text)
}

fn manifest(place: &Place) -> String {
    files::texts(place, &name("supplier-acme"), Kind::Supplier)
        .into_iter()
        .find(|(file, _)| *file == "Cargo.toml")
        .unwrap()
        .1
}

#[test]
fn unfit_ids_are_refused_with_the_reason() {
    let long = "a".repeat(65);
    let shape = "single hyphens";
    for (id, why) in [
        ("", "a plugin id must be"),
        ("a b", "a plugin id must be"),
        ("Acme", shape),
        ("acme_gate", shape),
        ("1-acme", shape),
        ("-acme", shape),
        ("acme-", shape),
        ("a--b", shape),
        ("acmé", shape),
        ("../acme", shape),
        (long.as_str(), shape),
        ("match", "no crate can be called"),
        ("proc-macro", "no crate can be called"),
        ("serde-json", "no crate can be called"),
        ("entrepot-acme", "no crate can be called"),
        ("here-already", "of this house"),
    ] {
        let fault = Name::parse(id, &["here-already".to_owned()]).unwrap_err();
        assert!(fault.contains(why), "{id}: {fault}");
    }
}

#[test]
fn names_follow_from_the_id() {
    let of = |id| {
        let name = name(id);
        (name.package(), name.family().to_owned(), name.of_types())
    };
    let expected = |package: &str, family: &str, types: &str| (package.to_owned(), family.to_owned(), types.to_owned());
    assert_eq!(of("supplier-acme"), expected("supplier_acme", "acme", "Acme"));
    assert_eq!(of("north-gate-supplier"), expected("north_gate_supplier", "north-gate", "NorthGate"));
    assert_eq!(of("channel-acme"), expected("channel_acme", "acme", "Acme"));
    assert_eq!(of("supplier"), expected("supplier", "supplier", "Supplier"));
    assert_eq!(of("supplier-1a"), expected("supplier_1a", "supplier-1a", "Supplier1a"));
}

#[test]
fn in_a_checkout_it_goes_below_plugins_and_inherits() {
    let (_folder, root, _) = stage();
    for (here, path, folder) in [
        (root.clone(), None, "plugins/supplier-acme"),
        (root.join("core"), None, "plugins/supplier-acme"),
        (root.clone(), Some("plugins/octo"), "plugins/octo/supplier-acme"),
    ] {
        let place = find(&here, path, None).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(place.folder(), root.join(folder));
        assert!(manifest(&place).contains("entrepot-sdk.workspace = true"));
        assert!(place.lock().is_none());
    }
    let place = find(&root, Some("plugins/octo"), None).unwrap_or_else(|fault| panic!("{fault}"));
    let steps = place.next_steps(&name("supplier-acme"), "").join("\n");
    assert!(steps.contains("supplier-acme = { path = \"../octo/supplier-acme\" }"), "{steps}");
    assert!(steps.contains("supplier_acme::plugin(),"), "{steps}");
}

#[test]
fn outside_it_is_a_workspace_of_its_own_and_finds_the_sdk() {
    let (_folder, root, beside) = stage();
    let absolute = root.display().to_string();
    for (given, shown) in [
        ("../entrepot", "../../entrepot/plugins/sdk".to_owned()),
        ("../entrepot/plugins/sdk", "../../entrepot/plugins/sdk".to_owned()),
        (absolute.as_str(), format!("{absolute}/plugins/sdk")),
    ] {
        let place = find(&beside, None, Some(Sdk::Path(given.into()))).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(place.folder(), beside.join("supplier-acme"));
        let manifest = manifest(&place);
        assert!(manifest.contains(&format!("entrepot-sdk = {{ path = \"{shown}\" }}")), "{manifest}");
        assert!(manifest.contains("\n[workspace]\n"), "{manifest}");
        assert_eq!(place.lock(), Some(root.join("Cargo.lock")));
    }
    let git = Sdk::Git { url: "https://git.example/e".to_owned(), rev: Some("0a1b".to_owned()) };
    let place = find(&beside, None, Some(git)).unwrap_or_else(|fault| panic!("{fault}"));
    let manifest = manifest(&place);
    for line in ["entrepot-sdk", "entrepot-conformance"] {
        let line = format!("{line} = {{ git = \"https://git.example/e\", rev = \"0a1b\" }}");
        assert!(manifest.contains(&line), "{manifest}");
    }
}

#[test]
fn a_place_that_will_not_do_is_refused_with_what_to_do() {
    let (_folder, root, beside) = stage();
    fs::create_dir(root.join("plugins/supplier-acme")).unwrap();
    let sdk = |path: &str| Some(Sdk::Path(path.into()));
    for (here, path, sdk, why) in [
        (&root, None, None, "is there already"),
        (&root, Some("core"), None, "lives below"),
        (&root, Some("plugins/octo"), sdk("."), "leave out --sdk"),
        (&root, Some("nowhere"), None, "is no folder"),
        (&beside, None, None, "--sdk PATH"),
        (&beside, None, sdk("."), "is no checkout"),
    ] {
        let fault = find(here, path, sdk).err().unwrap_or_default();
        assert!(fault.contains(why), "{why}: {fault}");
    }
}

#[test]
fn every_word_of_the_templates_is_filled_in() {
    let (_folder, root, _) = stage();
    let place = find(&root, None, None).unwrap_or_else(|fault| panic!("{fault}"));
    for kind in [Kind::Supplier, Kind::Channel] {
        let texts = files::texts(&place, &name("acme"), kind);
        assert_eq!(texts.len(), 7);
        for (file, text) in texts {
            assert!(!text.contains("{{"), "{file}: {text}");
        }
    }
}

/// The aim is a useful supplier in fewer than 200 lines.
#[test]
fn what_an_author_begins_with_is_short() {
    let (_folder, root, _) = stage();
    let place = find(&root, None, None).unwrap_or_else(|fault| panic!("{fault}"));
    let texts = files::texts(&place, &name("supplier-acme"), Kind::Supplier);
    let lines = texts.iter().find(|(file, _)| *file == "src/lib.rs").unwrap().1.lines().count();
    assert!(lines < 200, "{lines} lines");
}
