//! What is written: templates with the plugin's names in them. They are compiled, and the suite is run on them, by
//! `tests/author`.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use super::Kind;
use super::name::Name;
use super::place::Place;

/// Files of a supplier that are the same everywhere, from the crate's folder.
const SUPPLIER: &[(&str, &str)] = &[
    ("README.md", include_str!("templates/supplier/README.md.template")),
    ("settings.example.toml", include_str!("templates/supplier/settings.example.toml.template")),
    ("library.rs", include_str!("templates/supplier/library.rs.template")),
    ("src/lib.rs", include_str!("templates/supplier/lib.rs.template")),
    ("tests/conformance.rs", include_str!("templates/supplier/conformance.rs.template")),
    ("tests/fake/mod.rs", include_str!("templates/supplier/fake.rs.template")),
];

/// The same of a channel.
const CHANNEL: &[(&str, &str)] = &[
    ("README.md", include_str!("templates/channel/README.md.template")),
    ("settings.example.toml", include_str!("templates/channel/settings.example.toml.template")),
    ("library.rs", include_str!("templates/channel/library.rs.template")),
    ("src/lib.rs", include_str!("templates/channel/lib.rs.template")),
    ("tests/conformance.rs", include_str!("templates/channel/conformance.rs.template")),
    ("tests/fake/mod.rs", include_str!("templates/channel/fake.rs.template")),
];

/// The manifest in the house and elsewhere: the same for both kinds.
const INSIDE: &str = include_str!("templates/supplier/inside.toml.template");
const OUTSIDE: &str = include_str!("templates/supplier/outside.toml.template");

/// Writes the crate; the paths of its files. Nothing is written over: the folder is made here, and a failure leaves it
/// as far as it came.
pub(super) fn write(place: &Place, name: &Name, kind: Kind) -> Result<Vec<PathBuf>, Failure> {
    let folder = place.folder();
    make(folder, fs::create_dir(folder))?;
    let mut written = Vec::new();
    for (file, text) in texts(place, name, kind) {
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            make(parent, fs::create_dir_all(parent))?;
        }
        make(&path, fs::write(&path, text))?;
        written.push(path);
    }
    if let Some(lock) = place.lock() {
        let path = folder.join("Cargo.lock");
        make(&path, fs::copy(lock, &path))?;
        written.push(path);
    }
    Ok(written)
}

fn make<T>(path: &Path, result: std::io::Result<T>) -> Result<(), Failure> {
    result.map(|_| ()).map_err(|fault| Failure::failed(format!("{} cannot be written: {fault}", path.display())))
}

/// The files with their texts.
pub(super) fn texts(place: &Place, name: &Name, kind: Kind) -> Vec<(&'static str, String)> {
    let fill = |template: &str| {
        let words = [
            ("{{id}}", name.id().to_owned()),
            ("{{crate}}", name.package()),
            ("{{family}}", name.family().to_owned()),
            ("{{supplier}}", format!("{}Supplier", name.of_types())),
            ("{{channel}}", format!("{}Channel", name.of_types())),
            ("{{settings}}", format!("{}Settings", name.of_types())),
            ("{{sdk}}", place.source("plugins/sdk")),
            ("{{conformance}}", place.source("tests/conformance")),
            ("{{test}}", place.test_command(name)),
        ];
        words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value))
    };
    let inside = matches!(place, Place::House { .. });
    let manifest = ("Cargo.toml", fill(if inside { INSIDE } else { OUTSIDE }));
    // The house has its own.
    let ignored = (!inside).then(|| (".gitignore", "/target\n".to_owned()));
    let files = match kind {
        Kind::Supplier => SUPPLIER,
        Kind::Channel => CHANNEL,
    };
    let others = files.iter().map(|(file, template)| (*file, fill(template)));
    std::iter::once(manifest).chain(ignored).chain(others).collect()
}
