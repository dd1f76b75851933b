//! Orders as Douyin recorded them. Common §14, fulfilment §13.1, `documented`; the numbers of `order_status` and
//! `item_status` were seen nowhere, so the settings name them, and what they do not name is kept raw.

use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::looking::{OrderSeen, SeenState};
use entrepot_sdk::prelude::*;

use super::{optional, page_fault, window};
use crate::number::{Id, Int};
use crate::partner::Partner;
use crate::partner::calls::account;
use crate::partner::settings::{SharedSettings, StatusName};
use crate::trade::{CertificateList, CertificateRecord, OrderPage, OrderRecord, SingleCertificate};

/// Order query; at most 20 calls a second of an application (common §6): `limits` of the host names it so.
const QUERY: (&str, &str) = ("order_query", "/goodlife/v1/trade/order/query/");
/// Vouchers of an order. Fulfilment §5, `documented`.
const CERTIFICATES: (&str, &str) = ("certificate_query", "/goodlife/v1/fulfilment/certificate/query/");

/// One voucher of Douyin's own. Fulfilment §5, `documented`.
const CERTIFICATE: (&str, &str) = ("certificate_get", "/goodlife/v1/fulfilment/certificate/get/");

/// Most vouchers of one order that are asked for by themselves.
const SINGLES_LIMIT: usize = 20;

/// What stands before a page's name: deep paging goes on at a cursor, and where Douyin gives none, at a number.
const CURSOR: &str = "cursor:";
const NUMBER: &str = "page:";
/// Longest page name, in bytes.
const PAGE_LIMIT_BYTES: usize = 1_024;

/// One order; nothing when Douyin does not know it.
pub async fn one<S: Sync>(partner: &Partner, call: &Call<S>, order: &ChannelOrderId) -> Result<Seen, Fault> {
    let account = account(call)?;
    let query = [("account_id", account.as_str()), ("page_num", "1"), ("page_size", "1"), ("order_id", order.as_str())];
    let answer = partner.client.get(call, QUERY.0, QUERY.1, &query).await?;
    let page: OrderPage = answer.read(QUERY.0)?;
    let Some(record) = page.orders.into_iter().find(|record| record.order_id.as_str() == order.as_str()) else {
        return Ok(Seen::Orders { orders: Vec::new(), next: None });
    };
    let mut seen = seen(&partner.shared, &record)?;
    if partner.shared.used_by_certificates {
        seen.used_units = used(partner, call, order).await?;
    }
    Ok(Seen::Orders { orders: vec![seen], next: None })
}

/// How many of an order's vouchers were used; none where too many of them have to be asked for one by one.
async fn used<S: Sync>(partner: &Partner, call: &Call<S>, order: &ChannelOrderId) -> Result<Option<u32>, Fault> {
    let answer = partner.client.get(call, CERTIFICATES.0, CERTIFICATES.1, &[("order_id", order.as_str())]).await?;
    let list: CertificateList = answer.read(CERTIFICATES.0)?;
    let mut used = list.records().iter().filter(|record| record.is_used()).count();
    if partner.shared.single_certificates {
        let silent: Vec<&str> = list.records().iter().filter_map(CertificateRecord::silent_code).collect();
        if silent.len() > SINGLES_LIMIT {
            return Ok(None);
        }
        for code in silent {
            let answer = partner.client.get(call, CERTIFICATE.0, CERTIFICATE.1, &[("encrypted_code", code)]).await?;
            let single: SingleCertificate = answer.read(CERTIFICATE.0)?;
            used += usize::from(single.record().is_some_and(CertificateRecord::is_used));
        }
    }
    Ok(u32::try_from(used).ok())
}

/// Orders that changed in a window.
pub async fn changed<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    from: Timestamp,
    to: Timestamp,
    page: Option<&str>,
) -> Result<Seen, Fault> {
    let (account, [start, end]) = (account(call)?, window(from, to));
    let size = usize::from(partner.shared.orders_page_size);
    let place = Place::of(page)?;
    let (number, size_text) = (place.number.to_string(), size.to_string());
    let mut query = vec![
        ("account_id", account.as_str()),
        ("page_num", &number),
        ("page_size", &size_text),
        ("update_order_start_time", &start),
        ("update_order_end_time", &end),
    ];
    if let Some(cursor) = place.cursor {
        query.push(("cursor", cursor));
    }
    let answer = partner.client.get(call, QUERY.0, QUERY.1, &query).await?;
    let found: OrderPage = answer.read(QUERY.0)?;
    // A page that is not full is the last one.
    let next = if found.orders.len() < size { None } else { Some(place.next(&found)?) };
    let orders = found.orders.iter().map(|record| seen(&partner.shared, record)).collect::<Result<_, Fault>>()?;
    Ok(Seen::Orders { orders, next })
}

/// Where a page begins.
struct Place<'a> {
    number: u32,
    cursor: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(page: Option<&'a str>) -> Result<Self, Fault> {
        let Some(page) = page else {
            return Ok(Self { number: 1, cursor: None });
        };
        if let Some(cursor) = page.strip_prefix(CURSOR).filter(|_| page.len() <= PAGE_LIMIT_BYTES) {
            return Ok(Self { number: 1, cursor: Some(cursor) });
        }
        let number = page.strip_prefix(NUMBER).and_then(|text| text.parse().ok());
        number.map(|number| Self { number, cursor: None }).ok_or_else(|| page_fault(page))
    }

    /// The cursor's values are joined with commas, as all lists of a query (common §4).
    fn next(&self, found: &OrderPage) -> Result<String, Fault> {
        let values = found.search_after.as_ref().map(|after| after.cursor.as_slice()).unwrap_or_default();
        let cursor = values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(",");
        if cursor.is_empty() && self.cursor.is_none() {
            return Ok(format!("{NUMBER}{}", self.number.saturating_add(1)));
        }
        let again = self.cursor.is_some_and(|before| before == cursor);
        if again || cursor.is_empty() || cursor.len() + CURSOR.len() > PAGE_LIMIT_BYTES {
            let text = format!("{}: the page is full, and search_after leads nowhere from it", QUERY.0);
            return Err(Fault::garbled(text));
        }
        Ok(format!("{CURSOR}{cursor}"))
    }
}

fn named(names: &std::collections::BTreeMap<String, StatusName>, code: Option<Int>) -> Option<StatusName> {
    names.get(&code?.0.to_string()).copied()
}

fn seen(settings: &SharedSettings, record: &OrderRecord) -> Result<OrderSeen, Fault> {
    let order = ChannelOrderId::parse(record.order_id.as_str())
        .map_err(|_| Fault::garbled(format!("{}: an order_id is no id", QUERY.0)))?;
    let state = named(&settings.order_status_names, record.order_status);
    let text = |id: Option<&Id>| id.map(ToString::to_string);
    let units = record.count.and_then(|count| u32::try_from(count.0).ok());
    let items = Items::of(settings, record);
    Ok(OrderSeen {
        order,
        state: state.map_or(SeenState::Other, SeenState::from),
        raw_state: record.order_status.map_or_else(String::new, |code| code.0.to_string()),
        own_order: text(record.ext_order_id.as_ref()),
        source_order: source(record.source_order_id.as_ref()),
        names: ListingNames {
            product: text(record.products.iter().find_map(|product| product.product_id.as_ref())),
            sku: text(record.sku_id.as_ref()),
            product_out: None,
            sku_out: text(record.third_sku_id.as_ref()),
        },
        ordered_at: optional(record.create_seconds),
        paid_at: optional(record.pay_seconds),
        updated_at: optional(record.update_seconds),
        units,
        used_units: items.used,
        refunded_units: items.refunded,
        paid: record.pay_amount.map(|fen| Money::fen(fen.get())),
        refunded: items.refunded_fen.map(Money::fen),
    })
}

/// The order of vouchers behind a reservation. What is no id names none, and nor does 0, which stands for nothing in other
/// fields (`inferred`): the order itself is shown all the same.
fn source(id: Option<&Id>) -> Option<ChannelOrderId> {
    let id = id.filter(|id| id.as_str() != "0")?;
    ChannelOrderId::parse(id.as_str()).ok()
}

/// What the vouchers of an order say together; nothing where there are none.
#[derive(Default)]
struct Items {
    /// Only where every voucher's number has a name.
    used: Option<u32>,
    refunded: Option<u32>,
    /// Only where every refunded voucher says how much.
    refunded_fen: Option<i64>,
}

impl Items {
    fn of(settings: &SharedSettings, record: &OrderRecord) -> Self {
        if record.certificates.is_empty() {
            return Self::default();
        }
        let (mut used, mut refunded, mut clear) = (0, 0, true);
        let mut fen = Some(0_i64);
        for item in &record.certificates {
            let name = named(&settings.item_status_names, item.item_status);
            if name == Some(StatusName::Refunded) || optional(item.refund_seconds).is_some() {
                refunded += 1;
                // An amount that is missing is not nothing.
                fen = fen.zip(item.refund_amount).map(|(sum, amount)| sum.saturating_add(amount.get()));
            } else if name == Some(StatusName::Used) {
                used += 1;
            }
            clear &= name.is_some();
        }
        Self { used: clear.then_some(used), refunded: Some(refunded), refunded_fen: fen }
    }
}
