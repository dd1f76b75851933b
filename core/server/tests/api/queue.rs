//! Refunds that wait for a person: how long there is, what the rule says, and many decided at once.

use entrepot_contract::intent::{AskRefund, UnitChoice};
use entrepot_contract::order::RefundCause;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::{Body, OrderName};
use serde_json::{Value, json};

use crate::house::{House, everywhere};

const WAITING: &str = "/merchants/lakeside/refunds?state=waiting";
const DECISIONS: &str = "/merchants/lakeside/refunds/decisions";

/// Sells two units and has them asked for; gives the refund's id with the order's.
async fn asked(house: &House, channel_order: &str) -> (String, String) {
    let order = house.sell(channel_order, "boat", 2).await;
    let asked = house.ask_refund(&order, channel_order, channel_order).await;
    let Answer::Refund { refund, standing: RefundStanding::Waiting, .. } = asked else { panic!("{asked:?}") };
    (refund.to_string(), order)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_wait_tell_what_the_rule_says_and_how_long_there_is() {
    everywhere(async |house| {
        house.furnish().await;
        let (refund, order) = asked(house, "5001").await;
        let list = house.get(WAITING).await.ok();
        let row = &list["refunds"][0];
        assert_eq!((&row["id"], &row["preview"]["rule"]), (&json!(refund), &json!("a_person_decides")));
        let left = row["left_ms"].as_i64().unwrap();
        assert!((259_000_000..=259_200_000).contains(&left), "{row}");
        assert!(row["decides_itself_at"].is_string() || row["decides_itself_at"].is_number(), "{row}");
        let shown = house.get(&format!("/merchants/lakeside/refunds/{refund}")).await.ok();
        assert!(shown["left_ms"].as_i64().unwrap() <= left);
        // Nothing of it is used meanwhile, and the desk hears the sentence that it knows.
        let told = house.post("/merchants/lakeside/redemptions", json!({ "order": order })).await;
        let problem = told.problem(409, "refund_pending");
        assert_eq!(problem["detail_zh"], "订单正在申请退改中，必须先拒绝退改申请，才能进行验证!");
        let no = json!({ "decisions": [{ "refund": refund, "agree": false, "reason": "he stands at the gate" }] });
        assert_eq!(house.post(DECISIONS, no).await.ok()["decided"], 1);
        let all = house.get("/merchants/lakeside/refunds").await.ok();
        assert_eq!(all["refunds"][0]["left_ms"], Value::Null, "nobody waits any more");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_many_has_a_result_of_its_own() {
    everywhere(async |house| {
        house.furnish().await;
        let (one, two, three) =
            (asked(house, "5001").await.0, asked(house, "5002").await.0, asked(house, "5003").await.0);
        let path = format!("/merchants/lakeside/refunds/{two}/decision");
        house.post(&path, json!({ "agree": true })).await.ok();
        let decision = |refund: &str| json!({ "refund": refund, "agree": false, "reason": "used by hand" });
        let body = json!({ "decisions": [decision(&one), decision(&two), decision("R-none"), decision(&three)] });
        let done = house.repeat("bulk", "POST", DECISIONS, &body).await.ok();
        assert_eq!((&done["decided"], &done["refused"]), (&json!(2), &json!(2)));
        let told = |number: usize, name: &str| done["results"][number][name].clone();
        let results: Vec<Value> = (0..4).map(|number| told(number, "result")).collect();
        assert_eq!(results, ["decided", "refused", "refused", "decided"]);
        assert_eq!(
            (told(0, "state"), told(1, "reason"), told(2, "reason")),
            (json!("refused"), json!("state_forbids"), json!("not_found"))
        );
        assert_eq!(house.repeat("bulk", "POST", DECISIONS, &body).await.ok(), done);

        let yes = |refund: &str| json!({ "refund": refund, "agree": true });
        let wrong = [
            json!({ "decisions": [] }),
            json!({ "decisions": vec![yes("x"); 201] }),
            json!({ "decisions": [yes(&one), yes(&one)] }),
            json!({ "decisions": [{ "refund": one, "agree": false }] }),
        ];
        for body in wrong {
            house.post(DECISIONS, body).await.refused();
        }
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_channel_decided_by_itself_is_not_overwritten() {
    everywhere(async |house| {
        house.furnish().await;
        let order = house.sell("5001", "boat", 2).await;
        // Asked longer ago than the channel waits.
        let asked_at = house.app.clock.now().plus_millis(-4 * 86_400_000);
        let intent = AskRefund::new("5001".parse().unwrap(), "k", RefundCause::Guest, UnitChoice::AllLeft, asked_at);
        let asked = house.channel(Body::AskRefund { order: OrderName::Own(order.parse().unwrap()), intent }).await;
        let Answer::Refund { refund, standing: RefundStanding::Waiting, .. } = asked else { panic!("{asked:?}") };
        let path = format!("/merchants/lakeside/refunds/{refund}");
        assert_eq!(house.get(WAITING).await.ok()["refunds"][0]["left_ms"], 0);
        let yes = json!({ "refund": refund, "agree": true });
        let done = house.post(DECISIONS, json!({ "decisions": [yes] })).await.ok();
        let result = &done["results"][0];
        assert_eq!((&result["result"], &result["reason"]), (&json!("refused"), &json!("state_forbids")));
        assert!(result["text"].as_str().unwrap().contains("the channel has decided by itself"), "{result}");
        assert!(result["text_zh"].as_str().unwrap().contains("平台已自行处理"), "{result}");
        house.post(&format!("{path}/decision"), json!({ "agree": true })).await.problem(409, "state_forbids");
        assert_eq!(house.get(&path).await.ok()["refund"]["state"], "waiting");
    })
    .await;
}
