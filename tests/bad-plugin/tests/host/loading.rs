//! Files that cannot be loaded: each is told in one sentence that a person can act on, and kept with the plugin.

use entrepot_host::State;
use entrepot_host::masking::hex;
use sha2::{Digest, Sha256};

use crate::stage::{Stage, built};

/// What is told about a library with a mark.
fn told(library: &str, mark: &str) -> String {
    let stage = Stage::new();
    let text = stage.load(library, mark).unwrap_err().to_string();
    let status = stage.host.status();
    let status = status.iter().find(|status| status.id.as_str() == library).unwrap();
    assert_eq!((status.state, &status.reports[0].text), (State::Failed, &text), "the reason is kept");
    assert!(!text.contains('\n') && !text.contains(". "), "one sentence: {text}");
    text
}

#[test]
fn the_unmarked_files_are_plugins() {
    let stage = Stage::new();
    for library in ["bad-plugin", "bad-table"] {
        stage.declare(library, built(library), None).unwrap();
    }
}

#[test]
fn each_wrong_file_is_told_with_what_to_do() {
    let cases: [(&str, &str, &[&str]); 13] = [
        ("bad-plugin", "panic-at-load", &["gives no table", "its code failed while it was loaded"]),
        ("bad-plugin", "panic-in-manifest", &["gives no table", "its code failed while it was loaded"]),
        ("bad-plugin", "other-major", &["speaks contract major 99", "this host speaks [1]", "take a build for it"]),
        ("bad-plugin", "panic-abort", &["panic = \"abort\"", "build it with panic = \"unwind\""]),
        (
            "bad-plugin",
            "impossible",
            &["the manifest of plugin bad-plugin", "does not say in a way known here how it fulfils"],
        ),
        ("bad-plugin", "other-id", &["holds the plugin another-plugin", "expects bad-plugin", "correct one"]),
        ("bad-table", "null-table", &["gives no table"]),
        ("bad-table", "other-abi", &["speaks ABI 99, this host speaks 1", "take a build for this host"]),
        ("bad-table", "short-table", &["has a table of 16 bytes", "are needed"]),
        ("bad-table", "null-function", &["has a table with a missing function"]),
        ("bad-table", "no-manifest", &["gives no manifest"]),
        ("bad-table", "garbage-manifest", &["has a manifest that is no JSON"]),
        (
            "bad-table",
            "newer-card",
            &["speaks contract 1.77, newer than this host's 1.0", "take a build for 1.0, or a newer host"],
        ),
    ];
    for (library, mark, parts) in cases {
        let text = told(library, mark);
        for part in parts {
            assert!(text.contains(part), "{mark}: {part:?} is missing in: {text}");
        }
    }
}

#[test]
fn a_library_for_another_abi_is_told_from_one_that_is_no_plugin() {
    let stage = Stage::new();
    let text = stage.declare("bad-symbol", built("bad-symbol"), None).unwrap_err().to_string();
    assert!(text.contains("another ABI (entrepot_plugin_v2"), "{text}");
    assert!(text.contains("asks for entrepot_plugin_v1") && text.contains("take a build for this host"), "{text}");
}

#[test]
fn a_wrong_hash_is_told_and_the_right_one_opens() {
    let stage = Stage::new();
    let (one, other) = (stage.file("bad-plugin", "one"), stage.file("bad-plugin", "other"));
    let hash = |path| hex(&Sha256::digest(std::fs::read(path).unwrap()));
    let text = stage.declare("bad-plugin", one.clone(), Some(hash(&other))).unwrap_err().to_string();
    assert!(text.contains(&hash(&one)) && text.contains(&hash(&other)) && text.contains("it was not opened"), "{text}");
    stage.declare("bad-plugin", one.clone(), Some(hash(&one))).unwrap();
    std::fs::copy(&other, one.with_extension("new")).unwrap();
    std::fs::rename(one.with_extension("new"), &one).unwrap();
    let text = stage.declare("bad-plugin", one, None).unwrap_err().to_string();
    assert!(text.contains("has changed since it was loaded; restart to use the new one"), "{text}");
}

/// Within a major a newer plugin works; that the host is older is told.
#[test]
fn a_newer_minor_is_loaded_and_reported() {
    let stage = Stage::with("bad-plugin", "newer-minor");
    let reports = stage.reports("bad-plugin");
    assert!(reports[0].contains("speaks contract 1.77, newer than this host's 1.0"), "{reports:?}");
}
