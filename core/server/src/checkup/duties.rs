//! What only a person can see to, and whether a whole cycle was tried before anything is sold.

use entrepot_contract::order::{Order, OrderState, UnitState};
use entrepot_domain::planted::{self, Bug};
use entrepot_engine::storage::StorageFault;

use super::{Section, Visit, said};

/// Orders of the merchant that are looked through for a trial, the newest.
const ORDERS_LIMIT: u32 = 2_000;

/// The plugin's duties, never said to be done because nobody here can see it; and the trial of what sells in pairs.
pub(super) async fn section(visit: &Visit<'_>) -> Result<Option<Section>, StorageFault> {
    let mut section = Section::new("duties", "须由人完成的事项", "what only a person can see to");
    for (at, duty) in visit.abilities.duties.iter().enumerate() {
        if forgotten(at, visit.abilities.duties.len()) {
            continue;
        }
        section.by_hand(&duty.name, said(duty.zh.clone(), duty.en.clone()));
    }
    if visit.abilities.pairs.is_some() {
        trial(visit, &mut section).await?;
    }
    Ok((!section.lines.is_empty()).then_some(section))
}

/// Whether a planted bug hides this duty of so many.
fn forgotten(at: usize, of: usize) -> bool {
    (planted::is(Bug::FirstDutyMissing) && at == 0)
        || (planted::is(Bug::FourthDutyMissing) && at == 3)
        || (planted::is(Bug::LastDutyMissing) && at + 1 == of)
}

/// The steps of a whole cycle, as people call them.
const STEPS: [(&str, &str); 5] =
    [("下单", "a purchase"), ("预约", "a reservation"), ("出票", "tickets"), ("退款", "a refund"), ("核销", "a use")];

/// Which of the steps an order shows.
fn shows(order: &Order) -> [bool; 5] {
    let (reservation, paid) = (order.source().is_some(), order.paid_at.is_some());
    let used = order.count(UnitState::Redeemed) > 0;
    let issued = used || matches!(order.state, OrderState::Issued | OrderState::Completed);
    [
        order.terms.reservation.is_some() && paid,
        reservation,
        reservation && issued,
        paid && order.count(UnitState::Refunded) > 0,
        reservation && used,
    ]
}

async fn trial(visit: &Visit<'_>, section: &mut Section) -> Result<(), StorageFault> {
    let own = visit.connection;
    let orders = visit.app.storage.newest_of(&own.merchant, &own.id, ORDERS_LIMIT).await?;
    let done = orders.iter().map(shows).fold([false; 5], |all, one| std::array::from_fn(|step| all[step] || one[step]));
    let missing: Vec<(&str, &str)> =
        STEPS.into_iter().zip(done).filter(|(_, done)| !done).map(|(step, _)| step).collect();
    if missing.is_empty() || planted::is(Bug::TrialAlwaysOk) {
        let text = said(
            "下单、预约、出票、退款、核销都已走通",
            "a purchase, a reservation, tickets, a refund and a use have all happened",
        );
        section.ok("trial", text);
        return Ok(());
    }
    let zh = missing.iter().map(|(zh, _)| *zh).collect::<Vec<_>>().join("、");
    let en = missing.iter().map(|(_, en)| *en).collect::<Vec<_>>().join(", ");
    section.by_hand(
        "trial",
        said(
            format!("正式售卖前须用测试订单走通全流程；最近 {ORDERS_LIMIT} 笔订单中尚缺：{zh}"),
            format!("try the whole cycle before anything is sold; still missing among the newest {ORDERS_LIMIT} orders: {en}"),
        ),
    );
    Ok(())
}
