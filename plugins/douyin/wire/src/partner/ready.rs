//! The answers that the host gives without asking the plugin: too busy, too late, not authentic, not placed, not
//! understood. They stand here for every solution, because the host takes a scene's from whichever plugin declares it first.

use entrepot_sdk::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::scenes::Scene;
use crate::answer::{ConfirmInfo, IssueVoucherAnswer, PayNoticeAnswer};
use crate::codes::{QueryCode, RefusalCode, SpiCode};
use crate::envelope::{spi_answer, spi_plain};

/// The ready answers of these scenes.
#[must_use]
pub fn answers(scenes: &[Scene]) -> Vec<ReadyAnswers> {
    scenes.iter().filter_map(|scene| of_scene(*scene)).collect()
}

/// `None` never happens: every scene's name is a scene name, or the card could not be made.
fn of_scene(scene: Scene) -> Option<ReadyAnswers> {
    let name = SceneName::parse(scene.name()).ok()?;
    Some(match scene {
        Scene::Webhook => webhook(name),
        _ => ReadyAnswers {
            scene: name,
            busy: busy(scene),
            timed_out: busy(scene),
            refused: not_authentic(),
            unplaced: unplaced(scene),
            stored: stored(scene),
            malformed: malformed(scene),
        },
    })
}

/// "Call again", but for the pre-order of generic codes: there an answer that is no refusal lets the guest order (group-buy
/// B16.1, `documented`), so it is refused.
#[must_use]
pub fn busy(scene: Scene) -> RawResponse {
    match scene {
        Scene::PreCreateOrder => pre_order(OTHER, RefusalCode::CallAgain.text()),
        _ => call_again(),
    }
}

/// The pre-order's own numbers: unknown product, and any other reason. Group-buy B16.1, `seen in client code`.
const UNKNOWN_PRODUCT: u32 = 1;
const OTHER: u32 = 20;

fn pre_order(code: u32, text: &str) -> RawResponse {
    plain(SpiCode::new(code).unwrap_or(SpiCode::CALL_AGAIN), text)
}

/// Code 100: "our system failed, call again" (common §7.4, `documented`).
#[must_use]
pub fn call_again() -> RawResponse {
    plain(RefusalCode::CallAgain.into(), RefusalCode::CallAgain.text())
}

/// An answer with a code and a text.
#[must_use]
pub fn plain(code: SpiCode, text: &str) -> RawResponse {
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
        Scene::CheckBooking | Scene::CreateOrder | Scene::CreatePromise => {
            plain(RefusalCode::ProductOffline.into(), RefusalCode::ProductOffline.text())
        }
        Scene::QueryOrder => plain(QueryCode::NoSuchOrder.into(), "订单不存在"),
        Scene::ApplyRefund => plain(RefusalCode::Other.into(), "订单不存在"),
        Scene::PullCalendar => plain(RefusalCode::Other.into(), "商品不存在"),
        Scene::PreCreateOrder => pre_order(UNKNOWN_PRODUCT, "商品不存在"),
        // Orders that we do not know are left out of the answer (group-buy B14, `inferred`: the page's end was not seen).
        Scene::QueryOrders => done(&json!({"result": {}})).unwrap_or_else(call_again),
        // The issue call may overtake the create (scenic §1.1): asked again within ten minutes (common §11).
        Scene::IssueCertificate => call_again(),
        // Neither agreed nor refused: Douyin asks again within the hour (group-buy B16.3, `documented`).
        Scene::ApplyCodeRefund => call_again(),
        // Facts are stored and acknowledged; this is only for a host that cannot store.
        Scene::PayOrder | Scene::CancelOrder | Scene::NotifyRefund | Scene::Webhook => call_again(),
        Scene::IssuePromise | Scene::SyncRefund => call_again(),
    }
}

/// A fact about an order that nobody knows yet is in our books.
fn stored(scene: Scene) -> Option<RawResponse> {
    match scene {
        // Unknown order: 0 (scenic §6); money already gone: 0 (§9). `documented`.
        Scene::CancelOrder | Scene::NotifyRefund => Some(plain(SpiCode::SUCCESS, "")),
        // The refund is decided and paid already (group-buy B11b, `documented`).
        Scene::SyncRefund => Some(plain(SpiCode::SUCCESS, "")),
        // The call that says it was paid may come before or without the pre-order: the vouchers follow by the callback
        // (group-buy B15.1, B15.2, `documented`).
        Scene::IssuePromise => done(&IssueVoucherAnswer::issuing()),
        // Scenic §4, `documented`: no business code exists, so acceptance is decided later (§5).
        Scene::PayOrder => done(&PayNoticeAnswer { confirm_info: Some(ConfirmInfo::LATER) }),
        _ => None,
    }
}

fn done(payload: &impl Serialize) -> Option<RawResponse> {
    spi_answer(SpiCode::SUCCESS, "", payload).ok().map(RawResponse::json)
}

/// Notices know only 0 and 100 (scenic §§4, 6, 9, `documented`); so do the issue calls and the generic refund request, whose
/// other codes mean "call again", too (common §11, group-buy B15.2, B16.3). Questions get the final "other reason".
fn malformed(scene: Scene) -> RawResponse {
    match scene {
        Scene::PayOrder | Scene::CancelOrder | Scene::NotifyRefund | Scene::IssueCertificate => call_again(),
        Scene::IssuePromise | Scene::SyncRefund | Scene::ApplyCodeRefund => call_again(),
        Scene::QueryOrder => plain(QueryCode::Failure.into(), "请求格式错误"),
        Scene::PreCreateOrder => pre_order(OTHER, "请求格式错误"),
        _ => plain(RefusalCode::Other.into(), "请求格式错误"),
    }
}

/// Only the HTTP status counts (common §9, `documented`); the body is for people.
#[must_use]
pub fn webhook_answer(status: u16) -> RawResponse {
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
