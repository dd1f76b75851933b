//! Facts that come before their order, and about orders that nobody knows.

use serde_json::json;

use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;

#[tokio::test]
async fn a_payment_before_its_order_is_met_by_the_order() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let order = "1000000000000000011";
        let pay = json!({
            "order_id": order, "order_out_id": "T20260001", "pay_time_unix": chrono::Utc::now().timestamp(),
        });
        let paid = stage.call("pay-order", &pay).await;
        assert_eq!(paid["error_code"], 0, "{paid}");
        assert_eq!(paid["confirm_info"], json!({ "confirm_mode": 2 }), "accepted later");
        assert!(stage.office.orders(order).await.is_empty());
        assert!(stage.office.is_alerted(&["unplaced", order]).await);
        let created = stage.call("create-order", &stage.create_body(&offer, order, 1)).await;
        assert_eq!(created["error_code"], 0, "{created}");
        assert_eq!(created["confirm_info"], json!({ "confirm_mode": 1, "confirm_result": 1 }), "{created}");
        let ours = stage.office.order(order).await;
        assert_eq!(ours["state"], "accepted", "{ours}");
        assert!(!stage.office.is_alerted(&["unplaced", order]).await, "the order is there");
        let again = stage.call("pay-order", &pay).await;
        assert_eq!(again["error_code"], 0, "{again}");
        assert_eq!(again["confirm_info"], json!({ "confirm_mode": 1, "confirm_result": 1 }), "{again}");
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn an_order_that_was_cancelled_before_it_came_is_not_made() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let order = "1000000000000000012";
        let day = &stage.day;
        let path = format!("/merchants/lakeside/calendar?sku={}&from={day}&to={day}", offer.sku);
        let before = stage.office.get(&path).await;
        let cancel = json!({
            "order_id": order, "cancel_type": 1, "cancel_order_time_unix": chrono::Utc::now().timestamp(),
        });
        assert_eq!(stage.call("cancel-order", &cancel).await["error_code"], 0);
        let created = stage.call("create-order", &stage.create_body(&offer, order, 1)).await;
        assert!(created["error_code"] != 0 && created["error_code"] != 100, "{created}");
        assert_eq!(stage.office.get(&path).await["days"][0]["stock"], before["days"][0]["stock"]);
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn facts_about_nobodys_order_are_taken_and_told() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let now = chrono::Utc::now().timestamp();
        let refund = json!({
            "order_id": "1000000000000000013", "biz_uniq_key": "R-nobody", "refund_amount": 100,
            "refund_time_unix": now, "refund_scene": 50,
        });
        assert_eq!(stage.call("notify-refund", &refund).await["error_code"], 0);
        assert_eq!(stage.call("notify-refund", &refund).await["error_code"], 0);
        assert!(stage.office.is_alerted(&["unplaced", "1000000000000000013"]).await);
        let query = stage.call("query-order", &json!({ "order_id": "1000000000000000014" })).await;
        assert_eq!(query["error_code"], 2, "{query}");
        let issue = json!({
            "order_id": "1000000000000000014", "count": 1, "copies": 1, "start_time": 1, "expire_time": 2,
            "sku": { "sku_id": "1800", "third_sku_id": "NOBODY" },
        });
        assert_eq!(stage.call("issue-certificate", &issue).await["error_code"], 100, "the create may still come");
        let apply = json!({
            "order_id": "1000000000000000014", "biz_uniq_key": "R1", "apply_source": 101,
            "apply_refund_time_unix": now, "refund_fee_amount": 0,
        });
        let review = stage.call("apply-refund", &apply).await;
        assert!(review["error_code"] != 0 && review["error_code"] != 100, "{review}");
        stage.office.assert_sound().await;
    }
}
