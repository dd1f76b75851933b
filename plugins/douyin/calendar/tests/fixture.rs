//! What the suite needs for this plugin: its example settings, the specification's calls, and Douyin as it answers when
//! all is well.

use std::sync::Arc;

use entrepot_conformance::{ChannelSide, Fixture, Sample};
use serde_json::json;

#[path = "calendar/support.rs"]
pub mod support;

use support::{ACCOUNT, CLIENT_KEY, CLIENT_SECRET, SHOP};

fn sample(scene: &str, body: &str, intent: &str, order: Option<&str>) -> Sample {
    Sample::new(support::call(scene, body), intent, order)
}

fn samples() -> Vec<Sample> {
    let order = Some(support::ORDER);
    vec![
        sample("check-booking", support::CAN_BUY, "check_booking", None),
        sample("create-order", support::CREATE, "create_order", order),
        sample("pay-order", support::PAY, "pay_order", order),
        sample("cancel-order", support::CANCEL, "cancel_order", order),
        sample("apply-refund", support::REFUND_APPLY, "ask_refund", order),
        sample("notify-refund", support::REFUND_NOTICE, "record_refund", order),
        sample("query-order", support::QUERY, "query_order", order),
        sample("issue-certificate", support::ISSUE, "issue_order", order),
        sample("pull-calendar", support::PULL, "pull_calendar", None),
        sample("webhook", support::HOOK, "event", order),
        sample("webhook", support::HANDSHAKE, "handshake", None),
    ]
}

/// Everything that the suite needs.
pub fn fixture() -> Fixture {
    let side = ChannelSide {
        connection_settings: json!({"order_mode": "before_payment"}),
        account: Some(ACCOUNT.to_owned()),
        shops: vec![SHOP.to_owned()],
        samples: samples(),
        sign: Some(Arc::new(support::signed)),
        notices: support::notices(),
        other_side: Arc::new(support::douyin),
    };
    Fixture::channel(side)
        .example(include_str!("../settings.example.toml"))
        .bad_setting(json!({"accept_old_sign": "no"}), "accept_old_sign")
        .bad_setting(json!({"calendar_open_status": 0}), "calendar_closed_status")
        .bad_setting(json!({"verify_success_codes": []}), "verify_success_codes")
        .bad_setting(json!({"replay_window_ms": 1}), "replay_window_ms")
        .bad_setting(json!({"unpaid_confirm_info": "perhaps"}), "unpaid_confirm_info")
        .secret("client_key", CLIENT_KEY)
        .secret("client_secret", CLIENT_SECRET)
        .secret("fixed_token", support::FIXED_TOKEN)
}
