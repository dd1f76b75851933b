//! How the platform tells that a refund or a cancellation has happened: the result notice, the information sync, the
//! cancel notice; of which order; and in which order they arrive (groupbuy B10, B11, B11b; open question 5).

use crate::mishaps::CancelNotice;
use crate::misuse::Misuse;
use crate::outcomes;
use crate::platform::Platform;
use crate::reply::SpiReply;
use crate::scene::Scene;
use crate::webhooks::nothing_yet;
use serde_json::Value;

/// Which order a result names when money went back for a reserved voucher: no page says (open question 5). Each notice
/// carries the whole amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The reservation alone.
    Reservation,
    /// The purchase alone.
    Purchase,
    /// Two notices with keys of their own, the reservation's first.
    Both,
}

/// By which calls a result is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The result notice (B11).
    Notice,
    /// The information sync (B11b).
    Sync,
    /// The sync, then the notice.
    Both,
}

impl By {
    pub(crate) fn has_notice(self) -> bool {
        self != By::Sync
    }

    pub(crate) fn has_sync(self) -> bool {
        self != By::Notice
    }
}

/// How a result is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Which order it names.
    pub of: Told,
    /// By which calls.
    pub by: By,
    /// Whether a cancel notice of the reservation goes with it, and when (B10).
    pub cancel: Option<CancelNotice>,
}

impl Telling {
    /// One result notice of the reservation.
    pub const NOTICE: Telling = Telling { of: Told::Reservation, by: By::Notice, cancel: None };

    /// The same by other calls.
    pub fn by(self, by: By) -> Self {
        Self { by, ..self }
    }

    /// The same of another order.
    pub fn of(self, of: Told) -> Self {
        Self { of, ..self }
    }

    /// The same with a cancel notice.
    pub fn with_cancel(self, when: CancelNotice) -> Self {
        Self { cancel: Some(when), ..self }
    }
}

/// One notice, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) scene: Scene,
    pub(crate) order_id: String,
    pub(crate) body: Value,
}

impl Message {
    pub(crate) fn new(scene: Scene, order_id: &str, body: Value) -> Self {
        Self { scene, order_id: order_id.to_owned(), body }
    }
}

impl Platform {
    /// From now on cancel notices, result notices and information syncs wait; what happened to the orders is not undone
    /// by that. A notice then answers with no attempt made.
    pub fn hold_notices(&self) {
        self.shared.world().held_notices.get_or_insert_default();
    }

    /// The notices that wait: call, order and body, in the order in which they would have gone out.
    pub fn held_notices(&self) -> Vec<(Scene, String, Value)> {
        let world = self.shared.world();
        let waiting = world.held_notices.iter().flatten();
        waiting.map(|one| (one.scene, one.order_id.clone(), one.body.clone())).collect()
    }

    /// Sends the notices that wait, by their places from 0: any permutation, a place left out is never sent, a place
    /// named again is a duplicate. Holds no more. Gives the answers in the order of sending.
    ///
    /// # Errors
    /// When a place does not exist; then all wait on.
    pub async fn release_notices(&self, places: &[usize]) -> Result<Vec<SpiReply>, Misuse> {
        let waiting = self.shared.world().held_notices.clone().unwrap_or_default();
        let Some(chosen) = places.iter().map(|place| waiting.get(*place)).collect::<Option<Vec<_>>>() else {
            return Err(Misuse::NoSuchNotice { waiting: waiting.len(), places: places.to_vec() });
        };
        self.shared.world().held_notices = None;
        let mut replies = Vec::new();
        for message in chosen {
            replies.push(self.post(message.clone()).await);
        }
        Ok(replies)
    }

    /// Sends a notice, or lets it wait. Its answer changes nothing; a business code in it is a violation.
    pub(crate) async fn post(&self, message: Message) -> SpiReply {
        if let Some(waiting) = &mut self.shared.world().held_notices {
            waiting.push(message);
            return nothing_yet();
        }
        let reply = self.call(message.scene, &message.body).await;
        let what = match message.scene {
            Scene::CancelOrder => "§6 cancel notice",
            Scene::SyncRefund => "groupbuy B11b information sync",
            _ => "§9 refund notice",
        };
        outcomes::noticed(&mut self.shared.world(), &message.order_id, &reply, what, self.now_ms());
        reply
    }
}
