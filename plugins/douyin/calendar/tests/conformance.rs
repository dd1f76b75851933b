//! The suite every plugin passes.

#[path = "calendar/support.rs"]
#[allow(dead_code)]
mod support;

use entrepot_conformance::{ChannelSide, Fixture, Sample, Side, Suite};
use entrepot_sdk::contract::channel::RawRequest;
use serde_json::json;

use support::{ACCOUNT, CLIENT_KEY, CLIENT_SECRET, SHOP};

fn sample(scene: &str, body: &str, intent: &'static str, order: Option<&'static str>) -> Sample {
    Sample { raw: support::call(scene, body), intent, order }
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

fn sign(raw: RawRequest) -> RawRequest {
    support::signed(raw)
}

#[test]
fn conforms() {
    let fixture = Fixture {
        example: include_str!("../settings.example.toml"),
        bad_settings: vec![
            (json!({"accept_old_sign": "no"}), "accept_old_sign"),
            (json!({"calendar_open_status": 0}), "calendar_closed_status"),
            (json!({"verify_success_codes": []}), "verify_success_codes"),
            (json!({"replay_window_ms": 1}), "replay_window_ms"),
            (json!({"unpaid_confirm_info": "perhaps"}), "unpaid_confirm_info"),
        ],
        secrets: vec![
            ("client_key", CLIENT_KEY),
            ("client_secret", CLIENT_SECRET),
            ("fixed_token", support::FIXED_TOKEN),
        ],
        side: Side::Channel(Box::new(ChannelSide {
            connection_settings: json!({"order_mode": "before_payment"}),
            account: Some(ACCOUNT),
            shops: vec![SHOP],
            samples: samples(),
            sign,
            notices: support::notices(),
            other_side: support::douyin,
        })),
    };
    Suite::for_channel(douyin_calendar::plugin, fixture).assert_conforms();
}
