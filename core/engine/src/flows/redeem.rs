//! Units are used at Entrepot's own desk: by order or by the code a guest shows.

use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId};
use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{Order, OrderState, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey, OrderName, fingerprint};
use entrepot_domain::venue;

use crate::core::Engine;
use crate::sequencer::Undecided;

/// What a gate shows.
#[derive(Debug, Clone)]
pub enum Shown {
    /// An order, with the units meant.
    Order(OrderId, UnitChoice),
    /// A unit's code, or the document that its guest shows.
    Code(String),
}

/// A request at a gate.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// Whose tickets.
    pub merchant: MerchantId,
    /// The supplier connection whose tickets this gate may take; none for people who may take any.
    pub gate: Option<ConnectionId>,
    /// What is shown.
    pub shown: Shown,
    /// The caller's key.
    pub key: CommandKey,
    /// Who.
    pub by: String,
}

impl Engine {
    /// Redeems. Refused when the ticket's supplier lets its guests in elsewhere.
    pub async fn redeem(&self, redeem: Redeem) -> Result<Answer, Undecided> {
        let (shown, gate) = (&redeem.shown, redeem.gate.as_ref());
        let now = |_: &Order| Some(self.core.clock.now());
        let (found, units) = match self.shown_order(&redeem.merchant, shown, gate, now).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        if let Some(text) = self.closed_gate(&redeem.merchant, &found, redeem.gate.as_ref()).await? {
            return Ok(Answer::Refused(Refusal::new(Reason::StateForbids, text)));
        }
        let order = found.id;
        let fields = [("order", order.to_string()), ("units", format!("{units:?}"))];
        let body = Body::Redeem { order: OrderName::Own(order), units, used_at: self.core.clock.now() };
        self.command(&redeem.merchant, redeem.key, fingerprint(&fields), &redeem.by, body).await
    }

    /// The order and the units that are meant, or why there are none. `used_at` says when an order would be used.
    pub(super) async fn shown_order(
        &self,
        merchant: &MerchantId,
        shown: &Shown,
        gate: Option<&ConnectionId>,
        used_at: impl Fn(&Order) -> Option<Timestamp>,
    ) -> Result<Result<(Order, UnitChoice), Refusal>, Undecided> {
        let unknown = |text: String| Ok(Err(Refusal::new(Reason::OrderUnknown, text)));
        match shown {
            Shown::Order(order, units) => match self.core.storage.order(merchant, order).await {
                Ok(Some((found, _))) => Ok(Ok((found, units.clone()))),
                Ok(None) => unknown(format!("merchant {merchant} has no order {order}")),
                Err(_) => Err(Undecided::Busy),
            },
            Shown::Code(code) => {
                let mut held = self.held(merchant, code.trim()).await?;
                if held.len() > 1 {
                    self.only_of_gate(merchant, gate, &mut held).await?;
                }
                match meant(held, used_at) {
                    Ok(Some((order, unit))) => Ok(Ok((order, UnitChoice::Numbers(vec![unit])))),
                    Ok(None) => unknown("nobody was given this code".to_owned()),
                    Err(refusal) => Ok(Err(refusal)),
                }
            }
        }
    }

    /// The units that show a code, each with its order, newest first. The letters of a document are read large or small.
    async fn held(&self, merchant: &MerchantId, code: &str) -> Result<Vec<(Order, u16)>, Undecided> {
        let mut held = self.held_exactly(merchant, code).await?;
        if held.iter().any(|(order, _)| !by_document(order)) {
            return Ok(held);
        }
        for other in [code.to_ascii_uppercase(), code.to_ascii_lowercase()] {
            if other != code {
                let more = self.held_exactly(merchant, &other).await?;
                held.extend(more.into_iter().filter(|(order, _)| by_document(order)));
            }
        }
        held.sort_by(|(one, _), (other, _)| other.id.cmp(&one.id));
        Ok(held)
    }

    async fn held_exactly(&self, merchant: &MerchantId, code: &str) -> Result<Vec<(Order, u16)>, Undecided> {
        let storage = &self.core.storage;
        let mut held = Vec::new();
        for (id, unit) in storage.units_of_code(merchant, code).await.map_err(|_| Undecided::Busy)? {
            let found = storage.order(merchant, &id).await.map_err(|_| Undecided::Busy)?;
            held.extend(found.map(|(order, _)| (order, unit)));
        }
        Ok(held)
    }

    /// Where a gate may take some of the orders, only those are meant.
    async fn only_of_gate(
        &self,
        merchant: &MerchantId,
        gate: Option<&ConnectionId>,
        held: &mut Vec<(Order, u16)>,
    ) -> Result<(), Undecided> {
        let mut open = Vec::new();
        for one in &*held {
            if self.closed_gate(merchant, &one.0, gate).await?.is_none() {
                open.push(one.clone());
            }
        }
        if !open.is_empty() {
            *held = open;
        }
        Ok(())
    }

    /// Why this gate may not take the ticket, if so.
    pub(super) async fn closed_gate(
        &self,
        merchant: &MerchantId,
        order: &Order,
        gate: Option<&ConnectionId>,
    ) -> Result<Option<String>, Undecided> {
        let rules = self.core.rules(merchant).await.map_err(|_| Undecided::Busy)?;
        Ok(match &order.terms.fulfilment {
            Fulfilment::Supplier { connection, .. } => {
                let own = rules.supplier(connection).is_some_and(|supplier| supplier.own_gate);
                if gate.is_some_and(|gate| gate != connection) {
                    Some(format!("this gate takes no tickets of {connection}"))
                // Nobody else could tell that a ticket was used whose codes a person typed.
                } else if !(own || (order.by_hand && gate.is_none())) {
                    Some(format!("tickets of {connection} are taken at the supplier's own gate"))
                } else {
                    None
                }
            }
            Fulfilment::OwnNumber | Fulfilment::Document | Fulfilment::Nothing => {
                gate.map(|gate| format!("this gate takes tickets of {gate} only; this order has none"))
            }
        })
    }
}

fn by_document(order: &Order) -> bool {
    order.terms.fulfilment == Fulfilment::Document
}

/// The one unit that a code means. A document may stand in several orders: the one whose date it is, and that is still
/// open; refused when there are several of these, because taking one would be a guess.
fn meant(
    mut held: Vec<(Order, u16)>,
    used_at: impl Fn(&Order) -> Option<Timestamp>,
) -> Result<Option<(Order, u16)>, Refusal> {
    if held.len() < 2 {
        return Ok(held.pop());
    }
    let state =
        |order: &Order, number: u16| order.units.iter().find(|unit| unit.number == number).map(|unit| unit.state);
    let dated: Vec<_> = held.iter().filter(|(order, _)| is_its_time(order, used_at(order))).collect();
    let is_open =
        |order: &Order, unit| order.state == OrderState::Issued && state(order, unit) == Some(UnitState::Available);
    let open: Vec<_> = dated.iter().filter(|(order, unit)| is_open(order, *unit)).collect();
    match open.as_slice() {
        [one] => return Ok(Some((**one).clone())),
        [] => {}
        several => {
            let orders: Vec<String> = several.iter().take(10).map(|(order, _)| order.id.to_string()).collect();
            let text = format!(
                "several orders are shown by this and can be used now: {}; name the order and its unit",
                orders.join(", ")
            );
            return Err(Refusal::new(Reason::StateForbids, text));
        }
    }
    // None can be used: the one that was used already says so best, then the one whose date it is.
    let used = dated.iter().find(|(order, unit)| state(order, *unit) == Some(UnitState::Redeemed));
    let best = used.or_else(|| dated.first()).map(|one| (*one).clone());
    Ok(best.or_else(|| held.first().cloned()))
}

/// Whether an order can be used on that date at the venue.
fn is_its_time(order: &Order, used_at: Option<Timestamp>) -> bool {
    let Some((first, last)) = order.terms.usable else { return true };
    let day = venue::zone(&order.terms.time_zone).zip(used_at).and_then(|(zone, at)| venue::today(zone, at));
    day.is_some_and(|day| first <= day && day <= last)
}
