//! What an authentic call means. The booking check and create order are this solution's; the others mean the same in each.

use douyin_wire::issue::IssueVoucher;
use douyin_wire::kinds::BizType;
use douyin_wire::order::{CanBuy, CreateOrder as Create};
use douyin_wire::partner::body::{copies, instant_s, need, order_id, read};
use douyin_wire::partner::guests::guests;
use douyin_wire::partner::intents::{self, amounts, names, slot, visit};
use douyin_wire::partner::locate::refuse_replay;
use douyin_wire::partner::scenes::Scene;
use douyin_wire::partner::settings::OrderMode;
use douyin_wire::refund::RefundApply;
use entrepot_sdk::contract::intent::{CreateOrder, Wish};
use entrepot_sdk::prelude::*;

use crate::connection::ConnectionSettings;
use crate::{DouyinCalendar, SCENES};

pub(crate) fn decode(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    raw: &RawRequest,
) -> Result<Intent, Fault> {
    let scene = Scene::named(&raw.scene, &SCENES)?;
    if scene != Scene::Webhook {
        refuse_replay(&channel.partner, call.now(), raw)?;
    }
    match scene {
        Scene::CheckBooking => check_booking(channel, read(&raw.body)?),
        Scene::CreateOrder => create_order(channel, call, read(&raw.body)?),
        Scene::PayOrder => intents::pay_order(&read(&raw.body)?),
        Scene::CancelOrder => intents::cancel_order(&read(&raw.body)?),
        Scene::ApplyRefund => apply_refund(&read(&raw.body)?),
        Scene::NotifyRefund => intents::notify_refund(&read(&raw.body)?),
        Scene::QueryOrder => intents::query_order(&read(&raw.body)?),
        Scene::IssueCertificate => issue_certificate(&read(&raw.body)?),
        Scene::PullCalendar => intents::pull_calendar(&read(&raw.body)?, call.connection.settings.pull_days()),
        Scene::Webhook => intents::webhook(raw),
        other => Err(Fault::unsupported(other.name())),
    }
}

/// Scenic §2, `seen in client code`. Nothing can be reserved: there is no order id.
fn check_booking(channel: &DouyinCalendar, check: CanBuy) -> Result<Intent, Fault> {
    calendar_ticket(check.biz_type)?;
    let names = names(
        check.product_id.as_ref(),
        check.sku_id.as_ref(),
        check.product_out_id.as_ref(),
        check.sku_out_id.as_ref(),
    )?;
    let guests_final = check.buyer.is_some() || !check.tourists.is_empty();
    let (origin_amount, pay_amount) = amounts(check.amount.as_ref())?;
    Ok(Intent::CheckBooking(Wish {
        names,
        count: copies("count", need("count", check.count)?)?,
        visit: visit(check.book_start_day, check.book_end_day)?,
        slot: slot(check.ticket_specification.as_ref())?,
        origin_amount,
        pay_amount,
        guests: guests(&channel.partner, check.buyer.as_ref(), &check.tourists)?,
        guests_final,
        ..Wish::default()
    }))
}

/// Scenic §3, head `documented`. Creating after payment, Douyin calls once the guest paid and sends no time of
/// payment, so the order's own time stands for it (§1.1, `documented` order of events, `inferred` time).
fn create_order(channel: &DouyinCalendar, call: &Call<ConnectionSettings>, create: Create) -> Result<Intent, Fault> {
    calendar_ticket(create.biz_type)?;
    let names = names(
        create.product_id.as_ref(),
        Some(&create.sku_id),
        create.product_out_id.as_ref(),
        create.sku_out_id.as_ref(),
    )?;
    let ordered_at = match create.create_seconds {
        Some(seconds) => instant_s("create_order_time_unix", seconds)?,
        None => call.now(),
    };
    let paid_at = match call.connection.settings.order_mode {
        OrderMode::AfterPayment => Some(ordered_at),
        OrderMode::BeforePayment => None,
    };
    let (origin_amount, pay_amount) = amounts(Some(&create.amount))?;
    let source = create.source_order_id.as_ref();
    Ok(Intent::CreateOrder(CreateOrder {
        source_order: source.map(|source| order_id("source_order_id", source)).transpose()?,
        paid_at,
        ..CreateOrder::new(
            order_id("order_id", &create.order_id)?,
            Wish {
                names,
                count: copies("count", create.count)?,
                visit: visit(create.book_start_day, create.book_end_day)?,
                slot: slot(create.ticket_specification.as_ref())?,
                origin_amount,
                pay_amount,
                guests: guests(&channel.partner, create.buyer.as_ref(), &create.tourists)?,
                guests_final: true,
                ..Wish::default()
            },
            ordered_at,
        )
    }))
}

/// Scenic §7, `documented`: the calendar ticket's page requires the fee, the group ticket's has none.
fn apply_refund(apply: &RefundApply) -> Result<Intent, Fault> {
    need("refund_fee_amount", apply.refund_fee_amount)?;
    intents::apply_refund(apply)
}

/// Scenic §11, `documented`: the page requires the people of a copy.
fn issue_certificate(issue: &IssueVoucher) -> Result<Intent, Fault> {
    need("count", issue.people_per_copy)?;
    intents::issue_certificate(issue)
}

/// Calls of other solutions reach the same URLs (common §11); this plugin sells calendar tickets only. Scenic §2, §3,
/// `seen in client code`.
fn calendar_ticket(biz_type: Option<BizType>) -> Result<(), Fault> {
    match biz_type {
        None | Some(BizType::Calendar) => Ok(()),
        Some(other) => Err(Fault::invalid(format!("biz_type {} belongs to another solution", other.code()))),
    }
}
