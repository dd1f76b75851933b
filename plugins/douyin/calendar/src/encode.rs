//! An outcome in Douyin's words: which answer belongs to which scene.

use douyin_wire::partner::answers;
use douyin_wire::partner::scenes::Scene;
use entrepot_sdk::prelude::*;

use crate::connection::ConnectionSettings;
use crate::{DouyinCalendar, SCENES};

pub(crate) fn encode(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    scene: &SceneName,
    intent: &Intent,
    outcome: &Outcome,
) -> Result<RawResponse, Fault> {
    let scene = Scene::named(scene, &SCENES)?;
    if scene == Scene::Webhook {
        return Ok(answers::webhook(intent, outcome));
    }
    if let Some(answer) = answers::unready(outcome) {
        return Ok(answer);
    }
    let settings = &call.connection.settings;
    let style = channel.partner.style(settings.code_as);
    match scene {
        Scene::CheckBooking => answers::check_booking(outcome),
        Scene::CreateOrder => answers::create_order(channel.partner.shared.unpaid_confirm_info, outcome),
        Scene::PayOrder => answers::pay_order(outcome),
        Scene::CancelOrder | Scene::NotifyRefund => answers::noticed(scene, outcome),
        Scene::ApplyRefund => answers::apply_refund(&style, answers::echoed_fee(intent, outcome)?, outcome),
        Scene::QueryOrder => answers::query_order(settings.query_vouchers, outcome),
        Scene::IssueCertificate => answers::issue_certificate(&style, settings.issue_too_early, outcome),
        Scene::PullCalendar => answers::pull_calendar(outcome, |names| channel.dates(settings, names)),
        other => Err(Fault::unsupported(other.name())),
    }
}
