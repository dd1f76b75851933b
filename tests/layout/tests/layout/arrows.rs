//! Which crate may depend on which.

use entrepot_layout::tree::{Dependency, Package, Room, packages};

use crate::assert_none;

/// The crates that know SQL, besides the plain baseline in bench.
const KNOW_SQL: &[&str] = &["core/store", "migrations"];
const SQL: &[&str] = &["sea-orm", "sea-orm-migration", "sqlx"];

fn package<'a>(all: &'a [Package], name: &str) -> Option<&'a Package> {
    all.iter().find(|p| p.name == name)
}

/// May the package depend on the other one of ours?
fn may_depend(from: &Package, on: &Package) -> bool {
    let core = |names: &[&str]| {
        let name = on.folder.strip_prefix("core/");
        name.is_some_and(|name| names.contains(&name))
    };
    match from.room() {
        Room::Core => match from.folder.as_str() {
            "core/contract" => false,
            "core/domain" | "core/host" => core(&["contract"]),
            "core/engine" => core(&["contract", "domain", "host"]),
            "core/store" => core(&["contract", "domain", "engine"]) || on.room() == Room::Migrations,
            "core/server" => matches!(on.room(), Room::Core | Room::Migrations | Room::Builtin),
            _ => false,
        },
        Room::Migrations | Room::Simulator => false,
        Room::Sdk => core(&["contract"]),
        Room::Plugin | Room::Wire => {
            on.room() == Room::Sdk || (on.room() == Room::Wire && on.family() == from.family())
        }
        Room::Builtin => on.folder == "core/contract" || on.folder.starts_with("plugins/"),
        Room::Workshop => from.folder != "xtask",
        Room::Unknown => false,
    }
}

fn breaches_of_arrows(all: &[Package]) -> Vec<String> {
    let mut breaches = Vec::new();
    for from in all {
        for dependency in from.dependencies.iter().filter(|d| d.ours && !d.dev) {
            if !package(all, &dependency.name).is_some_and(|on| may_depend(from, on)) {
                breaches.push(format!("{}/Cargo.toml: {} → {}", from.folder, from.name, dependency.name));
            }
        }
    }
    breaches
}

/// Arrows point one way, so that a rule can be read, and tested, without what stands above it, and so
/// that a plugin needs nothing but the SDK.
#[test]
fn dependencies_point_one_way() {
    assert_none("a dependency the design does not allow:", &breaches_of_arrows(packages()));
}

/// A crate in a place the design does not know has no rules, and so it escapes all of them.
#[test]
fn every_package_has_its_place() {
    let lost: Vec<String> =
        packages().iter().filter(|p| p.room() == Room::Unknown).map(|p| format!("{}: {}", p.folder, p.name)).collect();
    assert_none("no rule says what this package may do (teach tests/layout its place):", &lost);
}

/// The simulator and the plugin check each other only while neither knows the other's code: not even
/// a simulator's tests may borrow from the family's wire.
#[test]
fn simulators_know_nothing_of_the_wire() {
    let all = packages();
    let mut breaches = Vec::new();
    for simulator in all.iter().filter(|p| p.room() == Room::Simulator) {
        for dependency in simulator.dependencies.iter().filter(|d| d.ours) {
            let room = package(all, &dependency.name).map(Package::room);
            if matches!(room, Some(Room::Wire | Room::Plugin)) {
                breaches.push(format!("{}: {}", simulator.folder, dependency.name));
            }
        }
    }
    assert_none("a simulator depends on what it is to check:", &breaches);
}

/// The contract crosses the plugin boundary and the rules are pure: a runtime, a web framework or a
/// database in them would reach every plugin and every test.
#[test]
fn the_inner_crates_stay_free_of_frameworks() {
    let forbidden: &[(&str, &[&str])] = &[
        ("core/contract", &["tokio", "axum", "reqwest", "sea-orm"]),
        ("core/domain", &["tokio", "axum", "reqwest", "sea-orm"]),
        ("core/engine", &["axum", "reqwest", "sea-orm"]),
        ("core/host", &["axum", "sea-orm"]),
        ("plugins/sdk", &["axum", "reqwest", "sea-orm"]),
    ];
    let mut breaches = Vec::new();
    for (folder, names) in forbidden {
        for package in packages().iter().filter(|p| p.folder == *folder) {
            let found = package.dependencies.iter().filter(|d| !d.dev && names.contains(&d.name.as_str()));
            breaches.extend(found.map(|d| format!("{folder}/Cargo.toml: {}", d.name)));
        }
    }
    assert_none("a dependency this crate is to be free of:", &breaches);
}

/// One crate knows the database, so that a query without its merchant has one place to hide.
#[test]
fn only_store_and_migrations_know_sql() {
    let mut breaches = Vec::new();
    for package in packages() {
        let allowed = KNOW_SQL.contains(&package.folder.as_str()) || package.folder.starts_with("bench");
        let knows = |d: &&Dependency| SQL.contains(&d.name.as_str());
        if !allowed {
            let found = package.dependencies.iter().filter(knows);
            breaches.extend(found.map(|d| format!("{}/Cargo.toml: {}", package.folder, d.name)));
        }
    }
    assert_none("only core/store, migrations and bench may know SQL:", &breaches);
}

fn planted(name: &str, folder: &str, on: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        folder: folder.to_owned(),
        edition: String::new(),
        license: String::new(),
        targets: Vec::new(),
        example: None,
        dependencies: on.iter().map(|name| Dependency { name: (*name).to_owned(), dev: false, ours: true }).collect(),
    }
}

/// The rule itself is tested with a house in which every wrong arrow is planted.
#[test]
fn planted_arrows_are_found() {
    let house = [
        planted("contract", "core/contract", &[]),
        planted("store", "core/store", &["contract", "migrations", "server"]),
        planted("server", "core/server", &["store", "builtin", "a-plugin"]),
        planted("migrations", "migrations", &["store"]),
        planted("sdk", "plugins/sdk", &["contract"]),
        planted("builtin", "plugins/builtin", &["contract", "a-plugin", "a-simulator", "sdk"]),
        planted("a-wire", "plugins/a/wire", &["sdk"]),
        planted("b-wire", "plugins/b/wire", &["sdk", "a-wire"]),
        planted("a-plugin", "plugins/a/plugin", &["sdk", "a-wire", "b-wire", "contract"]),
        planted("a-simulator", "plugins/a/simulator", &["a-wire"]),
        planted("lost", "somewhere/else", &["contract"]),
    ];
    let wrong: Vec<String> =
        breaches_of_arrows(&house).iter().filter_map(|b| Some(b.split_once(": ")?.1.to_owned())).collect();
    assert_eq!(
        wrong,
        [
            "store → server",
            "server → a-plugin",
            "migrations → store",
            "b-wire → a-wire",
            "a-plugin → b-wire",
            "a-plugin → contract",
            "a-simulator → a-wire",
            "lost → contract",
        ]
    );
}
