//! What an authentic call means. A body that cannot be meant is a fault that names the field.

use douyin_wire::calendar as wire_calendar;
use douyin_wire::issue::IssueVoucher;
use douyin_wire::kinds::{ApplySource, BizType, CancelType, RefundScene};
use douyin_wire::number::Id;
use douyin_wire::order::{self as wire, OurOrderId};
use douyin_wire::refund::{RefundApply, RefundNotice};
use douyin_wire::rules::{Amount, TicketSpecification};
use douyin_wire::sign::{single_param, webhook_sign};
use douyin_wire::time::Day;
use entrepot_sdk::contract::intent::{
    AskRefund, CancelStage, CreateOrder, IssueOrder, PullCalendar, RecordRefund, UnitChoice, Wish,
};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::contract::order::{RefundCause, Visit};
use entrepot_sdk::prelude::*;
use serde_json::Value;

use crate::DouyinCalendar;
use crate::body::{copies, instant, need, order_id, plausible, read, text_id, wrong, yuan};
use crate::connection::{ConnectionSettings, OrderMode};
use crate::guests::guests;
use crate::locate::of_content;
use crate::scenes::Scene;
use crate::vouchers::chosen;

pub(crate) fn decode(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    raw: &RawRequest,
) -> Result<Intent, Fault> {
    let scene = Scene::named(&raw.scene)?;
    if scene != Scene::Webhook {
        refuse_replay(channel, call.now(), raw)?;
    }
    match scene {
        Scene::CheckBooking => check_booking(channel, read(&raw.body)?),
        Scene::CreateOrder => create_order(channel, call, read(&raw.body)?),
        Scene::PayOrder => pay_order(&read(&raw.body)?),
        Scene::CancelOrder => cancel_order(&read(&raw.body)?),
        Scene::ApplyRefund => apply_refund(read(&raw.body)?),
        Scene::NotifyRefund => notify_refund(read(&raw.body)?),
        Scene::QueryOrder => query_order(&read(&raw.body)?),
        Scene::IssueCertificate => issue_certificate(&read(&raw.body)?),
        Scene::PullCalendar => pull_calendar(call, &read(&raw.body)?),
        Scene::Webhook => webhook(raw),
    }
}

/// Common §7.2, `inferred`, off unless set. Here and not in `locate`, which has no clock.
fn refuse_replay(channel: &DouyinCalendar, now: Timestamp, raw: &RawRequest) -> Result<(), Fault> {
    let Some(window_ms) = channel.settings.replay_window_ms else {
        return Ok(());
    };
    let stamp = single_param(&raw.query, "timestamp").and_then(|text| text.parse::<i64>().ok());
    let near = stamp.is_some_and(|stamp| now.millis().abs_diff(stamp) <= window_ms);
    if near {
        return Ok(());
    }
    let text = "the call's timestamp is missing or outside settings.replay_window_ms";
    Err(Fault::not_done(FaultKind::Unauthenticated, text))
}

/// Scenic §2, `seen in client code`. Nothing can be reserved: there is no order id.
fn check_booking(channel: &DouyinCalendar, check: wire::CanBuy) -> Result<Intent, Fault> {
    calendar_ticket(check.biz_type)?;
    let names = names(
        check.product_id.as_ref(),
        check.sku_id.as_ref(),
        check.product_out_id.as_ref(),
        check.sku_out_id.as_ref(),
    )?;
    let guests_final = check.buyer.is_some() || !check.tourists.is_empty();
    let (origin_amount, pay_amount) = amounts(check.amount.as_ref())?;
    Ok(Intent::CheckBooking(Wish {
        names,
        count: copies("count", need("count", check.count)?)?,
        visit: visit(check.book_start_day, check.book_end_day)?,
        slot: slot(check.ticket_specification.as_ref())?,
        origin_amount,
        pay_amount,
        guests: guests(channel, check.buyer.as_ref(), &check.tourists)?,
        guests_final,
        ..Wish::default()
    }))
}

/// Scenic §3, head `documented`. Creating after payment, Douyin calls once the guest paid and sends no time of
/// payment, so the order's own time stands for it (§1.1, `documented` order of events, `inferred` time).
fn create_order(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    create: wire::CreateOrder,
) -> Result<Intent, Fault> {
    calendar_ticket(create.biz_type)?;
    let names = names(
        create.product_id.as_ref(),
        Some(&create.sku_id),
        create.product_out_id.as_ref(),
        create.sku_out_id.as_ref(),
    )?;
    let ordered_at = match create.create_seconds {
        Some(seconds) => instant("create_order_time_unix", seconds)?,
        None => call.now(),
    };
    let paid_at = match call.connection.settings.order_mode {
        OrderMode::AfterPayment => Some(ordered_at),
        OrderMode::BeforePayment => None,
    };
    let (origin_amount, pay_amount) = amounts(Some(&create.amount))?;
    let source = create.source_order_id.as_ref();
    Ok(Intent::CreateOrder(CreateOrder {
        source_order: source.map(|source| order_id("source_order_id", source)).transpose()?,
        paid_at,
        ..CreateOrder::new(
            order_id("order_id", &create.order_id)?,
            Wish {
                names,
                count: copies("count", create.count)?,
                visit: visit(create.book_start_day, create.book_end_day)?,
                slot: slot(create.ticket_specification.as_ref())?,
                origin_amount,
                pay_amount,
                guests: guests(channel, create.buyer.as_ref(), &create.tourists)?,
                guests_final: true,
                ..Wish::default()
            },
            ordered_at,
        )
    }))
}

/// Scenic §4, `documented`.
fn pay_order(notice: &wire::PayNotice) -> Result<Intent, Fault> {
    own_order(&notice.our_order)?;
    Ok(Intent::PayOrder {
        order: order_id("order_id", &notice.order_id)?,
        paid_at: instant("pay_time_unix", notice.pay_seconds)?,
    })
}

/// Scenic §6, `documented`. A number no page lists counts as "after payment", where nothing is released on its word
/// alone (`inferred`).
fn cancel_order(notice: &wire::CancelNotice) -> Result<Intent, Fault> {
    own_order(&notice.our_order)?;
    let stage = match notice.cancel_type {
        CancelType::BeforePayment => CancelStage::BeforePayment,
        CancelType::CreateFailed => CancelStage::CreationFailed,
        CancelType::AfterPayment | CancelType::Other(_) => CancelStage::AfterPayment,
    };
    Ok(Intent::CancelOrder {
        order: order_id("order_id", &notice.order_id)?,
        stage,
        cancelled_at: instant("cancel_order_time_unix", notice.cancel_seconds)?,
    })
}

/// Scenic §7, `documented`. Vouchers are named only for a part of the order.
fn apply_refund(apply: RefundApply) -> Result<Intent, Fault> {
    let own = own_order(&apply.our_order)?;
    Ok(Intent::AskRefund(AskRefund {
        fee: Some(yuan(apply.refund_fee_amount)),
        ..AskRefund::new(
            order_id("order_id", &apply.order_id)?,
            refund_key(&apply.refund_key)?,
            asked_by(apply.apply_source),
            chosen(&apply.vouchers, own).unwrap_or(UnitChoice::AllLeft),
            instant("apply_refund_time_unix", apply.apply_seconds)?,
        )
    }))
}

/// Scenic §9, `documented`: money already gone.
fn notify_refund(notice: RefundNotice) -> Result<Intent, Fault> {
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
        instant("refund_time_unix", notice.refund_seconds)?,
    )))
}

/// Scenic §10, `documented`.
fn query_order(query: &wire::QueryOrder) -> Result<Intent, Fault> {
    own_order(&query.our_order)?;
    let order = order_id("order_id", &query.order_id)?;
    Ok(Intent::QueryOrder { order })
}

/// Scenic §11, head `documented`. `copies` are the copies bought; `count` is people per copy.
fn issue_certificate(issue: &IssueVoucher) -> Result<Intent, Fault> {
    let count = issue.copies.map(|count| copies("copies", count));
    Ok(Intent::IssueOrder(IssueOrder {
        count: count.transpose()?,
        ..IssueOrder::new(order_id("order_id", &issue.order_id)?)
    }))
}

/// Scenic §16, `documented`: at most 60 days, 30 with extended specifications. Asked for more, the first of them are told.
fn pull_calendar(call: &Call<ConnectionSettings>, pull: &wire_calendar::PullCalendar) -> Result<Intent, Fault> {
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
    let last = from.plus_days(call.connection.settings.pull_days() - 1).unwrap_or(to);
    let to = to.min(last);
    Ok(Intent::PullCalendar(PullCalendar { skus, ..PullCalendar::new(product(None, None)?, from, to) }))
}

/// Common §9, `documented`. The message id is the header Msg-Id, or a digest of the body.
fn webhook(raw: &RawRequest) -> Result<Intent, Fault> {
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

/// Calls of other solutions reach the same URLs (common §11); this plugin sells calendar tickets only. Scenic §2, §3,
/// `seen in client code`.
fn calendar_ticket(biz_type: Option<BizType>) -> Result<(), Fault> {
    match biz_type {
        None | Some(BizType::Calendar) => Ok(()),
        Some(other) => Err(Fault::invalid(format!("biz_type {} belongs to another solution", other.code()))),
    }
}

fn names(
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

/// Scenic §1.4, `documented`: three spellings of one id.
fn own_order(own: &OurOrderId) -> Result<Option<&Id>, Fault> {
    own.get().map_err(|conflict| wrong("order_out_id", &conflict.to_string()))
}

fn refund_key(key: &Id) -> Result<String, Fault> {
    need("biz_uniq_key", text_id("biz_uniq_key", Some(key))?)
}

/// A missing end is the start (`inferred`: a ticket is for one day).
fn visit(start: Option<Day>, end: Option<Day>) -> Result<Option<Visit>, Fault> {
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

fn day(field: &str, day: Day) -> Result<VisitDate, Fault> {
    VisitDate::new(day.date()).ok_or_else(|| wrong(field, "no day of 2015 to 2100"))
}

/// The session's name is our time slot (`inferred`; the session's time has no stated format).
fn slot(specification: Option<&TicketSpecification>) -> Result<Option<String>, Fault> {
    let session = specification.and_then(|it| it.ticket_session.as_ref());
    let name = session.and_then(|session| session.name.as_ref());
    match name.map(|name| name.as_str().trim()) {
        None | Some("") => Ok(None),
        Some(name) if plausible(name) => Ok(Some(name.to_owned())),
        Some(_) => Err(wrong("ticket_specification.ticket_session.ticket_session_name", "not a name")),
    }
}

/// Scenic §1.5, common §10: fen, CNY unless it says otherwise.
fn amounts(amount: Option<&Amount>) -> Result<(Option<Money>, Option<Money>), Fault> {
    let Some(amount) = amount else {
        return Ok((None, None));
    };
    let currency = Currency::parse(amount.currency())
        .ok_or_else(|| wrong("amount.currency", "no code of three capital letters"))?;
    let money = |fen: i64| Some(Money::new(fen, currency));
    Ok((money(amount.origin_amount.get()), money(amount.pay_amount.get())))
}

/// Scenic §7, `documented` numbers; how they fall into our causes is ours.
fn asked_by(source: Option<ApplySource>) -> RefundCause {
    use ApplySource as From;
    match source {
        Some(From::User) => RefundCause::Guest,
        Some(From::Merchant | From::MerchantCancelled | From::MerchantAfterUse | From::ShopClosed) => {
            RefundCause::Merchant
        }
        Some(From::CustomerService | From::LiabilityRuling | From::CustomerServiceAfterUse | From::Arbitration) => {
            RefundCause::Platform
        }
        Some(From::IssueFailed) => RefundCause::IssueFailed,
        Some(From::Expired) => RefundCause::Expired,
        Some(From::RefusedByUs | From::AcceptTimeout) => RefundCause::NotAccepted,
        _ => RefundCause::Other,
    }
}

/// Scenic §9, `documented` numbers; how they fall into our causes is ours.
fn announced_by(scene: Option<RefundScene>) -> RefundCause {
    use RefundScene as Said;
    match scene {
        Some(Said::User) => RefundCause::Guest,
        Some(Said::Merchant | Said::MerchantCancelled | Said::ShopClosed) => RefundCause::Merchant,
        Some(Said::CustomerService) => RefundCause::Platform,
        Some(Said::IssueFailed) => RefundCause::IssueFailed,
        Some(Said::Expired) => RefundCause::Expired,
        Some(Said::AcceptTimeout | Said::Refused) => RefundCause::NotAccepted,
        _ => RefundCause::Other,
    }
}
