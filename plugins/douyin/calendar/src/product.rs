//! The notice of a product: bound to one that a person made in Laike, or published by call. Scenic §17, §18, §20.
//!
//! In both ways the product is looked at first, for what Douyin makes of it is only known there: the same notice comes again
//! while its review lasts. What was saved last is remembered in the application's cache, as a digest: without it each
//! repeat would overwrite the product and begin another review.

use douyin_wire::goods::{SPECIFICATIONS_LIMIT, Ticket};
use douyin_wire::kinds::{RefundFeeType, RefundType, TicketStatus};
use douyin_wire::partner::calls::{account, product as product_ref, refusal};
use douyin_wire::partner::dates::specification;
use douyin_wire::partner::refusals::shortened;
use entrepot_sdk::contract::notice::{ProductNotice, SkuNotice};
use entrepot_sdk::contract::product::{Collect, RefundFee, RefundOtherwise, RefundRule};
use entrepot_sdk::contract::supplier::Wait;
use entrepot_sdk::prelude::*;
use entrepot_sdk::sign::sha256_hex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::DouyinCalendar;
use crate::connection::{ConnectionSettings, PublishMode};
use crate::goods::{carries, shelve, tickets};

/// Product publish. Scenic §17, `documented` path.
const SAVE: (&str, &str) = ("ticket_save", "/goodlife/v1/trip/ticket/save/");

/// `reserved_type`: every traveller is asked for. Scenic §11, §18, `documented`; the other values were not seen.
const EVERY_TRAVELLER: i64 = 3;
/// How long it is remembered what was saved, in milliseconds: the host's longest. Forgotten, the product is saved again.
const REMEMBERED_MS: u64 = 45 * 86_400_000;
/// How long Douyin may take to show a save, in milliseconds (`inferred`).
const SHOWN_AFTER_MS: i64 = 60_000;
/// Largest body of a product, in bytes (`inferred`).
const BODY_LIMIT_BYTES: usize = 256 * 1024;

pub(crate) async fn deliver(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &ProductNotice,
) -> Result<Told, Fault> {
    product_ref(&notice.names)?;
    let ticket = tickets(channel, call, &notice.names).await?.into_iter().next();
    if let Some(ticket) = ticket.as_ref().filter(|ticket| ticket.status == Some(TicketStatus::UnderReview)) {
        call.log(LogLevel::Debug, &format!("product {} is under review", ticket.product_id));
        return Ok(reviewed_later(channel));
    }
    if !notice.on_sale {
        // What is not there, or failed its review, is not on sale.
        if let Some(ticket) = ticket.as_ref().filter(|ticket| ticket.status != Some(TicketStatus::ReviewFailed)) {
            shelve(channel, call, ticket, false).await?;
        }
        return Ok(Told::Done);
    }
    match call.connection.settings.publish_mode {
        PublishMode::Bind => bind(channel, call, notice, ticket).await,
        PublishMode::Api => publish(channel, call, notice, ticket).await,
    }
}

fn reviewed_later(channel: &DouyinCalendar) -> Told {
    Told::Waiting(Wait::ms(channel.settings.review_poll_ms))
}

fn refused(text: String) -> Fault {
    Fault::not_done(FaultKind::Refused, text)
}

/// The product's name in sentences for operators.
fn named(notice: &ProductNotice) -> String {
    match (&notice.names.product_out, &notice.names.product) {
        (Some(out), _) => format!("with product_out_id {out}"),
        (None, Some(id)) => format!("with product_id {id}"),
        (None, None) => "without a name".to_owned(),
    }
}

/// Our ids of SKUs, as they have to stand in Laike.
fn out_ids<'a>(skus: impl Iterator<Item = &'a SkuNotice>) -> String {
    let id = |sku: &SkuNotice| specification(&sku.names).sku_out_id.map_or_else(|| sku.sku.to_string(), String::from);
    skus.map(id).collect::<Vec<_>>().join(", ")
}

/// Made in Laike by a person, found here by our ids.
async fn bind(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &ProductNotice,
    ticket: Option<Ticket>,
) -> Result<Told, Fault> {
    let (product, account) = (named(notice), account(call)?);
    let Some(ticket) = ticket else {
        return Err(refused(format!(
            "account {account} has no product {product} at Douyin: create it in Laike (来客) with that id and with the \
             specifications' sku_out_id {}",
            out_ids(notice.skus.iter())
        )));
    };
    if ticket.status == Some(TicketStatus::ReviewFailed) {
        return Err(review_failed(notice, &ticket, "correct it in Laike (来客)"));
    }
    if let Some(text) = unbound(notice, &ticket) {
        return Err(refused(text));
    }
    shelve(channel, call, &ticket, true).await?;
    Ok(Told::Done)
}

/// What is missing at Douyin of the SKUs on sale.
fn unbound(notice: &ProductNotice, ticket: &Ticket) -> Option<String> {
    let missing: Vec<&SkuNotice> =
        notice.skus.iter().filter(|sku| sku.on_sale && !carries(ticket, &sku.names)).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the product {} is at Douyin as {}, but none of its specifications has the sku_out_id {}: set it in Laike \
             (来客)",
            named(notice),
            ticket.product_id,
            out_ids(missing.into_iter())
        )
    })
}

/// Douyin's own reasons are about the product, so they may be told.
fn review_failed(notice: &ProductNotice, ticket: &Ticket, advice: &str) -> Fault {
    let reasons = ticket.audit_result.as_ref().map(|opinion| opinion.reasons()).unwrap_or_default();
    let reasons = if reasons.is_empty() { "it gives no reason".to_owned() } else { shortened(&reasons) };
    refused(format!("Douyin's review refused the product {}: {reasons}; {advice}", named(notice)))
}

/// What was saved last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Saved {
    digest: String,
    at: Timestamp,
}

/// Scenic §17: an update overwrites, is reviewed, and is an error while a review lasts.
async fn publish(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &ProductNotice,
    ticket: Option<Ticket>,
) -> Result<Told, Fault> {
    let body = body(call, notice, ticket.as_ref())?;
    let digest = digest(&body);
    let key = format!("product:{}", sha256_hex(&[account(call)?.as_str(), " ", &named(notice)]));
    let cached = call.cache_get(&key).await?;
    let stamp = cached.as_ref().map_or(0, |cached| cached.stamp);
    let saved = cached.and_then(|cached| serde_json::from_str::<Saved>(&cached.value).ok());
    if let Some(saved) = saved.filter(|saved| saved.digest == digest) {
        let shown_after = SHOWN_AFTER_MS.min(i64::try_from(channel.settings.review_poll_ms).unwrap_or(SHOWN_AFTER_MS));
        if call.now().since(saved.at) < shown_after {
            return Ok(reviewed_later(channel));
        }
        if let Some(ticket) = ticket {
            return reviewed(channel, call, notice, &ticket).await;
        }
        // Saved, and gone again: it is saved once more.
    }
    save(channel, call, &body).await?;
    let saved = Saved { digest, at: call.now() };
    let text = serde_json::to_string(&saved)
        .map_err(|_| Fault::unknown(FaultKind::Internal, "what was saved cannot be remembered"))?;
    if let Err(fault) = call.cache_swap(&key, stamp, &Secret::new(text), REMEMBERED_MS).await {
        call.log(LogLevel::Warn, &format!("what was saved of a product is not remembered: {}", fault.text));
    }
    Ok(reviewed_later(channel))
}

/// The review of what was saved is over.
async fn reviewed(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &ProductNotice,
    ticket: &Ticket,
) -> Result<Told, Fault> {
    if ticket.status == Some(TicketStatus::ReviewFailed) {
        let advice = "change the product, or settings.product_extra of the connection, and it is sent again";
        return Err(review_failed(notice, ticket, advice));
    }
    shelve(channel, call, ticket, true).await?;
    Ok(Told::Done)
}

async fn save(channel: &DouyinCalendar, call: &Call<ConnectionSettings>, body: &Value) -> Result<(), Fault> {
    let made = channel.partner.client.post(call, SAVE.0, SAVE.1, body).await;
    made.map(|_| ()).map_err(|fault| match refusal(&channel.settings.final_codes, &fault) {
        Some(_) => Fault { kind: FaultKind::Refused, effect: Effect::NotDone, ..fault },
        None => fault,
    })
}

/// `account_id` and `ticket`. Scenic §17: everything each time. The fields are §18's (`inferred`): those that the notice
/// knows, and what `product_extra` adds. The ids are ours whatever it says.
fn body(call: &Call<ConnectionSettings>, notice: &ProductNotice, known: Option<&Ticket>) -> Result<Value, Fault> {
    if notice.skus.len() > SPECIFICATIONS_LIMIT {
        let (product, count) = (named(notice), notice.skus.len());
        return Err(Fault::invalid(format!(
            "the product {product} has {count} SKUs; Douyin takes {SPECIFICATIONS_LIMIT}"
        )));
    }
    let mut ticket = Map::new();
    ticket.insert("product_name".to_owned(), json!(notice.title));
    if !call.connection.shops.is_empty() {
        ticket.insert("poi_ids".to_owned(), json!(call.connection.shops));
    }
    if notice.guests.collect == Collect::EveryGuest {
        ticket.insert("customer_reserved_info".to_owned(), json!({"reserved_type": EVERY_TRAVELLER}));
    }
    if let Some(rule) = refund_rule(&notice.refund) {
        ticket.insert("refund_rule".to_owned(), rule);
    }
    let extra = |id: &Option<String>| call.connection.settings.product_extra.get(id.as_ref()?);
    if let Some(extra) = extra(&notice.names.product_out).or_else(|| extra(&notice.names.product)) {
        merge(&mut ticket, extra);
    }
    let specifications: Vec<Value> = notice.skus.iter().map(|sku| specified(&ticket, sku)).collect();
    ticket.insert("ticket_specifications".to_owned(), json!(specifications));
    let product_id = notice.names.product.clone().or_else(|| known.map(|ticket| ticket.product_id.to_string()));
    for (name, id) in [("product_out_id", notice.names.product_out.clone()), ("product_id", product_id)] {
        if let Some(id) = id {
            ticket.insert(name.to_owned(), json!(id));
        }
    }
    let body = json!({"account_id": account(call)?, "ticket": ticket});
    if body.to_string().len() > BODY_LIMIT_BYTES {
        let text =
            format!("settings.product_extra: the product {} is larger than {BODY_LIMIT_BYTES} bytes", named(notice));
        return Err(Fault::invalid(text));
    }
    Ok(body)
}

/// A body as it is remembered: without Douyin's own ids, which are learned later and change nothing.
fn digest(body: &Value) -> String {
    let mut ticket = body["ticket"].clone();
    if let Some(ticket) = ticket.as_object_mut() {
        ticket.remove("product_id");
        let specifications = ticket.get_mut("ticket_specifications").and_then(Value::as_array_mut);
        for specification in specifications.into_iter().flatten().filter_map(Value::as_object_mut) {
            specification.remove("sku_id");
        }
    }
    sha256_hex(&[ticket.to_string()])
}

/// A specification with our ids and name; what `product_extra` says of it stands in its own list, found by `sku_out_id`.
fn specified(ticket: &Map<String, Value>, sku: &SkuNotice) -> Value {
    let ids = specification(&sku.names);
    let extra = ticket.get("ticket_specifications").and_then(Value::as_array);
    let is_it = |extra: &&Value| ids.sku_out_id.as_ref().is_some_and(|id| extra["sku_out_id"] == json!(id));
    let mut specification = Map::from_iter([("sku_name".to_owned(), json!(sku.title))]);
    if let Some(Value::Object(extra)) = extra.and_then(|extra| extra.iter().find(is_it)) {
        merge(&mut specification, extra);
    }
    for (name, id) in [("sku_out_id", ids.sku_out_id), ("sku_id", ids.sku_id)] {
        if let Some(id) = id {
            specification.insert(name.to_owned(), json!(id));
        }
    }
    Value::Object(specification)
}

/// Objects are merged; anything else is replaced.
fn merge(into: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (name, value) in extra {
        match (into.get_mut(name), value) {
            (Some(Value::Object(into)), Value::Object(extra)) => merge(into, extra),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Scenic §1.5, §18: `refund_type`, and the steps as fee and seconds counted back from 24:00 of the entry day. None where a
/// person decides from the start: Douyin has no word for it, and `product_extra` has to say what is promised.
fn refund_rule(rule: &RefundRule) -> Option<Value> {
    let refund_type = match (rule.steps.is_empty(), rule.otherwise) {
        (true, RefundOtherwise::Free) => RefundType::AnyTime,
        (true, RefundOtherwise::Never) => RefundType::Never,
        (true, RefundOtherwise::Manual) => return None,
        (false, _) => RefundType::Conditional,
    };
    let mut told = json!({"refund_type": refund_type, "refund_part": rule.partial});
    if !rule.steps.is_empty() {
        let details: Vec<Value> = rule
            .steps
            .iter()
            .map(|step| {
                let (refund_fee, unit) = match step.fee {
                    RefundFee::Free => (0, RefundFeeType::Amount),
                    RefundFee::Fixed(fen) => (fen, RefundFeeType::Amount),
                    RefundFee::Ratio(parts) => (i64::from(parts), RefundFeeType::Ratio),
                };
                let refund_time = (i64::from(step.hours_before_visit) + 24) * 3_600;
                json!({"refund_fee": refund_fee, "refund_fee_type": unit, "refund_time": refund_time})
            })
            .collect();
        told["refund_details"] = json!(details);
    }
    Some(told)
}
