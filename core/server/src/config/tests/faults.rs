//! Faults of form: all at once, each with its place and what was meant.

use super::*;

#[test]
fn an_unknown_key_names_file_key_and_the_near_miss() {
    let bench = Bench::toml(&good().replace("plugin = \"acme-tickets\"", "plugn = \"acme-tickets\""));
    let fault = bench.fault();
    assert_eq!(
        fault.to_string().lines().next().unwrap(),
        format!(
            "{}: merchants.lakeside.channels.east.plugn: unknown key; did you mean \"plugin\"?",
            bench.path("a.toml")
        )
    );
    assert!(fault.expected.unwrap().contains("account_id"));
}

#[test]
fn every_fault_is_reported_with_its_own_file() {
    let bench = Bench::new()
        .file(
            "a.toml",
            "[http]\nlisten = \"localhost\"\nmax_conections = 3\n[jobs]\nworkers = \"many\"\n[telemetry]\nformat = \"jsn\"\n",
        )
        .file("b.yaml", "engine:\n  queue_limit: -1\n  hold_ms:\n")
        .file("c.json", r#"{ "merchants": { "x": { "channels": { "a b": {} } } }, "listn": 1, "listen": "127.0.0.1:1" }"#)
        .variable("ENTREPOT_DATABASE__LANES", "0")
        .variable("ENTREPOT_HTTP_LISTEN", "127.0.0.1:80");
    let faults = bench.faults();
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| {
            let origin = fault.file_or_origin.rsplit('/').next().unwrap();
            format!("{origin} | {} | {} | {}", fault.key, fault.problem, fault.suggestion.as_deref().unwrap_or("-"))
        })
        .collect();
    let expected = [
        "environment variable ENTREPOT_HTTP_LISTEN |  | names a section but no key in it | ENTREPOT_HTTP__LISTEN",
        "environment variable ENTREPOT_DATABASE__LANES | database.lanes | is too small | -",
        "b.yaml | engine.hold_ms | has the wrong type | -",
        "b.yaml | engine.queue_limit | is too small | -",
        "a.toml | http.listen | has the wrong form | -",
        "a.toml | http.max_conections | unknown key | max_connections",
        "a.toml | jobs.workers | has the wrong type | -",
        "c.json | listen | unknown key | http.listen",
        "c.json | listn | unknown key | -",
        "c.json | merchants.x.channels.\"a b\" | is no name for this table | -",
        "c.json | merchants.x.channels.\"a b\".account_id | missing | -",
        "c.json | merchants.x.channels.\"a b\".application | missing | -",
        "c.json | merchants.x.channels.\"a b\".plugin | missing | -",
        "c.json | merchants.x.name | missing | -",
        "default | security.guest_key | missing | -",
        "a.toml | telemetry.format | is none of the allowed values | json",
    ];
    assert_eq!(lines, expected, "{faults:#?}");
}

#[test]
fn wrong_values_say_what_was_found_and_what_is_allowed() {
    let bench = Bench::toml(&format!(
        "{OWN_KEY}[telemetry]\nformat = \"xml\"\nfilter = \"info,=,\"\n[jobs]\nworkers = \"many\"\n[engine]\nbatch_limit = 0\n"
    ));
    let texts: Vec<String> = bench.faults().iter().map(ToString::to_string).collect();
    assert!(texts[0].contains("found: the number 0\n    allowed: a whole number, 1 to 10000"), "{}", texts[0]);
    assert!(texts[1].contains("found: the text \"many\"\n    allowed: a whole number, 1 to 4096"), "{}", texts[1]);
    assert!(texts[2].contains("telemetry.filter"), "{}", texts[2]);
    assert!(texts[3].contains("found: the text \"xml\"\n    allowed: \"pretty\", \"json\""), "{}", texts[3]);
}

#[test]
fn enums_of_a_connection_list_their_values() {
    let bench = Bench::toml(
        &good().replace("application = \"acme\"", "application = \"acme\"\naudit = \"rules\"\nissue_at = 3"),
    );
    let faults = bench.faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert_eq!(faults[0].suggestion.as_deref(), Some("rule"));
    assert_eq!(faults[0].expected.as_deref(), Some("\"rule\", \"person\""));
    assert_eq!(faults[1].found.as_deref(), Some("the number 3"));
    assert_eq!(faults[1].expected.as_deref(), Some("\"issue_call\", \"acceptance\""));
}

#[test]
fn a_named_pool_is_told_by_its_key() {
    let bench = Bench::toml(&format!(
        "{}[merchants.lakeside.suppliers.gates.pool.named.family]\ncodes_per_unit = 21\non_empty = \"wat\"\nunits = 1\n\
         [merchants.lakeside.suppliers.gates.pool.named.\"a b\"]\ncodes_per_unit = 1\n",
        good()
    ));
    let faults = bench.faults();
    let told: Vec<_> = faults.iter().map(|fault| (fault.key.as_str(), fault.problem.as_str())).collect();
    let expected = [
        ("merchants.lakeside.suppliers.gates.pool.named.\"a b\"", "is no name for this table"),
        ("merchants.lakeside.suppliers.gates.pool.named.family.codes_per_unit", "is too large"),
        ("merchants.lakeside.suppliers.gates.pool.named.family.on_empty", "is none of the allowed values"),
        ("merchants.lakeside.suppliers.gates.pool.named.family.units", "unknown key"),
    ];
    assert_eq!(told, expected, "{faults:#?}");
    assert_eq!(faults[1].expected.as_deref(), Some("a whole number, 1 to 20"));
}

#[test]
fn a_file_that_cannot_be_parsed_does_not_hide_the_others() {
    let bench = Bench::new()
        .file("a.toml", "[database]\nurl = \"postgres://u:hunter2@h/d\n")
        .file("b.json", "{ \"http\": { \"listen\": 5 }")
        .file("c.yaml", "http: [")
        .file("d.yaml", "http:\n  listen: 5\n")
        .file("e.ini", "x=1")
        .file("f.yml", "- 1");
    let mut files = bench;
    files.files.push(files.folder.path().join("nowhere.toml"));
    let texts: Vec<String> = files.faults().iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 7, "{texts:#?}");
    for (place, what) in [
        ("a.toml", "not TOML at line 2, column"),
        ("b.json", "not JSON at line 1"),
        ("c.yaml", "not YAML at line"),
        ("d.yaml: http.listen", "has the wrong type"),
        ("e.ini", "unknown kind of file"),
        ("f.yml", "not a table of sections"),
        ("nowhere.toml", "cannot be read"),
    ] {
        assert!(texts.iter().any(|text| text.contains(place) && text.contains(what)), "{place} {what}: {texts:#?}");
    }
    assert!(texts.iter().all(|text| !text.contains("hunter2")), "{texts:#?}");
}

#[test]
fn urls_and_names_have_their_forms() {
    for (key, text) in [
        ("base_url", "ftp://x"),
        ("base_url", "open.acme.example"),
        ("base_url", "https://user:pass@open.acme.example"),
        ("base_url", "https://open.acme.example?x=1"),
        ("allow_hosts", "https://x"),
        ("allow_hosts", ""),
    ] {
        let value = if key == "allow_hosts" { format!("[{text:?}]") } else { format!("{text:?}") };
        let bench = Bench::toml(&format!("{OWN_KEY}[applications.acme]\nfamily = \"acme\"\n{key} = {value}\n"));
        let fault = bench.fault();
        assert_eq!(fault.problem, "has the wrong form", "{fault}");
    }
    let bench =
        Bench::toml(&format!("{OWN_KEY}[applications.\"a/b\"]\nfamily = \"acme\"\nextra_headers.\"a b\" = \"1\""));
    let keys: Vec<String> = bench.faults().into_iter().map(|fault| fault.key).collect();
    assert_eq!(keys, ["applications.\"a/b\"", "applications.\"a/b\".extra_headers.\"a b\""]);
    for url in ["mysql://x", "postgres://", "sqlite://", "x", "sqlite://?mode=rwc"] {
        let fault = Bench::toml(&format!("{OWN_KEY}[database]\nurl = {url:?}")).fault();
        assert_eq!(fault.key, "database.url", "{url}");
    }
}

#[test]
fn values_of_any_shape_in_any_place_are_faults_and_nothing_worse() {
    let shapes =
        ["1", "-1", "1.0", "1e300", "18446744073709551615", "true", "\"\"", "\"x\"", "[]", "[[1]]", "{}", "null"];
    let keys = ["url", "id", "guest_key", "previous_guest_keys", "listen", "channels", "suppliers", "name", "library"];
    let more =
        ["plugin", "application", "account_id", "shop_ids", "credentials", "limits", "settings", "allow_hosts", "x"];
    let table = |names: &[&str], value: &str| {
        let values: Vec<String> = names.iter().map(|name| format!("{name:?}: {value}")).collect();
        format!("{{ {} }}", values.join(", "))
    };
    let sections = crate::config::schema::sections();
    for shape in shapes {
        let keys = [keys, more].concat();
        let one = table(&keys, shape);
        let two = table(&keys, &table(&["y"], shape));
        let three = table(&keys, &table(&["y"], &one));
        for inner in [shape.to_owned(), one.clone(), table(&["a"], &one), table(&["a"], &two), table(&["a"], &three)] {
            let faults = Bench::new().file("a.json", &table(&sections, &inner)).faults();
            assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.to_string().is_empty()), "{inner}");
        }
    }
}
