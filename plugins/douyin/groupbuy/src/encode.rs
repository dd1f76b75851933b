//! An outcome in Douyin's words: which answer belongs to which scene.

use douyin_wire::number::Fen;
use douyin_wire::partner::answers;
use douyin_wire::partner::dates::DateWriter;
use douyin_wire::partner::ready;
use douyin_wire::partner::scenes::Scene;
use douyin_wire::partner::settings::QueryVouchers;
use douyin_wire::partner::vouchers::Style;
use entrepot_sdk::contract::outcome::Reason;
use entrepot_sdk::prelude::*;

use crate::connection::{ConnectionSettings, UnknownRefund};
use crate::{DouyinGroupBuy, SCENES, generic, promise, refusals};

pub(crate) fn encode(
    channel: &DouyinGroupBuy,
    call: &Call<ConnectionSettings>,
    scene: &SceneName,
    intent: &Intent,
    outcome: &Outcome,
) -> Result<RawResponse, Fault> {
    let scene = Scene::named(scene, &SCENES)?;
    let (shared, settings) = (&channel.partner.shared, &call.connection.settings);
    match scene {
        Scene::Webhook => return Ok(answers::webhook(intent, outcome)),
        // There "call again" would let the guest order.
        Scene::PreCreateOrder if answers::unready(outcome).is_some() => return Ok(ready::busy(scene)),
        _ => {}
    }
    if let Some(answer) = answers::unready(outcome) {
        return Ok(answer);
    }
    let style = channel.partner.style(settings.code_as);
    match scene {
        Scene::CheckBooking => match outcome {
            Outcome::Refused(refusal) => Ok(refusals::scenic(refusal)),
            _ => answers::check_booking(outcome),
        },
        Scene::CreateOrder => match outcome {
            Outcome::Refused(refusal) => Ok(refusals::scenic(refusal)),
            _ => answers::create_order(shared.unpaid_confirm_info, outcome),
        },
        Scene::PayOrder => answers::pay_order(outcome),
        Scene::CancelOrder | Scene::NotifyRefund | Scene::SyncRefund => answers::noticed(scene, outcome),
        Scene::ApplyRefund => apply_refund(settings, &style, outcome),
        Scene::QueryOrder => query_order(outcome),
        Scene::IssueCertificate => issue(settings, &style, intent, outcome),
        Scene::PullCalendar => answers::pull_calendar(outcome, |_| {
            Ok(DateWriter { style: shared.dates(), list_price_fen: None, settlement: false })
        }),
        Scene::CreatePromise => promise::created(intent, outcome),
        Scene::IssuePromise => promise::issued(settings, intent, outcome, &shared.password_joiner),
        Scene::PreCreateOrder => generic::created(outcome),
        Scene::ApplyCodeRefund => generic::refund_answered(channel, settings, intent, outcome),
        Scene::QueryOrders => generic::shown(outcome),
        Scene::Webhook => Err(answers::unheard(scene)),
    }
}

/// Refund review. B8, `documented`: a group ticket's fee is always 0.
fn apply_refund(settings: &ConnectionSettings, style: &Style<'_>, outcome: &Outcome) -> Result<RawResponse, Fault> {
    let nothing = Fen::new(0).ok_or_else(|| Fault::not_done(FaultKind::Internal, "no amount of nothing"))?;
    match outcome {
        Outcome::Refused(refusal)
            if refusal.reason == Reason::OrderUnknown && settings.unknown_refund == UnknownRefund::Agree =>
        {
            answers::apply_refund(style, nothing, &Outcome::RefundAgreed { fee: None })
        }
        Outcome::RefundRefused { order, reason, repaired } => {
            let repaired = settings.shown(repaired);
            let shown = Outcome::RefundRefused { order: order.clone(), reason: reason.clone(), repaired };
            answers::apply_refund(style, nothing, &shown)
        }
        _ => answers::apply_refund(style, nothing, outcome),
    }
}

/// Status query. B14, `documented`: orders are used as a whole here (rule 27), so no voucher is named.
fn query_order(outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Usage { order, units, .. } => {
            let whole = Outcome::Usage { order: order.clone(), units: units.clone(), issued: false };
            answers::query_order(QueryVouchers::WhenChanged, &whole)
        }
        _ => answers::query_order(QueryVouchers::WhenChanged, outcome),
    }
}

/// Issue call. B5 for scenic orders; B16.2 for generic codes.
fn issue(
    settings: &ConnectionSettings,
    style: &Style<'_>,
    intent: &Intent,
    outcome: &Outcome,
) -> Result<RawResponse, Fault> {
    let generic = matches!(intent, Intent::IssueOrder(asked) if generic::is_call(asked));
    match outcome {
        Outcome::Issued { order, units } if generic => generic::issued(settings, intent, order, units),
        Outcome::Issued { order, units } => {
            let shown = Outcome::Issued { order: order.clone(), units: settings.shown(units) };
            answers::issue_certificate(style, settings.issue_too_early, &shown)
        }
        // The order is not here yet: the vouchers follow by the callback (T3).
        Outcome::Recorded => answers::done("", &douyin_wire::answer::IssueVoucherAnswer::issuing()),
        _ => answers::issue_certificate(style, settings.issue_too_early, outcome),
    }
}
