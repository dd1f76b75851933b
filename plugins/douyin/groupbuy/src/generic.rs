//! Generic third-party codes (F3, V1): how a purchase comes, how its codes are answered, how its refunds are asked and decided.
//! Group-buy B14 (generic), B16; what was only seen in client code or inferred says so.

use douyin_wire::generic::{
    ApplyCodeRefund, AuditCodeRefund, CodeRow, IssueCodes, OrderDetail, PreCreateOrder, QueryOrders,
};
use douyin_wire::issue::IssueVoucher;
use douyin_wire::kinds::{CodeOrderType, IssueResult};
use douyin_wire::number::Id;
use douyin_wire::partner::answers::{done, own_id, unheard};
use douyin_wire::partner::body::{copies, instant_s, need, order_id, text_id, wrong};
use douyin_wire::partner::causes::asked_by;
use douyin_wire::partner::intents::{issue_certificate, own_order};
use douyin_wire::partner::ready::{call_again, plain};
use douyin_wire::partner::refusals::shortened;
use douyin_wire::partner::scenes::Scene;
use douyin_wire::person::{Person, Private};
use douyin_wire::sign::webhook_sign;
use entrepot_sdk::contract::ids::ID_LIMIT_BYTES;
use entrepot_sdk::contract::intent::change::OrderFilter;
use entrepot_sdk::contract::intent::{AskRefund, CreateOrder, IssueOrder, UnitChoice, Wish};
use entrepot_sdk::contract::listing::UnitNames;
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::contract::order::{RefundCause, UnitState};
use entrepot_sdk::contract::outcome::{ORDERS_LIMIT, OrderShown, Reason};
use entrepot_sdk::prelude::*;
use serde_json::{Map, Value, json};

use crate::connection::{CodesAs, ConnectionSettings, PurchaseFamily, UnknownRefund};
use crate::names::Told;
use crate::{DouyinGroupBuy, order, refusals};

/// B16.4, `documented`.
const AUDIT: (&str, &str) = ("code_refund_audit", "/goodlife/v1/fulfilment/refund/audit/");

/// Stands before the key of a refund that Douyin gave no id: its certificates are its name then.
const KEY: &str = "code/";

/// `result` of the refund request and of its callback. B16.3, `seen in client code`.
const AGREED: i64 = 1;
const REFUSED: i64 = 2;

/// Pre-order, before payment. B16.1.
pub(crate) fn create(
    channel: &DouyinGroupBuy,
    settings: &ConnectionSettings,
    create: &PreCreateOrder,
) -> Result<Intent, Fault> {
    if let Some(other @ (CodeOrderType::Presale | CodeOrderType::Delivery | CodeOrderType::Other(_))) =
        create.order_type
    {
        return Err(Fault::invalid(format!("order_type {} belongs to another solution", other.code())));
    }
    let told = Told {
        sku: create.sku_id.as_ref(),
        third_sku: create.third_sku_id.as_ref(),
        third_product: create.third_product_id.as_ref(),
        ..Told::default()
    };
    let currency = create.currency_code.as_deref().unwrap_or("CNY");
    let currency =
        Currency::parse(currency).ok_or_else(|| wrong("currency_code", "no code of three capital letters"))?;
    let buyer = create.phone().map(|phone| Person { phone: Some(phone), ..Person::default() });
    let wish = Wish {
        names: told.names(settings)?,
        count: copies("count", create.count)?,
        origin_amount: create.original_amount.map(|fen| Money::new(fen.get(), currency)),
        guests: order::buyer_only(channel, buyer.as_ref())?,
        // Phones are told only where Douyin approved it.
        guests_final: settings.phone_expected,
        ..Wish::default()
    };
    let ordered_at = instant_s("create_order_time", need("create_order_time", create.create_seconds)?)?;
    Ok(Intent::CreateOrder(CreateOrder::new(order_id("order_id", &create.order_id)?, wish, ordered_at)))
}

/// The answer to the pre-order. One that is no refusal lets the guest order, so "call again" is a refusal, too.
pub(crate) fn created(outcome: &Outcome) -> Result<RawResponse, Fault> {
    match outcome {
        Outcome::Created { order, .. } => done("success", &json!({"ext_order_id": own_id(order)?})),
        Outcome::Refused(refusal) => {
            let answer = json!({});
            refusals::with_payload(refusals::of_generic(refusal), &refusals::said(refusal), &answer)
        }
        _ => Err(unheard(Scene::PreCreateOrder)),
    }
}

/// Issue call of a purchase: the scenic solution's, and payment in one, because nothing else says that it was paid. B16.2.
pub(crate) fn issue(call: &IssueVoucher, codes: &IssueCodes, paid_at: Timestamp) -> Result<Intent, Fault> {
    let Intent::IssueOrder(issue) = issue_certificate(call)? else { return Err(unheard(Scene::IssueCertificate)) };
    let named = |id: &Id| {
        Ok(UnitNames { certificate: text_id("certificates.certificate_id", Some(id))?, ..UnitNames::default() })
    };
    let unit_names: Result<Vec<UnitNames>, Fault> = codes.ids().iter().map(named).collect();
    let mut unit_names = unit_names?;
    if unit_names.is_empty() && codes.open_id.is_some() {
        // Units without names: a call for codes all the same, while a reservation's has none at all.
        let count = issue.count.and_then(|count| u16::try_from(count).ok());
        unit_names.resize(usize::from(count.unwrap_or(1)), UnitNames::default());
    }
    Ok(Intent::IssueOrder(IssueOrder { unit_names, paid_at: Some(paid_at), ..issue }))
}

/// Whether an issue call is this family's: it has certificates, or the guest.
pub(crate) fn is_call(asked: &IssueOrder) -> bool {
    asked.paid_at.is_some() && !asked.unit_names.is_empty()
}

/// Whether an order's units are this family's: certificates, and no items (B16.1: the items are not read). While Douyin named
/// neither, the connection's setting tells.
pub(crate) fn owns(settings: &ConnectionSettings, names: &[UnitNames]) -> bool {
    match names.iter().find(|names| names.certificate.is_some() || names.item.is_some()) {
        Some(names) => names.item.is_none(),
        None => settings.purchase_family == PurchaseFamily::Generic,
    }
}

/// The codes, as the answer to the issue call. B16.2, `seen in client code`: `codes`, `third_order_id`; B5 for the rest.
pub(crate) fn issued(
    settings: &ConnectionSettings,
    intent: &Intent,
    order: &OrderId,
    units: &[UnitCredentials],
) -> Result<RawResponse, Fault> {
    let Intent::IssueOrder(asked) = intent else { return Err(unheard(Scene::IssueCertificate)) };
    let rows = rows(settings, order, units, &asked.unit_names)?;
    let mut answer = Map::new();
    answer.insert("result".to_owned(), json!(IssueResult::Issued));
    answer.insert("third_order_id".to_owned(), json!(order));
    let named = rows.iter().all(|row| row.certificate_id.is_some());
    if settings.codes_as != CodesAs::Certificates || !named {
        let codes: Vec<&Private> = rows.iter().filter_map(|row| row.code.as_ref()).collect();
        answer.insert("codes".to_owned(), json!(codes));
    }
    if settings.codes_as != CodesAs::Codes && named {
        answer.insert("certificates".to_owned(), json!(rows));
    }
    done("success", &answer)
}

/// The codes, once the call's answer is over: the shared callback with `codes` instead of vouchers. B6, `documented`.
pub(crate) async fn told<S: Sync>(
    channel: &DouyinGroupBuy,
    call: &Call<S>,
    settings: &ConnectionSettings,
    notice: &OrderNotice,
    units: &[UnitCredentials],
) -> Result<(), Fault> {
    let rows = rows(settings, &notice.order, units, &notice.unit_names)?;
    let codes: Vec<&Private> = rows.iter().filter_map(|row| row.code.as_ref()).collect();
    let body = json!({
        "order_id": notice.channel_order,
        "third_order_id": notice.order,
        "result": 1,
        "codes": codes,
    });
    let (api, path) = douyin_wire::partner::deliver::CALLBACK;
    channel.partner.client.post(call, api, path, &body).await.map(|_| ())
}

/// One code for each unit, with its certificate where Douyin named one.
fn rows(
    settings: &ConnectionSettings,
    order: &OrderId,
    units: &[UnitCredentials],
    names: &[UnitNames],
) -> Result<Vec<CodeRow>, Fault> {
    let mut of_units = settings.shown(units);
    of_units.sort_by_key(|unit| unit.unit);
    let code = |unit: &UnitCredentials| {
        let is_code = |it: &&Credential| {
            matches!(it.kind, CredentialKind::VoucherNumber | CredentialKind::QrCode | CredentialKind::Url)
        };
        let found = unit.credentials.iter().find(is_code).map(|credential| Private::from(credential.value.as_str()));
        let text = || Fault::invalid(format!("order {order} unit {} has no code that Douyin can show", unit.unit));
        let named = usize::from(unit.unit).checked_sub(1).and_then(|at| names.get(at));
        let certificate_id = named.and_then(|names| names.certificate.as_deref()).and_then(Id::new);
        Ok(CodeRow { certificate_id, code: Some(found.ok_or_else(text)?) })
    };
    of_units.iter().map(code).collect()
}

/// Refund request. B16.3: the same for every repeat of a certificate; one without a code was never issued.
pub(crate) fn apply_refund(apply: &ApplyCodeRefund, called_at: Timestamp) -> Result<Intent, Fault> {
    own_order(&apply.our_order)?;
    let rows = apply.rows();
    let certificate = |row: &CodeRow| text_id("certificate.certificate_id", row.certificate_id.as_ref());
    let named: Result<Option<Vec<String>>, Fault> = rows.iter().map(certificate).collect();
    let named = named?.unwrap_or_default();
    let unissued = !rows.is_empty() && rows.iter().all(|row| row.code.is_none());
    let cause = if unissued { RefundCause::IssueFailed } else { asked_by(apply.apply_source) };
    let units = match named.as_slice() {
        [] => UnitChoice::AllLeft,
        ids => UnitChoice::Named(
            ids.iter().map(|id| UnitNames { certificate: Some(id.clone()), ..UnitNames::default() }).collect(),
        ),
    };
    let asked_at = match apply.apply_seconds {
        Some(seconds) => instant_s("apply_refund_time_unix", seconds)?,
        None => called_at,
    };
    let key = key_of(apply.after_sale_id.as_ref(), named);
    Ok(Intent::AskRefund(AskRefund::new(order_id("order_id", &apply.order_id)?, key, cause, units, asked_at)))
}

/// The refund's id, by which its result is told, too; else its certificates.
fn key_of(refund: Option<&Id>, mut certificates: Vec<String>) -> String {
    if let Some(id) = refund.filter(|id| id.as_str().len() <= ID_LIMIT_BYTES) {
        return id.as_str().to_owned();
    }
    certificates.sort_unstable();
    let text = refund.map_or_else(|| certificates.join("+"), |id| id.as_str().to_owned());
    let key = [KEY, &text].concat();
    if key.len() <= ID_LIMIT_BYTES { key } else { [KEY, &webhook_sign("", text.as_bytes())].concat() }
}

/// Whether a refund was asked for by this family's call: without an id, or of a purchase that is this family's.
pub(crate) fn asked_here(settings: &ConnectionSettings, notice: &OrderNotice, key: &str) -> bool {
    key.starts_with(KEY) || (notice.source_order.is_none() && owns(settings, &notice.unit_names))
}

/// The answer to the refund request: always code 0 with a result, for all of its certificates. B16.3.
pub(crate) fn refund_answered(
    channel: &DouyinGroupBuy,
    settings: &ConnectionSettings,
    intent: &Intent,
    outcome: &Outcome,
) -> Result<RawResponse, Fault> {
    let waiting = channel.settings.code_refund_waiting;
    let (result, reason) = match outcome {
        Outcome::RefundAgreed { .. } => (AGREED, String::new()),
        Outcome::RefundRefused { order, reason, repaired } if !repaired.is_empty() => {
            return repaired_at_once(settings, intent, order, reason, repaired);
        }
        Outcome::RefundRefused { reason, .. } => (REFUSED, shortened(reason)),
        Outcome::RefundWaiting => (waiting, String::new()),
        Outcome::Refused(refusal) => match (refusal.reason, settings.unknown_refund) {
            (Reason::OrderUnknown, UnknownRefund::Agree | UnknownRefund::Fail) => (waiting, refusals::said(refusal)),
            (Reason::StateForbids, _) => (REFUSED, refusals::said(refusal)),
            _ => return Ok(call_again()),
        },
        _ => return Err(unheard(Scene::ApplyCodeRefund)),
    };
    done(&reason, &json!({ "result": result }))
}

/// Douyin holds certificates for unissued whose codes it never got: the refusal has to return them (B16.3, `documented`). Where in
/// the answer is on no page; here they stand as in the callback (`inferred`).
fn repaired_at_once(
    settings: &ConnectionSettings,
    intent: &Intent,
    order: &OrderId,
    reason: &str,
    repaired: &[UnitCredentials],
) -> Result<RawResponse, Fault> {
    let named = match intent {
        Intent::AskRefund(AskRefund { units: UnitChoice::Named(names), .. }) if names.len() == repaired.len() => {
            names.as_slice()
        }
        _ => &[],
    };
    let mut certificate = rows(settings, order, repaired, &[])?;
    for (row, names) in certificate.iter_mut().zip(named) {
        row.certificate_id = names.certificate.clone().and_then(Id::new);
    }
    done(&shortened(reason), &json!({ "result": REFUSED, "certificate": certificate }))
}

/// A decision after the answer. B16.4: a reason where it is refused, the codes where the refusal repairs.
pub(crate) async fn refund_decided<S: Sync>(
    channel: &DouyinGroupBuy,
    call: &Call<S>,
    settings: &ConnectionSettings,
    notice: &OrderNotice,
    (key, units): (&str, &[u16]),
    decision: &RefundDecision,
) -> Result<(), Fault> {
    let of_units = |units: &[u16]| -> Vec<CodeRow> {
        let certificate = |unit: &u16| {
            let named = usize::from(*unit).checked_sub(1).and_then(|at| notice.unit_names.get(at))?;
            Some(CodeRow { certificate_id: Id::new(named.certificate.clone()?), code: None })
        };
        units.iter().filter_map(certificate).collect()
    };
    let (result, reason, certificate) = match decision {
        RefundDecision::Agreed { .. } => (AGREED, None, of_units(units)),
        RefundDecision::Refused { reason, repaired } if repaired.is_empty() => {
            (REFUSED, Some(shortened(reason)), of_units(units))
        }
        RefundDecision::Refused { reason, repaired } => {
            (REFUSED, Some(shortened(reason)), rows(settings, &notice.order, repaired, &notice.unit_names)?)
        }
        RefundDecision::Unknown => return Err(Fault::unsupported("deliver an unknown decision")),
    };
    let after_sale_id = Id::new(key).filter(|_| !key.starts_with(KEY));
    let body = AuditCodeRefund { result, reason, after_sale_id, certificate };
    channel.partner.client.post(call, AUDIT.0, AUDIT.1, &body).await.map(|_| ())
}

/// Status query of several orders. B14, generic: at most 100.
pub(crate) fn query(query: &QueryOrders) -> Result<Intent, Fault> {
    if query.order_ids.is_empty() || query.order_ids.len() > ORDERS_LIMIT {
        return Err(wrong("order_ids", "1 to 100 are asked for at once"));
    }
    let orders: Result<Vec<ChannelOrderId>, Fault> =
        query.order_ids.iter().map(|id| order_id("order_ids", id)).collect();
    Ok(Intent::ShowOrders(OrderFilter::Names { orders: orders? }))
}

/// Its answer; orders that nobody knows are left out (`inferred`: the page's end was not seen).
pub(crate) fn shown(outcome: &Outcome) -> Result<RawResponse, Fault> {
    let orders = match outcome {
        Outcome::Orders { orders } => orders,
        Outcome::Refused(refusal) => return Ok(plain(refusals::of_query(), &refusals::said(refusal))),
        _ => return Err(unheard(Scene::QueryOrders)),
    };
    let mut result = Map::new();
    for order in orders {
        let detail = serde_json::to_value(detail(order)?)
            .map_err(|_| Fault::not_done(FaultKind::Internal, "an answer that is no JSON"))?;
        result.insert(order.channel_order.to_string(), detail);
    }
    done("", &json!({ "result": Value::Object(result) }))
}

fn detail(order: &OrderShown) -> Result<OrderDetail, Fault> {
    let count = |state: UnitState| {
        u64::try_from(order.units.iter().filter(|unit| unit.state == state).count()).unwrap_or(u64::MAX)
    };
    let is_code = |it: &&Credential| matches!(it.kind, CredentialKind::VoucherNumber | CredentialKind::QrCode);
    let codes = order.credentials.iter().filter_map(|unit| unit.credentials.iter().find(is_code));
    Ok(OrderDetail {
        order_id: need("order_id", Id::new(order.channel_order.as_str()))?,
        out_order_id: own_id(&order.order)?,
        total_quantity: u64::try_from(order.units.len()).unwrap_or(u64::MAX),
        used_quantity: count(UnitState::Redeemed),
        refund_quantity: count(UnitState::Refunded),
        codes: codes.map(|credential| Private::from(credential.value.as_str())).collect(),
    })
}
