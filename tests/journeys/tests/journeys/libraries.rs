//! The plugins as shared libraries.

use std::fs;
use std::path::Path;

use crate::demo::passed;
use entrepot_journeys::program;

fn demo(libraries: &Path) -> program::Ended {
    program::run(&["demo", "--exit", "--json", "--libraries", &libraries.display().to_string()])
}

/// A copy of the libraries: which file is whose.
fn copy(to: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(program::libraries()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(std::env::consts::DLL_SUFFIX) {
            fs::copy(entry.path(), to.join(&name)).unwrap();
            names.push(name);
        }
    }
    names
}

#[test]
fn the_demo_is_the_same() {
    let built_in = passed(&program::run(&["demo", "--exit", "--json"]));
    assert_eq!(passed(&demo(&program::libraries())), built_in);
}

#[test]
fn a_library_that_is_missing_is_a_failure() {
    for plugin in ["douyin_calendar", "code_pool", "simple_gate"] {
        let folder = tempfile::tempdir().unwrap();
        let names = copy(folder.path());
        let gone = names.iter().find(|name| name.contains(plugin)).unwrap();
        fs::remove_file(folder.path().join(gone)).unwrap();
        let ended = demo(folder.path());
        assert_ne!(ended.code, 0, "{gone} is missing and the demo passed: {}", ended.out);
        assert!(ended.err.contains(gone.as_str()), "{gone}: {}", ended.err);
        assert!(!ended.out.contains("journeys"), "{}", ended.out);
    }
}

#[test]
fn a_library_other_than_the_pinned_one_is_refused_with_both_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let names = copy(folder.path());
    let library = folder.path().join(names.iter().find(|name| name.contains("simple_gate")).unwrap());
    let found = {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(fs::read(&library).unwrap());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let pinned = "ab".repeat(32);
    let config = folder.path().join("pinned.toml");
    let text =
        |sha256: &str| format!("[plugins.simple-gate]\nlibrary = \"{}\"\nsha256 = \"{sha256}\"\n", library.display());
    let list = || {
        let (demo, own) = (program::demo_config(), config.display().to_string());
        program::run(&["plugins", "list", "--json", "--config", &demo.display().to_string(), "--config", &own])
    };
    fs::write(&config, text(&pinned)).unwrap();
    let ended = list();
    assert_ne!(ended.code, 0);
    for hash in [&pinned, &found] {
        assert!(ended.err.contains(hash.as_str()), "{hash}: {}", ended.err);
    }
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let mut serve = program::command(&["serve", "--config"]);
    serve.arg(program::demo_config()).arg("--config").arg(&config);
    serve.env("ENTREPOT_DATABASE__URL", url).env("ENTREPOT_HTTP__LISTEN", "127.0.0.1:0");
    let ended = program::finish(serve, "");
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains(&pinned) && ended.err.contains(&found), "{}", ended.err);
    fs::write(&config, text(&found)).unwrap();
    let rows = list();
    assert_eq!(rows.code, 0, "{}", rows.err);
    let rows = rows.json();
    let gate = rows.as_array().unwrap().iter().find(|row| row["id"] == "simple-gate").unwrap();
    assert_eq!((&gate["loaded"], &gate["sha256"]), (&library.display().to_string().into(), &found.into()));
}
