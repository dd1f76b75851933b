//! An outcome in Douyin's words. Every answer is HTTP 200 with an error code in `data` (common §7.4, `documented`);
//! webhooks alone are answered by the status.

use douyin_wire::answer::{
    ConfirmInfo, CreateOrderAnswer, IssueVoucherAnswer, PayNoticeAnswer, QueryOrderAnswer,
    RefundApplyAnswer,
};
use douyin_wire::codes::{QueryCode, RefusalCode, SpiCode};
use douyin_wire::envelope::spi_answer;
use douyin_wire::kinds::VoucherStatus;
use douyin_wire::number::{Fen, Id};
use entrepot_sdk::contract::outcome::{Acceptance, Reason, Refusal, UnitUsage};
use entrepot_sdk::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::DouyinCalendar;
use crate::calendar;
use crate::ready::{call_again, plain, webhook_answer};
use crate::refusals::{code, description, shortened};
use crate::scenes::Scene;
use crate::settings::{ConnectionSettings, IssueTooEarly, QueryVouchers, UnpaidConfirmInfo};
use crate::vouchers::{Style, status, with_credentials, with_status};

/// The text of a success where the page's example has one.
const SUCCESS: &str = "success";

pub(crate) fn encode(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    scene: &SceneName,
    intent: &Intent,
    outcome: &Outcome,
) -> Result<RawResponse, Fault> {
    let scene = Scene::named(scene)?;
    if scene == Scene::Webhook {
        return Ok(webhook(intent, outcome));
    }
    if matches!(
        outcome,
        Outcome::Busy | Outcome::CallAgain | Outcome::Unknown
    ) {
        return Ok(call_again());
    }
    let settings = &call.connection.settings;
    match scene {
        Scene::CheckBooking => check_booking(outcome),
        Scene::CreateOrder => create_order(channel, outcome),
        Scene::PayOrder => pay_order(outcome),
        Scene::CancelOrder | Scene::NotifyRefund => noticed(scene, outcome),
        Scene::ApplyRefund => apply_refund(channel, settings, intent, outcome),
        Scene::QueryOrder => query_order(settings, outcome),
        Scene::IssueCertificate => issue_certificate(channel, settings, outcome),
        Scene::PullCalendar => pull_calendar(channel, outcome),
        Scene::Webhook => Ok(webhook(intent, outcome)),
    }
}

fn done(text: &str, payload: &impl Serialize) -> Result<RawResponse, Fault> {
    let body = spi_answer(SpiCode::SUCCESS, text, payload)
        .map_err(|fault| Fault::not_done(FaultKind::Internal, fault.to_string()))?;
    Ok(RawResponse::json(body))
}

/// The core answered something that this scene has no word for: the host then asks Douyin to call again.
fn unheard(scene: Scene) -> Fault {
    let text = format!("{} was answered with another scene's outcome", scene.name());
    Fault::not_done(FaultKind::Internal, text)
}

fn own_id(order: &OrderId) -> Result<Id, Fault> {
    Id::new(order.as_str())
        .ok_or_else(|| Fault::not_done(FaultKind::Internal, "an order without an id"))
}

fn refused(refusal: &Refusal) -> RawResponse {
    plain(code(refusal.reason).into(), &description(refusal))
}

/// Scenic §2, `seen in client code`.
fn check_booking(outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Bookable => Ok(plain(SpiCode::SUCCESS, SUCCESS)),
        Outcome::Refused(refusal) => Ok(refused(refusal)),
        _ => Err(unheard(Scene::CheckBooking)),
    }
}

/// Scenic §3, head `documented`.
fn create_order(channel: &DouyinCalendar, outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Created { order, acceptance } => {
            let confirm_info = match acceptance {
                Some(acceptance) => Some(confirm_info(*acceptance)),
                None => unpaid(channel.settings.unpaid_confirm_info),
            };
            let payload = CreateOrderAnswer {
                order_out_id: own_id(order)?,
                confirm_info,
            };
            done(SUCCESS, &payload)
        }
        Outcome::Refused(refusal) => Ok(refused(refusal)),
        _ => Err(unheard(Scene::CreateOrder)),
    }
}

const fn confirm_info(acceptance: Acceptance) -> ConfirmInfo {
    match acceptance {
        Acceptance::Accepted => ConfirmInfo::ACCEPT,
        Acceptance::Refused => ConfirmInfo::REFUSE,
        Acceptance::Later => ConfirmInfo::LATER,
    }
}

/// Creating before payment, acceptance is told in the payment notice's answer (scenic §4, `documented`), yet §3 says
/// to send `confirm_info` in both modes (`inferred`). "Later" is the one that is there and true: nothing is accepted
/// before the guest paid, and the answer that follows decides.
const fn unpaid(setting: UnpaidConfirmInfo) -> Option<ConfirmInfo> {
    match setting {
        UnpaidConfirmInfo::Later => Some(ConfirmInfo::LATER),
        UnpaidConfirmInfo::Accept => Some(ConfirmInfo::ACCEPT),
        UnpaidConfirmInfo::None => None,
    }
}

/// Scenic §4, `documented`: 0 or 100, never a business code. What nobody decided yet is decided later (§5); without a
/// decision Douyin gives the money back after 10 minutes.
fn pay_order(outcome: &Outcome) -> Result<RawResponse, Fault> {
    let info = match outcome {
        Outcome::Paid { acceptance } => confirm_info(*acceptance),
        Outcome::Recorded => ConfirmInfo::LATER,
        Outcome::Refused(refusal) if kept(refusal) => ConfirmInfo::LATER,
        Outcome::Refused(_) => return Ok(call_again()),
        _ => return Err(unheard(Scene::PayOrder)),
    };
    let payload = PayNoticeAnswer {
        confirm_info: Some(info),
    };
    done("", &payload)
}

/// Scenic §6, §9, `documented`: 0 or 100. The fact stands whatever we think of it.
fn noticed(scene: Scene, outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Recorded => Ok(plain(SpiCode::SUCCESS, "")),
        Outcome::Refused(refusal) if kept(refusal) => Ok(plain(SpiCode::SUCCESS, "")),
        Outcome::Refused(_) => Ok(call_again()),
        _ => Err(unheard(scene)),
    }
}

/// Whether the core understood the fact and only disagrees. What it could not read or store has to come again.
const fn kept(refusal: &Refusal) -> bool {
    !matches!(refusal.reason, Reason::Malformed | Reason::Other)
}

/// Scenic §7, `documented`. On acceptance the fee that was asked goes back unchanged (`inferred`, safe: a larger one
/// counts as a refusal, a smaller one is not used).
fn apply_refund(
    channel: &DouyinCalendar,
    settings: &ConnectionSettings,
    intent: &Intent,
    outcome: &Outcome,
) -> Result<RawResponse, Fault> {
    let asked = match intent {
        Intent::AskRefund(ask) => ask.fee,
        _ => None,
    };
    match outcome {
        Outcome::RefundAgreed { fee } => {
            let fee = fen(asked.unwrap_or(*fee))?;
            done("", &RefundApplyAnswer::accept(fee))
        }
        Outcome::RefundRefused { reason, units } => {
            let vouchers = match (units.as_slice(), own_order(units, intent)) {
                ([], _) | (_, None) => Vec::new(),
                (units, Some(order)) => with_credentials(&order, units, &style(channel, settings))?,
            };
            done(&shortened(reason), &RefundApplyAnswer::refuse(vouchers))
        }
        Outcome::RefundWaiting => done("", &RefundApplyAnswer::wait()),
        // A refusal by the order's state is a decision, too: everything is used, or given back already.
        Outcome::Refused(refusal) if refusal.reason == Reason::StateForbids => {
            done(&description(refusal), &RefundApplyAnswer::refuse(Vec::new()))
        }
        Outcome::Refused(refusal) => {
            Ok(plain(RefusalCode::Other.into(), &description(refusal)))
        }
        _ => Err(unheard(Scene::ApplyRefund)),
    }
}
