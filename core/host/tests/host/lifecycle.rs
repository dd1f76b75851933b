//! Cards, opening, closing, states.

use std::sync::Arc;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::manifest::{ApiRate, Manifest, RATES_LIMIT};
use entrepot_contract::message::{OpenRequest, Opened};
use entrepot_contract::version::ContractVersion;
use entrepot_host::{Host, HostFault, LoadedFrom, State};
use futures_util::FutureExt;
use serde_json::json;

use crate::support::{
    Bed, Fake, OpenScript, book, channel, fresh_parts, open_request, options, plugin_id, scope, supplier,
};

fn idle(manifest: Manifest) -> Fake {
    Fake::new(manifest, |_, _| std::future::pending().boxed())
}

fn refused(manifest: Manifest) -> String {
    Host::new(fresh_parts(), vec![Arc::new(idle(manifest))]).err().map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn a_card_that_makes_no_sense_is_refused() {
    let mut future = supplier();
    future.contract = ContractVersion { major: 99, minor: 0 };
    assert!(refused(future).contains("contract 99.0"));

    let mut both = supplier();
    both.capabilities.channel = channel().capabilities.channel;
    assert!(refused(both).contains("no others"));

    let mut none = channel();
    none.capabilities = supplier().capabilities;
    assert!(refused(none).contains("a channel declares"));

    let mut twice = channel();
    twice.scenes.push(twice.scenes[0].clone());
    assert!(refused(twice).contains("the scene create stands there twice"));

    let mut clash = channel();
    clash.scenes.push(clash.scenes[0].clone());
    clash.scenes[1].name = "other".parse().unwrap();
    assert!(refused(clash).contains("share POST create"));

    let mut schema = supplier();
    schema.instance_settings = json!({"type": "no-such-type"});
    assert!(refused(schema).contains("instance_settings is no JSON Schema"));

    for (rate, told) in [
        (ApiRate::per_second("", 1), "1 to 512 bytes"),
        (ApiRate::per_second("push", 0), "the calls of the rate of push"),
        (ApiRate { per_ms: 0, ..ApiRate::per_second("push", 1) }, "count over 1 to 86400000 ms"),
        (ApiRate { per_ms: 86_400_001, ..ApiRate::per_second("push", 1) }, "count over 1 to 86400000 ms"),
    ] {
        let mut card = supplier();
        card.rates = vec![rate];
        assert!(refused(card).contains(told));
    }
    let mut card = supplier();
    card.rates = vec![ApiRate::per_second("push", 1), ApiRate::per_second("push", 2)];
    assert!(refused(card).contains("the rate of push stands there twice"));
    let mut card = supplier();
    card.rates = (0..=RATES_LIMIT).map(|n| ApiRate::per_second(n.to_string(), 1)).collect();
    assert!(refused(card).contains("it has 129 rates"));

    let mut idle_supplier = supplier();
    idle_supplier.capabilities.supplier.as_mut().unwrap().fulfils = entrepot_contract::capability::Fulfils::Unknown;
    assert!(refused(idle_supplier).contains("how it fulfils"));
}

#[test]
fn two_plugins_of_one_id_are_refused() {
    let fault = Host::new(fresh_parts(), vec![Arc::new(idle(supplier())), Arc::new(idle(supplier()))]).err();
    assert_eq!(fault, Some(HostFault::Duplicate { plugin: plugin_id("fake-supplier") }));
}

#[tokio::test]
async fn settings_that_do_not_fit_are_told_without_their_values() {
    let bed = Bed::new(idle(supplier()));
    let request = OpenRequest { settings: json!({"rate": 777_123}), ..open_request() };
    let text = bed.host.open(bed.key.clone(), request, options()).await.err().unwrap().to_string();
    assert!(text.contains("fake-supplier/app") && text.contains("rate:") && !text.contains("777"), "{text}");
    let status = &bed.host.status()[0];
    assert_eq!(status.instances[0].state, State::Failed);
    assert_eq!(status.instances[0].reports[0].text, text);
    assert!(bed.host.check_instance_settings(&bed.key.plugin, &json!({"rate": 5}), "x").is_ok());
    assert!(bed.host.check_connection_settings(&bed.key.plugin, &json!([]), "x").is_err());
    assert!(bed.host.open(bed.key.clone(), open_request(), options()).await.is_ok(), "and may be opened afterwards");
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_fails_panics_or_lies_is_reported() {
    let scripts: [(Arc<OpenScript>, &str); 3] = [
        (Arc::new(|_| Err(Fault::not_done(FaultKind::Unauthenticated, "key s3cret-value is bad"))), "key *** is bad"),
        (Arc::new(|_| panic!("boom")), "its code failed: boom"),
        (Arc::new(|_| Ok(Opened::default())), "no ready answers for its scene create"),
    ];
    for (script, expected) in scripts {
        let bed = Bed::new(Fake { open: script, ..idle(channel()) });
        let text = bed.host.open(bed.key.clone(), open_request(), options()).await.err().unwrap().to_string();
        assert!(text.contains(expected), "{text}");
        assert!(bed.host.instance(&bed.key).is_none());
        assert_eq!(bed.host.status()[0].state, State::Degraded);
    }
}

#[tokio::test]
async fn an_instance_lives_from_open_to_closed() {
    let bed = Bed::new(idle(supplier()));
    assert_eq!(bed.host.status()[0].state, State::Loaded);
    let running = bed.open(options()).await;
    let again = bed.host.open(bed.key.clone(), open_request(), options()).await.err();
    assert_eq!(again, Some(HostFault::AlreadyOpen { instance: bed.key.clone() }));
    assert_eq!(bed.host.status()[0].state, State::Open);
    assert!(bed.host.close(&bed.key).await);
    assert!(!bed.host.close(&bed.key).await);
    let fault = running.call(bed.context(1_000), book(), scope("c")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unavailable);
    assert_eq!(bed.host.status()[0].instances[0].state, State::Closed);
    bed.open(options()).await;
    assert!(bed.host.instance(&bed.key).is_some());
    bed.host.close_all().await;
    assert!(bed.host.instance(&bed.key).is_none());
}

#[tokio::test]
async fn an_unknown_plugin_is_told_with_what_there_is() {
    let bed = Bed::new(idle(supplier()));
    let mut key = bed.key.clone();
    key.plugin = plugin_id("fake-suplier");
    let text = bed.host.open(key, open_request(), options()).await.err().unwrap().to_string();
    assert_eq!(text, "there is no plugin fake-suplier; loaded are: fake-supplier");
}

#[test]
fn the_status_of_a_built_in_names_what_an_administrator_asks_for() {
    let bed = Bed::new(idle(channel()));
    let status = &bed.host.status()[0];
    assert_eq!((status.loaded.clone(), status.abi), (LoadedFrom::BuiltIn, None));
    let card = status.card.as_ref().unwrap();
    assert_eq!((card.family.as_str(), card.scenes.len(), card.secrets.len()), ("fake", 1, 2));
    assert!(serde_json::to_string(status).unwrap().contains("\"built_in\""));
}
