//! Units are used at Entrepot's own desk: by order or by the code a guest shows.

use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId};
use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::Order;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::Fulfilment;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey, OrderName, fingerprint};

use crate::core::Engine;
use crate::sequencer::Undecided;

/// What a gate shows.
#[derive(Debug, Clone)]
pub enum Shown {
    /// An order, with the units meant.
    Order(OrderId, UnitChoice),
    /// A unit's code.
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
        let (found, units) = match self.shown_order(&redeem.merchant, &redeem.shown).await? {
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

    /// The order and the units that are meant, or why there are none.
    pub(super) async fn shown_order(
        &self,
        merchant: &MerchantId,
        shown: &Shown,
    ) -> Result<Result<(Order, UnitChoice), Refusal>, Undecided> {
        let storage = &self.core.storage;
        let unknown = |text: String| Ok(Err(Refusal::new(Reason::OrderUnknown, text)));
        let (order, units) = match shown {
            Shown::Order(order, units) => (order.clone(), units.clone()),
            Shown::Code(code) => match storage.order_of_code(merchant, code.trim()).await {
                Ok(Some((order, unit))) => (order, UnitChoice::Numbers(vec![unit])),
                Ok(None) => return unknown("nobody was given this code".to_owned()),
                Err(_) => return Err(Undecided::Busy),
            },
        };
        match storage.order(merchant, &order).await {
            Ok(Some((found, _))) => Ok(Ok((found, units))),
            Ok(None) => unknown(format!("merchant {merchant} has no order {order}")),
            Err(_) => Err(Undecided::Busy),
        }
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
            Fulfilment::OwnNumber | Fulfilment::Nothing => {
                gate.map(|gate| format!("this gate takes tickets of {gate} only; this order has none"))
            }
        })
    }
}
