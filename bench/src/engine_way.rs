//! Buying through the engine, called directly: the command that the channel's flow gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entrepot_contract::outcome::Reason;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey, fingerprint};
use entrepot_engine::Engine;
use entrepot_engine::sequencer::Undecided;

use crate::Result;
use crate::clients::{Buyer, Sale};
use crate::shop::Offer;

/// One client.
pub struct EngineBuyer {
    engine: Engine,
    offer: Offer,
    numbers: Arc<AtomicU64>,
}

/// That many clients.
pub fn buyers(engine: &Engine, offer: &Offer, clients: usize, numbers: &Arc<AtomicU64>) -> Vec<EngineBuyer> {
    let one = || EngineBuyer { engine: engine.clone(), offer: offer.clone(), numbers: Arc::clone(numbers) };
    (0..clients).map(|_| one()).collect()
}

/// Creates an order as the channel's flow does.
pub async fn buy(engine: &Engine, offer: &Offer, number: u64) -> Result<std::result::Result<Answer, Undecided>> {
    let create = offer.create(number, engine.now())?;
    let body = Body::CreateOrder {
        connection: offer.connection.clone(),
        intent: Box::new(create.clone()),
        people: Vec::new(),
    };
    let key =
        CommandKey { scope: offer.connection.to_string(), kind: body.name().to_owned(), key: create.order.to_string() };
    let fields = [("names", format!("{:?}", create.wish.names)), ("count", create.wish.count.to_string())];
    Ok(engine.command(&offer.merchant, key, fingerprint(&fields), "channel", body).await)
}

impl Buyer for EngineBuyer {
    async fn buy(&mut self) -> Result<Sale> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        match buy(&self.engine, &self.offer, number).await? {
            Ok(Answer::Created { .. }) => Ok(Sale::Stored),
            Ok(Answer::Refused(refusal)) if refusal.reason == Reason::SoldOut => Ok(Sale::SoldOut),
            Ok(other) => Err(format!("an order was answered with {other:?}")),
            Err(_) => Ok(Sale::Busy),
        }
    }
}
