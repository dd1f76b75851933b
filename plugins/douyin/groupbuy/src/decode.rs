//! What an authentic call means: each scene goes to the family it belongs to.

use douyin_wire::generic::IssueCodes;
use douyin_wire::issue::IssueVoucher;
use douyin_wire::kinds::AfterSaleType;
use douyin_wire::number::Int;
use douyin_wire::partner::body::{instant_ms, read, wrong};
use douyin_wire::partner::intents;
use douyin_wire::partner::locate::refuse_replay;
use douyin_wire::partner::scenes::Scene;
use douyin_wire::refund::RefundApply;
use douyin_wire::sign::single_param;
use entrepot_sdk::contract::intent::GivesBack;
use entrepot_sdk::prelude::*;

use crate::connection::{ConnectionSettings, PurchaseFamily};
use crate::{DouyinGroupBuy, SCENES, generic, order, promise, sync};

/// Most days of a pull. Group-buy B17, `documented`.
const PULL_DAYS: u32 = 60;

pub(crate) fn decode(
    channel: &DouyinGroupBuy,
    call: &Call<ConnectionSettings>,
    raw: &RawRequest,
) -> Result<Intent, Fault> {
    let scene = Scene::named(&raw.scene, &SCENES)?;
    let settings = &call.connection.settings;
    if scene != Scene::Webhook {
        refuse_replay(&channel.partner, call.now(), raw)?;
    }
    match scene {
        Scene::CheckBooking => order::check_booking(channel, settings, read(&raw.body)?),
        Scene::CreateOrder => order::create_order(channel, settings, read(&raw.body)?),
        Scene::PayOrder => intents::pay_order(&read(&raw.body)?),
        Scene::CancelOrder => intents::cancel_order(&read(&raw.body)?),
        Scene::ApplyRefund => apply_refund(&read(&raw.body)?),
        Scene::NotifyRefund => intents::notify_refund(&read(&raw.body)?),
        Scene::SyncRefund => sync::decided(&channel.settings, &read(&raw.body)?),
        Scene::QueryOrder => intents::query_order(&read(&raw.body)?),
        Scene::IssueCertificate => issue(settings, raw),
        Scene::CreatePromise => promise::create(channel, settings, &read(&raw.body)?),
        Scene::IssuePromise => promise::issue(&read(&raw.body)?, called_at(raw)?),
        Scene::PreCreateOrder => generic::create(channel, settings, &read(&raw.body)?),
        Scene::ApplyCodeRefund => generic::apply_refund(&read(&raw.body)?, called_at(raw)?),
        Scene::QueryOrders => generic::query(&read(&raw.body)?),
        Scene::PullCalendar if settings.stock_pull_enabled => intents::pull_calendar(&read(&raw.body)?, PULL_DAYS),
        Scene::PullCalendar => Err(Fault::unsupported("pull-calendar: stock_pull_enabled is false")),
        Scene::Webhook => intents::webhook(raw),
    }
}

/// Refund review. B8, `documented`: the union of its two revisions; a cancelled reservation gives the date back.
fn apply_refund(apply: &RefundApply) -> Result<Intent, Fault> {
    let Intent::AskRefund(asked) = intents::apply_refund(apply)? else {
        return Err(Fault::unsupported("apply-refund"));
    };
    let gives_back = match apply.after_sale_type {
        None | Some(AfterSaleType::Refund) => GivesBack::Units,
        Some(AfterSaleType::CancelBooking) => GivesBack::Reservation,
        Some(AfterSaleType::Other(_)) => {
            return Err(wrong("after_sale_type", "neither 1 (refund) nor 2 (cancel booking)"));
        }
    };
    Ok(Intent::AskRefund(entrepot_sdk::contract::intent::AskRefund { gives_back, ..asked }))
}

/// Issue call. B5; in the generic family (B16.2) it is the payment, too.
fn issue(settings: &ConnectionSettings, raw: &RawRequest) -> Result<Intent, Fault> {
    let call: IssueVoucher = read(&raw.body)?;
    match settings.purchase_family {
        PurchaseFamily::Generic => {
            let codes: IssueCodes = read(&raw.body)?;
            generic::issue(&call, &codes, called_at(raw)?)
        }
        PurchaseFamily::Scenic | PurchaseFamily::Promise => intents::issue_certificate(&call),
    }
}

/// When Douyin made the call: the query's `timestamp`, which is signed. Common §7.1, `documented`, milliseconds.
fn called_at(raw: &RawRequest) -> Result<Timestamp, Fault> {
    let stamp = single_param(&raw.query, "timestamp").and_then(|text| text.parse().ok());
    instant_ms("timestamp", Int(stamp.ok_or_else(|| wrong("timestamp", "not in the query"))?))
}
