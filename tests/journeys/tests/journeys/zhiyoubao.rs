//! Tickets of a scenic area, from the order to the gate or back to the platform, over the gateway of
//! `spec/supplier-zhiyoubao.md`. Its callbacks are in `callbacks`.

use douyin_simulator::{OrderState, RefundNotice, RefundState};
use serde_json::json;
use zhiyoubao_simulator::{AuditMode, BadAnswer, Fault, RefundState as Audit, Refusal, Transaction};

use entrepot_journeys::bought::Bought;
use entrepot_journeys::databases;
use entrepot_journeys::program;
use entrepot_journeys::scenic::{CONNECTION, Scenic};
use entrepot_journeys::wait::until;

#[test]
fn the_gateways_callbacks_are_listed_with_its_own_names() {
    let config = program::demo_config().display().to_string();
    let rows = program::run(&["routes", "--json", "--config", &config]).json();
    // spec/supplier-zhiyoubao.md §8
    for (scene, action) in [("checked", "核销通知"), ("finished", "完结通知"), ("refunded", "退票通知")] {
        let path = format!("/in/{CONNECTION}/{scene}");
        let found: Vec<_> = rows.as_array().unwrap().iter().filter(|row| row["path"] == path.as_str()).collect();
        assert_eq!(found.len(), 1, "{path}: {rows}");
        let row = found[0];
        assert_eq!(
            (&row["method"], &row["action"], &row["plugin"]),
            (&json!("GET"), &json!(action), &json!("zhiyoubao"))
        );
    }
}

#[tokio::test]
async fn a_ticket_is_issued_shown_again_used_at_the_gate_and_the_platform_is_told() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let bought = scenic.buy(2).await;
        let there = scenic.there(&bought);
        assert_eq!((there.lines[0].quantity, there.price_fen), (2, 12_000));
        let shown = scenic.stage.platform.order(&bought.order).unwrap();
        let shows = |unit: &douyin_simulator::Unit| format!("{:?}", unit.voucher).contains(&there.assist_code);
        assert!(shown.units.iter().all(shows), "one code for the whole order: {shown:?}");
        shown_again(&scenic, &bought).await;
        used_at_the_gate(&scenic, &bought, &there.assist_code).await;
        let story = scenic.story(&bought).await.to_string();
        assert!(!story.contains(&there.assist_code), "{story}");
        scenic.stage.office.assert_sound().await;
    }
}

/// By the gateway's message, by API and by command; and as a link.
async fn shown_again(scenic: &Scenic, bought: &Bought) {
    let path = format!("/merchants/lakeside/orders/{}/resend", bought.ours);
    let sent = scenic.stage.office.post(&path, json!({ "how": "message" })).await;
    assert_eq!(sent["resent"], "sent", "{sent}");
    // The gateway is played by this test's own thread: a command runs beside it.
    let command = scenic.stage.command(&["orders", "resend", &bought.ours]);
    tokio::task::spawn_blocking(|| program::finish(command, "").done()).await.unwrap();
    assert_eq!(scenic.there(bought).messages.len(), 2);
    let link = scenic.stage.office.post(&path, json!({ "how": "credentials" })).await;
    assert!(link["units"][1]["credentials"][0].to_string().contains("https://zyb.example/"), "{link}");
    // Whether a message went out that nobody answered for is told as what it is.
    scenic.gateway.desk.next_fault_of(Transaction::SendMessage, Fault::after_effect(BadAnswer::Html));
    let (status, lost) = scenic.stage.office.ask("POST", &path, Some(&json!({ "how": "message" }))).await;
    assert_eq!((status, &lost["reason"]), (502, &json!("unknown")), "{lost}");
    assert_eq!(scenic.there(bought).messages.len(), 3, "and it is not repeated");
}

async fn used_at_the_gate(scenic: &Scenic, bought: &Bought, code: &str) {
    let platform = &scenic.stage.platform;
    scenic.gateway.desk.redeem(code, 1).unwrap();
    // The callback is lost: whoever asks hears it all the same.
    assert_eq!(scenic.lose_callbacks().len(), 1);
    let asked = platform.query(&bought.order).await.unwrap();
    assert_eq!(asked.data()["used_voucher_quantity"], 1, "{asked:?}");
    until("the platform is told of one", async || {
        (platform.order(&bought.order)?.state == OrderState::PartUsed).then_some(())
    })
    .await;
    scenic.gateway.desk.redeem(code, 1).unwrap();
    assert_eq!(scenic.deliver().await.len(), 2, "use and the order's end");
    scenic.stage.until_state(bought, "completed").await;
    until("the platform is told of both", async || {
        (platform.order(&bought.order)?.state == OrderState::Used).then_some(())
    })
    .await;
    let asked = platform.query(&bought.order).await.unwrap();
    assert_eq!(asked.data()["used_voucher_quantity"], 2, "{asked:?}");
    assert_eq!(platform.violations(), []);
}

#[tokio::test]
async fn parts_go_back_after_their_audit_and_the_platform_hears_of_each() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let (desk, platform) = (&scenic.gateway.desk, &scenic.stage.platform);
        let bought = scenic.buy(3).await;
        // The first part: the audit ends with a callback.
        let key = scenic.ask_refund(&bought, Some(vec![2])).await;
        let audit = desk.refunds()[0].clone();
        assert_eq!((audit.state, audit.lines[0].count), (Audit::Waiting, 1));
        desk.decide(&audit.batch, true).unwrap();
        scenic.deliver().await;
        scenic.stage.until_refund(&bought, &key, RefundState::Agreed).await;
        assert!(platform.notify_refund(&bought.order, RefundNotice::of(&key, 1)).await.unwrap().is_ok());
        assert_eq!(scenic.stage.units(&bought, "refunded").await, 1);
        // The second: refused, and the ticket stays good. Nobody calls; the audit is asked about.
        let key = scenic.ask_refund(&bought, Some(vec![1])).await;
        desk.decide(&desk.refunds()[1].batch, false).unwrap();
        scenic.lose_callbacks();
        scenic.stage.until_refund(&bought, &key, RefundState::Refused).await;
        desk.redeem(&scenic.there(&bought).assist_code, 1).unwrap();
        scenic.deliver().await;
        scenic.stage.until_units(&bought, "redeemed", 1).await;
        until("the platform is told of a use after a refused refund", async || {
            (platform.order(&bought.order)?.state == OrderState::PartUsed).then_some(())
        })
        .await;
        // The rest, and the order is at its end.
        let key = scenic.ask_refund(&bought, Some(vec![1])).await;
        desk.decide(&desk.refunds()[2].batch, true).unwrap();
        scenic.deliver().await;
        scenic.stage.until_refund(&bought, &key, RefundState::Agreed).await;
        assert!(platform.notify_refund(&bought.order, RefundNotice::of(&key, 1)).await.unwrap().is_ok());
        assert_eq!(
            (scenic.stage.units(&bought, "refunded").await, scenic.stage.units(&bought, "redeemed").await),
            (2, 1)
        );
        assert_eq!((scenic.there(&bought).returned(), scenic.there(&bought).checked()), (2, 1));
        assert_eq!(scenic.calls(Transaction::Return, &bought), 3);
        scenic.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_whole_order_goes_back_while_the_guest_waits_when_the_area_audits_by_machine() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        scenic.gateway.desk.change(|options| options.audit = AuditMode::Approve);
        let bought = scenic.buy(2).await;
        let asked = scenic.stage.platform.refund(&bought.order, douyin_simulator::RefundAsk::user()).await.unwrap();
        assert_eq!(asked.state, RefundState::Done, "{:?}", asked.reply);
        scenic.stage.until_state(&bought, "refunded").await;
        scenic.deliver().await;
        assert_eq!(scenic.calls(Transaction::Cancel, &bought), 1);
        scenic.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_asked_about_and_done_once() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let desk = &scenic.gateway.desk;
        let bought = scenic.buy(2).await;
        desk.next_fault_of(Transaction::Cancel, Fault::after_effect(BadAnswer::Never));
        let key = scenic.ask_refund(&bought, None).await;
        assert_eq!(desk.refunds().len(), 1);
        desk.decide(&desk.refunds()[0].batch, true).unwrap();
        scenic.deliver().await;
        scenic.stage.until_refund(&bought, &key, RefundState::Agreed).await;
        assert_eq!((desk.refunds().len(), scenic.there(&bought).returned()), (1, 2));
        let notice = scenic.stage.platform.notify_refund(&bought.order, RefundNotice::of(&key, 1)).await;
        assert!(notice.unwrap().is_ok());
        scenic.stage.until_state(&bought, "refunded").await;
        scenic.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_asked_about_and_never_placed_twice() {
    let lost = [
        BadAnswer::Never,
        BadAnswer::Html,
        BadAnswer::Status(502),
        BadAnswer::OtherOrder,
        BadAnswer::OtherTransaction,
        BadAnswer::Truncated,
    ];
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let desk = &scenic.gateway.desk;
        for bad in lost.clone() {
            desk.next_fault_of(Transaction::SendCode, Fault::after_effect(bad.clone()));
            // The question that follows is answered with a page, too.
            desk.next_fault_of(Transaction::QueryOrder, Fault::without_effect(BadAnswer::Html));
            let bought = begun(&scenic).await;
            scenic.stage.until_state(&bought, "issued").await;
            assert_eq!(scenic.calls(Transaction::SendCode, &bought), 1, "{bad:?}");
            assert_eq!(scenic.calls(Transaction::QueryOrder, &bought), 2, "{bad:?}");
            let again = scenic.stage.platform.issue(&bought.order).await.unwrap();
            assert!(again.data().to_string().contains(&scenic.there(&bought).assist_code), "{bad:?}: {again:?}");
        }
        assert_eq!(desk.orders().len(), lost.len());
        assert_eq!(scenic.stage.platform.violations(), []);
        scenic.stage.office.assert_sound().await;
    }
}

/// Buys one and has the tickets asked for, whatever is answered.
async fn begun(scenic: &Scenic) -> Bought {
    let bought = scenic.stage.platform.buy(&scenic.stage.purchase(&scenic.offer, 1)).await;
    assert!(bought.paid.as_ref().is_some_and(douyin_simulator::SpiReply::is_ok), "{bought:?}");
    scenic.stage.bought(bought.order.unwrap().order_id).await
}

#[tokio::test]
async fn an_order_that_never_arrived_is_placed_anew_after_two_questions() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let desk = &scenic.gateway.desk;
        desk.next_fault_of(Transaction::SendCode, Fault::without_effect(BadAnswer::Never));
        let bought = begun(&scenic).await;
        scenic.stage.until_state(&bought, "issued").await;
        let named = |call: &zhiyoubao_simulator::Recorded| call.subject.as_deref() == Some(bought.ours.as_str());
        let calls: Vec<String> = desk.recorded().into_iter().filter(named).map(|call| call.transaction).collect();
        let expected = ["SEND_CODE_REQ", "QUERY_ORDER_NEW_REQ", "QUERY_ORDER_NEW_REQ", "SEND_CODE_REQ"];
        assert_eq!(calls, expected, "§10.2");
        assert_eq!(desk.orders().len(), 1);
        scenic.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn what_the_gateway_refuses_is_told_with_its_words() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        scenic.gateway.desk.next_fault_of(Transaction::SendCode, Fault::refuse(Refusal::DepositTooLow));
        let bought = begun(&scenic).await;
        until("somebody is told", async || {
            scenic.stage.office.is_alerted(&["issue_refused", "备佣金余额不足"]).await.then_some(())
        })
        .await;
        assert_eq!((scenic.gateway.desk.orders().len(), scenic.calls(Transaction::SendCode, &bought)), (0, 1));
        scenic.stage.office.assert_sound().await;
    }
}
