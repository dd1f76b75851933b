//! Units are used at Entrepot's own desk: by order or by the code a guest shows.

use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId};
use entrepot_contract::intent::UnitChoice;
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
        let storage = &self.core.storage;
        let unknown = |text: &str| Ok(Answer::Refused(Refusal::new(Reason::OrderUnknown, text)));
        let (order, units) = match redeem.shown {
            Shown::Order(order, units) => (order, units),
            Shown::Code(code) => match storage.order_of_code(&redeem.merchant, code.trim()).await {
                Ok(Some((order, unit))) => (order, UnitChoice::Numbers(vec![unit])),
                Ok(None) => return unknown("nobody was given this code"),
                Err(_) => return Err(Undecided::Busy),
            },
        };
        let found = match storage.order(&redeem.merchant, &order).await {
            Ok(Some((found, _))) => found,
            Ok(None) => return unknown(&format!("merchant {} has no order {order}", redeem.merchant)),
            Err(_) => return Err(Undecided::Busy),
        };
        if let Some(text) = self.closed_gate(&redeem.merchant, &found.terms.fulfilment, redeem.gate.as_ref()).await? {
            return Ok(Answer::Refused(Refusal::new(Reason::StateForbids, text)));
        }
        let fields = [("order", order.to_string()), ("units", format!("{units:?}"))];
        let body = Body::Redeem { order: OrderName::Own(order), units, used_at: self.core.clock.now() };
        self.command(&redeem.merchant, redeem.key, fingerprint(&fields), &redeem.by, body).await
    }

    /// Why this gate may not take the ticket, if so.
    async fn closed_gate(
        &self,
        merchant: &MerchantId,
        fulfilment: &Fulfilment,
        gate: Option<&ConnectionId>,
    ) -> Result<Option<String>, Undecided> {
        let rules = self.core.rules(merchant).await.map_err(|_| Undecided::Busy)?;
        Ok(match fulfilment {
            Fulfilment::Supplier { connection, .. } => {
                let own = rules.supplier(connection).is_some_and(|supplier| supplier.own_gate);
                if !own {
                    Some(format!("tickets of {connection} are taken at the supplier's own gate"))
                } else if gate.is_some_and(|gate| gate != connection) {
                    Some(format!("this gate takes no tickets of {connection}"))
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
