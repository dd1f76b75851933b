//! How many units of an order were used, by its vouchers (fulfilment §5).

use entrepot_sdk::contract::looking::Look;
use serde_json::json;

use crate::looks::{answers, order, orders};
use crate::partner::{facing, pairs, path, query, sent};
use crate::support::*;

/// Fulfilment §5: an order's vouchers tell how many were used.
#[tokio::test]
async fn used_units_are_counted_by_the_vouchers_when_set() {
    let used = json!({"verify": {"verify_id": "5"}});
    let records = json!({"verify_records": [{"verify_id": 6}]});
    let unused = json!({"verify": {"verify_id": "0"}, "verify_records": []});
    for (name, list) in
        [("certificates", json!([used, records, unused])), ("certificates_v_2", json!([unused, used, records]))]
    {
        let answer = answers("certificate_query", json!({ name: list }));
        let (seat, world) = facing(json!({"used_by_certificates": true}), json!({}), answer).await;
        let (seen, _) = orders(seat.look(Look::Order { order: order(ORDER) }).await.expect("an answer"));
        assert_eq!(seen[0].used_units, Some(2), "{name}");
        let request = &sent(&world, "certificate_query")[0];
        assert_eq!(path(request), "/goodlife/v1/fulfilment/certificate/query/");
        assert_eq!(query(request), pairs(&[("order_id", ORDER)]));
    }
}

/// Fulfilment §5: one of Douyin's own vouchers that the list says nothing of is asked for by itself, when set.
#[tokio::test]
async fn a_voucher_that_tells_nothing_is_asked_for_by_itself_when_set() {
    let list = json!({"certificates": [
        {"encrypted_code": "E1", "verify": {"verify_id": "0"}},
        {"encrypted_code": "E2"},
        {"encrypted_code": "E3"},
        {"code": "ours"},
    ]});
    for (single, used) in [(false, 0), (true, 1)] {
        let list = list.clone();
        let settings = json!({"used_by_certificates": true, "single_certificates": single});
        let (seat, world) = facing(settings, json!({}), move |request| match request.api.as_str() {
            "order_query" => Some(good(json!({"orders": [recorded(ORDER)]}))),
            "certificate_query" => Some(good(list.clone())),
            "certificate_get" if query(request)["encrypted_code"] == "E2" => {
                Some(good(json!({"certificate_v_2": {"verify": {"verify_id": "7"}}})))
            }
            "certificate_get" => Some(good(json!({"certificate": {"encrypted_code": "E3"}}))),
            _ => None,
        })
        .await;
        let (seen, _) = orders(seat.look(Look::Order { order: order(ORDER) }).await.expect("an answer"));
        assert_eq!(seen[0].used_units, Some(used));
        let asked = sent(&world, "certificate_get");
        assert!(asked.iter().all(|request| path(request) == "/goodlife/v1/fulfilment/certificate/get/"));
        let asked: Vec<String> = asked.iter().map(|request| query(request)["encrypted_code"].clone()).collect();
        assert_eq!(asked, if single { vec!["E2", "E3"] } else { Vec::new() });
    }
}
