//! What happens to orders by hand: redemption, refunds, jobs; and who looks at guests.

use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::{Body, OrderName};
use serde_json::{Value, json};

use crate::house::{everywhere, everywhere_with};

const REDEEM: &str = "/merchants/lakeside/redemptions";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_redeems_its_own_tickets_by_their_codes() {
    everywhere(async |house| {
        house.furnish().await;
        let file = b"code\nSWAN-1\nSWAN-2\n";
        house.bytes("POST", "/merchants/lakeside/pools/swans/codes", "text/csv", file).await.ok();
        let gate = json!({ "name": "turnstile", "role": "gate", "merchant": "lakeside", "gate": "lakeside-pool" });
        let gate = house.token(gate).await;
        let swan = house.sell("4001", "swan", 1).await;
        let boat = house.sell("4002", "boat", 1).await;
        let shown = house.codes(&swan).await[0].clone();

        let code = json!({ "code": format!(" {shown} ") });
        let first = house.keyed(&gate, "k", "POST", REDEEM, Some(&code)).await.ok();
        assert_eq!(first, json!({ "order": swan, "units": [1] }));
        assert_eq!(house.keyed(&gate, "k", "POST", REDEEM, Some(&code)).await.ok(), first);
        let used = house.with(&gate, "POST", REDEEM, Some(&code)).await.problem(409, "state_forbids");
        assert!(!used.to_string().contains(&shown), "{used}");

        // Numbers of our own are taken by people, not by that gate.
        let own = json!({ "code": house.codes(&boat).await[0] });
        house.with(&gate, "POST", REDEEM, Some(&own)).await.problem(409, "state_forbids");
        assert_eq!(house.post(REDEEM, json!({ "order": boat })).await.ok()["units"], json!([1]));
        let found = house.get(&format!("/merchants/lakeside/orders/{boat}")).await.ok();
        assert_eq!(found["order"]["state"], "completed");

        let line = house.audit().await.into_iter().find(|line| line.by == "turnstile").unwrap();
        assert_eq!((line.act.as_str(), line.subject.as_str()), ("redeemed", swan.as_str()));
        for line in house.audit().await {
            assert!(!format!("{line:?}").contains(&shown), "{line:?}");
        }
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_ticket_is_refused_without_repeating_it() {
    everywhere(async |house| {
        house.furnish().await;
        let order = house.sell("4101", "boat", 1).await;
        let secret = "876543219";
        for (body, status) in [
            (json!({ "code": secret }), 404),
            (json!({ "code": 876_543_219 }), 400),
            (json!({ "code": [secret] }), 400),
            (json!({ "code": "" }), 400),
            (json!({ "code": "8".repeat(600) }), 400),
            (json!({ "code": secret, "order": order }), 400),
            (json!({ "code": secret, "units": [1] }), 400),
            (json!({ secret: 1 }), 400),
            (json!({}), 400),
            (json!([secret]), 400),
            (json!({ "order": order, "units": [] }), 400),
            (json!({ "order": order, "units": [0] }), 400),
            (json!({ "order": order, "units": [70_000] }), 400),
            (json!({ "order": order, "units": [2] }), 409),
            (json!({ "order": "T-none" }), 404),
            (json!({ "order": 5 }), 400),
        ] {
            let got = house.post(REDEEM, body.clone()).await;
            assert_eq!(got.status, status, "{body}: {got:?}");
            assert!(!got.refused().to_string().contains(secret), "{body}");
        }
        let found = house.get(&format!("/merchants/lakeside/orders/{order}")).await.ok();
        assert_eq!(found["order"]["state"], "issued");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_decides_refunds() {
    everywhere(async |house| {
        house.furnish().await;
        let mut refunds = Vec::new();
        for channel_order in ["5001", "5002"] {
            let order = house.sell(channel_order, "boat", 2).await;
            let asked = house.ask_refund(&order, channel_order, channel_order).await;
            let Answer::Refund { refund, standing: RefundStanding::Waiting, .. } = asked else { panic!("{asked:?}") };
            refunds.push((refund.to_string(), order));
        }
        let list = house.get("/merchants/lakeside/refunds?state=waiting").await.ok();
        assert_eq!(list["refunds"].as_array().unwrap().len(), 2);
        house.get("/merchants/lakeside/refunds?state=lost").await.problem(400, "malformed");
        let path = |refund: &str| format!("/merchants/lakeside/refunds/{refund}");
        let shown = house.get(&path(&refunds[0].0)).await.ok();
        assert_eq!(
            (&shown["preview"]["rule"], &shown["order"]["id"]),
            (&json!("a_person_decides"), &json!(refunds[0].1))
        );
        assert_eq!(shown["preview"]["units"], json!([1, 2]));

        let decide = |refund: &str| format!("{}/decision", path(refund));
        let (yes, no) = (json!({ "agree": true }), json!({ "agree": false, "reason": "used by hand" }));
        house.post(&decide(&refunds[0].0), json!({ "agree": false })).await.problem(422, "malformed");
        house.post(&decide(&refunds[0].0), json!({ "agree": "yes" })).await.problem(400, "malformed");
        house.post(&decide("R-none"), yes.clone()).await.problem(404, "not_found");
        let done = house.repeat("k", "POST", &decide(&refunds[0].0), &yes).await.ok();
        assert_eq!(done["state"], "agreed");
        assert_eq!(house.repeat("k", "POST", &decide(&refunds[0].0), &yes).await.ok(), done);
        house.post(&decide(&refunds[0].0), no.clone()).await.problem(409, "state_forbids");
        assert_eq!(house.post(&decide(&refunds[1].0), no).await.ok()["state"], "refused");
        assert_eq!(house.get(&path(&refunds[1].0)).await.ok()["refund"]["note"], "used by hand");
        let subjects: Vec<String> = house.audit().await.into_iter().take(2).map(|line| line.subject).collect();
        assert_eq!(subjects, [refunds[1].0.clone(), refunds[0].0.clone()]);
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_retries_and_abandons_jobs() {
    everywhere(async |house| {
        house.furnish().await;
        // The platform of this configuration does not run, so that what it has to be told stays.
        let order = house.sell("6001", "boat", 1).await;
        house.post(REDEEM, json!({ "order": order })).await.ok();
        let jobs = house.get("/merchants/lakeside/jobs").await.ok();
        let open = jobs["jobs"].as_array().unwrap().iter().find(|job| job["state"] != "done").cloned();
        let job = open.unwrap_or_else(|| panic!("{jobs}"));
        assert_eq!(job["order"], json!(order));
        let path = format!("/merchants/lakeside/jobs/{}", job["id"].as_str().unwrap());
        house.post(&format!("{path}/retry"), Value::Null).await.ok();
        let gone = house.post(&format!("{path}/abandon"), Value::Null).await.ok();
        assert_eq!(gone["job"]["state"], "abandoned");
        assert_eq!(house.post(&format!("{path}/abandon"), Value::Null).await.ok()["job"]["state"], "abandoned");
        house.post(&format!("{path}/retry"), Value::Null).await.problem(409, "state_forbids");
        house.post("/merchants/lakeside/jobs/J-none/retry", Value::Null).await.problem(404, "not_found");
        let other = path.replace("lakeside", "hilltop");
        house.post(&format!("{other}/retry"), Value::Null).await.problem(404, "not_found");
        house.get("/merchants/lakeside/jobs?state=lost").await.problem(400, "malformed");
        assert!(
            !house.get("/merchants/lakeside/jobs?state=abandoned").await.ok()["jobs"].as_array().unwrap().is_empty()
        );
        let acts: Vec<String> = house.audit().await.into_iter().map(|line| line.act).take(2).collect();
        assert_eq!(acts, ["gave up a job", "tried a job again"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_at_guests_and_credentials_is_written_down() {
    everywhere(async |house| {
        house.furnish().await;
        let order = house.sell("7001", "boat", 1).await;
        let path = format!("/merchants/lakeside/orders/{order}");
        house.get(&format!("{path}/guests")).await.ok();
        let shown = house.get(&format!("{path}/credentials")).await.ok();
        assert_eq!(shown["units"][0]["unit"], 1);
        let found = house.get(&path).await.ok().to_string();
        assert!(!found.contains(&house.codes(&order).await[0]), "an order shows no credentials");
        let acts: Vec<String> = house.audit().await.into_iter().map(|line| line.act).take(2).collect();
        assert_eq!(acts, ["saw credentials", "saw guests"]);
        house.get("/merchants/lakeside/orders/T-none/guests").await.problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_accepts_and_refuses_paid_orders() {
    let values =
        json!({ "merchants": { "lakeside": { "channels": { "lakeside-douyin": { "acceptance": "deferred" } } } } });
    everywhere_with(values, async |house| {
        house.furnish().await;
        let path = |order: &str| format!("/merchants/lakeside/orders/{order}");
        let acceptance = |order: &str| format!("{}/acceptance", path(order));
        let (yes, no) = (json!({ "accept": true }), json!({ "accept": false, "reason": "the lake is frozen" }));
        let taken = house.book("8001", "boat", 1).await;
        let waiting = house.get(&path(&taken)).await.ok();
        let deadline = &waiting["order"]["deadlines"][0];
        assert_eq!((&waiting["order"]["state"], &deadline["kind"]["of"]), (&json!("paid"), &json!("accept")));
        assert!(deadline["due"].is_string() && deadline["warn"].is_string(), "{deadline}");

        house.post(&acceptance(&taken), json!({ "accept": false })).await.problem(422, "malformed");
        house.post(&acceptance("T-none"), yes.clone()).await.problem(404, "not_found");
        let reader = house.token(json!({ "name": "eyes", "role": "read_only", "merchant": "lakeside" })).await;
        house.with(&reader, "POST", &acceptance(&taken), Some(&yes)).await.problem(403, "forbidden");
        let done = house.repeat("k", "POST", &acceptance(&taken), &yes).await.ok();
        assert_eq!(done, json!({ "order": taken, "acceptance": "accepted" }));
        assert_eq!(house.repeat("k", "POST", &acceptance(&taken), &yes).await.ok(), done);
        house.post(&acceptance(&taken), no.clone()).await.problem(409, "state_forbids");

        let refused = house.book("8002", "boat", 2).await;
        assert_eq!(house.post(&acceptance(&refused), no).await.ok()["acceptance"], "refused");
        assert_eq!(house.get(&path(&refused)).await.ok()["order"]["state"], "refused");
        let lines = house.audit().await;
        assert_eq!((lines[0].act.as_str(), lines[0].subject.as_str()), ("refused an order", refused.as_str()));
        assert!(lines[0].detail.contains("frozen"));
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_channel_decided_by_itself_is_shown_with_its_figures_and_without_its_codes() {
    everywhere(async |house| {
        house.furnish().await;
        let order = house.book("8101", "boat", 1).await;
        let fen = |amount: i64| json!({ "amount_minor": amount, "currency": "CNY" });
        let told = json!({ "order": "8101", "gives_back": "units", "units": [{
            "names": { "certificate": "c1", "code": "hidden-code" }, "agreed": true,
            "times": { "total": 3, "used": 1, "refunded": 1,
                "amounts": { "due": fen(1_000), "back": fen(900), "kept": fen(50) } },
        }] });
        let told = serde_json::from_value(told).unwrap();
        let body = Body::RecordDecision { order: OrderName::Own(order.parse().unwrap()), key: "d".to_owned(), told };
        assert!(matches!(house.channel(body).await, Answer::Recorded { .. }));
        let shown = house.get(&format!("/merchants/lakeside/orders/{order}")).await.ok();
        let line = &shown["refund_lines"][0];
        assert_eq!((&line["unit"], &line["agreed"], &line["applied"]), (&json!(1), &json!(true), &json!(false)));
        assert_eq!(line["times"]["amounts"]["kept"]["amount_minor"], 50);
        assert_eq!(line["faults"], json!(["the line: 10.00 CNY due is not 9.00 CNY given back and 0.50 CNY kept"]));
        assert!(!shown.to_string().contains("hidden-code"), "{shown}");
        let alerts = house.get("/alerts").await.ok();
        assert!(alerts.to_string().contains("10.00 CNY due is not"), "{alerts}");
    })
    .await;
}
