//! Bills and uses as Douyin recorded them: what was booked on a day, and what was used. Common §13, §15, fulfilment §5,
//! §13.3, `documented`.

use std::collections::BTreeMap;

use entrepot_sdk::contract::looking::{LedgerLine, RedemptionLine};
use entrepot_sdk::prelude::*;

use super::{optional, page_fault, required, window};
use crate::client::logid;
use crate::number::Int;
use crate::partner::Partner;
use crate::partner::body::plausible;
use crate::partner::calls::account;
use crate::partner::settings::{BillDate, LedgerCall};
use crate::trade::{CertificateLedger, LEDGER_LIMIT, LedgerPage, LedgerRecord, USES_LIMIT, UsePage, UseRecord};

/// The bill of a day. Common §15, `documented`; 20 calls a second (common §6).
const PLAIN: (&str, &str) = ("ledger_query", "/goodlife/v1/settle/ledger/query/");
/// The same with the platform's fee. Common §15, `documented`.
const DETAILED: (&str, &str) = ("ledger_detailed_query", "/goodlife/v1/settle/ledger/detailed_query/");
/// The history of uses. Common §13, fulfilment §5, `documented`; 100 calls a second.
const USES: (&str, &str) = ("verify_record_query", "/goodlife/v1/fulfilment/certificate/verify_record/query/");
/// What was billed for vouchers; it names their orders. Common §15, `documented`.
const BY_CERTIFICATE: (&str, &str) = ("ledger_by_certificate", "/goodlife/v1/settle/ledger/query_record_by_cert/");

/// The first page of every cursor. Common §13, §15, `documented`.
const FIRST: &str = "0";

/// A cursor that came back from the core: as Douyin gave it.
fn cursor(page: Option<&str>) -> Result<&str, Fault> {
    match page {
        None => Ok(FIRST),
        Some(page) if plausible(page) => Ok(page),
        Some(page) => Err(page_fault(page)),
    }
}

/// The bill of a day.
pub async fn ledger<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    day: VisitDate,
    page: Option<&str>,
) -> Result<Seen, Fault> {
    let settings = &partner.shared;
    let (api, path) = match settings.ledger {
        LedgerCall::Plain => PLAIN,
        LedgerCall::Detailed => DETAILED,
    };
    let (account, from, size) = (account(call)?, cursor(page)?, LEDGER_LIMIT.to_string());
    let date = match settings.bill_date {
        BillDate::Dashed => day.to_string(),
        BillDate::Plain => day.to_string().replace('-', ""),
    };
    let query = [("account_id", account.as_str()), ("bill_date", &date), ("cursor", from), ("size", &size)];
    let answer = partner.client.get(call, api, path, &query).await?;
    let found: LedgerPage = answer.read(api)?;
    let lines = found.lines.iter().map(|record| line(api, record)).collect::<Result<_, Fault>>()?;
    let next = match (found.has_more, found.cursor) {
        (Some(true), Some(next)) if next.as_str() != from => Some(next.to_string()),
        (Some(true), _) => {
            let trace = logid(answer.logid.as_deref());
            return Err(Fault::garbled(format!("{api}: there is more, and the cursor leads nowhere{trace}")));
        }
        _ => None,
    };
    Ok(Seen::Ledger { lines, next })
}

fn fen(amount: Option<Int>) -> Option<Money> {
    amount.map(|Int(fen)| Money::fen(fen))
}

fn line(api: &str, record: &LedgerRecord) -> Result<LedgerLine, Fault> {
    let missing = |field: &str| Fault::garbled(format!("{api}: a line of the bill has no {field}"));
    let id = record.ledger_id.as_ref().or(record.id.as_ref()).ok_or_else(|| missing("ledger_id"))?;
    let name = record.goods.as_ref().and_then(|goods| goods.group_name.as_ref());
    let status = record.status.as_ref().map(|status| format!("status {}", status.as_str()));
    Ok(LedgerLine {
        id: id.to_string(),
        order: record.order_id.as_ref().and_then(|id| ChannelOrderId::parse(id.as_str()).ok()),
        what: name.map(|name| name.as_str().to_owned()).or(status).unwrap_or_default(),
        amount: fen(record.amount.goods).ok_or_else(|| missing("amount.goods"))?,
        commission: fen(record.amount.total_merchant_platform_service),
        at: required(api, "ledger_time", record.ledger_seconds)?,
    })
}

/// What was used in a window: a line for each voucher.
pub async fn uses<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    from: Timestamp,
    to: Timestamp,
    page: Option<&str>,
) -> Result<Seen, Fault> {
    let (account, [start, end]) = (account(call)?, window(from, to));
    let (begin, size) = (cursor(page)?, USES_LIMIT.to_string());
    let query = [
        ("account_id", account.as_str()),
        ("cursor", begin),
        ("size", &size),
        ("start_time", &start),
        ("end_time", &end),
    ];
    let answer = partner.client.get(call, USES.0, USES.1, &query).await?;
    let records = answer.read::<UsePage>(USES.0)?.into_records();
    // The next page begins after the last row; a page that is not full is the last one.
    let next = match records.last().filter(|_| records.len() >= USES_LIMIT).map(|last| last.cursor.as_ref()) {
        None => None,
        Some(Some(next)) if next.as_str() != begin => Some(next.to_string()),
        Some(_) => {
            let trace = logid(answer.logid.as_deref());
            return Err(Fault::garbled(format!("{}: the page is full, and its cursor leads nowhere{trace}", USES.0)));
        }
    };
    let orders = orders_of(partner, call, &records).await?;
    let lines = records.iter().map(|record| use_line(record, &orders)).collect::<Result<_, Fault>>()?;
    Ok(Seen::Redemptions { lines, next })
}

fn use_line(record: &UseRecord, orders: &BTreeMap<String, String>) -> Result<RedemptionLine, Fault> {
    let named = record.order_id.as_ref().map(|id| id.as_str());
    let order = named.or_else(|| orders.get(record.verify_id.as_str()).map(String::as_str));
    Ok(RedemptionLine {
        id: record.verify_id.to_string(),
        order: order.and_then(|order| ChannelOrderId::parse(order).ok()),
        units: record.units(),
        at: required(USES.0, "verify_time", record.verify_seconds)?,
        undone_at: optional(record.cancel_seconds),
    })
}

/// The orders of uses, by the use's id. What is not billed yet is not found.
async fn orders_of<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    records: &[UseRecord],
) -> Result<BTreeMap<String, String>, Fault> {
    let unnamed = records.iter().filter(|record| record.order_id.is_none());
    let mut certificates: Vec<&str> =
        unnamed.filter_map(|record| record.certificate_id.as_ref()).map(|id| id.as_str()).collect();
    certificates.sort_unstable();
    certificates.dedup();
    if certificates.is_empty() || !partner.shared.redemption_orders {
        return Ok(BTreeMap::new());
    }
    let joined = certificates.join(",");
    let (api, path) = BY_CERTIFICATE;
    let answer = partner.client.get(call, api, path, &[("certificate_ids", &joined)]).await?;
    let found: CertificateLedger = answer.read(api)?;
    Ok(found.records.into_iter().map(|record| (record.verify_id.into(), record.order_id.into())).collect())
}
