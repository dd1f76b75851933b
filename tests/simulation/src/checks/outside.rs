//! The partners' truth is ours, and nobody was called twice with effect.

use entrepot_contract::notice::{OrderEvent, OrderNotice, RefundDecision};
use entrepot_contract::order::{Order, OrderState, RefundState, UnitState};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::product::Fulfilment;
use entrepot_domain::job::{JobKind, JobState, Notification};
use entrepot_engine::storage::Storage;

use super::{excused, now, refunds};
use crate::house::{PASS, SHOPS};
use crate::partners::Truth;
use crate::world::World;

fn called(order: &Order) -> bool {
    matches!(&order.terms.fulfilment, Fulfilment::Supplier { connection, .. } if connection.as_str() != "codes")
}

/// Each supplier holds the tickets that we think it holds.
pub(super) fn suppliers(world: &World, orders: &[Order]) {
    for (id, truth) in world.suppliers.all() {
        if truth.bookings > 1 {
            world.breach(format!("order {id} was booked {} times", truth.bookings));
        }
        if !orders.iter().any(|order| order.id.as_str() == id) {
            world.breach(format!("a supplier has order {id}, which is not here"));
        }
    }
    // An order that another supplier took over is nobody's before it.
    for order in orders.iter().filter(|order| !called(order)) {
        let good = world.suppliers.truth(order.id.as_str()).is_some_and(|truth| truth.good());
        if good && !excused(world, order) {
            world.breach(format!("order {} went on to another supplier, and the first one has its tickets", order.id));
        }
    }
    for order in orders.iter().filter(|order| called(order)) {
        let truth = world.suppliers.truth(order.id.as_str()).unwrap_or_default();
        if let Some(text) = differs(world, order, &truth).filter(|_| !excused(world, order)) {
            world.breach(format!("order {} is {:?}: {text}", order.id, order.state));
        }
    }
}

fn differs(world: &World, order: &Order, truth: &Truth) -> Option<String> {
    if matches!(order.state, OrderState::Issued | OrderState::Completed) && !truth.booked() {
        return Some("its supplier has no ticket".to_owned());
    }
    if !truth.booked() {
        return None;
    }
    let stored = now(world.memory.credentials(&world.merchant(), &order.id)).unwrap_or_default();
    let waiting: Vec<u16> = refunds(world, &order.id)
        .into_iter()
        .filter(|refund| matches!(refund.state, RefundState::Agreed | RefundState::Waiting))
        .flat_map(|refund| refund.units)
        .collect();
    for unit in &order.units {
        let back = truth.cancelled.contains(&unit.number);
        let held = match unit.state {
            UnitState::Redeemed => back.then_some("was used and is cancelled at its supplier"),
            UnitState::Refunded => (!back).then_some("was refunded and is good at its supplier"),
            UnitState::Available | UnitState::Reserved if order.state == OrderState::Refused => {
                (!back).then_some("was never issued and is good at its supplier")
            }
            UnitState::Available | UnitState::Reserved | UnitState::Unknown => {
                (back && !waiting.contains(&unit.number)).then_some("is good and is cancelled at its supplier")
            }
        };
        if let Some(text) = held {
            return Some(format!("unit {} {text}", unit.number));
        }
    }
    (matches!(order.state, OrderState::Issued | OrderState::Completed) && stored.is_empty())
        .then(|| "nobody has its tickets".to_owned())
}

/// Each channel was told what it waits for, and once what it may be told once.
pub(super) fn channels(world: &World, orders: &[Order]) {
    for token in world.shops.told_twice() {
        world.breach(format!("the notice {token}, which may come once, came again"));
    }
    let told = world.shops.told();
    let ledger = world.ledger();
    let mut breaches = Vec::new();
    for order in orders {
        let mine: Vec<&OrderNotice> = told.iter().filter(|notice| notice.order == order.id).collect();
        let shop = SHOPS.iter().position(|(_, application, _)| *application == order.application.as_str()).unwrap_or(0);
        let name = (shop, order.channel_order.to_string());
        let promised = ledger.about(&name, "issue").any(|answer| matches!(answer.outcome, Outcome::Issuing { .. }));
        let tells = |event: &OrderEvent| matches!(event, OrderEvent::Issued { .. } | OrderEvent::IssueFailed { .. });
        let over = matches!(order.state, OrderState::Refunded | OrderState::Cancelled);
        let heard = mine.iter().any(|notice| tells(&notice.event));
        if promised && !heard && !over && !given_up(world, order) && !super::waits_for_codes(world, order) {
            breaches.push(format!("order {} is {:?}; the channel still waits for it", order.id, order.state));
        }
        breaches.extend(undecided(world, &ledger, order, &name, &mine));
        breaches.extend(untold_use(world, order, &mine));
    }
    drop(ledger);
    for breach in breaches {
        world.breach(breach);
    }
}

/// Whether a person gave up a notice or a booking of this order.
fn given_up(world: &World, order: &Order) -> bool {
    world.memory.jobs().iter().any(|job| {
        let about = matches!(job.job.kind, JobKind::Book | JobKind::Notify(_));
        job.job.order == order.id && about && matches!(job.state, JobState::Abandoned | JobState::Dead)
    })
}

/// A refund that the channel was told to wait for was decided, and the channel heard of it.
fn undecided(
    world: &World,
    ledger: &crate::ledger::Ledger,
    order: &Order,
    name: &crate::ledger::ChannelName,
    mine: &[&OrderNotice],
) -> Option<String> {
    for refund in refunds(world, &order.id) {
        let about = || ledger.about(name, "ask").filter(|answer| answer.key == refund.key);
        let waits = about().any(|answer| answer.outcome == Outcome::RefundWaiting);
        let heard = mine
            .iter()
            .any(|notice| matches!(&notice.event, OrderEvent::RefundDecided { key, .. } if *key == refund.key));
        let opposite = match refund.state {
            RefundState::Agreed => Some(false),
            RefundState::Refused => Some(true),
            // What we refused and the channel gave back all the same is done.
            RefundState::Done | RefundState::Waiting => None,
        };
        let contradicted = mine.iter().any(|notice| {
            matches!(&notice.event, OrderEvent::RefundDecided { key, decision, .. }
                if *key == refund.key && Some(matches!(decision, RefundDecision::Agreed { .. })) == opposite)
        });
        if contradicted {
            return Some(format!("refund {} is {:?}, the channel heard otherwise", refund.id, refund.state));
        }
        let decided = matches!(refund.state, RefundState::Agreed | RefundState::Refused);
        if waits && decided && !heard && !given_up(world, order) {
            return Some(format!("refund {} is {:?}; the channel still waits for it", refund.id, refund.state));
        }
        if refund.state == RefundState::Waiting && !excused(world, order) {
            return Some(format!("refund {} of order {} waits for ever", refund.id, order.id));
        }
    }
    None
}

/// The channel knows which units were used.
fn untold_use(world: &World, order: &Order, mine: &[&OrderNotice]) -> Option<String> {
    // The channel knows a voucher's use by its reservations.
    if order.sku.as_str() == PASS {
        return None;
    }
    let told: Vec<u16> = mine
        .iter()
        .filter_map(|notice| match &notice.event {
            OrderEvent::Redeemed { units, .. } => Some(units.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let given_up = |unit: &u16| {
        world.memory.jobs().iter().any(|job| {
            let about =
                matches!(&job.job.kind, JobKind::Notify(Notification::Redeemed { units, .. }) if units.contains(unit));
            job.job.order == order.id && about && job.state == JobState::Abandoned
        })
    };
    let untold = order.numbers(UnitState::Redeemed).into_iter().find(|unit| !told.contains(unit) && !given_up(unit));
    untold.map(|unit| format!("unit {unit} of order {} was used and the channel was not told", order.id))
}
