//! The joint states of a purchase and its reservation (C4), one test for each row of its end (T14 to T24): what is told of money
//! and dates in any order, redemption, the status query, and what nobody knows.

use serde_json::{Value, json};

use crate::families::account;
use crate::joint::{ASKED, Stand, both, reserved_pair, stand};
use crate::play::{DAY, apply, notify, purchase, reservation, sync};
use crate::world::{PRICE, World};

/// What Douyin tells of one refund, each by a call of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    /// The result notice of the reservation (B11).
    Reservation,
    /// The result notice of the purchase.
    Purchase,
    /// The information sync of the reservation (B11b).
    Sync,
    /// The cancel notice of the reservation, after payment (B10).
    Cancel,
}

/// The cancel notice of an order (B10).
fn cancel(order: &str, kind: i64) -> Value {
    json!({ "order_id": order, "cancel_type": kind, "cancel_order_time_unix": 1_777_701_000 })
}

/// Tells it, of so much money: of a date alone without any.
async fn tell(world: &World, told: Told, amount: i64) {
    let gives_back = if amount > 0 { 1 } else { 2 };
    let (scene, body) = match told {
        Told::Reservation => ("notify-refund", notify("9001", "k-r", amount, 1, 2)),
        Told::Purchase => ("notify-refund", notify("8001", "k-p", amount, 1, 2)),
        Told::Sync => ("sync-refund", sync("9001", "k-r", gives_back, 1, 2)),
        Told::Cancel => ("cancel-order", cancel("9001", 2)),
    };
    let said = world.spi(scene, &body).await;
    assert_eq!(said["error_code"], 0, "{told:?}: {said}");
}

/// Every order in which these may come.
fn orders(of: &[Told]) -> Vec<Vec<Told>> {
    let mut all = vec![Vec::new()];
    for told in of {
        let longer = |shorter: &Vec<Told>| {
            (0..=shorter.len())
                .map(|place| [&shorter[..place], &[*told], &shorter[place..]].concat())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// All four in every order, each of them twice: the end is the same, and the credit returns once.
async fn in_every_order(before: impl AsyncFn(&World)) {
    let all = orders(&[Told::Reservation, Told::Purchase, Told::Sync, Told::Cancel]);
    assert_eq!(all.len(), 24);
    for order in all {
        let (world, bought, ticket) = reserved_pair(json!({})).await;
        before(&world).await;
        for told in order.iter().flat_map(|told| [told, told]) {
            tell(&world, *told, 2 * PRICE).await;
        }
        world.tick().await;
        assert_eq!(stand(&world, &bought, &ticket).await, both("Refunded|Cancelled", 0, 0, 0), "{order:?}");
        assert_eq!(account(&world).await.2, ["sale", "refund"], "{order:?}");
        assert_eq!(world.alerts("contradiction").await, Vec::<String>::new(), "{order:?}");
        assert_eq!(world.alerts("refund_waiting").await, Vec::<String>::new(), "{order:?}");
        world.end().await;
    }
}

/// Asked and agreed before (T11): what is told of it.
pub async fn t14_refund_result() {
    in_every_order(async |world| {
        let said = world.spi("apply-refund", &apply("9001", "k-r", 1, 101, ASKED)).await;
        assert_eq!(said["audit_refund_result"], 1, "{said}");
    })
    .await;
    // Without money the voucher lives on, and once a new date is taken the late repeats of the first say nothing about it.
    let (world, bought, ticket) = reserved_pair(json!({})).await;
    tell(&world, Told::Reservation, 0).await;
    assert_eq!(stand(&world, &bought, &ticket).await, both("ToReserve|Cancelled", 2, 2, 0));
    let second = world.reserve("9002", "8001", 2, DAY).await;
    world.issued("9002", 2).await;
    for told in [Told::Reservation, Told::Sync, Told::Cancel] {
        tell(&world, told, 0).await;
        assert_eq!(stand(&world, &bought, &second).await, both("Reserved|Issued", 2, 2, 2), "{told:?}");
    }
    world.end().await;
}

/// Never reserved (M1, M2): no question came before it.
pub async fn t15_refund_result_of_what_was_never_reserved() {
    for scene in [1, 150] {
        let world = World::new().await;
        let bought = world.buy("8001", 2).await;
        for _ in 0..2 {
            let said = world.spi("notify-refund", &notify("8001", "k1", 2 * PRICE, scene, 2)).await;
            assert_eq!(said["error_code"], 0, "{said}");
            assert_eq!(stand(&world, &bought, "").await, both("Refunded|None", 0, 0, 0));
        }
        assert_eq!(account(&world).await.2, ["sale", "refund"]);
        assert!(world.douyin.called("refund/audit").is_empty());
        assert_eq!(world.alerts("contradiction").await, Vec::<String>::new());
        world.end().await;
    }
}

/// Customer service decided, and nobody was asked.
pub async fn t16_sync_says_yes() {
    for (kind, end) in [
        (1, both("Refunded|Cancelled", 0, 0, 0)),
        (2, both("ToReserve|Cancelled", 2, 2, 0)),
        (3, both("Refunded|Cancelled", 0, 0, 0)),
    ] {
        let (world, bought, ticket) = reserved_pair(json!({})).await;
        for _ in 0..2 {
            let said = world.spi("sync-refund", &sync("9001", "as1", kind, 1, 2)).await;
            assert_eq!(said["error_code"], 0, "{said}");
            assert_eq!(stand(&world, &bought, &ticket).await, end, "{kind}");
        }
        assert_eq!(world.alerts("contradiction").await, Vec::<String>::new(), "{kind}");
        world.end().await;
    }
    in_every_order(async |_| ()).await;
}

/// Laike's own audit said no: nobody has to decide any more, and nothing is told back.
pub async fn t17_sync_says_no() {
    for key in ["k1", ""] {
        let (world, bought, ticket) = reserved_pair(json!({ "audit": "person" })).await;
        let said = world.spi("apply-refund", &apply("9001", "k1", 1, 101, ASKED)).await;
        assert_eq!(said["audit_refund_result"], 3, "{said}");
        assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|RefundPending", 2, 2, 2));
        let said = world.spi("sync-refund", &sync("9001", key, 1, 2, 2)).await;
        assert_eq!(said["error_code"], 0, "{said}");
        world.tick().await;
        assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|Issued", 2, 2, 2), "{key:?}");
        assert_eq!(world.alerts("refund_waiting").await, Vec::<String>::new());
        assert!(world.douyin.called("refund/audit").is_empty());
        world.at(11, 36_000).await;
        world.redeem(&ticket).await.ok();
        world.end().await;
    }
}

/// The date is free at once, the money waits for its notice.
pub async fn t18_cancel_notice_of_r() {
    let (world, bought, ticket) = reserved_pair(json!({})).await;
    for _ in 0..2 {
        tell(&world, Told::Cancel, 0).await;
        assert_eq!(stand(&world, &bought, &ticket).await, both("ToReserve|Cancelled", 2, 2, 0));
    }
    assert_eq!(account(&world).await.2, ["sale"]);
    tell(&world, Told::Reservation, 2 * PRICE).await;
    assert_eq!(stand(&world, &bought, &ticket).await, both("Refunded|Cancelled", 0, 0, 0));
    world.end().await;
    // A date alone, told by three calls in any order.
    for order in orders(&[Told::Reservation, Told::Sync, Told::Cancel]) {
        let (world, bought, ticket) = reserved_pair(json!({})).await;
        for told in &order {
            tell(&world, *told, 0).await;
            assert_eq!(stand(&world, &bought, &ticket).await, both("ToReserve|Cancelled", 2, 2, 0), "{order:?}");
        }
        assert_eq!(account(&world).await.2, ["sale"], "{order:?}");
        assert_eq!(world.alerts("contradiction").await, Vec::<String>::new(), "{order:?}");
        world.reserve("9002", "8001", 2, "2026-05-02").await;
        world.end().await;
    }
}

/// Used on its day; our two numbers.
async fn redeemed() -> (World, String, String) {
    let (world, bought, ticket) = reserved_pair(json!({})).await;
    world.at(11, 0).await;
    world.redeem(&ticket).await.ok();
    world.tick().await;
    assert_eq!(stand(&world, &bought, &ticket).await, both("Completed|Redeemed", 2, 2, 2));
    (world, bought, ticket)
}

/// From the first second of the first valid day; Douyin is told until it took it.
pub async fn t19_verify_r() {
    let (world, bought, ticket) = reserved_pair(json!({})).await;
    world.at(11, -1).await;
    world.redeem(&ticket).await.refused(409);
    assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|Issued", 2, 2, 2));
    world.at(11, 0).await;
    world.douyin.fail("certificate/verify", 2_100_004);
    world.redeem(&ticket).await.ok();
    world.tick().await;
    world.retry_jobs().await;
    world.tick().await;
    assert_eq!(stand(&world, &bought, &ticket).await, both("Completed|Redeemed", 2, 2, 2));
    let calls = world.douyin.called("/goodlife/v1/trip/certificate/verify");
    assert_eq!((calls.len(), &calls[0].body), (2, &calls[1].body));
    assert_eq!((&calls[0].body["order_id"], calls[0].body.get("vouchers")), (&json!("9001"), None), "the whole order");
    world.end().await;
}

/// The desk's own repeat gets the first answer, and nobody uses it a second time.
pub async fn t20_verify_r_again() {
    let (world, bought, ticket) = reserved_pair(json!({})).await;
    world.at(11, 0).await;
    let body = json!({ "order": ticket });
    let first = world.post_as("desk-1", "/redemptions", body.clone()).await.ok();
    world.tick().await;
    assert_eq!(world.post_as("desk-1", "/redemptions", body.clone()).await.ok(), first);
    let (en, _) = world.post("/redemptions", body).await.refused(409);
    assert!(en.contains("Completed"), "{en}");
    world.tick().await;
    assert_eq!(world.douyin.called("certificate/verify").len(), 1);
    assert_eq!(stand(&world, &bought, &ticket).await, both("Completed|Redeemed", 2, 2, 2));
    world.end().await;
}

/// No act of ours undoes a use, and nothing that Douyin tells does.
pub async fn t21_no_un_redeem() {
    let (world, bought, ticket) = redeemed().await;
    let acts = world.acts().await;
    assert!(acts.iter().any(|path| path.ends_with("/redemptions")), "{acts:?}");
    let undoes =
        |path: &&String| path.contains("redemption") && !path.ends_with("/redemptions") && !path.ends_with("/list");
    assert_eq!(acts.iter().filter(undoes).collect::<Vec<_>>(), Vec::<&String>::new());
    for told in [Told::Reservation, Told::Sync, Told::Cancel] {
        tell(&world, told, 0).await;
        assert_eq!(stand(&world, &bought, &ticket).await, both("Completed|Redeemed", 2, 2, 2), "{told:?}");
    }
    world.tick().await;
    assert!(world.douyin.called("certificate/cancel").is_empty());
    world.end().await;
}

/// Units in all, and none or all of them used; never an order's state.
pub async fn t22_status_query() {
    let asked = async |world: &World, ours: &str, used: i64| {
        let said = world.spi("query-order", &json!({ "order_id": "9001" })).await;
        let expected = json!({ "error_code": 0, "description": "", "order_out_id": ours, "total_voucher_quantity": 2,
            "used_voucher_quantity": used });
        assert_eq!(said, expected);
    };
    let world = World::new().await;
    let bought = world.buy("8001", 2).await;
    let ticket = world.reserve("9001", "8001", 2, DAY).await;
    asked(&world, &ticket, 0).await;
    world.issued("9001", 2).await;
    asked(&world, &ticket, 0).await;
    world.at(11, 0).await;
    world.redeem(&ticket).await.ok();
    asked(&world, &ticket, 2).await;
    assert_eq!(stand(&world, &bought, &ticket).await, both("Completed|Redeemed", 2, 2, 2));
    let said = world.spi("query-order", &json!({ "order_id": "9009" })).await;
    assert_eq!(said["error_code"], 2, "{said}");
    world.end().await;
    let (world, _, ticket) = reserved_pair(json!({})).await;
    tell(&world, Told::Reservation, 2 * PRICE).await;
    asked(&world, &ticket, 0).await;
    world.end().await;
}

/// Taken, kept, and somebody is told; what it ends does not begin any more when it comes.
pub async fn t23_notices_of_nobody() {
    let world = World::new().await;
    let bought = world.buy("8001", 1).await;
    let before: Stand = stand(&world, &bought, "").await;
    let paid = json!({ "order_id": "8101", "pay_time_unix": 1_776_650_460 });
    for (scene, body) in [
        ("notify-refund", notify("8102", "k1", PRICE, 1, 1)),
        ("cancel-order", cancel("8103", 2)),
        ("sync-refund", sync("8104", "as1", 1, 1, 1)),
        ("pay-order", paid),
    ] {
        for _ in 0..2 {
            assert_eq!(world.spi(scene, &body).await["error_code"], 0, "{scene}");
        }
    }
    assert_eq!(world.alerts("unplaced").await.len(), 4, "one for each order");
    assert_eq!(stand(&world, &bought, "").await, before);
    let all = world.get("/orders").await.ok();
    assert_eq!(all["orders"].as_array().unwrap().len(), 1, "no order is invented");
    for order in ["8102", "8103", "8104"] {
        let said = world.spi("create-order", &purchase(order, 1)).await;
        assert_eq!(said["error_code"], 999_999, "{order}: {said}");
    }
    let said = world.spi("create-order", &reservation("8104", "8001", 1, DAY)).await;
    assert_eq!(said["error_code"], 999_999, "{said}");
    assert_eq!(stand(&world, &bought, "").await, before);
    world.buy("8101", 1).await;
    assert_eq!(world.alerts("unplaced").await.len(), 3, "the paid one has come");
    world.end().await;
}

/// Whoever asks, and for whichever reason; the books stay.
pub async fn t24_refund_request_for_redeemed() {
    let (world, bought, ticket) = redeemed().await;
    for (at, source) in [101, 103, 304, 305, 310].into_iter().enumerate() {
        for kind in [1, 2] {
            let asked = apply("9001", &format!("k{at}-{kind}"), kind, source, 1_777_600_100);
            let said = world.spi("apply-refund", &asked).await;
            assert_eq!((&said["error_code"], &said["audit_refund_result"]), (&json!(0), &json!(2)), "{source}: {said}");
        }
    }
    world.tick().await;
    assert!(world.douyin.called("refund/audit").is_empty());
    assert_eq!(world.alerts("refund_waiting").await, Vec::<String>::new());
    assert_eq!(stand(&world, &bought, &ticket).await, both("Completed|Redeemed", 2, 2, 2));
    world.end().await;
}
