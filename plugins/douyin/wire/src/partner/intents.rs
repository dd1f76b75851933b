//! Calls as intents: those that mean the same whatever is sold, and the parts of those that do not (booking check and create
//! order are each plugin's). A body that cannot be meant is a fault that names the field.

use entrepot_sdk::contract::intent::{AskRefund, CancelStage, IssueOrder, PullCalendar, RecordRefund, UnitChoice};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::contract::order::Visit;
use entrepot_sdk::prelude::*;
use serde_json::Value;

use super::body::{copies, instant_s, need, order_id, plausible, read, text_id, wrong, yuan};
use super::causes::{announced_by, asked_by};
use super::locate::of_content;
use super::vouchers::chosen;
use crate::calendar as wire_calendar;
use crate::issue::IssueVoucher;
use crate::kinds::CancelType;
use crate::number::Id;
use crate::order::{self as wire, OurOrderId};
use crate::refund::{RefundApply, RefundNotice};
use crate::rules::{Amount, TicketSpecification};
use crate::sign::webhook_sign;
use crate::time::Day;

/// Payment notice. Scenic §4, `documented`.
pub fn pay_order(notice: &wire::PayNotice) -> Result<Intent, Fault> {
    own_order(&notice.our_order)?;
    Ok(Intent::PayOrder {
        order: order_id("order_id", &notice.order_id)?,
        paid_at: instant_s("pay_time_unix", notice.pay_seconds)?,
    })
}

/// Cancel notice. Scenic §6, `documented`. A number no page lists counts as "after payment", where nothing is released on its
/// word alone (`inferred`).
pub fn cancel_order(notice: &wire::CancelNotice) -> Result<Intent, Fault> {
    own_order(&notice.our_order)?;
    let stage = match notice.cancel_type {
        CancelType::BeforePayment => CancelStage::BeforePayment,
        CancelType::CreateFailed => CancelStage::CreationFailed,
        CancelType::AfterPayment | CancelType::Other(_) => CancelStage::AfterPayment,
    };
    Ok(Intent::CancelOrder {
        order: order_id("order_id", &notice.order_id)?,
        stage,
        cancelled_at: instant_s("cancel_order_time_unix", notice.cancel_seconds)?,
    })
}

/// Refund review. Scenic §7, `documented`. Vouchers are named only for a part of the order; whether the fee has to be there is
/// the solution's rule.
pub fn apply_refund(apply: &RefundApply) -> Result<Intent, Fault> {
    let own = own_order(&apply.our_order)?;
    Ok(Intent::AskRefund(AskRefund {
        fee: apply.refund_fee_amount.map(yuan),
        ..AskRefund::new(
            order_id("order_id", &apply.order_id)?,
            refund_key(&apply.refund_key)?,
            asked_by(apply.apply_source),
            chosen(&apply.vouchers, own).unwrap_or(UnitChoice::AllLeft),
            instant_s("apply_refund_time_unix", apply.apply_seconds)?,
        )
    }))
}

/// Refund result notice. Scenic §9, `documented`: money already gone.
pub fn notify_refund(notice: &RefundNotice) -> Result<Intent, Fault> {
    let own = own_order(&notice.our_order)?;
    let counted = match notice.refund_count {
        Some(count) if count.0 != 0 => Some(UnitChoice::Count(copies("refund_count", count)?)),
        _ => None,
    };
    Ok(Intent::RecordRefund(RecordRefund::new(
        order_id("order_id", &notice.order_id)?,
        refund_key(&notice.refund_key)?,
        announced_by(notice.refund_scene),
        chosen(&notice.vouchers, own).or(counted).unwrap_or(UnitChoice::AllLeft),
        yuan(notice.refund_amount),
        instant_s("refund_time_unix", notice.refund_seconds)?,
    )))
}

/// Order status query. Scenic §10, `documented`.
pub fn query_order(query: &wire::QueryOrder) -> Result<Intent, Fault> {
    own_order(&query.our_order)?;
    let order = order_id("order_id", &query.order_id)?;
    Ok(Intent::QueryOrder { order })
}

/// Issue call. Scenic §11, head `documented`. `copies` are the copies bought; `count` is people per copy.
pub fn issue_certificate(issue: &IssueVoucher) -> Result<Intent, Fault> {
    let count = issue.copies.map(|count| copies("copies", count));
    Ok(Intent::IssueOrder(IssueOrder {
        count: count.transpose()?,
        ..IssueOrder::new(order_id("order_id", &issue.order_id)?)
    }))
}

/// Price and stock pull. Scenic §16, `documented`: at most so many days. Asked for more, the first of them are told.
pub fn pull_calendar(pull: &wire_calendar::PullCalendar, days_limit: u32) -> Result<Intent, Fault> {
    let product = |sku: Option<&Id>, sku_out: Option<&Id>| {
        let (product, product_out) = (pull.product_id.as_ref(), pull.product_out_id.as_ref());
        names(product, sku, product_out, sku_out)
    };
    if pull.product_id.is_none() && pull.product_out_id.is_none() {
        return Err(wrong("product_out_id", "neither it nor product_id is there"));
    }
    let skus = pull
        .ticket_specifications
        .iter()
        .filter(|sku| sku.sku_id.is_some() || sku.sku_out_id.is_some())
        .map(|sku| product(sku.sku_id.as_ref(), sku.sku_out_id.as_ref()))
        .collect::<Result<_, _>>()?;
    let (from, to) = (day("start_date", pull.start_date)?, day("end_date", pull.end_date)?);
    if to < from {
        return Err(wrong("end_date", "before start_date"));
    }
    let last = from.plus_days(days_limit.saturating_sub(1)).unwrap_or(to);
    let to = to.min(last);
    Ok(Intent::PullCalendar(PullCalendar { skus, ..PullCalendar::new(product(None, None)?, from, to) }))
}

/// Message push. Common §9, `documented`. The message id is the header Msg-Id, or a digest of the body.
pub fn webhook(raw: &RawRequest) -> Result<Intent, Fault> {
    let body: Value = read(&raw.body)?;
    let event = body["event"].as_str().filter(|event| plausible(event));
    let event = need("event", event)?;
    if event == "verify_webhook" {
        let challenge = &body["content"]["challenge"];
        return match challenge {
            Value::Number(_) | Value::String(_) => Ok(Intent::Handshake { challenge: challenge.clone() }),
            _ => Err(wrong("content.challenge", "no number or text")),
        };
    }
    let message = raw.header("msg-id").filter(|id| plausible(id));
    let about = of_content(&body);
    Ok(Intent::Event {
        event: event.to_owned(),
        message: message.map_or_else(|| webhook_sign("", &raw.body), str::to_owned),
        order: about.order,
        names: about.names,
    })
}

/// The ids of what is sold.
pub fn names(
    product: Option<&Id>,
    sku: Option<&Id>,
    product_out: Option<&Id>,
    sku_out: Option<&Id>,
) -> Result<ListingNames, Fault> {
    Ok(ListingNames {
        product: text_id("product_id", product)?,
        sku: text_id("sku_id", sku)?,
        product_out: text_id("product_out_id", product_out)?,
        sku_out: text_id("sku_out_id", sku_out)?,
    })
}

/// Our order, where the call names it. Scenic §1.4, `documented`: three spellings of one id.
pub fn own_order(own: &OurOrderId) -> Result<Option<&Id>, Fault> {
    own.get().map_err(|conflict| wrong("order_out_id", &conflict.to_string()))
}

/// The key under which a refund is reviewed, decided and told.
pub fn refund_key(key: &Id) -> Result<String, Fault> {
    need("biz_uniq_key", text_id("biz_uniq_key", Some(key))?)
}

/// The days of a visit. A missing end is the start (`inferred`: a ticket is for one day).
pub fn visit(start: Option<Day>, end: Option<Day>) -> Result<Option<Visit>, Fault> {
    let Some(start) = start.or(end) else {
        return Ok(None);
    };
    let arrive = day("book_start_day", start)?;
    let leave = day("book_end_day", end.unwrap_or(start))?;
    if leave < arrive {
        return Err(wrong("book_end_day", "before book_start_day"));
    }
    Ok(Some(Visit { arrive, leave }))
}

/// A day of the contract's years.
pub fn day(field: &str, day: Day) -> Result<VisitDate, Fault> {
    VisitDate::new(day.date()).ok_or_else(|| wrong(field, "no day of 2015 to 2100"))
}

/// The session's name is our time slot (`inferred`; the session's time has no stated format).
pub fn slot(specification: Option<&TicketSpecification>) -> Result<Option<String>, Fault> {
    let session = specification.and_then(|it| it.ticket_session.as_ref());
    let name = session.and_then(|session| session.name.as_ref());
    match name.map(|name| name.as_str().trim()) {
        None | Some("") => Ok(None),
        Some(name) if plausible(name) => Ok(Some(name.to_owned())),
        Some(_) => Err(wrong("ticket_specification.ticket_session.ticket_session_name", "not a name")),
    }
}

/// The price before discounts and what the guest pays. Scenic §1.5, common §10: fen, CNY unless it says otherwise.
pub fn amounts(amount: Option<&Amount>) -> Result<(Option<Money>, Option<Money>), Fault> {
    let Some(amount) = amount else {
        return Ok((None, None));
    };
    let currency = Currency::parse(amount.currency())
        .ok_or_else(|| wrong("amount.currency", "no code of three capital letters"))?;
    let money = |fen: i64| Some(Money::new(fen, currency));
    Ok((money(amount.origin_amount.get()), money(amount.pay_amount.get())))
}
