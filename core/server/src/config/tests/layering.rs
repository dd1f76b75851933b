//! Which source wins, and that each value remembers it.

use super::*;
use crate::config::key::Key;
use crate::config::{Config, show};

fn origin(loaded: &Loaded, key: &[&str]) -> String {
    loaded.origin_of(&Key::of(key)).rsplit('/').next().unwrap().to_owned()
}

#[test]
fn later_sources_win_and_values_remember_theirs() {
    let bench = Bench::new()
        .file(
            "a.toml",
            "[http]\nlisten = \"127.0.0.1:1\"\nmax_connections = 1\nread_timeout_ms = 1000\nshutdown_ms = 1\n",
        )
        .file("b.yaml", "http:\n  max_connections: 2\n  read_timeout_ms: 2000\n  shutdown_ms: 2\n")
        .file("c.json", r#"{ "http": { "read_timeout_ms": 3000, "shutdown_ms": 3 } }"#)
        .variable("ENTREPOT_HTTP__SHUTDOWN_MS", "4")
        .variable("ENTREPOT_HTTP__LISTEN", "127.0.0.1:4")
        .variable("ENTREPOT_TEST_SOMETHING", "is not configuration")
        .overrides(json!({ "http": { "listen": "127.0.0.1:5", "body_limit_bytes": null }, "database": null }));
    let loaded = bench.loaded();
    let http = &loaded.config.http;
    assert_eq!(http.listen.port(), 5);
    assert_eq!((http.max_connections, http.read_timeout_ms, http.shutdown_ms), (2, 3000, 4));
    assert_eq!(http.body_limit_bytes, 1_048_576);
    for (key, from) in [
        ("listen", "command line"),
        ("max_connections", "b.yaml"),
        ("read_timeout_ms", "c.json"),
        ("shutdown_ms", "environment variable ENTREPOT_HTTP__SHUTDOWN_MS"),
        ("body_limit_bytes", "default"),
    ] {
        assert_eq!(origin(&loaded, &["http", key]), from);
    }
}

#[test]
fn the_environment_reaches_ids_that_a_shell_cannot_write() {
    let text = good().replace("lakeside", "lake-side").replace("east", "Lake.East");
    let text = text.replace("channels.Lake.East", "channels.\"Lake.East\"");
    let bench = Bench::toml(&text)
        .variable("ENTREPOT_MERCHANTS__LAKE_SIDE__CHANNELS__LAKE_EAST__ACCOUNT_ID", "007")
        .variable("ENTREPOT_MERCHANTS__LAKE_SIDE__CHANNELS__LAKE_EAST__SHOP_IDS", "[\"1\", \"2\"]")
        .variable("ENTREPOT_MERCHANTS__LAKE_SIDE__CHANNELS__LAKE_EAST__ENABLED", "false")
        .variable("ENTREPOT_MERCHANTS__LAKE_SIDE__NAME", "\"12\"")
        .variable("ENTREPOT_APPLICATIONS__ACME__CREDENTIALS__CLIENT_SECRET", "12345")
        .variable("ENTREPOT_APPLICATIONS__ACME__CREDENTIALS__OTHER", "{ env = \"HOME_OF_IT\" }")
        .variable("HOME_OF_IT", "found");
    let loaded = bench.loaded();
    let (merchant, id, channel) = loaded.config.channels().next().unwrap();
    assert_eq!((merchant.as_str(), id.as_str()), ("lake-side", "Lake.East"));
    assert_eq!(channel.account_id, "007");
    assert_eq!(channel.shop_ids, ["1", "2"]);
    assert!(!channel.enabled);
    assert_eq!(loaded.config.merchants[merchant].name, "12");
    let application = loaded.config.applications.values().next().unwrap();
    assert_eq!(application.credentials["client_secret"].expose(), "12345");
    assert_eq!(application.credentials["other"].expose(), "found");
    assert!(Bench::new().variable("ENTREPOT_HTTP____LISTEN", "x").load().is_err());
}

#[test]
fn entries_of_several_files_are_merged_and_lists_replaced() {
    let bench =
        Bench::toml(&good().replace("account_id = \"70001\"", "account_id = \"70001\"\nshop_ids = [\"1\", \"2\"]"))
            .file("b.toml", "[merchants.lakeside.channels.east]\nshop_ids = [\"3\"]\nprice_check = false\n");
    let loaded = bench.loaded();
    let (_, _, channel) = loaded.config.channels().next().unwrap();
    assert_eq!((channel.shop_ids.clone(), channel.price_check), (vec!["3".to_owned()], false));
    assert_eq!(origin(&loaded, &["merchants", "lakeside", "channels", "east", "shop_ids"]), "b.toml");
    assert_eq!(origin(&loaded, &["merchants", "lakeside", "channels", "east", "plugin"]), "a.toml");
}

#[test]
fn show_prints_every_value_with_its_origin_and_no_secret() {
    let bench = Bench::toml(&good())
        .file("b.toml", "[database]\nurl = \"postgres://me:hunter2@db/entrepot?sslpassword=x\"\n[applications.acme.extra_headers]\nAuthorization = { env = \"TOKEN\" }")
        .variable("TOKEN", "token-in-environment");
    let loaded = bench.loaded();
    let text = show(&loaded);
    for line in [
        "http.listen = \"127.0.0.1:8080\"   # default".to_owned(),
        format!("merchants.lakeside.channels.east.account_id = \"70001\"   # {}", bench.path("a.toml")),
        "merchants.lakeside.channels.east.price_check = true   # default".to_owned(),
        format!("applications.acme.credentials.client_secret = \"***\"   # {}", bench.path("a.toml")),
        format!(
            "applications.acme.extra_headers.Authorization = \"***\"   # {}, from environment variable TOKEN",
            bench.path("b.toml")
        ),
        format!("applications.acme.base_url = \"https://open.acme.example\"   # {}", bench.path("a.toml")),
        format!("database.url = \"postgres://me:***@db/entrepot?***\"   # {}", bench.path("b.toml")),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    for secret in ["hunter2", "s3cret", "token-in", "QUFB", "sslpassword=x"] {
        assert!(!text.contains(secret), "{secret}");
        assert!(!format!("{loaded:?}").contains(secret), "{secret}");
    }
}

#[test]
fn a_process_runs_in_the_folder_of_the_file_that_names_it() {
    use super::super::Source;
    let bench = Bench::toml("[plugins.acme-gates]\ncommand = [\"python3\", \"gate/main.py\"]\nenvironment = [\"TZ\"]");
    let plugin = bench.loaded().config.plugins.into_values().next().unwrap();
    let expected = Source::Process {
        program: "python3".to_owned(),
        arguments: vec!["gate/main.py".to_owned()],
        folder: bench.folder.path().to_owned(),
        environment: vec!["TZ".to_owned()],
    };
    assert_eq!(plugin.source, expected);
    let written = serde_json::to_value(&plugin).unwrap();
    assert_eq!(written["command"], json!(["python3", "gate/main.py"]));
    assert!(written.get("library").is_none(), "{written}");
}

#[test]
fn a_plugin_without_a_table_has_the_defaults_of_one_with_an_empty_table() {
    let bench = Bench::toml("[plugins.acme-gates]\n[plugins.acme-tickets]\nlibrary = \"lib/x.so\"");
    let loaded = bench.loaded();
    let plugins: Vec<_> = loaded.config.plugins.values().collect();
    assert_eq!(format!("{:?}", plugins[0]), format!("{:?}", super::super::Plugin::default()));
    assert_eq!(*plugins[1], super::super::Plugin::in_library(bench.folder.path().join("lib/x.so")));
    assert!(Config::default().plugins.is_empty());
}
