//! Secrets: how they are given, and that they never show.

use super::*;
use crate::config::key::Key;
use crate::config::{DatabaseKind, GuestKey, Secret};

fn with_secret(given: &str) -> Bench {
    Bench::toml(&format!(
        "{OWN_KEY}[applications.acme]\nfamily = \"acme\"\n[applications.acme.credentials]\nkey = {given}\n"
    ))
}

fn value(bench: &Bench) -> String {
    bench.loaded().config.applications.values().next().unwrap().credentials["key"].expose().to_owned()
}

#[test]
fn secrets_come_from_text_variable_or_file() {
    assert_eq!(value(&with_secret("\"plain\"")), "plain");
    assert_eq!(value(&with_secret("{ env = \"THE_KEY\" }").variable("THE_KEY", "from env")), "from env");
    assert_eq!(value(&with_secret("{ file = \"key.txt\" }").beside("key.txt", "from file\r\n")), "from file");
    let over = with_secret("{ env = \"THE_KEY\" }")
        .file("b.toml", "[applications.acme.credentials]\nkey = { file = \"key.txt\" }")
        .beside("key.txt", "replaced whole");
    assert_eq!(value(&over), "replaced whole");
}

#[test]
fn what_cannot_be_read_names_key_and_source() {
    let fault = with_secret("{ env = \"THE_KEY\" }").fault();
    assert_eq!(fault.key, "applications.acme.credentials.key");
    assert_eq!(fault.found.unwrap(), "the environment variable THE_KEY is not set");
    let bench = with_secret("{ file = \"no.txt\" }");
    let found = bench.fault().found.unwrap();
    assert!(found.contains(&bench.path("no.txt")), "{found}");
    let empty = with_secret("{ env = \"THE_KEY\" }").variable("THE_KEY", "").fault();
    assert_eq!(empty.found.unwrap(), "environment variable THE_KEY is empty");
}

#[test]
fn malformed_secrets_are_explained_without_their_value() {
    for (given, found, meant) in [
        ("{ evn = \"TOPSECRET\" }", "a table with evn", Some("env")),
        ("{ env = \"A\", file = \"B\" }", "a table with env, file", None),
        ("12345678", "a number (not shown)", None),
        ("\"\"", "an empty text", None),
        ("[\"TOPSECRET\"]", "a list of 1", None),
        ("{ env = 12345678 }", "a table with env", None),
    ] {
        let fault = with_secret(given).fault();
        assert_eq!(fault.problem, "is no secret", "{given}");
        assert_eq!(fault.found.as_deref(), Some(found), "{given}");
        assert_eq!(fault.suggestion.as_deref(), meant, "{given}");
        assert!(!fault.to_string().contains("TOPSECRET") && !fault.to_string().contains("12345678"), "{fault}");
    }
    let whole =
        Bench::toml(&format!("{OWN_KEY}[applications.acme]\nfamily = \"acme\"\ncredentials = \"TOPSECRET\"\n")).fault();
    assert!(!whole.to_string().contains("TOPSECRET"), "{whole}");
    let short =
        Bench::toml("[security]\nguest_key = \"VE9QU0VDUkVU\"\nprevious_guest_keys.old = \"?TOPSECRET?\"").faults();
    let texts: Vec<String> = short.iter().map(ToString::to_string).collect();
    assert!(texts[0].contains("security.guest_key:") && texts[0].contains("it has 9 bytes"), "{texts:?}");
    assert!(texts[1].contains("previous_guest_keys.old") && texts[1].contains("not base64"), "{texts:?}");
    assert!(texts.iter().all(|text| !text.contains("VE9Q") && !text.contains("TOPSECRET")), "{texts:?}");
}

#[test]
fn the_database_url_is_a_secret_too() {
    let bench = Bench::toml("[database]\nurl = { env = \"DATABASE_URL\" }")
        .variable("DATABASE_URL", "postgres://u:hunter2@h/d");
    let database = bench.loaded().config.database;
    assert_eq!(database.url.kind(), DatabaseKind::Postgres);
    assert_eq!(database.url.expose(), "postgres://u:hunter2@h/d");
    assert!(!format!("{database:?}").contains("hunter2"));
    let bad = Bench::toml(&format!("{OWN_KEY}[database]\nurl = {{ env = \"DATABASE_URL\" }}"));
    let fault = bad.variable("DATABASE_URL", "mysql://u:hunter2@h/d").fault().to_string();
    assert!(fault.contains("its scheme is \"mysql\"") && !fault.contains("hunter2"), "{fault}");
    let sqlite = Bench::toml("[database]\nurl = \"sqlite://data/e.db?mode=rwc\"").loaded().config.database.url;
    assert_eq!(sqlite.sqlite_path(), Some("data/e.db"));
}

#[test]
fn printing_a_secret_shows_a_mask() {
    let secret: Secret = serde_json::from_str("\"TOPSECRET\"").unwrap();
    assert_eq!(format!("{secret:?}"), "***");
    assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    let text = secret.resolve(&Key::root(), "a", None, &BTreeMap::new()).unwrap();
    assert_eq!((format!("{text:?}"), serde_json::to_string(&text).unwrap()), ("***".to_owned(), "\"***\"".to_owned()));
    let key = GuestKey::parse(super::super::DEMO_GUEST_KEY).unwrap();
    assert!(key.is_demo());
    assert_eq!(format!("{key:?}"), "***");
}

fn with_webhook(text: &str) -> Bench {
    Bench::toml(&format!("{}[[alerts.webhooks]]\n{text}\n", good()))
}

#[test]
fn a_webhooks_url_and_secret_are_never_shown() {
    let bench = with_webhook(
        "url = { env = \"ROBOT\" }\nform = \"dingtalk\"\nsecret = { file = \"key.txt\" }\nmerchant = \"lakeside\"",
    )
    .variable("ROBOT", "https://robot.example/send?access_token=TOPSECRET")
    .beside("key.txt", "SEC-TOPSECRET\n");
    let loaded = bench.loaded();
    let webhook = &loaded.config.alerts.webhooks[0];
    assert_eq!(webhook.url.expose().query(), Some("access_token=TOPSECRET"));
    assert_eq!(webhook.secret.as_ref().unwrap().expose(), "SEC-TOPSECRET");
    assert_eq!(webhook.min_level, entrepot_domain::alert::AlertLevel::Warning);
    let shown = super::super::show(&loaded);
    let line = shown.lines().find(|line| line.starts_with("alerts.webhooks = ")).unwrap();
    assert!(line.contains("\"url\":\"***\"") && line.contains("\"min_level\":\"warning\""), "{line}");
    assert!(!shown.contains("TOPSECRET") && !format!("{:?}", loaded.config).contains("TOPSECRET"));

    let entry = "url = \"https://r.example/TOPSECRET\"\nform = \"json\"";
    for (text, key, problem) in [
        ("form = \"json\"", "alerts.webhooks[0].url", "missing"),
        ("url = \"TOPSECRET\"\nform = \"json\"", "alerts.webhooks[0].url", "has the wrong form"),
        ("url = \"ftp://r.example/TOPSECRET\"\nform = \"json\"", "alerts.webhooks[0].url", "has the wrong form"),
        ("url = 5\nform = \"json\"", "alerts.webhooks[0].url", "is no secret"),
        (&entry.replace("json", "slack"), "alerts.webhooks[0].form", "is none of the allowed values"),
        (&format!("{entry}\nmin_level = \"loud\""), "alerts.webhooks[0].min_level", "is none of the allowed values"),
        (&format!("{entry}\nmerchant = \"lakesite\""), "alerts.webhooks[0].merchant", "no merchant has this id"),
        (&format!("{entry}\nsecret = \"TOPSECRET\""), "alerts.webhooks[0].secret", "signs nothing in this form"),
    ] {
        let fault = with_webhook(text).fault();
        assert_eq!((fault.key.as_str(), fault.problem.as_str()), (key, problem));
        assert!(!fault.to_string().contains("TOPSECRET"), "{fault}");
    }
    for text in ["[alerts]\nwebhooks = \"TOPSECRET\"\n", "[alerts]\nwebhooks = [\"TOPSECRET\"]\n"] {
        let fault = Bench::toml(&format!("{}{text}", good())).fault();
        assert!(fault.problem.contains("type") && !fault.to_string().contains("TOPSECRET"), "{fault}");
    }
}
