//! Products as Douyin shows them. Scenic §18; fulfilment §11 where the settings say so.

use douyin_wire::goods::{AuditOpinion, Ticket, TicketSku};
use douyin_wire::kinds::TicketStatus;
use douyin_wire::partner::look::shown::{online, text, title};
use douyin_wire::partner::refusals::shortened;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::looking::ProductSeen;
use entrepot_sdk::prelude::*;

use crate::DouyinCalendar;
use crate::connection::ConnectionSettings;
use crate::goods::tickets;
use crate::settings::ProductLook;

/// A product, SKU by SKU. Asked without a name, the account's first products.
pub(super) async fn product(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    names: &ListingNames,
) -> Result<Seen, Fault> {
    let found = match channel.settings.product_look {
        ProductLook::Trip => tickets(channel, call, names).await?.iter().flat_map(of_ticket).collect(),
        ProductLook::Goods => online(&channel.partner, call, names).await?,
    };
    let products: Vec<ProductSeen> = found;
    // A question about one SKU is answered with that one.
    let meant = |seen: &ProductSeen| match (&names.sku, &names.sku_out) {
        (None, None) => true,
        _ => names.answers_to(&seen.names),
    };
    Ok(Seen::Products { products: products.into_iter().filter(meant).collect() })
}

fn of_ticket(ticket: &Ticket) -> Vec<ProductSeen> {
    let seen = |sku: Option<&TicketSku>| ProductSeen {
        names: ListingNames {
            product: Some(ticket.product_id.to_string()),
            sku: text(sku.and_then(|sku| sku.sku_id.as_ref())),
            product_out: text(ticket.product_out_id.as_ref()),
            sku_out: text(sku.and_then(|sku| sku.sku_out_id.as_ref())),
        },
        title: title(ticket.product_name.as_ref()),
        on_sale: ticket.status == Some(TicketStatus::Online),
        audit: audit(ticket),
        price: None,
        stock: None,
    };
    match ticket.ticket_specifications.as_slice() {
        [] => vec![seen(None)],
        skus => skus.iter().map(|sku| seen(Some(sku))).collect(),
    }
}

/// Where the review stands, in the page's words, and Douyin's reasons where it gives any.
fn audit(ticket: &Ticket) -> Option<String> {
    let word = match ticket.status? {
        TicketStatus::UnderReview => "under review".to_owned(),
        TicketStatus::ReviewFailed => "failed".to_owned(),
        TicketStatus::Offline | TicketStatus::Online => "passed".to_owned(),
        TicketStatus::Other(code) => format!("status {code}"),
    };
    let reasons = ticket.audit_result.as_ref().map(AuditOpinion::reasons).unwrap_or_default();
    Some(if reasons.is_empty() { word } else { shortened(&format!("{word}: {reasons}")) })
}
