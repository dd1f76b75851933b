//! What may stand in which source, and how long it may be.

use std::collections::BTreeSet;

use entrepot_layout::scan;
use entrepot_layout::tree::{File, Room, files, packages, read};

use crate::assert_none;

/// The places where `unsafe` is allowed: the loader, the export macro, and the plugin that is bad on
/// purpose.
const UNSAFE_ALLOWED: &[&str] =
    &["core/host/src/transport/library.rs", "plugins/sdk/src/export.rs", "tests/bad-plugin/"];

/// Plugins whose name is also a word of the core: a code pool is an aggregate of the core with a thin
/// plugin in front, so only the plugin's id as it is written counts.
const ALSO_CORE_WORDS: &[&str] = &["code-pool"];

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 70;

/// Functions that may be longer, as (file, function), each with its reason beside it.
const LONGER_FUNCTIONS: &[(&str, &str)] = &[];

fn rust_files() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|f| f.is_rust())
}

/// The names of partner families and of every package below `plugins/` that is somebody's.
fn plugin_names() -> BTreeSet<String> {
    let theirs = packages().iter().filter(|p| matches!(p.room(), Room::Plugin | Room::Wire | Room::Simulator));
    theirs.flat_map(|p| p.family().map(str::to_owned).into_iter().chain([p.name.clone()])).collect()
}

/// The core knows no partner: whatever is special about one is in its folder, or the next partner
/// cannot be added without touching the core.
#[test]
fn no_crate_of_the_core_names_a_plugin() {
    let names = plugin_names();
    assert!(!names.is_empty(), "no plugin found below plugins/: this rule checks nothing");
    let mut breaches = Vec::new();
    for file in rust_files().filter(|f| f.path.starts_with("core/") && !f.is_test()) {
        let text = scan::without_tests(&file.text);
        for name in &names {
            let exact = ALSO_CORE_WORDS.contains(&name.as_str());
            let lines = scan::naming_lines(&text, name, exact);
            breaches.extend(lines.iter().map(|line| format!("{}:{line}: {name}", file.path)));
        }
    }
    assert_none("a source of the core names a plugin:", &breaches);
}

/// `unsafe` is where a reader expects it and nowhere else, so that it can be read in one sitting.
#[test]
fn unsafe_is_only_where_the_design_allows_it() {
    let mut breaches = Vec::new();
    for file in rust_files() {
        if UNSAFE_ALLOWED.iter().any(|allowed| file.path.starts_with(allowed)) {
            continue;
        }
        let code = scan::code_only(&file.text);
        let used = scan::words(&code, "unsafe").into_iter().map(|at| scan::line_of(&code, at));
        breaches.extend(used.map(|line| format!("{}:{line}: unsafe", file.path)));
        let let_off = scan::let_off(&code, "unsafe_code");
        breaches.extend(let_off.iter().map(|line| format!("{}:{line}: allows unsafe_code", file.path)));
    }
    assert_none("only the loader, the export macro and bad-plugin may:", &breaches);
}

/// The plain baseline of the figures, with what counts and loads its rows, is one folder: the other programs go through
/// the engine as everybody does.
#[test]
fn only_one_folder_of_bench_knows_sql() {
    let elsewhere = rust_files().filter(|f| f.path.starts_with("bench/") && !f.path.starts_with("bench/src/sql/"));
    let breaches: Vec<String> = elsewhere
        .filter(|f| !scan::words(&scan::code_only(&f.text), "sea_orm").is_empty())
        .map(|f| f.path.clone())
        .collect();
    assert_none("only bench/src/sql may name sea_orm:", &breaches);
}

/// A file one can read at once. Tests are not counted.
#[test]
fn files_are_short() {
    let long = rust_files().filter(|f| !f.is_test()).filter_map(|file| {
        // Lines of test modules stay as empty lines: they count for nothing.
        let text = scan::without_tests(&file.text);
        let tests = file.text.lines().zip(text.lines()).filter(|(before, after)| before != after).count();
        let lines = file.text.lines().count() - tests;
        (lines > LONGEST_FILE).then(|| format!("{}: {lines} lines", file.path))
    });
    assert_none(&format!("longer than {LONGEST_FILE} lines:"), &long.collect::<Vec<_>>());
}

/// A function one can hold in the head. Tests are not counted.
#[test]
fn functions_are_short() {
    let mut breaches = Vec::new();
    for file in rust_files().filter(|f| !f.is_test()) {
        for function in scan::functions(&scan::without_tests(&file.text)) {
            let excused = LONGER_FUNCTIONS.contains(&(file.path.as_str(), function.name.as_str()));
            if function.lines > LONGEST_FUNCTION && !excused {
                breaches
                    .push(format!("{}:{}: {} has {} lines", file.path, function.line, function.name, function.lines));
            }
        }
    }
    assert_none(&format!("longer than {LONGEST_FUNCTION} lines:"), &breaches);
}

/// An exception whose function is gone or short by now is taken off the list.
#[test]
fn exceptions_for_long_functions_are_still_needed() {
    let mut breaches = Vec::new();
    for (path, name) in LONGER_FUNCTIONS {
        let functions = scan::functions(&read(path).unwrap_or_default());
        if !functions.iter().any(|f| f.name == *name && f.lines > LONGEST_FUNCTION) {
            breaches.push(format!("{path}: {name}"));
        }
    }
    assert_none("no longer needed in LONGER_FUNCTIONS:", &breaches);
}

/// The first thing a reader sees of a crate is its map: what it is, and a word on each module.
#[test]
fn every_crate_begins_with_its_map() {
    let mut breaches = Vec::new();
    for package in packages() {
        let is_crate = |kinds: &[String]| kinds.iter().any(|k| k == "lib" || k == "bin" || k == "cdylib");
        for target in package.targets.iter().filter(|t| is_crate(&t.kinds)) {
            let source = read(&target.source).unwrap_or_default();
            breaches.extend(faults_of_map(&source).iter().map(|f| format!("{}: {f}", target.source)));
        }
    }
    assert_none("a crate begins with `//!`, a map with one sentence per module:", &breaches);
}

fn faults_of_map(source: &str) -> Vec<String> {
    if !source.starts_with("//!") {
        return vec!["does not begin with `//!`".to_owned()];
    }
    let map: String = source.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
    let modules = scan::declared_modules(source);
    let absent = modules.iter().filter(|module| scan::words(&map, module).is_empty());
    absent.map(|module| format!("the map says nothing of `{module}`")).collect()
}

/// The tree builds anywhere: it names no machine's folders and no registry but the public one.
#[test]
fn no_path_of_a_machine_and_no_host_of_a_registry() {
    // Put together here, so that this file does not carry them.
    let words = [["/ro", "ot/"], ["/wo", "rk/"], ["artif", "actory"]].map(|parts| parts.concat());
    let mut breaches = Vec::new();
    for file in files() {
        for (index, line) in file.text.lines().enumerate() {
            let found = words.iter().filter(|word| line.to_ascii_lowercase().contains(*word));
            breaches.extend(found.map(|word| format!("{}:{}: {word}", file.path, index + 1)));
        }
    }
    let lock = read("Cargo.lock").unwrap_or_default();
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let others = lock.lines().filter(|line| line.starts_with("source = ") && *line != public);
    breaches.extend(others.map(|line| format!("Cargo.lock: {line}")));
    assert_none("belongs to one machine:", &breaches);
}

#[test]
fn a_missing_map_is_found() {
    assert_eq!(faults_of_map("pub mod a;").len(), 1);
    assert_eq!(faults_of_map("//! What it is.\npub mod a;").len(), 1);
    assert!(faults_of_map("//! - [`a`]: does this.\npub mod a;\n#[cfg(test)]\nmod tests;").is_empty());
}
