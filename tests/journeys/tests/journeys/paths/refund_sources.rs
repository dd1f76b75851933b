//! Whoever asks, and whatever is announced: each `apply_source` and each `refund_scene` of the pages' tables
//! (`spec/douyin-scenic-calendar.md` §§7, 9), numbers that no page lists among them.

use douyin_simulator::{OrderMode, RefundAsk, RefundNotice, RefundState};
use serde_json::json;

use super::way::{OWN, Rows, Way, answered, on_each, ticket};

/// `apply_source` and the cause that is written for it; 301 is answered with tickets, as `clocks` shows.
const SOURCES: [(i64, &str); 26] = [
    (0, "other"),
    (101, "guest"),
    (102, "merchant"),
    (103, "platform"),
    (104, "other"),
    (105, "platform"),
    (201, "other"),
    (302, "expired"),
    (303, "other"),
    (304, "other"),
    (305, "platform"),
    (306, "not_accepted"),
    (307, "not_accepted"),
    (308, "merchant"),
    (309, "other"),
    (310, "merchant"),
    (311, "other"),
    (312, "merchant"),
    (314, "other"),
    (318, "other"),
    (401, "platform"),
    (777, "other"),
    (999, "other"),
    (-1, "other"),
    (2_147_483_647, "other"),
    (4_294_967_296, "other"),
];

/// `refund_scene` and the cause that is written for it.
const SCENES: [(i64, &str); 20] = [
    (0, "other"),
    (1, "guest"),
    (2, "other"),
    (3, "other"),
    (50, "platform"),
    (100, "merchant"),
    (101, "merchant"),
    (150, "expired"),
    (151, "not_accepted"),
    (152, "other"),
    (153, "not_accepted"),
    (154, "merchant"),
    (155, "issue_failed"),
    (156, "other"),
    (158, "other"),
    (159, "other"),
    (160, "other"),
    (161, "other"),
    (170, "other"),
    (777, "other"),
];

const BOUGHT: [&str; 4] = ["created", "paid", "accepted", "issued"];

#[tokio::test]
async fn each_source_is_answered_by_the_rule_and_its_result_is_taken() {
    on_each(OrderMode::BeforePayment, async |stage| {
        let offer = ticket(OWN);
        for (source, cause) in SOURCES {
            let way = Way::issued(stage, &offer, 1).await;
            let ask = RefundAsk { source, fee_fen: 100, ..RefundAsk::user() };
            let asked = stage.platform.apply_refund(&way.order, ask.clone()).await.unwrap();
            let yes = json!({ "error_code": 0, "audit_refund_result": 1, "refund_fee_amount": 100 });
            answered(&asked.reply, yes.clone());
            assert_eq!(asked.state, RefundState::Agreed, "{source}");
            let agreed = Rows::sold("issued", 1).refunds(&format!("agreed {cause} [1] rule"));
            way.expect(&agreed, &[&BOUGHT[..], &["refund agreed"]].concat()).await;
            let key = Some(asked.key.clone());
            let again = stage.platform.apply_refund(&way.order, RefundAsk { key, ..ask }).await.unwrap();
            answered(&again.reply, yes);
            let notice = RefundNotice::of(&asked.key, 1);
            for _ in 0..2 {
                let told = stage.platform.notify_refund(&way.order, notice.clone()).await.unwrap();
                answered(&told, json!({ "error_code": 0 }));
            }
            let done = Rows::refunded(1, &format!("done {cause} [1] rule"));
            way.expect(&done, &[&BOUGHT[..], &["refund agreed", "refunded"]].concat()).await;
        }
    })
    .await;
}

#[tokio::test]
async fn each_scene_is_taken_without_a_question_before_it() {
    on_each(OrderMode::BeforePayment, async |stage| {
        let offer = ticket(OWN);
        for (scene, cause) in SCENES {
            let way = Way::issued(stage, &offer, 1).await;
            let told = stage.platform.notify_refund(&way.order, RefundNotice::unasked(scene)).await.unwrap();
            answered(&told, json!({ "error_code": 0 }));
            let key = way.there().refunds[0].key.clone();
            let again = stage.platform.notify_refund(&way.order, RefundNotice::of(&key, scene)).await.unwrap();
            answered(&again, json!({ "error_code": 0 }));
            let done = Rows::refunded(1, &format!("done {cause} [1] channel"));
            way.expect(&done, &[&BOUGHT[..], &["refunded"]].concat()).await;
        }
    })
    .await;
}
