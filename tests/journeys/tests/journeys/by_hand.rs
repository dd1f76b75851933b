//! Codes that an operator types while nobody knows what the supplier did: no second ticket is booked, and what the
//! supplier holds all the same is told.

use serde_json::{Value, json};
use zhiyoubao_simulator::{BadAnswer, Fault, Transaction};

use entrepot_journeys::bought::Bought;
use entrepot_journeys::databases;
use entrepot_journeys::program;
use entrepot_journeys::scenic::Scenic;
use entrepot_journeys::wait::until;

/// Questions that get no answer, so that the operator is the first. With more the connection is left alone for a while.
const PAGES: usize = 2;

/// An order that is being issued, whose booking went so; the gateway answers questions with pages for a while.
async fn unclear(scenic: &Scenic, booking: Fault) -> (Bought, tokio::task::JoinHandle<Value>) {
    let desk = &scenic.gateway.desk;
    desk.next_fault_of(Transaction::SendCode, booking);
    for _ in 0..PAGES {
        desk.next_fault_of(Transaction::QueryOrder, Fault::without_effect(BadAnswer::Html));
    }
    let made = scenic.stage.platform.create_order(&scenic.stage.purchase(&scenic.offer, 2)).await;
    assert!(scenic.stage.platform.pay(&made.order_id).await.unwrap().is_ok());
    let bought = scenic.stage.bought(made.order_id.clone()).await;
    let (platform, order) = (scenic.stage.platform.clone(), made.order_id);
    let issuing = tokio::spawn(async move { platform.issue(&order).await.unwrap().body });
    until("the booking is under way", async || (scenic.calls(Transaction::SendCode, &bought) == 1).then_some(())).await;
    (bought, issuing)
}

async fn type_codes(scenic: &Scenic, bought: &Bought, body: Value) -> (u16, Value) {
    let path = format!("/merchants/lakeside/orders/{}/issue", bought.ours);
    scenic.stage.office.ask("POST", &path, Some(&body)).await
}

/// What the vouchers at the platform show.
async fn shown(scenic: &Scenic, bought: &Bought) -> String {
    let reply = scenic.stage.platform.issue(&bought.order).await.unwrap();
    assert_eq!(reply.data()["result"], 1, "{reply:?}");
    reply.data()["vouchers"].to_string()
}

async fn until_told(scenic: &Scenic, bought: &Bought, words: &str) {
    until(&format!("the story tells: {words}"), async || {
        scenic.story(bought).await.to_string().contains(words).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_types_codes_says_that_he_looked_and_nothing_is_booked_a_second_time() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let (bought, issuing) = unclear(&scenic, Fault::without_effect(BadAnswer::Never)).await;
        let mut body = json!({ "codes": ["HAND-1", "HAND-2"], "reason": "gateway down, numbers by phone" });
        let (status, answer) = type_codes(&scenic, &bought, body.clone()).await;
        assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains("look there first"), "{answer}");
        body["supplier_has_none"] = json!(true);
        let (status, answer) = type_codes(&scenic, &bought, body).await;
        assert_eq!((status, &answer["units"]), (200, &json!(2)), "{answer}");
        issuing.await.unwrap();
        let shown = shown(&scenic, &bought).await;
        assert!(shown.contains("HAND-1") && shown.contains("HAND-2"), "{shown}");
        // The gateway says twice that it knows nothing; then the booking is over.
        until_told(&scenic, &bought, "nothing is booked").await;
        assert_eq!((scenic.gateway.desk.orders().len(), scenic.calls(Transaction::SendCode, &bought)), (0, 1));
        let story = scenic.story(&bought).await.to_string();
        assert!(story.contains("numbers by phone") && !story.contains("HAND-"), "{story}");
        // The venue lets him in, and only the operator can tell.
        let (code, units) = (json!({ "code": "HAND-2" }), json!([2]));
        let used = scenic.stage.office.post("/merchants/lakeside/redemptions", code).await;
        assert_eq!(used["units"], units, "{used}");
        assert_eq!(scenic.stage.platform.violations(), []);
        scenic.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn typed_codes_that_the_supplier_did_issue_are_its_tickets() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let (bought, issuing) = unclear(&scenic, Fault::after_effect(BadAnswer::Never)).await;
        let code = scenic.there(&bought).assist_code;
        // By the command, with the code on standard input.
        let mut command = scenic.stage.command(&["orders", "issue", &bought.ours, "--codes", "-", "--one-for-all"]);
        command.args(["--reason", "read at the gateway's own page", "--supplier-has-none"]);
        let line = format!("{code}\n");
        let ended = tokio::task::spawn_blocking(move || program::finish(command, &line)).await.unwrap();
        let out = ended.done();
        assert!(out.contains("issued by hand") && !out.contains(&code), "{out}");
        issuing.await.unwrap();
        until_told(&scenic, &bought, "the very tickets").await;
        assert!(!scenic.stage.office.is_alerted(&["contradiction", &bought.ours]).await);
        // From now on its gate is asked again.
        scenic.gateway.desk.redeem(&code, 2).unwrap();
        scenic.deliver().await;
        scenic.stage.until_state(&bought, "completed").await;
        assert_eq!(scenic.calls(Transaction::SendCode, &bought), 1);
        scenic.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn two_tickets_for_one_guest_are_told_to_a_person_and_none_is_taken_away() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let (bought, issuing) = unclear(&scenic, Fault::after_effect(BadAnswer::Never)).await;
        let body =
            json!({ "codes": [["HAND-1", "HAND-1B"], "HAND-2"], "reason": "by phone", "supplier_has_none": true });
        let (status, answer) = type_codes(&scenic, &bought, body).await;
        assert_eq!(status, 200, "{answer}");
        issuing.await.unwrap();
        until("a person is told", async || {
            scenic.stage.office.is_alerted(&["contradiction", &bought.ours]).await.then_some(())
        })
        .await;
        assert_eq!(scenic.gateway.desk.refunds().len(), 0);
        assert!(shown(&scenic, &bought).await.contains("HAND-1B"));
        let (status, again) = type_codes(&scenic, &bought, json!({ "for_all": "OTHER", "reason": "again" })).await;
        assert_eq!((status, &again["reason"]), (409, &json!("state_forbids")), "{again}");
        scenic.stage.office.assert_sound().await;
    }
}
