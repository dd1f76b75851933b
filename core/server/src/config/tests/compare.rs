//! Two configurations beside each other.

use super::*;
use crate::config::{fingerprint, fixed_changes};

const BASE: &str = "
[security]
guest_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"

[applications.one]
family = \"douyin\"
credentials = { client_secret = \"TOPSECRET\" }
";

fn loaded(more: &str) -> Loaded {
    Bench::toml(BASE).file("b.toml", more).loaded()
}

#[test]
fn nodes_whose_files_say_the_same_have_one_fingerprint() {
    let base = fingerprint(&loaded(""));
    assert!(base.len() == 64 && !base.contains("TOPSECRET"));
    for own in [
        "[node]\nid = \"n2\"",
        "[http]\nlisten = \"127.0.0.1:99\"",
        "[jobs]\nworkers = 3",
        "[telemetry]\nfilter = \"debug\"",
        "[applications.one]\nallow_hosts = []",
    ] {
        assert_eq!(fingerprint(&loaded(own)), base, "{own}");
    }
    for other in [
        "[engine]\nhold_ms = 5000",
        "[applications.one]\nbase_url = \"https://example.com\"",
        "[applications.one]\ncredentials = { client_secret = \"OTHER\" }",
        "[merchants.m]\nname = \"M\"",
        "[security]\nguest_key = \"AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
    ] {
        assert_ne!(fingerprint(&loaded(other)), base, "{other}");
    }
}

#[test]
fn what_cannot_change_while_it_runs_is_named() {
    let base = loaded("");
    for (more, key) in [
        ("[database]\nurl = \"sqlite://other.db\"", "database.url"),
        ("[http]\nlisten = \"127.0.0.1:99\"", "http.listen"),
        ("[security]\nguest_key = \"AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"", "security.guest_key"),
        ("[node]\nid = \"n2\"", "node.id"),
        ("[telemetry]\nfilter = \"debug\"", "telemetry.filter"),
    ] {
        let faults = fixed_changes(&base, &loaded(more));
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, [key], "{more}");
        assert!(faults[0].file_or_origin.ends_with("b.toml"), "{}", faults[0]);
        assert!(!faults[0].to_string().contains("AQEC"), "{}", faults[0]);
    }
    for free in ["[http]\nread_timeout_ms = 777", "[engine]\nhold_ms = 5000", "[alerts]\nlanguage = \"en\"", "[jobs]"] {
        assert_eq!(fixed_changes(&base, &loaded(free)), [], "{free}");
    }
}
