//! What is told about files that are no plugin.

use std::path::PathBuf;

use entrepot_host::masking::hex;
use entrepot_host::{Host, LibraryDeclaration, State};
use sha2::{Digest, Sha256};

use crate::support::{fresh_parts, plugin_id};

fn told(path: PathBuf, sha256: Option<&str>) -> String {
    let host = Host::new(fresh_parts(), vec![]).unwrap();
    let declaration =
        LibraryDeclaration { plugin: plugin_id("some-plugin"), path, sha256: sha256.map(ToOwned::to_owned) };
    let text = host.load_library(&declaration).unwrap_err().to_string();
    let status = &host.status()[0];
    assert_eq!((status.state, status.reports[0].text.clone()), (State::Failed, text.clone()));
    assert!(status.card.is_none());
    text
}

fn text_file(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("libnot_a_plugin.so");
    std::fs::write(&path, "these are words").unwrap();
    path
}

#[test]
fn a_missing_file_is_told_with_the_command_that_builds_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = told(folder.path().join("libmissing.so"), None);
    assert!(text.contains("libmissing.so does not exist") && text.contains("cargo xtask libraries"), "{text}");
}

#[test]
fn a_wrong_hash_is_told_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let text = told(text_file(&folder), Some(&"0".repeat(64)));
    assert!(text.contains("the configuration expects 0000") && text.contains("it was not opened"), "{text}");
}

#[test]
fn a_file_that_is_no_library_is_told_also_when_its_hash_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = text_file(&folder);
    let hash = hex(&Sha256::digest(std::fs::read(&path).unwrap())).to_uppercase();
    let text = told(path, Some(&hash));
    assert!(text.contains("cannot be loaded as code for this machine"), "{text}");
}

#[test]
fn a_folder_is_no_library() {
    let folder = tempfile::tempdir().unwrap();
    let text = told(folder.path().to_owned(), None);
    assert!(text.contains("cannot be read"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_library_that_is_no_plugin_is_told() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let loaded = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    let Some(library) = loaded.into_iter().find(|path| path.contains("/libc.so") || path.contains("/libc-")) else {
        return;
    };
    let text = told(PathBuf::from(library), None);
    assert!(text.contains("has no symbol entrepot_plugin_v1"), "{text}");
}
