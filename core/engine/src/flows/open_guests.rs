//! Opens what a channel sealed of guests' data, when a supplier is about to be told who comes. Opening costs a call and a
//! part of the channel's daily quota, so it is done at the last moment, all texts of an order at once, and what was
//! opened is kept in memory for the tries that follow. It is never stored in the open and never logged.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use entrepot_contract::fault::Fault;
use entrepot_contract::ids::ConnectionId;
use entrepot_contract::looking::{Look, LookName, SEALED_LIMIT, Sealed, Seen};
use entrepot_contract::order::{Guest, GuestField, Guests, Order};

use super::channel;
use crate::core::Core;

/// Most opened texts in memory; the oldest go first.
const KEPT: usize = 5_000;

/// A connection and a text that its channel sealed.
type SealedText = (ConnectionId, String);

/// What was opened.
#[derive(Default)]
pub(crate) struct OpenedTexts(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    texts: BTreeMap<SealedText, String>,
    /// The oldest first.
    order: VecDeque<SealedText>,
}

impl OpenedTexts {
    fn get(&self, connection: &ConnectionId, sealed: &str) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.texts.get(&(connection.clone(), sealed.to_owned())).cloned()
    }

    fn put(&self, connection: &ConnectionId, sealed: String, opened: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (connection.clone(), sealed);
        if kept.texts.insert(key.clone(), opened).is_none() {
            kept.order.push_back(key);
        }
        while kept.order.len() > KEPT {
            if let Some(oldest) = kept.order.pop_front() {
                kept.texts.remove(&oldest);
            }
        }
    }
}

fn fields(guests: &mut Guests) -> impl Iterator<Item = &mut GuestField> {
    let all = guests.buyer.iter_mut().chain(guests.visitors.iter_mut());
    all.flat_map(|guest: &mut Guest| [&mut guest.name, &mut guest.phone, &mut guest.document]).flatten()
}

/// The guests of an order with what its channel opens. What it does not open stays sealed: the supplier's plugin says
/// whether it can do without.
pub(crate) async fn run(core: &Core, order: &Order, mut guests: Guests) -> Result<Guests, Fault> {
    let sealed = |field: &mut GuestField| match field {
        GuestField::Sealed(text) => Some(text.clone()),
        _ => None,
    };
    let mut texts: Vec<String> = fields(&mut guests).filter_map(sealed).collect();
    texts.sort();
    texts.dedup();
    texts.retain(|text| core.opened.get(&order.connection, text).is_none());
    let directory = core.directory();
    let asks = directory
        .connections
        .get(&order.connection)
        .is_some_and(|connection| channel::looks(core, connection, LookName::Sealed));
    if asks {
        for texts in texts.chunks(SEALED_LIMIT) {
            let what = Look::Sealed(Sealed { order: order.channel_order.clone(), texts: texts.to_vec() });
            let Seen::Opened(opened) = channel::look(core, &order.connection, what).await? else {
                return Err(Fault::garbled("look was answered with something else"));
            };
            for (text, opened) in texts.iter().zip(opened.texts) {
                if let Some(opened) = opened {
                    core.opened.put(&order.connection, text.clone(), opened);
                }
            }
        }
    }
    for field in fields(&mut guests) {
        if let GuestField::Sealed(text) = field
            && let Some(opened) = core.opened.get(&order.connection, text)
        {
            *field = GuestField::Plain(opened);
        }
    }
    Ok(guests)
}
