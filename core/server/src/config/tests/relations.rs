//! Faults between the parts.

use super::*;
use crate::config::DEMO_GUEST_KEY;

#[test]
fn a_good_configuration_has_none() {
    let bench = Bench::toml(&good());
    assert_eq!(bench.faults(), []);
    assert_eq!(super::super::check(&bench.loaded(), &acme), []);
    let application = bench.loaded().config.applications.into_values().next().unwrap();
    assert_eq!(application.base_url.as_ref().unwrap().as_str(), "https://open.acme.example");
    assert_eq!(application.hosts(), ["open.acme.example"]);
    let config = bench.loaded().config;
    assert_eq!(config.suppliers().next().unwrap().2.hosts(), ["127.0.0.1:9200"]);
}

#[test]
fn names_that_nothing_answers_to() {
    let text = good()
        .replace("plugin = \"acme-tickets\"", "plugin = \"acme-ticket\"")
        .replace("application = \"acme\"", "application = \"acne\"");
    let bench = Bench::toml(&format!("{text}\n[plugins.acme-tickets]\n[plugins.ghost]\n"));
    let faults = bench.faults();
    let found: Vec<(&str, &str, Option<&str>)> =
        faults.iter().map(|f| (f.key.as_str(), f.problem.as_str(), f.suggestion.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("merchants.lakeside.channels.east.application", "no application has this id", Some("acme")),
            ("merchants.lakeside.channels.east.plugin", "no plugin has this id", Some("acme-tickets")),
            ("plugins.ghost", "is not built in", None),
        ]
    );
}

#[test]
fn kinds_and_families_must_match() {
    let fault = Bench::toml(&good().replace("acme-tickets", "acme-gates")).fault();
    assert_eq!((fault.problem.as_str(), fault.expected.as_deref()), ("is a supplier plugin", Some("a channel plugin")));
    let fault = Bench::toml(&good().replace("acme-tickets", "other-tickets")).fault();
    assert_eq!(fault.problem, "belongs to another partner family than the plugin");
    assert_eq!(fault.found.as_deref(), Some("applications.acme.family = \"acme\""));
}

#[test]
fn connection_ids_are_unique_over_the_file_and_accounts_over_an_application() {
    let more = r#"
[merchants.hilltop]
name = "Hilltop"
suppliers.east.plugin = "acme-gates"
[merchants.hilltop.channels.west]
plugin = "acme-tickets"
application = "acme"
account_id = "70001"
settings.order_mode = "after_payment"
"#;
    let faults = Bench::toml(&format!("{}{more}", good())).faults();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(
        keys,
        ["merchants.lakeside.channels.east", "merchants.lakeside.channels.east.account_id"],
        "{faults:#?}"
    );
    let apart = format!("{}{more}", good())
        .replace("suppliers.east.plugin", "suppliers.north.plugin")
        .replace(
            "account_id = \"70001\"\nsettings.order_mode = \"before",
            "account_id = \"70001\"\nshop_ids = [\"1\"]\nsettings.order_mode = \"before",
        )
        .replace(
            "account_id = \"70001\"\nsettings.order_mode = \"after",
            "account_id = \"70001\"\nshop_ids = [\"2\"]\nsettings.order_mode = \"after",
        );
    assert_eq!(Bench::toml(&apart).faults(), []);
}

#[test]
fn the_published_key_stays_on_loopback() {
    let with = |allow: bool, listen: &str| {
        Bench::toml(&format!(
            "[security]\nguest_key = \"{DEMO_GUEST_KEY}\"\nallow_demo_key = {allow}\n[http]\nlisten = {listen:?}\n"
        ))
    };
    assert_eq!(with(true, "127.0.0.1:1").faults(), []);
    assert_eq!(with(true, "[::1]:1").faults(), []);
    assert!(with(false, "127.0.0.1:1").fault().problem.contains("published"));
    let fault = with(true, "127.0.0.1:1").overrides(json!({ "http": { "listen": "0.0.0.0:8080" } })).fault();
    assert_eq!(fault.key, "security.guest_key");
    assert_eq!(fault.found.as_deref(), Some("http.listen = \"0.0.0.0:8080\" (command line)"));
    assert!(!fault.to_string().contains(DEMO_GUEST_KEY));
    let previous = Bench::toml(&format!("{OWN_KEY}previous_guest_keys.old = \"{DEMO_GUEST_KEY}\"")).fault();
    assert_eq!(previous.key, "security.previous_guest_keys.old");
}

#[test]
fn limits_that_contradict_each_other() {
    let text = "[engine]\nbatch_limit = 9\nqueue_limit = 8\n[jobs]\npoll_ms = 2000\nlease_ms = 2000\nbackoff_first_ms = 9\nbackoff_limit_ms = 8\n[plugins.acme-gates]\ntimeout_ms = 3000\n[plugins.acme-tickets]\n";
    let faults = Bench::toml(&format!("{OWN_KEY}{text}")).faults();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    let expected = [
        "engine.batch_limit",
        "jobs.backoff_first_ms",
        "jobs.lease_ms",
        "jobs.poll_ms",
        "plugins.acme-gates.timeout_ms",
    ];
    assert_eq!(keys, expected, "{faults:#?}");
}

#[test]
fn libraries_tokens_and_keys() {
    let text = format!(
        "{OWN_KEY}guest_key_id = \"old\"\nprevious_guest_keys.old = {{ env = \"OLD\" }}\n\
         [plugins.acme-tickets]\nlibrary = \"gone.so\"\n[plugins.acme-gates]\nsha256 = \"{}\"\n\
         [applications.acme]\nfamily = \"acme\"\ntoken_mode = \"fixed\"\n",
        "a".repeat(64)
    );
    let faults = Bench::toml(&text).variable("OLD", "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=").faults();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    let expected = [
        "applications.acme.credentials.fixed_token",
        "plugins.acme-gates.sha256",
        "plugins.acme-tickets.library",
        "security.guest_key_id",
    ];
    assert_eq!(keys, expected, "{faults:#?}");
    assert!(Bench::toml(OWN_KEY).overrides(json!({ "security": { "guest_key": null } })).faults().is_empty());
}

#[test]
fn a_process_is_there_and_nothing_else_is_said_of_it() {
    let with = |text: &str| Bench::toml(&format!("{OWN_KEY}[plugins.acme-gates]\n{text}\n"));
    assert_eq!(with("command = [\"sh\", \"main.sh\"]\nenvironment = [\"TZ\"]").faults(), []);
    for (text, key, problem) in [
        ("command = [\"no-such-program\"]", "command", "names a program that is not found in PATH"),
        ("command = [\"./gone\"]", "command", "names a program that is not there"),
        ("command = [\"sh\"]\nlibrary = \"x.so\"", "command", "stands beside a library"),
        ("command = [\"sh\"]\nsha256 = \"HASH\"", "sha256", "pins a library, but none is named"),
        ("environment = [\"TZ\"]", "environment", "is for a plugin in a process of its own"),
        (
            "command = [\"sh\"]\nenvironment = [\"ENTREPOT_SECURITY__GUEST_KEY\"]",
            "environment[0]",
            "would hand this server's own configuration to a plugin",
        ),
    ] {
        let faults = with(&text.replace("HASH", &"a".repeat(64))).faults();
        let told: Vec<_> = faults.iter().map(|fault| (fault.key.as_str(), fault.problem.as_str())).collect();
        let key = format!("plugins.acme-gates.{key}");
        assert!(told.contains(&(key.as_str(), problem)), "{text}: {told:?}");
    }
    assert_eq!(with("command = []").fault().key, "plugins.acme-gates.command");
}

#[test]
fn one_connections_part_is_never_above_the_whole() {
    let with = |text: &str| Bench::toml(&format!("{OWN_KEY}[plugins.acme-gates]\n{text}\n"));
    for fine in ["", "in_flight = 4", "connection_in_flight = 64", "in_flight = 100\nconnection_in_flight = 100"] {
        assert_eq!(with(fine).faults(), [], "{fine}");
    }
    let fault = with("in_flight = 40\nconnection_in_flight = 41").fault();
    assert_eq!(
        (fault.key.as_str(), fault.problem.as_str()),
        ("plugins.acme-gates.connection_in_flight", "is too large")
    );
    let fault = with("connection_in_flight = 65").fault();
    assert_eq!(fault.key, "plugins.acme-gates.connection_in_flight");
    assert!(fault.expected.unwrap().contains("64 by default"));
}
