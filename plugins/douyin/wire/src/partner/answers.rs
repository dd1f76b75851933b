//! Outcomes as answers. Every answer is HTTP 200 with an error code in `data` (common §7.4, `documented`); webhooks alone are
//! answered by the status.
//!
//! "Too busy", "call again" and what this build does not know are said alike in every scene: [`unready`] comes first.

use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::order::UnitState;
use entrepot_sdk::contract::outcome::{Acceptance, Reason, Refusal, UnitUsage};
use entrepot_sdk::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::dates::{DateWriter, pull_answer};
use super::ready::{call_again, plain, webhook_answer};
use super::refusals::{code, description, shortened};
use super::scenes::Scene;
use super::settings::{IssueTooEarly, QueryVouchers, UnpaidConfirmInfo};
use super::vouchers::{Style, status, with_credentials, with_status};
use crate::answer::{
    ConfirmInfo, CreateOrderAnswer, IssueVoucherAnswer, PayNoticeAnswer, QueryOrderAnswer, RefundApplyAnswer,
};
use crate::codes::{QueryCode, RefusalCode, SpiCode};
use crate::envelope::spi_answer;
use crate::kinds::VoucherStatus;
use crate::number::{Fen, Id};

/// The text of a success where the page's example has one.
pub const SUCCESS: &str = "success";

/// The answer to an outcome that means "not now", whatever was asked; none where there is more to say. Not for webhooks.
#[must_use]
pub fn unready(outcome: &Outcome) -> Option<RawResponse> {
    matches!(outcome, Outcome::Busy | Outcome::CallAgain | Outcome::Unknown).then(call_again)
}

/// A payload with code 0.
pub fn done(text: &str, payload: &impl Serialize) -> Result<RawResponse, Fault> {
    let body = spi_answer(SpiCode::SUCCESS, text, payload)
        .map_err(|fault| Fault::not_done(FaultKind::Internal, fault.to_string()))?;
    Ok(RawResponse::json(body))
}

/// The core answered something that this scene has no word for: the host then asks Douyin to call again.
#[must_use]
pub fn unheard(scene: Scene) -> Fault {
    let text = format!("{} was answered with another scene's outcome", scene.name());
    Fault::not_done(FaultKind::Internal, text)
}

/// Our order's id on the wire.
pub fn own_id(order: &OrderId) -> Result<Id, Fault> {
    Id::new(order.as_str()).ok_or_else(|| Fault::not_done(FaultKind::Internal, "an order without an id"))
}

/// A refusal of the booking check or of create order.
#[must_use]
pub fn refused(refusal: &Refusal) -> RawResponse {
    plain(code(refusal.reason).into(), &description(refusal))
}

/// Booking check. Scenic §2, `seen in client code`.
pub fn check_booking(outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Bookable => Ok(plain(SpiCode::SUCCESS, SUCCESS)),
        Outcome::Refused(refusal) => Ok(refused(refusal)),
        _ => Err(unheard(Scene::CheckBooking)),
    }
}

/// Create order. Scenic §3, head `documented`.
pub fn create_order(unpaid_confirm_info: UnpaidConfirmInfo, outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Created { order, acceptance } => {
            let confirm_info = match acceptance {
                Some(acceptance) => Some(confirm_info(*acceptance)),
                None => unpaid(unpaid_confirm_info),
            };
            let payload = CreateOrderAnswer { order_out_id: own_id(order)?, confirm_info };
            done(SUCCESS, &payload)
        }
        Outcome::Refused(refusal) => Ok(refused(refusal)),
        _ => Err(unheard(Scene::CreateOrder)),
    }
}

/// Whether and how an order is accepted.
#[must_use]
pub const fn confirm_info(acceptance: Acceptance) -> ConfirmInfo {
    match acceptance {
        Acceptance::Accepted => ConfirmInfo::ACCEPT,
        Acceptance::Refused => ConfirmInfo::REFUSE,
        // What this build does not know is not said: a notice may follow.
        Acceptance::Later | Acceptance::Unknown => ConfirmInfo::LATER,
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

/// Payment notice. Scenic §4, `documented`: 0 or 100, never a business code. What nobody decided yet is decided later (§5);
/// without a decision Douyin gives the money back after 10 minutes.
pub fn pay_order(outcome: &Outcome) -> Result<RawResponse, Fault> {
    let info = match outcome {
        Outcome::Paid { acceptance } => confirm_info(*acceptance),
        Outcome::Recorded => ConfirmInfo::LATER,
        Outcome::Refused(refusal) if kept(refusal) => ConfirmInfo::LATER,
        Outcome::Refused(_) => return Ok(call_again()),
        _ => return Err(unheard(Scene::PayOrder)),
    };
    let payload = PayNoticeAnswer { confirm_info: Some(info) };
    done("", &payload)
}

/// Cancel and refund result notice. Scenic §6, §9, `documented`: 0 or 100. The fact stands whatever we think of it.
pub fn noticed(scene: Scene, outcome: &Outcome) -> Result<RawResponse, Fault> {
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

/// What goes back on acceptance: the fee that was asked, unchanged (scenic §7, `inferred`, safe: a larger one counts as a
/// refusal, a smaller one is not used).
pub fn echoed_fee(intent: &Intent, outcome: &Outcome) -> Result<Fen, Fault> {
    let asked = match intent {
        Intent::AskRefund(ask) => ask.fee,
        _ => None,
    };
    let ours = match outcome {
        Outcome::RefundAgreed { fee } => *fee,
        _ => None,
    };
    fen(asked.or(ours).unwrap_or(Money::zero(Currency::CNY)))
}

/// Refund review. Scenic §7, `documented`. `fee` is what goes back on acceptance.
pub fn apply_refund(style: &Style<'_>, fee: Fen, outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::RefundAgreed { .. } => done("", &RefundApplyAnswer::accept(fee)),
        // Refusing a failed issuing without the vouchers that repair it would be taken as an agreement (§7).
        Outcome::RefundRefused { order, reason, repaired } => {
            let vouchers = if repaired.is_empty() { Vec::new() } else { with_credentials(order, repaired, style)? };
            done(&shortened(reason), &RefundApplyAnswer::refuse(vouchers))
        }
        Outcome::RefundWaiting => done("", &RefundApplyAnswer::wait()),
        // A refusal by the order's state is a decision, too: everything is used, or given back already.
        Outcome::Refused(refusal) if refusal.reason == Reason::StateForbids => {
            done(&description(refusal), &RefundApplyAnswer::refuse(Vec::new()))
        }
        Outcome::Refused(refusal) => Ok(plain(RefusalCode::Other.into(), &description(refusal))),
        _ => Err(unheard(Scene::ApplyRefund)),
    }
}

/// Fen of an amount in yuan; a fault for any other currency.
pub fn fen(amount: Money) -> Result<Fen, Fault> {
    let yuan = amount.currency == Currency::CNY;
    Fen::new(amount.amount_minor)
        .filter(|_| yuan)
        .ok_or_else(|| Fault::invalid(format!("{amount} cannot be told in fen")))
}

/// Order status query. Scenic §10, `documented`. The page writes an empty `projects` beside each entrance.
pub fn query_order(query_vouchers: QueryVouchers, outcome: &Outcome) -> Result<RawResponse, Fault> {
    let (order, units, issued) = match outcome {
        Outcome::Usage { order, units, issued } => (order, units, *issued),
        Outcome::Refused(refusal) => {
            let code = match refusal.reason {
                Reason::OrderUnknown => QueryCode::NoSuchOrder,
                _ => QueryCode::Failure,
            };
            return Ok(plain(code.into(), &description(refusal)));
        }
        _ => return Err(unheard(Scene::QueryOrder)),
    };
    if units.iter().any(|usage| usage.state == UnitState::Unknown) {
        return Err(unheard(Scene::QueryOrder));
    }
    let used = |usage: &&UnitUsage| status(usage) == VoucherStatus::Used;
    let changed = |usage: &UnitUsage| status(usage) != VoucherStatus::Unused;
    // Before issuing Douyin knows no voucher of this order, and naming one would contradict it.
    let listed = issued
        && match query_vouchers {
            QueryVouchers::Always => true,
            QueryVouchers::WhenChanged => units.iter().any(changed),
        };
    let payload = QueryOrderAnswer {
        order_out_id: own_id(order)?,
        total_voucher_quantity: number(units.len()),
        used_voucher_quantity: number(units.iter().filter(used).count()),
        vouchers: if listed { with_status(order, units) } else { Vec::new() },
    };
    let mut payload = serde_json::to_value(&payload)
        .map_err(|_| Fault::not_done(FaultKind::Internal, "an answer that is no JSON"))?;
    let vouchers = payload.get_mut("vouchers").and_then(Value::as_array_mut);
    for voucher in vouchers.into_iter().flatten() {
        voucher["projects"] = json!([]);
    }
    done("", &payload)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Issue call. Common §11, `documented`; scenic §11. Result 2 refunds at once, without review or repair, so it is said only of
/// what is final; everything else is asked again within ten minutes.
pub fn issue_certificate(style: &Style<'_>, too_early: IssueTooEarly, outcome: &Outcome) -> Result<RawResponse, Fault> {
    let failed = |refusal: &Refusal| {
        let why = shortened(&refusal.text);
        done("", &IssueVoucherAnswer::failed(why))
    };
    match outcome {
        Outcome::Issued { order, units } => {
            let vouchers = with_credentials(order, units, style)?;
            done(SUCCESS, &IssueVoucherAnswer::issued(vouchers))
        }
        Outcome::Issuing { .. } => done("", &IssueVoucherAnswer::issuing()),
        Outcome::Refused(refusal) => match refusal.reason {
            Reason::SupplierRefused => failed(refusal),
            Reason::StateForbids if too_early == IssueTooEarly::Failed => failed(refusal),
            _ => Ok(call_again()),
        },
        _ => Err(unheard(Scene::IssueCertificate)),
    }
}

/// Price and stock pull. Scenic §16, `documented`, tail `inferred`. Its error codes were not seen: every refusal is "other".
pub fn pull_calendar(
    outcome: &Outcome,
    writer: impl Fn(&ListingNames) -> Result<DateWriter, Fault>,
) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Calendar { skus } => done("", &pull_answer(skus, writer)?),
        Outcome::Refused(refusal) => Ok(plain(RefusalCode::Other.into(), &description(refusal))),
        _ => Err(unheard(Scene::PullCalendar)),
    }
}

/// Message push. Common §9, `documented`: the challenge at once, otherwise the status alone.
#[must_use]
pub fn webhook(intent: &Intent, outcome: &Outcome) -> RawResponse {
    match (intent, outcome) {
        (_, Outcome::Busy | Outcome::CallAgain | Outcome::Unknown) => webhook_answer(503),
        (_, Outcome::Refused(_)) => webhook_answer(400),
        (Intent::Handshake { challenge }, _) => {
            let body: Value = json!({ "challenge": challenge });
            RawResponse::json(body.to_string().into_bytes())
        }
        _ => webhook_answer(200),
    }
}
