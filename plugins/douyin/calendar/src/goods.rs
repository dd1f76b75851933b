//! Products at Douyin: finding one, and bringing it on or off the shelf. Scenic §18, §20.

use douyin_wire::client::logid;
use douyin_wire::goods::{ShelfResult, TICKETS_LIMIT, Ticket, TicketPage, TicketSku};
use douyin_wire::kinds::TicketStatus;
use douyin_wire::number::Id;
use douyin_wire::partner::calls::{account, refusal};
use douyin_wire::partner::dates::specification;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::prelude::*;
use serde_json::json;

use crate::DouyinCalendar;
use crate::connection::ConnectionSettings;
use crate::settings::ShelfCall;

/// Product query. Scenic §18, `documented`.
const QUERY: (&str, &str) = ("ticket_query", "/goodlife/v1/trip/ticket/query/");
/// Shelf of all goods. Scenic §20, fulfilment §9, `documented` path.
const GOODS_OPERATE: (&str, &str) = ("product_operate", "/goodlife/v1/goods/product/operate/");
/// Shelf of the trip industry. Scenic §20, `documented` path.
const TRIP_OPERATE: (&str, &str) = ("trip_product_operate", "/goodlife/v1/trip/product/operate/");

/// The products of these names, or, without any name, the account's first ones. Scenic §18, `documented`: ids win over
/// paging, and lists are joined with commas.
pub(crate) async fn tickets(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    names: &ListingNames,
) -> Result<Vec<Ticket>, Fault> {
    let (account, size) = (account(call)?, TICKETS_LIMIT.to_string());
    let mut query = vec![("account_id", account.as_str()), ("page", "1"), ("page_size", &size)];
    match (&names.product_out, &names.product) {
        (Some(out), _) => query.push(("product_out_ids", out)),
        (None, Some(id)) => query.push(("product_ids", id)),
        (None, None) => {}
    }
    let answer = channel.partner.client.get(call, QUERY.0, QUERY.1, &query).await?;
    let page: TicketPage = answer.read(QUERY.0)?;
    Ok(page.tickets.into_iter().filter(|ticket| is_meant(ticket, names)).take(TICKETS_LIMIT).collect())
}

/// Whether a product has these names, as far as both sides know them.
fn is_meant(ticket: &Ticket, names: &ListingNames) -> bool {
    let agrees = |ours: Option<&String>, theirs: Option<&Id>| match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours == theirs.as_str(),
        // Asked for by our id, a product without one is another.
        (Some(_), None) => false,
        (None, _) => true,
    };
    match &names.product_out {
        Some(out) => agrees(Some(out), ticket.product_out_id.as_ref()),
        None => agrees(names.product.as_ref(), Some(&ticket.product_id)),
    }
}

/// The specification of these names; of a product with only one, it (scenic §16, `documented`: its id is the product's).
pub(crate) fn carries(ticket: &Ticket, names: &ListingNames) -> bool {
    let ours = specification(names);
    let is_it = |theirs: &TicketSku| {
        let same_out = ours.sku_out_id.is_some() && ours.sku_out_id == theirs.sku_out_id;
        let same = ours.sku_id.is_some() && ours.sku_id == theirs.sku_id;
        same_out || same
    };
    match ticket.ticket_specifications.as_slice() {
        // Nothing is listed: nothing is known against it.
        [] => true,
        [only] if only.sku_out_id.is_none() && ours.sku_out_id == ticket.product_out_id => true,
        all => all.iter().any(is_it),
    }
}

/// On the shelf or off it, when it is not there already. Scenic §20.
pub(crate) async fn shelve(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    ticket: &Ticket,
    on_sale: bool,
) -> Result<(), Fault> {
    if on_sale == (ticket.status == Some(TicketStatus::Online)) {
        return Ok(());
    }
    let settings = &channel.settings;
    let op_type = if on_sale { settings.shelf_on } else { settings.shelf_off };
    let (account_id, product) = (account(call)?, &ticket.product_id);
    let made = match settings.shelf_call {
        ShelfCall::Goods => {
            let body = json!({"account_id": account_id, "op_type": op_type, "product_id": product});
            channel.partner.client.post(call, GOODS_OPERATE.0, GOODS_OPERATE.1, &body).await.map(|_| ())
        }
        ShelfCall::Trip => {
            let body = json!({"account_id": account_id, "op_type": op_type, "product_id_list": [product]});
            operated(channel, call, product, &body).await
        }
    };
    made.map_err(|fault| match refusal(&settings.final_codes, &fault) {
        Some(_) => Fault { kind: FaultKind::Refused, effect: Effect::NotDone, ..fault },
        None => fault,
    })
}

/// The trip call answers item by item; the product's own has to say done. Scenic §20, code `inferred`.
async fn operated(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    product: &Id,
    body: &serde_json::Value,
) -> Result<(), Fault> {
    let api = TRIP_OPERATE.0;
    let answer = channel.partner.client.post(call, api, TRIP_OPERATE.1, body).await?;
    let results: Vec<ShelfResult> = answer.read(api)?;
    let trace = logid(answer.logid.as_deref());
    let Some(result) = results.into_iter().find(|result| result.product_id == *product) else {
        return Err(Fault::garbled(format!("{api}: the answer says nothing of product {product}{trace}")));
    };
    match result.code {
        Some(code) if channel.settings.shelf_success_codes.contains(&code.0) => Ok(()),
        Some(code) => {
            let text = format!("{api}: Douyin answered code {} for product {product}{trace}", code.0);
            Err(Fault::not_done(FaultKind::Refused, text).with_code(code.0.to_string()))
        }
        None => Err(Fault::garbled(format!("{api}: the answer has no readable code for product {product}{trace}"))),
    }
}
