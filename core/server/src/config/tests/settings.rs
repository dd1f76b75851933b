//! Plugins' own settings against the schemas in their manifests.

use super::*;
use crate::config::settings_known_to;

#[test]
fn settings_of_a_connection_are_held_against_the_plugin() {
    let text = good().replace(
        "settings.order_mode = \"before_payment\"",
        "settings = { order_mode = \"befor_payment\", hours = [8, \"nine\"], ordermode = 1, pin = \"abc\" }",
    );
    let bench = Bench::toml(&text);
    let faults = bench.faults();
    let found: Vec<(&str, &str, Option<&str>)> = faults
        .iter()
        .map(|f| (f.key.rsplit("settings.").next().unwrap(), f.problem.as_str(), f.suggestion.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("hours[1]", "has the wrong type", None),
            ("order_mode", "is none of the allowed values", Some("before_payment")),
            ("ordermode", "unknown key", Some("order_mode")),
            ("pin", "is too short", None),
        ]
    );
    assert_eq!(faults[1].expected.as_deref(), Some("\"before_payment\", \"after_payment\""));
    assert!(
        faults
            .iter()
            .all(|fault| fault.file_or_origin == bench.path("a.toml") && !fault.to_string().contains("\"abc\""))
    );
}

#[test]
fn a_missing_setting_names_the_file_of_its_connection() {
    let bench = Bench::toml(&good().replace("settings.order_mode = \"before_payment\"\n", ""));
    let fault = bench.fault();
    assert_eq!(
        (fault.key.as_str(), fault.problem.as_str()),
        ("merchants.lakeside.channels.east.settings.order_mode", "missing")
    );
    assert_eq!(fault.file_or_origin, bench.path("a.toml"));
}

#[test]
fn plugins_of_one_application_share_its_settings() {
    let second = "[merchants.lakeside.channels.vouchers]\nplugin = \"acme-vouchers\"\napplication = \"acme\"\naccount_id = \"1\"\nsettings.order_mode = \"after_payment\"\n";
    let with = |settings: &str| Bench::toml(&format!("{}{second}[applications.acme.settings]\n{settings}", good()));
    assert_eq!(with("sandbox = true\ntickets = 3\nvouchers = 4\n").faults(), []);
    let fault = with("sandbox = true\nticket = 3\n").fault();
    assert_eq!(
        (fault.key.as_str(), fault.suggestion.as_deref()),
        ("applications.acme.settings.ticket", Some("tickets"))
    );
    let fault = with("vouchers = 10\n").fault();
    assert_eq!(fault.problem, "is too large");
    let schema = acme("acme-tickets").unwrap().instance_settings;
    let settings = json!({ "sandbox": true, "vouchers": 4 });
    let own = settings_known_to(&schema, settings.as_object().unwrap());
    assert_eq!(Value::Object(own), json!({ "sandbox": true }));
}

#[test]
fn a_schema_with_references_is_followed() {
    let schema = schemars::schema_for!(Nested).to_value();
    let settings = json!({ "inner": { "level": "hgh", "extra": 1 } });
    let faults = Faults::new(crate::config::settings::faults(
        settings.as_object().unwrap(),
        &crate::config::key::Key::of(&["settings"]),
        &[schema],
        &crate::config::tree::Origins::default(),
    ));
    let found: Vec<(&str, Option<&str>, Option<&str>)> =
        faults.list().iter().map(|f| (f.key.as_str(), f.suggestion.as_deref(), f.expected.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("settings.inner.extra", None, Some("level")),
            ("settings.inner.level", Some("high"), Some("\"high\", \"low\"")),
        ]
    );
}

#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Nested {
    inner: Inner,
}

#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Inner {
    level: Level,
}

#[derive(schemars::JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[allow(dead_code)]
enum Level {
    /// Up.
    High,
    /// Down.
    Low,
}
