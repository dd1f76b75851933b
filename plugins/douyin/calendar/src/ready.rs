//! The answers that the host gives without asking the plugin: too busy, too late, not authentic, not placed, not
//! understood.

use douyin_wire::answer::{ConfirmInfo, PayNoticeAnswer};
use douyin_wire::codes::{QueryCode, RefusalCode, SpiCode};
use douyin_wire::envelope::{spi_answer, spi_plain};
use entrepot_sdk::prelude::*;

use crate::scenes::Scene;

pub(crate) fn answers() -> Vec<ReadyAnswers> {
    Scene::ALL.into_iter().filter_map(of_scene).collect()
}

/// `None` never happens: every scene's name is a scene name, or the card could not be made.
fn of_scene(scene: Scene) -> Option<ReadyAnswers> {
    let name = SceneName::parse(scene.name()).ok()?;
    Some(match scene {
        Scene::Webhook => webhook(name),
        _ => ReadyAnswers {
            scene: name,
            busy: call_again(),
            timed_out: call_again(),
            refused: not_authentic(),
            unplaced: unplaced(scene),
            stored: stored(scene),
            malformed: malformed(scene),
        },
    })
}

/// Code 100: "our system failed, call again" (common §7.4, `documented`).
pub(crate) fn call_again() -> RawResponse {
    plain(RefusalCode::CallAgain.into(), RefusalCode::CallAgain.text())
}

/// An answer with a code and a text.
pub(crate) fn plain(code: SpiCode, text: &str) -> RawResponse {
    RawResponse::json(spi_plain(code, text))
}

/// Common §7.4, `inferred`: HTTP 401, because a final business code would end real orders if the mistake were ours.
/// The body says "call again" to whoever reads it all the same.
fn not_authentic() -> RawResponse {
    let raw = plain(SpiCode::CALL_AGAIN, "signature does not hold");
    RawResponse { status: 401, ..raw }
}

/// Nobody knows the product or account.
fn unplaced(scene: Scene) -> RawResponse {
    match scene {
        Scene::CheckBooking | Scene::CreateOrder => {
            plain(RefusalCode::ProductOffline.into(), RefusalCode::ProductOffline.text())
        }
        Scene::QueryOrder => plain(QueryCode::NoSuchOrder.into(), "订单不存在"),
        Scene::ApplyRefund => plain(RefusalCode::Other.into(), "订单不存在"),
        Scene::PullCalendar => plain(RefusalCode::Other.into(), "商品不存在"),
        // The issue call may overtake the create (scenic §1.1): asked again within ten minutes (common §11).
        Scene::IssueCertificate => call_again(),
        // Facts are stored and acknowledged; this is only for a host that cannot store.
        Scene::PayOrder | Scene::CancelOrder | Scene::NotifyRefund | Scene::Webhook => call_again(),
    }
}

/// A fact about an order that nobody knows yet is in our books.
fn stored(scene: Scene) -> Option<RawResponse> {
    match scene {
        // Unknown order: 0 (scenic §6); money already gone: 0 (§9). `documented`.
        Scene::CancelOrder | Scene::NotifyRefund => Some(plain(SpiCode::SUCCESS, "")),
        // Scenic §4, `documented`: no business code exists, so acceptance is decided later (§5).
        Scene::PayOrder => {
            let payload = PayNoticeAnswer { confirm_info: Some(ConfirmInfo::LATER) };
            let body = spi_answer(SpiCode::SUCCESS, "", &payload).ok()?;
            Some(RawResponse::json(body))
        }
        _ => None,
    }
}

/// Notices know only 0 and 100 (scenic §§4, 6, 9, `documented`); so does the issue call, whose other codes mean "call
/// again", too (common §11). Questions get the final "other reason".
fn malformed(scene: Scene) -> RawResponse {
    match scene {
        Scene::PayOrder | Scene::CancelOrder | Scene::NotifyRefund | Scene::IssueCertificate => call_again(),
        Scene::QueryOrder => plain(QueryCode::Failure.into(), "请求格式错误"),
        _ => plain(RefusalCode::Other.into(), "请求格式错误"),
    }
}

/// Only the HTTP status counts (common §9, `documented`); the body is for people.
pub(crate) fn webhook_answer(status: u16) -> RawResponse {
    let raw = RawResponse::json(b"{}".to_vec());
    RawResponse { status, ..raw }
}

fn webhook(scene: SceneName) -> ReadyAnswers {
    ReadyAnswers {
        scene,
        busy: webhook_answer(503),
        timed_out: webhook_answer(503),
        refused: webhook_answer(401),
        // A message about nobody of ours: taken, so that Douyin does not cancel the subscription.
        unplaced: webhook_answer(200),
        stored: Some(webhook_answer(200)),
        malformed: webhook_answer(400),
    }
}
