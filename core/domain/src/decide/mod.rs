//! Deciding: a command and what it sees become changes and an answer, or a refusal.
//!
//! - [`create`], [`payment`] (pay, accept, cancel), [`issue_call`], [`issue`] with [`give_codes`], [`redeem`], [`refund`]: the life of an order;
//!   [`hold`]: what is kept at a supplier; [`use_told`]: what its own gate saw; [`by_hand`]: codes that a person typed;
//!   [`unissued`]: refunds asked because no ticket came; [`refund_told`], [`refunded_units`]: what the channel gave back;
//!   [`decided`]: what it decided by itself;
//!   [`document`]: the guest's own document is what he shows.
//! - [`reserve`]: units of a voucher order take a date; [`deadlines`]: time passed.
//! - [`facts`]: what came before its order.
//! - [`money`]: top-ups, corrections, transfers, limits; [`calendar`]: prices, stock, catalogue; [`codes`]: pools; [`upload_codes`]: codes that
//!   channels give.
//! - [`draft`]: the working copy that a decision builds on.

mod by_hand;
mod calendar;
mod codes;
mod create;
mod deadlines;
mod decided;
mod document;
mod draft;
mod facts;
mod give_codes;
mod hold;
mod issue;
mod issue_call;
mod money;
mod payment;
mod redeem;
mod refund;
mod refund_told;
mod refunded_units;
mod reserve;
mod unissued;
mod upload_codes;
mod use_told;

use entrepot_contract::outcome::{Reason, Refusal};

use crate::answer::Answer;
use crate::change::Change;
use crate::command::{Body, Command};
use crate::planted::{self, Bug};
use crate::state::State;

pub use create::{Offer, check_booking, check_wish, misnamed};
pub(crate) use issue_call::call_before;
pub use refund::{RefundPreview, decides_itself_at, preview};
pub use refund_told::kept;

/// Why a command was not decided in its favour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A final no.
    Refused(Refusal),
    /// Not yet: something it follows on is not here. Nothing is kept of it, and the same call may pass later.
    Early(Refusal),
    /// It has to see more rows: it goes into the next batch with a fresh footprint.
    SeeMore,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A decision in the command's favour.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What changes.
    pub changes: Vec<Change>,
    /// What is answered.
    pub answer: Answer,
}

/// Decides one command. Pure: the same command and state give the same decision.
pub fn decide(state: &State, command: &Command) -> Result<Decision, Stop> {
    let mut draft = draft::Draft::new(state, command);
    let answer = match &command.body {
        Body::CreateOrder { connection, intent, people } => create::create(&mut draft, connection, intent, people),
        Body::PayOrder { order, paid_at } => payment::pay(&mut draft, order, *paid_at),
        Body::CancelOrder { order, told } => payment::cancel(&mut draft, order, told),
        Body::DecideAcceptance { order, accept, reason } => {
            payment::decide_acceptance(&mut draft, order, *accept, reason.as_deref())
        }
        Body::PassDeadlines { order } => deadlines::pass(&mut draft, order),
        Body::StartIssue { order, count, names, paid_at } => {
            issue_call::start(&mut draft, order, *count, names, *paid_at)
        }
        Body::PromiseIssue { order } => issue::promise(&mut draft, order),
        Body::RecordIssue { order, result } => issue::record(&mut draft, order, result),
        Body::Redeem { order, units, used_at } => redeem::redeem(&mut draft, order, units, *used_at),
        Body::RecordUse { order, usage, asked_at } => use_told::record(&mut draft, order, usage, *asked_at),
        Body::RecordHold { order, holding } => hold::record(&mut draft, order, holding),
        Body::AskUse { order } => use_told::ask(&mut draft, order),
        Body::AskRefund { order, intent } => refund::ask(&mut draft, order, intent),
        Body::PromiseRefund { order, refund } => refund::promise(&mut draft, order, refund),
        Body::DecideRefund { order, refund, agree, reason } => {
            refund::settle(&mut draft, order, refund, *agree, reason.as_deref())
        }
        Body::RecordRefund { order, intent } => refund_told::record(&mut draft, order, intent),
        Body::RecordDecision { order, key, told } => decided::record(&mut draft, order, key, told),
        Body::RecordSupplierCancel { order, refused, fee } => {
            refund_told::supplier_answered(&mut draft, order, refused.as_deref(), *fee)
        }
        Body::EndJob { order, note } => {
            draft.note_on(order, "job ended", note);
            Ok(Answer::Recorded { order: order.clone() })
        }
        Body::StoreFact { application, order, intent } => facts::store(&mut draft, application, order, intent),
        Body::TopUp { distributor, amount, note } => money::top_up(&mut draft, distributor, *amount, note.clone()),
        Body::AdjustCredit { distributor, amount, note } => money::adjust(&mut draft, distributor, *amount, note),
        Body::SetCreditLimit { distributor, limit } => money::set_limit(&mut draft, distributor, *limit),
        Body::TransferCredit { from, to, amount, note } => money::transfer(&mut draft, from, to, *amount, note.clone()),
        Body::CorrectStock { rows } => calendar::correct(&mut draft, rows),
        Body::WriteCalendar { rows } => calendar::write(&mut draft, rows),
        Body::PutCatalogue { entries } => calendar::put(&mut draft, entries),
        Body::AddCodes { pool, codes } => codes::add(&mut draft, pool, codes),
        Body::VoidCode { pool, code } => codes::void(&mut draft, pool, code),
        Body::SetPoolThreshold { pool, threshold, expiring_days } => {
            codes::set_threshold(&mut draft, pool, *threshold, *expiring_days)
        }
        Body::MoveBatch { pool, batch, to } => codes::move_batch(&mut draft, pool, batch, *to),
        Body::ExpireCodes { pool, before } => codes::expire(&mut draft, pool, *before),
        Body::StartUpload { pool, wish } => upload_codes::start(&mut draft, pool, wish),
        Body::ReserveForUpload { upload, limit, days, .. } => upload_codes::reserve(&mut draft, upload, *limit, *days),
        Body::TryUpload { upload, node, until, .. } => upload_codes::begin(&mut draft, upload, node, *until),
        Body::RecordUpload { upload, number, said, .. } => upload_codes::record(&mut draft, upload, *number, said),
        Body::StopUpload { upload, .. } => upload_codes::stop(&mut draft, upload),
        Body::NoteBoundCode { code, connection, order, ordered_at, .. } => {
            Ok(upload_codes::bound(&mut draft, code, connection, order, *ordered_at))
        }
        Body::IssueWaiting { order } => issue::waiting(&mut draft, order),
        Body::ShowCredentials { order } => issue::show(&mut draft, order),
    }?;
    Ok(Decision { changes: draft.finish(), answer })
}

/// What a repeat of a command is told: the first answer, or that the key was used for something else.
pub fn repeated(command: &Command, fingerprint: &str, answer: &Answer) -> Answer {
    if fingerprint == command.fingerprint || planted::is(Bug::ContentsIgnored) {
        return answer.clone();
    }
    Answer::Refused(Refusal::new(
        Reason::KeyConflict,
        format!("the key {} of {} was used before with other contents", command.key.key, command.key.kind),
    ))
}
