//! A call's places in the shares of its connection and its instance, and how long it waits for them.
//!
//! Who reaches the partner is refused at once when a share is full: a job tries again later, and a queue in front of a
//! partner that hangs helps nobody. Who translates waits, because its calls are short and a place is soon free; and an
//! answer waits as long as it may, because what it tells has happened.

use std::time::Duration;

use entrepot_contract::channel::ChannelRequest;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::message::{CallNature, Request};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::instance::Share;

/// How long a call that brings something in (locate, decode, hear, prepare codes) waits for a place, in milliseconds:
/// refused then, its caller still has time to hear "busy" and to call again.
pub const PLACE_WAIT_MS: u64 = 100;

/// Calls of one instance that wait for a place at once, answers and others counted apart; who comes after is refused at
/// once. As many as the server's door has connections by default.
pub const WAITING_LIMIT: usize = 4_096;

/// Those who wait for a place.
pub(crate) struct WaitingRoom {
    answers: Semaphore,
    others: Semaphore,
}

impl Default for WaitingRoom {
    fn default() -> Self {
        Self { answers: Semaphore::new(WAITING_LIMIT), others: Semaphore::new(WAITING_LIMIT) }
    }
}

/// A call's places; given back when they are dropped.
pub(crate) struct Places<'a> {
    /// How long was waited for them; nothing when they were free.
    pub(crate) waited: Duration,
    _connection: SemaphorePermit<'a>,
    _instance: SemaphorePermit<'a>,
}

/// How long a call waits for its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    None,
    Short,
    Whole,
}

impl Patience {
    const fn of(request: &Request) -> Self {
        match (request, request.nature()) {
            (Request::Channel(ChannelRequest::Encode { .. }), _) => Self::Whole,
            (_, CallNature::Translates) => Self::Short,
            (_, CallNature::Asks | CallNature::Acts) => Self::None,
        }
    }
}

/// Takes a place in the connection's share, and one in the instance's; waits for them at most as long as `wait`. The
/// connection's comes first: who waits for it must not keep a place that another connection could use.
pub(crate) async fn take<'a>(
    request: &Request,
    share: &'a Share,
    instance: &'a Semaphore,
    room: &WaitingRoom,
    wait: Duration,
) -> Result<Places<'a>, Fault> {
    let full = match at_once(share, instance) {
        Ok(places) => return Ok(places),
        Err(full) => full,
    };
    let (longest, room) = match Patience::of(request) {
        Patience::None => return Err(full),
        Patience::Short => (wait.min(Duration::from_millis(PLACE_WAIT_MS)), &room.others),
        Patience::Whole => (wait, &room.answers),
    };
    let Ok(_seat) = room.try_acquire() else {
        return Err(full);
    };
    let began = Instant::now();
    let both = async {
        let connection = share.permits.acquire().await.ok()?;
        Some((connection, instance.acquire().await.ok()?))
    };
    match tokio::time::timeout(longest, both).await {
        Ok(Some((connection, instance))) => {
            Ok(Places { waited: began.elapsed(), _connection: connection, _instance: instance })
        }
        Ok(None) => Err(full),
        Err(_) => {
            let text = format!("{}, and none of them ended within {} ms", full.text, longest.as_millis());
            Err(Fault { text, ..full })
        }
    }
}

fn at_once<'a>(share: &'a Share, instance: &'a Semaphore) -> Result<Places<'a>, Fault> {
    let full = |whose: &str| Fault::not_done(FaultKind::Busy, format!("too many calls of {whose} are under way"));
    let connection = share.permits.try_acquire().map_err(|_| full("this connection"))?;
    let instance = instance.try_acquire().map_err(|_| full("this instance"))?;
    Ok(Places { waited: Duration::ZERO, _connection: connection, _instance: instance })
}
