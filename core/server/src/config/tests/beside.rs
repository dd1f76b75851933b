//! What a channel is told and asked beside its orders.

use super::*;

const BESIDE: &str = r#"
products = "always"
[merchants.lakeside.channels.east.calendar]
every_s = 5
[merchants.lakeside.channels.east.reconcile]
at = "05:30"
"#;

fn with(plugin: &str, more: &str) -> Vec<(String, String)> {
    let channel = format!("plugin = {plugin:?}\napplication");
    let text = good().replace("plugin = \"acme-tickets\"\napplication", &channel);
    // The keys of the channel come before those of the supplier.
    let text = text.replace("[merchants.lakeside.suppliers", &format!("{more}[merchants.lakeside.suppliers"));
    let faults = Bench::toml(&text).faults();
    faults.into_iter().map(|fault| (fault.key, fault.problem)).collect()
}

#[test]
fn a_channel_is_told_and_asked_only_what_its_plugin_can() {
    assert_eq!(with("acme-vouchers", BESIDE), []);
    let found = with("acme-tickets", BESIDE);
    let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
    let own = "merchants.lakeside.channels.east";
    assert_eq!(keys, [format!("{own}.calendar"), format!("{own}.products"), format!("{own}.reconcile")]);
    assert!(found.iter().all(|(_, problem)| problem.starts_with("asks for what the plugin cannot do")), "{found:?}");
    assert_eq!(with("acme-tickets", "products = \"never\"\n"), []);
}

#[test]
fn changes_are_followed_now_and_then_or_never() {
    for (seconds, good) in [(0, true), (1, false), (9, false), (10, true)] {
        let found = with("acme-tickets", &format!("catch_up_s = {seconds}\n"));
        assert_eq!(found.is_empty(), good, "{seconds}: {found:?}");
    }
}

#[test]
fn a_comparison_has_a_time_and_a_zone_that_there_are() {
    let table = "[merchants.lakeside.channels.east.reconcile]\n";
    for at in ["24:00", "5:30", "05:60", "soon"] {
        let found = with("acme-vouchers", &format!("{table}at = {at:?}\n"));
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["merchants.lakeside.channels.east.reconcile.at"], "{at}: {found:?}");
    }
    let found = with("acme-vouchers", &format!("{table}time_zone = \"Asia/Peking\"\n"));
    let own = "merchants.lakeside.channels.east.reconcile.time_zone".to_owned();
    assert_eq!(found, [(own, "is no time zone".to_owned())]);
}
