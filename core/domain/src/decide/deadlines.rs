//! Time passed: whoever has to be warned is warned, and what is too late takes its course.

use entrepot_contract::ids::OrderId;
use entrepot_contract::order::{Deadline, DeadlineKind, Order, OrderState, UnitState};

use super::draft::Draft;
use super::{Stop, payment, use_told};
use crate::answer::Answer;
use crate::change::HOLD_RAN_OUT;
use crate::command::OrderName;
use crate::deadline::{alert_of, subject_of};
use crate::planted::{self, Bug};

pub(super) fn pass(draft: &mut Draft<'_>, id: &OrderId) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    let now = draft.at();
    let due: Vec<Deadline> =
        order.deadlines.iter().filter(|deadline| deadline.next().is_some_and(|at| at <= now)).cloned().collect();
    for mut deadline in due {
        if deadline.due > now {
            warn(draft, &order, &deadline);
            deadline.warn = None;
        } else if deadline.kind == DeadlineKind::Hold
            && order.state == OrderState::Created
            && !planted::is(Bug::HoldForEver)
        {
            payment::end_unpaid(draft, &mut order, HOLD_RAN_OUT)?;
            continue;
        } else if deadline.kind == DeadlineKind::Usage {
            use_told::due(draft, &order, &mut deadline);
        } else {
            passed(draft, &order, &deadline);
            deadline.warn = None;
            deadline.passed = true;
        }
        if let Some(stands) = order.deadlines.iter_mut().find(|other| other.kind == deadline.kind) {
            *stands = deadline;
        }
    }
    draft.put(order);
    Ok(Answer::Recorded { order: id.clone() })
}

fn warn(draft: &mut Draft<'_>, order: &Order, deadline: &Deadline) {
    let seconds = deadline.due.since(draft.at()) / 1000;
    let left = if seconds < 600 { format!("{seconds} s") } else { format!("{} min", seconds / 60) };
    let what = waits(order, &deadline.kind);
    let text = format!("order {}: {what}; {left} left, until {}", order.id, deadline.due);
    draft.alert(alert_of(&deadline.kind), &subject_of(order, &deadline.kind), text);
}

/// The channel's own clock ran out, too: what it does then, it announces, and that is what counts.
fn passed(draft: &mut Draft<'_>, order: &Order, deadline: &Deadline) {
    let what = waits(order, &deadline.kind);
    let then = match deadline.kind {
        DeadlineKind::Hold => "the hold ends",
        DeadlineKind::Accept | DeadlineKind::Issue => "the channel gives the money back and announces it",
        DeadlineKind::Audit { .. } => "the channel decides by itself and announces it",
        DeadlineKind::Reserve => "the channel gives back what was not used and announces it",
        DeadlineKind::Progress => "somebody has to look at the channel's side",
        DeadlineKind::Usage => "the supplier is asked",
    };
    let text = format!("order {}: {what}; the time ended {}: {then}", order.id, deadline.due);
    draft.note(order, "time ran out", what.clone());
    draft.alert(alert_of(&deadline.kind), &subject_of(order, &deadline.kind), text);
}

fn waits(order: &Order, kind: &DeadlineKind) -> String {
    match kind {
        DeadlineKind::Hold => "it is not paid".to_owned(),
        DeadlineKind::Accept => "it waits for acceptance".to_owned(),
        DeadlineKind::Issue => format!("credentials are not there (it is {:?})", order.state),
        DeadlineKind::Audit { refund } => format!("refund {refund} is not decided"),
        DeadlineKind::Reserve => format!("{} units are not reserved", order.count(UnitState::Available)),
        DeadlineKind::Usage => "the supplier was not asked".to_owned(),
        DeadlineKind::Progress => format!("it is {:?} and the channel does not go on", order.state),
    }
}
