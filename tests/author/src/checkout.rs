//! A copy of this repository as a stranger has it, without what cargo built and git keeps.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// This repository.
pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Copies this repository. Files keep their times, so that cargo builds nothing again that it built from an earlier copy
/// in the same place.
pub fn copy_to(to: &Path) {
    for (path, from) in files(&here()) {
        let copy = to.join(&path);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&from, &copy).unwrap();
        let time = fs::metadata(&from).unwrap().modified().unwrap();
        File::options().write(true).open(&copy).unwrap().set_modified(time).unwrap();
    }
}

/// The files of a checkout with their texts: what can be compared afterwards.
pub fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(root).into_iter().map(|(path, file)| (path, fs::read(file).unwrap())).collect()
}

/// Its files: their paths from the root, and where they are.
fn files(root: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let mut found = BTreeMap::new();
    collect(root, root, &mut found);
    assert!(found.contains_key(Path::new("Cargo.lock")), "{} is no checkout", root.display());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let passed = ["target", ".git"].iter().any(|name| entry.file_name() == *name);
        if kind.is_dir() && !passed {
            collect(root, &path, found);
        } else if kind.is_file() && !passed {
            found.insert(path.strip_prefix(root).unwrap().to_owned(), path);
        }
    }
}
