//! The specification's examples, scene by scene: what a call means, what an outcome is answered, what a notice sends.

#[path = "calendar/support.rs"]
mod support;

#[path = "calendar/answers.rs"]
mod answers;
#[path = "calendar/authentic.rs"]
mod authentic;
#[path = "calendar/calendars.rs"]
mod calendars;
#[path = "calendar/certificates.rs"]
mod certificates;
#[path = "calendar/intents.rs"]
mod intents;
#[path = "calendar/looks.rs"]
mod looks;
#[path = "calendar/malformed.rs"]
mod malformed;
#[path = "calendar/notices.rs"]
mod notices;
#[path = "calendar/partner.rs"]
mod partner;
#[path = "calendar/products.rs"]
mod products;
#[path = "calendar/redemptions.rs"]
mod redemptions;
#[path = "calendar/reserved.rs"]
mod reserved;
#[path = "calendar/tokens.rs"]
mod tokens;

pub use douyin_testing::golden::json_of;
use entrepot_sdk::testing::{Seat, World};
use serde_json::{Value, json};
use std::sync::Arc;

/// A world with the application's secrets in which Douyin answers well.
fn world() -> Arc<World> {
    douyin_testing::bench::world(support::douyin)
}

/// An instance with these settings of application and connection.
async fn seat(world: &Arc<World>, settings: Value, connection: Value) -> Seat {
    douyin_testing::bench::seat(douyin_calendar::plugin(), world, settings, connection).await
}

/// An instance as it is without settings.
async fn plain() -> Seat {
    seat(&world(), json!({}), json!({})).await
}

/// The scenes are what an operator types into Douyin's console.
#[test]
fn the_scenes() {
    let scenes = douyin_calendar::plugin().manifest().scenes;
    let rows: Vec<_> =
        scenes.iter().map(|scene| (scene.path.as_str(), scene.action.as_str(), scene.limit_ms, scene.fact)).collect();
    let expected = [
        ("check-booking", "scenic_spot.order.can_buy", 2_000, false),
        ("create-order", "scenic_spot.order.create_order", 3_000, false),
        ("pay-order", "scenic_spot.order.pay_notify", 3_000, true),
        ("cancel-order", "scenic_spot.order.cancel_notify", 3_000, true),
        ("apply-refund", "scenic_spot.order.refund_apply", 3_000, false),
        ("notify-refund", "scenic_spot.order.refund_notify", 3_000, true),
        ("query-order", "scenic_spot.order.query_order", 8_000, false),
        ("issue-certificate", "fulfilment.order.tripartite_code", 8_000, false),
        ("pull-calendar", "scenic.goods.pull_ticket_calendar", 8_000, false),
        ("webhook", "webhook", 5_000, true),
    ];
    assert_eq!(rows, expected);
    for scene in &scenes {
        assert_eq!((scene.name.as_str(), scene.method.as_str()), (scene.path.as_str(), "POST"));
    }
}

/// What is asked, how much fits into a notice, and what Douyin has to allow (scenic §0).
#[test]
fn the_card() {
    let channel = douyin_calendar::plugin().manifest().capabilities.channel.expect("a channel");
    let looks: Vec<&str> = channel.looks.iter().map(|look| look.as_str()).collect();
    assert_eq!(looks, ["order", "orders", "ledger", "redemptions", "product", "shops", "sealed", "reserved_code"]);
    assert_eq!(channel.codes.map(|codes| codes.codes_limit), Some(500));
    let limits = channel.calendar.expect("limits of a calendar");
    assert_eq!((limits.dates_limit, limits.skus_limit, limits.horizon_days), (60, 3, 60));
    let names: Vec<&str> = channel.scopes.iter().map(|scope| scope.name.as_str()).collect();
    let solution = [
        "life.capacity.trip_order_can_buy",
        "life.capacity.trip_order_create",
        "life.capacity.trip_order_pay_notify",
        "life.capacity.trip_order_confirm",
        "life.capacity.trip_order_cancel_notify",
        "life.capacity.trip_order_after_sale_refund_apply",
        "life.capacity.trip_order_after_sale_refund_audit",
        "life.capacity.trip_order_after_sale_refund_notify",
        "life.capacity.trip_order_query",
        "life.capacity.tripartite.code",
        "life.capacity.trip_certificate_verify",
        "life.capacity.trip_ticket_calendar_found",
        "life.capacity.trip_ticket_found",
        "life.capacity.trip_ticket_query",
        "life.capacity.goods.found",
        "life.capacity.shop",
        "life.capacity.order.query",
        "life.capacity.billing",
    ];
    assert_eq!(names[..18], solution);
    assert!(channel.scopes[18..].iter().all(|scope| scope.optional), "what a setting needs is optional");
}

/// Nothing of guests and no voucher is shown in clear by the interface log.
#[test]
fn the_interface_log_shows_no_guest_and_no_code() {
    let clear = douyin_calendar::plugin().manifest().log.clear;
    for hidden in [
        "name",
        "phone",
        "license_id",
        "id_card",
        "email",
        "birthday",
        "remark",
        "answers",
        "description",
        "fail_reason",
        "qrcodes",
        "certificate_nos",
        "credential_no",
        "code",
        "codes",
        "urls",
        "gmcode_imgs",
        "access_token",
        "client_secret",
        "verify_token",
        "custom_spi_req_extra",
        "content",
        "msg",
        "plain_text",
        "cipher_text",
        "cipher_texts",
        "contacts",
        "phone_encrypt",
        "product_audit_reason",
        "encrypted_code",
    ] {
        assert!(!clear.iter().any(|shown| shown == hidden), "{hidden}");
    }
}
