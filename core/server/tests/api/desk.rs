//! The desk: lists of used tickets, and codes that a person types.

use entrepot_contract::order::{Guest, GuestField, Guests};
use entrepot_contract::product::DocumentKind;
use entrepot_domain::command::{Body, OrderName};
use serde_json::{Value, json};

use crate::house::{DAY, House, everywhere};

const LIST: &str = "/merchants/lakeside/redemptions/list";

/// Each line with its result.
fn results(answer: &Value) -> Vec<(u64, String)> {
    let rows = answer["results"].as_array().unwrap().iter();
    rows.map(|row| (row["line"].as_u64().unwrap(), row["result"].as_str().unwrap().to_owned())).collect()
}

fn told(rows: &[(u64, &str)]) -> Vec<(u64, String)> {
    rows.iter().map(|(line, result)| (*line, (*result).to_owned())).collect()
}

async fn csv(house: &House, path: &str, text: &str) -> Value {
    house.bytes("POST", path, "text/csv", text.as_bytes()).await.ok()
}

async fn state(house: &House, order: &str) -> Value {
    house.get(&format!("/merchants/lakeside/orders/{order}")).await.ok()["order"]["state"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_tried_redeemed_and_changes_nothing_when_it_comes_again() {
    everywhere(async |house| {
        house.furnish().await;
        house.bytes("POST", "/merchants/lakeside/pools/swans/codes", "text/csv", b"code\nS-1\nS-2\nS-3\n").await.ok();
        let swan = house.sell("6001", "swan", 2).await;
        let boat = house.sell("6002", "boat", 3).await;
        let codes = house.codes(&swan).await;
        let text = format!(
            "code,order,units,used_at,remark\n{},,,,gate 1\n{},,,,\n,{boat},1;3,,\nNOBODY-HAS-THIS,,,,\n{},,,,twice\n,{boat},9,,\n,{boat},,2001-01-01 09:00,\n",
            codes[0], codes[1], codes[0]
        );
        let expected = told(&[
            (2, "redeemed"),
            (3, "redeemed"),
            (4, "redeemed"),
            (5, "refused"),
            (6, "used_before"),
            (7, "refused"),
            (8, "refused"),
        ]);
        let tried = csv(house, &format!("{LIST}?dry_run=true"), &text).await;
        assert_eq!((results(&tried), &tried["dry_run"]), (expected.clone(), &json!(true)), "{tried}");
        assert_eq!(state(house, &swan).await, "issued");
        assert!(house.audit().await.iter().all(|line| line.act != "redeemed a list"));

        let done = csv(house, LIST, &text).await;
        assert_eq!(results(&done), expected, "{done}");
        assert_eq!(done["ignored_columns"], json!(["remark"]));
        assert_eq!((state(house, &swan).await, state(house, &boat).await), (json!("completed"), json!("issued")));
        assert!(!done.to_string().contains(&codes[0]) && !done.to_string().contains("NOBODY"), "{done}");

        let again = csv(house, LIST, &text).await;
        assert_eq!((&again["redeemed"], &again["used_before"], &again["refused"]), (&json!(0), &json!(4), &json!(3)));
        // What was wrong is put right, and the rest goes through.
        let rest = csv(house, LIST, &format!("order,units,fault\n{boat},2,line 7: unit 9 is not free\n")).await;
        assert_eq!(results(&rest), told(&[(2, "redeemed")]), "{rest}");
        assert_eq!(state(house, &boat).await, "completed");
        for line in house.audit().await {
            assert!(!format!("{line:?}").contains(&codes[0]), "{line:?}");
        }
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_list_twice_at_once_counts_each_ticket_once() {
    everywhere(async |house| {
        house.furnish().await;
        let mut rows = Vec::new();
        for number in 0..20 {
            rows.push(json!({ "order": house.sell(&format!("61{number:02}"), "boat", 2).await }));
        }
        let body = json!({ "rows": rows });
        let (first, second) = tokio::join!(house.post(LIST, body.clone()), house.post(LIST, body.clone()));
        let (first, second) = (first.ok(), second.ok());
        let sum = |name: &str| first[name].as_u64().unwrap() + second[name].as_u64().unwrap();
        assert_eq!((sum("redeemed"), sum("used_before"), sum("refused")), (20, 20, 0), "{first} {second}");
        // A lost answer is asked for again under its key.
        let order = house.sell("6199", "boat", 1).await;
        let body = json!({ "rows": [{ "order": order }] });
        house.repeat("k", "POST", LIST, &body).await.ok();
        assert_eq!(house.repeat("k", "POST", LIST, &body).await.ok()["used_before"], 1);
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_takes_lists_of_its_own_tickets_only() {
    everywhere(async |house| {
        house.furnish().await;
        house.bytes("POST", "/merchants/lakeside/pools/swans/codes", "text/csv", b"code\nS-1\n").await.ok();
        let gate = json!({ "name": "turnstile", "role": "gate", "merchant": "lakeside", "gate": "lakeside-pool" });
        let gate = house.token(gate).await;
        let (swan, boat) = (house.sell("6201", "swan", 1).await, house.sell("6202", "boat", 1).await);
        let body = json!({ "rows": [{ "order": boat }, { "order": swan }, { "line": 7, "order": "T-none" }] });
        let done = house.with(&gate, "POST", LIST, Some(&body)).await.ok();
        assert_eq!(results(&done), told(&[(1, "refused"), (2, "redeemed"), (7, "refused")]), "{done}");
        let reader = house.token(json!({ "name": "eyes", "role": "read_only", "merchant": "lakeside" })).await;
        assert_eq!(house.with(&reader, "POST", LIST, Some(&body)).await.status, 403);
        let elsewhere = "/merchants/hilltop/redemptions/list";
        assert_eq!(house.with(&gate, "POST", elsewhere, Some(&body)).await.status, 403);
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_list_is_refused_without_repeating_it() {
    everywhere(async |house| {
        let secret = "876543219";
        for (kind, body) in [
            ("text/csv", format!("{secret}\n1\n")),
            ("text/csv", format!("code\n{}", "1\n".repeat(5_001))),
            ("application/json", format!("{{\"rows\":[{{\"code\":\"{secret}\"}}]")),
            ("application/json", format!("{{\"rows\":[],\"{secret}\":1}}")),
            ("application/xml", secret.to_owned()),
        ] {
            let problem = house.bytes("POST", LIST, kind, body.as_bytes()).await.refused();
            assert!(!problem.to_string().contains(secret), "{problem}");
        }
        let large = format!("code\n{}", "1".repeat(3 * 1024 * 1024));
        assert_eq!(house.bytes("POST", LIST, "text/csv", large.as_bytes()).await.status, 413);
        let body = json!({ "rows": [{ "code": [secret] }, { secret: 1 }, secret, { "code": secret, "units": [1] }] });
        let done = house.post(LIST, body).await.ok();
        assert_eq!(done["refused"], 4, "{done}");
        assert!(!done.to_string().contains(secret), "{done}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_types_codes_for_an_order_whose_pool_is_empty() {
    everywhere(async |house| {
        house.furnish().await;
        house.bytes("POST", "/merchants/lakeside/pools/swans/codes", "text/csv", b"code\nS-1\n").await.ok();
        let other = house.sell("6301", "swan", 1).await;
        let order = house.book("6302", "swan", 2).await;
        let path = format!("/merchants/lakeside/orders/{order}/issue");
        let given = house.codes(&other).await[0].clone();
        for (body, status) in [
            (json!({ "codes": ["H-1", "H-2"] }), 422),
            (json!({ "codes": ["H-1"], "reason": "r" }), 422),
            (json!({ "codes": ["H-1", "H-1"], "reason": "r" }), 422),
            (json!({ "codes": ["H-1", given], "reason": "r" }), 422),
            (json!({ "codes": ["H-1", "H-2"], "for_all": "H-3", "reason": "r" }), 400),
            (json!({ "codes": ["H-1", ""], "reason": "r" }), 400),
            (json!({ "codes": ["H-1", "H-2"], "kind": "H-4", "reason": "r" }), 400),
            (json!({ "codes": ["H-1", "H-2"], "H-5": "r" }), 400),
        ] {
            let got = house.post(&path, body.clone()).await;
            assert_eq!(got.status, status, "{body}: {got:?}");
            let told = got.refused().to_string();
            assert!(!told.contains("H-") && !told.contains(&given), "{told}");
        }
        let body = json!({ "codes": ["H-1", ["H-2", "H-2B"]], "kind": "qr_code", "reason": "the pool is empty" });
        let done = house.repeat("k", "POST", &path, &body).await.ok();
        assert_eq!(done, json!({ "order": order, "units": 2, "issued": "by_hand" }));
        assert_eq!(house.repeat("k", "POST", &path, &body).await.ok(), done);
        house.post(&path, body).await.problem(409, "state_forbids");
        assert_eq!(house.codes(&order).await, ["H-1", "H-2"]);
        let shown = house.get(&format!("/merchants/lakeside/orders/{order}")).await.ok();
        assert_eq!((&shown["order"]["state"], &shown["order"]["by_hand"]), (&json!("issued"), &json!(true)));
        assert!(shown["timeline"].to_string().contains("the pool is empty") && !shown.to_string().contains("H-1"));
        let line = house.audit().await.into_iter().find(|line| line.act == "issued by hand").unwrap();
        assert!(!format!("{line:?}").contains("H-1") && line.detail.contains("the pool is empty"), "{line:?}");
        // The desk knows them.
        let used = house.post("/merchants/lakeside/redemptions", json!({ "code": "H-2B" })).await.ok();
        assert_eq!(used, json!({ "order": order, "units": [2] }));
        let reader = house.token(json!({ "name": "eyes", "role": "read_only", "merchant": "lakeside" })).await;
        assert_eq!(house.with(&reader, "POST", &path, Some(&json!({}))).await.status, 403);
        house.check().await;
    })
    .await;
}

/// Sells one unit to the guest with this passport, to the end of issuing.
async fn sell_to(house: &House, channel_order: &str, sku: &str, passport: &str) -> String {
    let document = Some(GuestField::Plain(passport.to_owned()));
    let guest = Guest { document, document_kind: Some(DocumentKind::Passport), ..Guest::default() };
    let order =
        house.book_for(channel_order, sku, 1, Guests { buyer: None, visitors: vec![guest], ..Guests::default() }).await;
    house
        .channel(Body::StartIssue {
            order: OrderName::Own(order.parse().unwrap()),
            count: None,
            names: Default::default(),
            paid_at: None,
        })
        .await;
    order
}

/// `walk` can be used any day, `gala` on [`DAY`] only; both are shown by passport.
async fn sell_by_document(house: &House) {
    let product = |id: &str, validity: Value| {
        json!({ "product": { "id": id, "kind": "ticket", "name": id, "on_sale": true, "validity": validity,
            "guests": { "collect": "every_guest", "documents": ["passport"] } } })
    };
    let sku = |id: &str| json!({ "sku": { "id": id, "product": id, "name": id, "fulfilment": { "by": "document" } } });
    let listing = |id: &str| {
        json!({ "listing": { "id": id, "connection": "lakeside-douyin", "sells": { "one": id },
            "names": { "product": id, "sku_out": id } } })
    };
    let ever = json!({ "on": "window", "from": "2020-01-01", "to": "2100-12-31" });
    let entries = json!({ "entries": [
        product("walk", ever), product("gala", json!({ "on": "visit_day" })),
        sku("walk"), sku("gala"), listing("walk"), listing("gala"),
    ] });
    house.post("/merchants/lakeside/catalogue", entries).await.ok();
    let row = |sku: &str| json!({ "sku": sku, "dates": [DAY], "retail_minor": 100, "settlement_minor": 80, "stock": { "limited": 50 } });
    house.post("/merchants/lakeside/calendar", json!({ "rows": [row("walk"), row("gala")] })).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_is_let_in_by_document_with_the_order_whose_date_it_is() {
    everywhere(async |house| {
        house.furnish().await;
        sell_by_document(house).await;
        let walk = sell_to(house, "7001", "walk", "E1234567X").await;
        let gala = sell_to(house, "7002", "gala", "E1234567X").await;
        let show = async |code: &str| house.post("/merchants/lakeside/redemptions", json!({ "code": code })).await;

        // The newer order is for another day; a person types small letters.
        assert_eq!(show(" e1234567x ").await.ok(), json!({ "order": walk, "units": [1] }));
        assert_eq!((state(house, &walk).await, state(house, &gala).await), (json!("completed"), json!("issued")));
        // Used is used: the other order is not taken instead.
        let again = show("E1234567X").await.problem(409, "state_forbids").to_string();
        assert!(again.contains(&walk) && !again.contains("1234567"), "{again}");

        let first = sell_to(house, "7003", "walk", "E7").await;
        let second = sell_to(house, "7004", "walk", "E7").await;
        let several = show("E7").await.problem(409, "state_forbids").to_string();
        assert!(several.contains("several") && several.contains(&first) && several.contains(&second), "{several}");
        let list = csv(house, LIST, "code\nE7\nE1234567X\n").await;
        assert_eq!(results(&list), told(&[(2, "refused"), (3, "used_before")]), "{list}");
        house.post("/merchants/lakeside/redemptions", json!({ "order": first })).await.ok();
        assert_eq!(show("E7").await.ok(), json!({ "order": second, "units": [1] }));
        for line in house.audit().await {
            assert!(!format!("{line:?}").contains("1234567"), "{line:?}");
        }
        house.check().await;
    })
    .await;
}
