//! Units that a channel names by the codes that its guests show.

use entrepot_contract::intent::{Intent, UnitChoice};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::{Refund, UnitState};
use entrepot_contract::outcome::Outcome;
use entrepot_domain::change::RefKey;
use entrepot_engine::storage::Storage;

use crate::house::*;

fn named(certificate: Option<&str>, code: Option<&str>) -> UnitNames {
    let text = |text: Option<&str>| text.map(str::to_owned);
    UnitNames { certificate: text(certificate), item: None, code: text(code) }
}

fn ask_for(key: &str, names: Vec<UnitNames>) -> Intent {
    let Intent::AskRefund(mut asked) = ask("1", key) else { panic!() };
    asked.units = UnitChoice::Named(names);
    Intent::AskRefund(asked)
}

fn told_for(key: &str, names: Vec<UnitNames>) -> Intent {
    let Intent::RecordRefund(mut told) = refunded("1", key) else { panic!() };
    told.units = UnitChoice::Named(names);
    Intent::RecordRefund(told)
}

async fn refund(house: &House, key: &str) -> Refund {
    house.refunds("1").await.into_iter().find(|refund| refund.key == key).unwrap()
}

/// An issued order of three units, two of which have certificates' names, and its codes.
async fn issued() -> (House, Vec<String>) {
    let house = House::new().await;
    house.sold("1", "own", 3).await;
    let Intent::IssueOrder(mut call) = issue("1") else { panic!() };
    call.unit_names = vec![named(Some("c-1"), None), named(Some("c-2"), None), named(None, None)];
    let Ok(Outcome::Issued { units, .. }) = house.call("issue", Intent::IssueOrder(call)).await else { panic!() };
    (house, units.into_iter().map(|unit| unit.credentials[0].value.clone()).collect())
}

#[tokio::test(start_paused = true)]
async fn a_code_names_its_unit_in_a_question_and_in_what_was_done() {
    let (house, codes) = issued().await;
    let third = vec![named(None, Some(&codes[2]))];
    for _ in 0..2 {
        let answer = house.call("ask", ask_for("r", third.clone())).await.unwrap();
        assert!(matches!(answer, Outcome::RefundAgreed { .. }), "{answer:?}");
    }
    assert_eq!(refund(&house, "r").await.units, [3]);
    assert_eq!(house.call("refunded", told_for("r", third)).await.unwrap(), Outcome::Recorded);
    let both = vec![named(Some("c-2"), Some(&codes[1]))];
    assert_eq!(house.call("refunded", told_for("s", both)).await.unwrap(), Outcome::Recorded);
    assert_eq!(house.order("1").await.unwrap().numbers(UnitState::Refunded), [2, 3]);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_code_that_is_nobodys_names_nothing_and_a_certificate_beside_it_counts() {
    let (house, _) = issued().await;
    let answer = house.call("ask", ask_for("r", vec![named(None, Some("no such code"))])).await.unwrap();
    assert!(matches!(answer, Outcome::RefundRefused { .. }), "{answer:?}");
    let answer = house.call("ask", ask_for("s", vec![named(Some("c-1"), Some("no such code"))])).await.unwrap();
    assert!(matches!(answer, Outcome::RefundAgreed { .. }), "{answer:?}");
    assert_eq!(refund(&house, "s").await.units, [1]);
}

#[tokio::test(start_paused = true)]
async fn no_code_is_kept_with_what_came_before_its_order() {
    for account in [Some("account"), None] {
        let house = House::new().await;
        let told = told_for("r", vec![named(Some("c-1"), Some("SECRET-CODE"))]);
        house.call_through("app", "refunded", account, told).await.ok();
        let key = RefKey { application: id("app"), order: id("1") };
        let kept = house.storage.channel_ref(&key).await.unwrap().unwrap();
        assert_eq!(kept.facts.len(), 1);
        let kept = serde_json::to_string(&kept.facts[0].intent).unwrap();
        assert!(kept.contains("c-1") && !kept.contains("SECRET-CODE"), "{kept}");
    }
}
