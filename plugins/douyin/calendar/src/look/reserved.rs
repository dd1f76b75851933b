//! Whose a code of Douyin's own pool is (预置码). Fulfilment §7.

use douyin_wire::number::Id;
use douyin_wire::partner::calls::account;
use douyin_wire::partner::look::optional;
use douyin_wire::reserved::BoundCode;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::looking::BoundOrder;
use entrepot_sdk::prelude::*;

use crate::DouyinCalendar;
use crate::connection::ConnectionSettings;
use crate::reserve;

/// The order of a code. Fulfilment §7, `documented`.
const BOUND: (&str, &str) = ("reserve_code_order", "/goodlife/v1/fulfilment/reserve_code/bind_order_info/");

pub(super) async fn order(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    names: &ListingNames,
    credentials: &[Credential],
) -> Result<Seen, Fault> {
    let (account, code) = (account(call)?, reserve::text(credentials, &channel.partner.shared.password_joiner)?);
    let sku = names.sku.clone().and_then(Id::new);
    let mut query = vec![("account_id", account.as_str()), ("code", code.reveal())];
    query.extend(sku.as_ref().map(|sku| ("sku_id", sku.as_str())));
    let answer = channel.partner.client.get(call, BOUND.0, BOUND.1, &query).await?;
    let found: BoundCode = answer.read(BOUND.0)?;
    let Some(order) = found.order else { return Ok(Seen::ReservedCode { order: None }) };
    let named = ChannelOrderId::parse(order.order_id.as_str());
    let bound = BoundOrder {
        order: named.map_err(|_| Fault::garbled(format!("{}: order_id is no id", BOUND.0)))?,
        names: ListingNames {
            sku: order.sku_id.map(|id| id.to_string()),
            sku_out: order.third_sku_id.map(|id| id.to_string()),
            ..ListingNames::default()
        },
        codes: u32::try_from(order.codes.len()).unwrap_or(u32::MAX),
        ordered_at: optional(order.create_seconds),
        paid: order.amount.and_then(|amount| amount.pay_amount).map(|fen| Money::fen(fen.get())),
    };
    Ok(Seen::ReservedCode { order: Some(bound) })
}
