//! What the core decided, as OpenAPI calls. Every call may be repeated; see the card's notices.
//!
//! Which call belongs to an order is told by the names that Douyin gave its units when it asked for vouchers, and not by the
//! connection's setting as long as there are such names: orders of before a change of family stay what they are.

use douyin_wire::kinds::ConfirmResult;
use douyin_wire::partner::answers::fen;
use douyin_wire::partner::deliver::{confirm, issue_failed, issued, refund_decided};
use douyin_wire::partner::redeem::redeemed;
use douyin_wire::partner::settings::RedeemBy;
use entrepot_sdk::prelude::*;

use crate::connection::ConnectionSettings;
use crate::{DouyinGroupBuy, generic, promise};

/// Whose calls an order's vouchers are told by.
enum Family {
    Scenic,
    Promise,
    Generic,
}

/// A reservation is always a scenic order. Of purchases, the group ticket's certificates belong to items; generic ones do not.
fn family(settings: &ConnectionSettings, notice: &OrderNotice) -> Family {
    let certificate = notice.unit_names.first().is_some_and(|names| names.certificate.is_some());
    match (notice.source_order.is_some(), certificate) {
        (true, _) => Family::Scenic,
        _ if generic::owns(settings, &notice.unit_names) => Family::Generic,
        (false, true) => Family::Promise,
        (false, false) => Family::Scenic,
    }
}

pub(crate) async fn deliver(
    channel: &DouyinGroupBuy,
    call: &Call<ConnectionSettings>,
    notice: &Notice,
) -> Result<Told, Fault> {
    let Notice::Order(notice) = notice else { return Err(Fault::unsupported(notice.name())) };
    let (partner, settings) = (&channel.partner, &call.connection.settings);
    let style = partner.style(settings.code_as);
    match &notice.event {
        OrderEvent::Accepted => confirm(partner, call, notice, ConfirmResult::Accept).await,
        // The page has no field for the reason.
        OrderEvent::Refused { .. } => confirm(partner, call, notice, ConfirmResult::Refuse).await,
        OrderEvent::Issued { units } => match family(settings, notice) {
            Family::Scenic => issued(partner, call, notice, &settings.shown(units), &style).await,
            Family::Promise => promise::told(channel, call, settings, notice, Some(units)).await,
            Family::Generic => generic::told(channel, call, settings, notice, units).await,
        },
        OrderEvent::IssueFailed { reason } => match family(settings, notice) {
            Family::Scenic | Family::Generic => issue_failed(partner, call, notice, reason).await,
            Family::Promise => promise::told(channel, call, settings, notice, None).await,
        },
        OrderEvent::RefundDecided { key, units, decision } if generic::asked_here(settings, notice, key) => {
            generic::refund_decided(channel, call, settings, notice, (key, units), decision).await
        }
        OrderEvent::RefundDecided { key, decision, .. } => {
            let shown = match decision {
                RefundDecision::Refused { reason, repaired } => {
                    RefundDecision::Refused { reason: reason.clone(), repaired: settings.shown(repaired) }
                }
                // A group ticket's fee is always 0 (B9, `documented`).
                RefundDecision::Agreed { fee } => {
                    fee.map(fen).transpose()?;
                    RefundDecision::Agreed { fee: None }
                }
                RefundDecision::Unknown => RefundDecision::Unknown,
            };
            refund_decided(partner, call, notice, key, &shown, &style).await
        }
        // The whole order, always (rule 27, `documented`).
        OrderEvent::Redeemed { .. } => redeemed(partner, call, notice, RedeemBy::Trip).await,
        OrderEvent::Unknown => Err(Fault::unsupported(notice.event.name())),
    }
    .map(|()| Told::Done)
}
