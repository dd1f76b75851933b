//! What the core decided, as OpenAPI calls. Every call may be repeated; see the card's notices.

use douyin_wire::kinds::ConfirmResult;
use douyin_wire::partner::deliver::{confirm, issue_failed, issued, refund_decided};
use douyin_wire::partner::redeem::redeemed;
use entrepot_sdk::prelude::*;

use crate::connection::ConnectionSettings;
use crate::{DouyinCalendar, product, publish, reserve};

pub(crate) async fn deliver(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &Notice,
) -> Result<Told, Fault> {
    match notice {
        Notice::Order(notice) => tell(channel, call, notice).await.map(|()| Told::Done),
        Notice::Calendar(notice) => publish::deliver(channel, call, notice).await,
        Notice::Product(notice) => product::deliver(channel, call, notice).await,
        Notice::Codes(notice) => reserve::deliver(channel, call, notice).await,
        Notice::Unknown => Err(Fault::unsupported(notice.name())),
    }
}

async fn tell(channel: &DouyinCalendar, call: &Call<ConnectionSettings>, notice: &OrderNotice) -> Result<(), Fault> {
    let (partner, settings) = (&channel.partner, &call.connection.settings);
    let style = partner.style(settings.code_as);
    match &notice.event {
        OrderEvent::Accepted => confirm(partner, call, notice, ConfirmResult::Accept).await,
        // The page has no field for the reason.
        OrderEvent::Refused { .. } => confirm(partner, call, notice, ConfirmResult::Refuse).await,
        OrderEvent::Issued { units } => issued(partner, call, notice, units, &style).await,
        OrderEvent::IssueFailed { reason } => issue_failed(partner, call, notice, reason).await,
        OrderEvent::RefundDecided { key, decision, .. } => {
            refund_decided(partner, call, notice, key, decision, &style).await
        }
        OrderEvent::Redeemed { .. } => redeemed(partner, call, notice, settings.redeem_by).await,
        OrderEvent::Unknown => Err(Fault::unsupported("deliver unknown")),
    }
}
