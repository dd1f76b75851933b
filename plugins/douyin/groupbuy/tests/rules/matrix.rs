//! The cancellation matrix (A5), row by row, played by the simulated platform: what the guest, Laike and the clock do there, and
//! what becomes of both orders, the date's stock and the distributor's line here.

use douyin_simulator::{
    AfterSale, By, CancelRule, Event, Family, Platform, PlatformOptions, Purchase, PurchaseState, RefundState,
    Reservation, ReservationState, Telling, Told, VoucherTerms,
};
use serde_json::{Value, json};

use crate::play::{DAY, DAYS};
use crate::world::{PRICE, SETTLED, TICKET, World};

/// The pair of the examples as Laike sells it, two units, cancellable by that rule.
pub fn offer(cancel: CancelRule) -> Purchase {
    let terms = VoucherTerms {
        first_day: "2026-04-20".to_owned(),
        last_day: "2026-09-30".to_owned(),
        cancel,
        ..VoucherTerms::sample()
    };
    Purchase { terms, ..Purchase::voucher(Family::F1) }
}

/// A reservation that is issued; Douyin's numbers of both orders, and ours.
pub struct Pair {
    pub bought: String,
    pub reserved: String,
    pub voucher: String,
    pub ticket: String,
}

pub async fn reserved(world: &World, platform: &Platform, cancel: CancelRule) -> Pair {
    let bought = bought(platform, cancel).await;
    let made = platform.reserve(&Reservation::of(&bought, DAY)).await.unwrap();
    let order = made.order.clone().unwrap_or_else(|| panic!("{made:?}"));
    let (voucher, ticket) = (ours(world, &bought).await, ours(world, &order.order_id).await);
    Pair { bought, reserved: order.order_id, voucher, ticket }
}

/// A voucher that is paid; Douyin's number.
pub async fn bought(platform: &Platform, cancel: CancelRule) -> String {
    let made = platform.buy(&offer(cancel)).await;
    made.order.clone().unwrap_or_else(|| panic!("{made:?}")).order_id
}

/// Our number of Douyin's order.
pub async fn ours(world: &World, order: &str) -> String {
    let found = world.get(&format!("/orders?channel_order={order}")).await.ok();
    found["orders"][0]["id"].as_str().unwrap_or_else(|| panic!("{order}: {found}")).to_owned()
}

/// What is left of a furnished world once so many vouchers are sold and so many dates taken.
pub async fn assert_books(world: &World, vouchers: i64, dates: i64) {
    assert_eq!(world.owed().await, vouchers * SETTLED, "the line");
    assert_eq!(world.left("QG100", None).await, 100 - vouchers, "vouchers");
    assert_eq!(world.left(TICKET, Some(DAY)).await, 50 - dates, "the date");
}

/// Laike shows QR codes (code_sending_info 3).
fn laike() -> Value {
    json!({ "settings": { "code_as": "qr_code" } })
}

fn no_options(_: &mut PlatformOptions) {}

/// Not reserved, the guest: Douyin refunds by itself and asks nobody; money, line and stock come back once.
pub async fn m1_unreserved_refund_is_never_asked() {
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let order = bought(&platform, CancelRule::AnyTime).await;
    assert_books(&world, 2, 0).await;
    let said = platform.refund_unreserved(&order, None).await.unwrap();
    assert_eq!(said.error_code(), Some(0), "{said:?}");
    let voucher = ours(&world, &order).await;
    assert_eq!(world.units(&voucher).await, [0, 0, 0, 2]);
    assert_books(&world, 0, 0).await;
    assert_eq!(platform.purchase_state(&order).unwrap(), PurchaseState::Refunded);
    let asked = |event: &Event| matches!(event, Event::RefundAsked { .. });
    assert!(!platform.events(&order).unwrap().iter().any(asked), "nobody was asked");
    // The same key again moves nothing.
    let refund = world.refund(&voucher).await;
    let key = refund["key"].as_str().unwrap();
    let again = crate::play::notify(&order, key, 2 * PRICE, 1, 2);
    assert_eq!(world.spi("notify-refund", &again).await["error_code"], 0);
    assert_books(&world, 0, 0).await;
    // A part is somebody's to look at: all units have to be reserved together.
    let part = bought(&platform, CancelRule::AnyTime).await;
    platform.refund_unreserved(&part, Some(1)).await.unwrap();
    assert_eq!(world.units(&ours(&world, &part).await).await, [1, 0, 0, 1]);
    assert_books(&world, 1, 0).await;
    assert_eq!(platform.violations(), vec![]);
    world.end().await;
}

/// Not reserved, and the window is over: warned before, refunded by Douyin, and the alert ends.
pub async fn m2_the_window_ends() {
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let order = bought(&platform, CancelRule::AnyTime).await;
    let voucher = ours(&world, &order).await;
    // The first second of 1 October at the venue.
    world.at(164, 0).await;
    let open = world.get("/alerts").await.ok();
    let told = open["alerts"].as_array().unwrap().iter().any(|alert| alert["subject"] == json!(voucher));
    assert!(told, "somebody is told that it was never reserved: {open}");
    let late = Reservation::of(&order, "2026-10-01").despite_guards();
    let refused = platform.create_reservation(&late).await.unwrap();
    assert_ne!(refused.reply.error_code(), Some(0), "{refused:?}");
    let events = platform.run_deadlines().await;
    assert!(!events.is_empty(), "Douyin gives the money back by itself");
    assert_eq!(world.units(&voucher).await, [0, 0, 0, 2]);
    assert_books(&world, 0, 0).await;
    let open = world.get("/alerts").await.ok();
    let told = open["alerts"].as_array().unwrap().iter();
    let left: Vec<_> =
        told.filter(|alert| alert["subject"] == json!(voucher) && alert["resolved_at"].is_null()).collect();
    assert!(left.is_empty(), "{left:?}");
    world.end().await;
}

/// A reservation that nothing can be issued for; Douyin's number and ours.
async fn unissued(world: &World, platform: &Platform) -> (String, String) {
    let codes = world.get("/pools/gate/codes?limit=50").await.ok();
    for code in codes["codes"].as_array().unwrap() {
        let id = code["id"].as_str().unwrap();
        world.post(&format!("/pools/gate/codes/{id}/void"), Value::Null).await.ok();
    }
    let order = bought(platform, CancelRule::AnyTime).await;
    let made = platform.reserve(&Reservation::of(&order, DAY)).await.unwrap();
    let reserved = made.order.clone().unwrap_or_else(|| panic!("{made:?}")).order_id;
    let ours = ours(world, &reserved).await;
    (reserved, ours)
}

/// Reserved and not issued for more than ten minutes: issue first, then reject with the codes. A refusal without them is ignored
/// by Douyin, and must not be possible here.
pub async fn m3_issue_first_then_reject() {
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let (reserved, ours) = unissued(&world, &platform).await;
    world.pass(601_000).await;
    platform.run_deadlines().await;
    assert_eq!(platform.reservation_state(&reserved).unwrap(), ReservationState::RefundPendingUnissued);
    let refund = world.refund(&ours).await;
    assert_eq!((&refund["state"], &refund["cause"]), (&json!("waiting"), &json!("issue_failed")));
    // Codes come, whoever brings them: the refusal goes with them by itself.
    world.codes("late", 5).await;
    world.tick().await;
    world.retry_jobs().await;
    world.tick().await;
    let events = platform.events(&reserved).unwrap();
    let refused =
        events.iter().filter(|event| matches!(event, Event::RefundRefused { vouchers: true, counted: true, .. }));
    assert_eq!(refused.count(), 1, "{events:?}");
    assert!(!events.contains(&Event::IssueCallback), "{events:?}");
    assert_eq!(platform.reservation_state(&reserved).unwrap(), ReservationState::Issued);
    assert_eq!(world.refund(&ours).await["state"], "refused");
    assert_eq!(platform.violations(), vec![]);
    world.end().await;

    // By hand the same, and a yes gives everything back.
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let (reserved, ours) = unissued(&world, &platform).await;
    world.pass(601_000).await;
    platform.run_deadlines().await;
    let typed = json!({ "reason": "票务系统恢复", "codes": ["HAND-1", "HAND-2"], "supplier_has_none": true });
    world.post(&format!("/orders/{ours}/issue"), typed).await.ok();
    world.tick().await;
    assert_eq!(platform.reservation_state(&reserved).unwrap(), ReservationState::Issued);
    world.end().await;

    let (world, platform) = World::with_platform(laike(), no_options).await;
    let (reserved, ours) = unissued(&world, &platform).await;
    world.pass(601_000).await;
    platform.run_deadlines().await;
    let refund = world.refund(&ours).await;
    world.decide(&refund, true).await.ok();
    world.tick().await;
    platform.run_deadlines().await;
    world.tick().await;
    assert_eq!(platform.reservation_state(&reserved).unwrap(), ReservationState::Cancelled);
    assert_books(&world, 0, 0).await;
    world.end().await;

    // Nobody decided in time: Douyin did, and nothing is written over it.
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let (_, ours) = unissued(&world, &platform).await;
    world.pass(601_000).await;
    platform.run_deadlines().await;
    let refund = world.refund(&ours).await;
    world.pass(DAYS + 1_000).await;
    let (_, zh) = world.decide(&refund, true).await.refused(409);
    assert!(zh.contains("平台已自行处理"), "{zh}");
    platform.run_deadlines().await;
    world.tick().await;
    assert_books(&world, 0, 0).await;
    world.end().await;
}

/// Reserved and not issued, inside the ten minutes, the guest: by hand, whatever the rule says.
pub async fn m4_inside_ten_minutes_only_by_hand() {
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let (reserved, ours) = unissued(&world, &platform).await;
    world.pass(120_000).await;
    let asked = platform.guest_refund(&reserved, AfterSale::Refund).await.unwrap();
    assert_eq!(asked.state, RefundState::Reviewing, "the product's rule is free, and a person decides all the same");
    let refund = world.refund(&ours).await;
    assert_eq!(refund["cause"], "guest");
    world.decide(&refund, false).await.ok();
    world.tick().await;
    let events = platform.events(&reserved).unwrap();
    let refused = |event: &Event| matches!(event, Event::RefundRefused { vouchers: false, .. });
    assert!(events.iter().any(refused), "no codes are needed: {events:?}");
    // A second question; codes come meanwhile, and the question waits on.
    let again = platform.guest_refund(&reserved, AfterSale::Refund).await.unwrap();
    assert_eq!(again.state, RefundState::Reviewing);
    world.codes("late", 5).await;
    world.tick().await;
    world.retry_jobs().await;
    world.tick().await;
    assert!(platform.events(&reserved).unwrap().contains(&Event::IssueCallback));
    let refund = world.refund(&ours).await;
    assert_eq!(refund["state"], "waiting");
    world.decide(&refund, true).await.ok();
    world.tick().await;
    platform.run_deadlines().await;
    world.tick().await;
    assert_books(&world, 0, 0).await;
    world.end().await;
}

/// Issued and not cancellable: customer service cancels without a question, by whichever calls, in whichever order.
pub async fn m5_customer_service_cancels_without_asking() {
    // The date alone: the voucher lives on.
    for by in [By::Notice, By::Sync, By::Both] {
        let (world, platform) = World::with_platform(laike(), no_options).await;
        let pair = reserved(&world, &platform, CancelRule::Never).await;
        assert_books(&world, 2, 2).await;
        let told = platform.customer_service(&pair.reserved, 0, Telling::NOTICE.by(by)).await.unwrap();
        assert!(told.iter().all(|reply| reply.error_code() == Some(0)), "{by:?}: {told:?}");
        world.tick().await;
        assert_eq!(world.units(&pair.voucher).await, [2, 0, 0, 0], "{by:?}");
        assert_eq!(world.standing(&pair.voucher).await, "待预约");
        assert_books(&world, 2, 0).await;
        world.end().await;
    }
    // The money: told of either order or of both.
    for of in [Told::Reservation, Told::Purchase, Told::Both] {
        for by in [By::Notice, By::Both] {
            let (world, platform) = World::with_platform(laike(), no_options).await;
            let pair = reserved(&world, &platform, CancelRule::Never).await;
            platform.customer_service(&pair.reserved, 2 * PRICE, Telling::NOTICE.of(of).by(by)).await.unwrap();
            world.tick().await;
            assert_eq!(world.units(&pair.voucher).await, [0, 0, 0, 2], "{of:?} {by:?}");
            assert_books(&world, 0, 0).await;
            world.end().await;
        }
    }
    // A guest's own question under such a rule is refused.
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let mut never = crate::play::ticket();
    never["refund"] = json!({ "otherwise": "never" });
    world.post("/catalogue", json!({ "entries": [{ "product": never }] })).await.ok();
    let pair = reserved(&world, &platform, CancelRule::AnyTime).await;
    let asked = platform.guest_refund(&pair.reserved, AfterSale::Refund).await.unwrap();
    assert_eq!(asked.state, RefundState::Refused, "{asked:?}");
    assert_books(&world, 2, 2).await;
    world.end().await;
}

/// Issued, limited time: within the rule at once and without a fee, outside it by a person.
pub async fn m6_limited_time_by_rule() {
    let rule = json!({ "steps": [{ "hours_before_visit": 24, "fee": { "ratio": 1000 } }], "otherwise": "manual" });
    let limited = CancelRule::Limited { days: 0, hour: 23, minute: 59 };
    let furnished = async || {
        let (world, platform) = World::with_platform(laike(), no_options).await;
        let mut ticket = crate::play::ticket();
        ticket["refund"] = rule.clone();
        world.post("/catalogue", json!({ "entries": [{ "product": ticket }] })).await.ok();
        let pair = reserved(&world, &platform, limited).await;
        (world, platform, pair)
    };
    let (world, platform, pair) = furnished().await;
    let asked = platform.guest_refund(&pair.reserved, AfterSale::Refund).await.unwrap();
    assert_eq!(asked.state, RefundState::Done, "{asked:?}");
    assert_eq!(platform.violations(), vec![], "a fee above Douyin's would be one");
    world.tick().await;
    assert_eq!(world.units(&pair.voucher).await, [0, 0, 0, 2]);
    assert_eq!(world.left(TICKET, Some(DAY)).await, 50);
    world.end().await;

    // The date alone: it is free at once, and a new reservation comes before the notice.
    let (world, platform, pair) = furnished().await;
    platform.hold_notices();
    let asked = platform.cancel_reservation(&pair.reserved).await.unwrap();
    assert_eq!(asked.state, RefundState::Done);
    world.tick().await;
    assert_books(&world, 2, 0).await;
    let again = platform.reserve(&Reservation::of(&pair.bought, "2026-05-02")).await.unwrap();
    assert!(again.order.is_some(), "{again:?}");
    platform.release_notices(&[0]).await.unwrap();
    world.tick().await;
    assert_eq!(world.units(&pair.voucher).await, [0, 2, 0, 0], "the notice of the first says nothing about the second");
    assert_eq!(world.left(TICKET, Some("2026-05-02")).await, 48);
    world.end().await;

    // Outside the rule a person decides.
    let (world, platform, pair) = furnished().await;
    world.at(10, 36_000).await;
    let asked = platform.guest_refund(&pair.reserved, AfterSale::Refund).await.unwrap();
    assert_eq!(asked.state, RefundState::Reviewing);
    let refund = world.refund(&pair.ticket).await;
    world.decide(&refund, false).await.ok();
    world.tick().await;
    assert_eq!(platform.reservation_state(&pair.reserved).unwrap(), ReservationState::Issued);
    assert_books(&world, 2, 2).await;
    world.end().await;
}

/// Issued, any time: even expired, once the status query said that nothing was used.
pub async fn m7_any_time_even_expired() {
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let pair = reserved(&world, &platform, CancelRule::AnyTime).await;
    world.at(20, 0).await;
    let said = world.spi("query-order", &json!({ "order_id": pair.reserved })).await;
    assert_eq!(said["used_voucher_quantity"], 0, "{said}");
    let asked = platform.ask_after_sale(&pair.reserved, AfterSale::Refund, 302).await.unwrap();
    assert_eq!(asked.state, RefundState::Agreed, "{asked:?}");
    platform.run_deadlines().await;
    world.tick().await;
    assert_eq!(world.units(&pair.voucher).await, [0, 0, 0, 2]);
    assert_eq!(world.owed().await, 0);
    world.end().await;

    let (world, platform) = World::with_platform(laike(), no_options).await;
    let mut ticket = crate::play::ticket();
    ticket["refund"] = json!({ "steps": [{ "hours_before_visit": 24, "fee": "free" }], "otherwise": "manual" });
    world.post("/catalogue", json!({ "entries": [{ "product": ticket }] })).await.ok();
    let pair = reserved(&world, &platform, CancelRule::AnyTime).await;
    world.at(20, 0).await;
    let asked = platform.ask_after_sale(&pair.reserved, AfterSale::Refund, 302).await.unwrap();
    assert_eq!(asked.state, RefundState::Reviewing, "a limited rule has ended, too");
    world.end().await;
}

/// Redeemed: refused, whoever asks; money that goes all the same is somebody's to look at.
pub async fn m8_redeemed_is_refused() {
    let (world, platform) = World::with_platform(laike(), no_options).await;
    let pair = reserved(&world, &platform, CancelRule::AnyTime).await;
    world.at(11, 36_000).await;
    world.redeem(&pair.ticket).await.ok();
    world.tick().await;
    assert_eq!(platform.purchase_state(&pair.bought).unwrap(), PurchaseState::Completed);
    for source in [304, 305, 310] {
        let asked = platform.ask_after_redemption(&pair.reserved, source).await.unwrap();
        assert_eq!(asked.state, RefundState::Refused, "{source}: {asked:?}");
    }
    let said = world.spi("query-order", &json!({ "order_id": pair.reserved })).await;
    assert_eq!(said["used_voucher_quantity"], 2, "{said}");
    assert_eq!(world.alerts("contradiction").await, Vec::<String>::new());
    let gone = crate::play::notify(&pair.reserved, "k-service", 2 * PRICE, 50, 2);
    assert_eq!(world.spi("notify-refund", &gone).await["error_code"], 0);
    assert_eq!(world.alerts("contradiction").await.len(), 1);
    assert_eq!((world.units(&pair.ticket).await[2], world.units(&pair.voucher).await[2]), (2, 2));
    world.end().await;
}
