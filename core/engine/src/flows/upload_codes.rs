//! Codes of a pool are handed over to a channel that gives them to its buyers by itself (预置码).
//!
//! What comes next stands in the upload's row and its codes' rows alone, so that any node goes on with it at any time.
//! A try is written down before it calls: one that ended with its process may have had any effect.

use std::sync::Arc;

use entrepot_contract::fault::{Effect, Fault};
use entrepot_contract::ids::{CodeId, ConnectionId, MerchantId, PoolName, UploadId};
use entrepot_contract::listing::ListingNames;
use entrepot_contract::looking::{BoundOrder, Look, LookName, Seen};
use entrepot_contract::notice::{CodesNotice, Notice, PoolCode, Told};
use entrepot_contract::order::Credential;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::Days;
use entrepot_domain::command::{Body, CommandKey};
use entrepot_domain::upload::{HandOver, Upload, UploadSaid};
use entrepot_domain::venue;

use super::channel;
use super::supplier::CALL_LIMIT_MS;
use crate::core::{Core, Engine};
use crate::directory::Connection;
use crate::rounds::Going;
use crate::sequencer::Undecided;
use crate::storage::{StorageFault, UploadCode};

/// How long after its call's limit a try may still be open, in milliseconds.
const MARGIN_MS: i64 = 5_000;

const GOING: Going = Going { rounds: |core| &core.uploads, every_ms: 0, failed: "an upload could not go on" };

/// The name of the notice.
const NOTICE: &str = "codes";

/// Begins what is due, one upload of a connection at a time. It goes on beside the ticker.
pub(crate) async fn look(core: &Arc<Core>) {
    let directory = core.directory();
    let takes = |connection: &Connection| channel::abilities(core, connection).is_some_and(|it| it.codes.is_some());
    if !directory.connections.values().any(takes) {
        return;
    }
    let going = match core.storage.going_uploads().await {
        Ok(going) => going,
        Err(fault) => return tracing::warn!(%fault, "uploads could not be read"),
    };
    let now = core.clock.now();
    for (merchant, upload) in going {
        if upload.next_at.is_some_and(|next| next > now) {
            continue;
        }
        let Some(connection) = directory.connections.get(&upload.connection).filter(|one| one.merchant == merchant)
        else {
            continue;
        };
        let round = async move |core: Arc<Core>, connection: Connection| {
            let work = Work { core: &core, connection: &connection, merchant: &merchant, upload: &upload.id };
            work.go_on().await
        };
        GOING.begin(core, connection, round).await;
    }
}

/// One upload.
struct Work<'a> {
    core: &'a Core,
    connection: &'a Connection,
    merchant: &'a MerchantId,
    upload: &'a UploadId,
}

impl Work<'_> {
    /// Part by part, try by try, until it has ended or has to wait.
    async fn go_on(&self) -> Result<(), StorageFault> {
        loop {
            let Some(upload) = self.read().await? else { return Ok(()) };
            if upload.next_at.is_some_and(|next| next > self.core.clock.now()) {
                return Ok(());
            }
            let part = self.core.storage.upload_codes(self.merchant, self.upload).await?;
            let went = match part.is_empty() {
                true => self.reserve(&upload).await,
                false => self.try_once(&upload).await?,
            };
            if !went {
                return Ok(());
            }
        }
    }

    async fn read(&self) -> Result<Option<Upload>, StorageFault> {
        let going = self.core.storage.going_uploads().await?;
        Ok(going.into_iter().map(|(_, upload)| upload).find(|upload| upload.id == *self.upload))
    }

    async fn command(&self, body: Body) -> Option<Answer> {
        let key = CommandKey { scope: "upload".to_owned(), kind: body.name().to_owned(), key: self.upload.to_string() };
        self.core.command(self.merchant, key, String::new(), "upload", body, None, None).await.ok()
    }

    async fn reserve(&self, upload: &Upload) -> bool {
        let limits = channel::abilities(self.core, self.connection).and_then(|abilities| abilities.codes);
        let Some(limit) = limits.map(|limits| u32::from(limits.codes_limit.max(1))) else { return false };
        let today = venue::zone(&upload.time_zone).and_then(|zone| venue::today(zone, self.core.clock.now()));
        let Some(last) = upload.last_day.or(today) else { return false };
        let (pool, upload, days) = (upload.pool.clone(), upload.id.clone(), Days::until(last));
        let reserved = self.command(Body::ReserveForUpload { pool, upload, limit, days }).await;
        matches!(reserved, Some(Answer::Changed { rows }) if rows > 0)
    }

    /// One call. False: nothing more can be done now.
    async fn try_once(&self, upload: &Upload) -> Result<bool, StorageFault> {
        let (pool, id, node) = (upload.pool.clone(), upload.id.clone(), self.core.settings.node.clone());
        // The host ends a call when the instance's limit is over.
        let limit_ms = self.core.host.instance(&self.connection.instance()).map(|it| it.limits().timeout_ms);
        let limit_ms = limit_ms.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(CALL_LIMIT_MS).min(CALL_LIMIT_MS);
        let until = self.core.clock.now().plus_millis(limit_ms + MARGIN_MS);
        let begun = self.command(Body::TryUpload { pool, upload: id, node, until }).await;
        let Some(Answer::Upload { number: number @ 1.., .. }) = begun else { return Ok(false) };
        // What the beginning found unclear is told as such.
        let Some(upload) = self.read().await? else { return Ok(false) };
        let part = self.core.storage.upload_codes(self.merchant, self.upload).await?;
        let said = match self.names(&upload).await? {
            Some(names) => {
                let notice = notice(names, &upload, part);
                let told = channel::tell(self.core, &self.connection.id, upload.failures + 1, notice).await;
                heard(told)
            }
            None => UploadSaid::NotDone {
                reason: format!("listing {} is gone", upload.listing),
                may_pass: false,
                wait_ms: 0,
            },
        };
        metrics::counter!("entrepot_uploads_total", "connection" => self.connection.id.to_string(),
            "result" => word(&said))
        .increment(1);
        let (pool, id) = (upload.pool, upload.id);
        let recorded = self.command(Body::RecordUpload { pool, upload: id, number, said }).await;
        Ok(matches!(recorded, Some(Answer::Changed { .. })))
    }

    async fn names(&self, upload: &Upload) -> Result<Option<ListingNames>, StorageFault> {
        let rules = self.core.rules(self.merchant).await?;
        let found = rules
            .catalogue
            .listings
            .iter()
            .find(|listing| listing.id == upload.listing && listing.connection == self.connection.id);
        Ok(found.map(|listing| listing.names.clone()))
    }
}

fn notice(names: ListingNames, upload: &Upload, part: Vec<UploadCode>) -> Notice {
    let unclear = part.iter().any(|code| code.stands == HandOver::Unclear);
    let next = if unclear { HandOver::Unclear } else { HandOver::Waiting };
    let code = |code: UploadCode| PoolCode { id: code.id, credentials: code.credentials };
    Notice::Codes(CodesNotice {
        names,
        codes: part.into_iter().filter(|code| code.stands == next).map(code).collect(),
        expires_at: ends(upload),
        earlier: upload.earlier.filter(|_| unclear),
    })
}

/// The end of the part's last day at the venue.
fn ends(upload: &Upload) -> Option<Timestamp> {
    let zone = venue::zone(&upload.time_zone)?;
    upload.part_last_day?.plus_days(1).map(|next| venue::start_of(zone, next))
}

fn heard(told: Result<Told, Fault>) -> UploadSaid {
    let nothing = |refused| UploadSaid::Told { refused, untold: Vec::new(), unclear: Vec::new() };
    let lost = |reason: String, wait_ms| UploadSaid::Lost { reason, wait_ms };
    match told {
        Ok(Told::Done) => nothing(Vec::new()),
        Ok(Told::Codes { refused, untold, unclear }) => UploadSaid::Told { refused, untold, unclear },
        Ok(_) => lost("the notice was answered with something else".to_owned(), 0),
        Err(fault) => {
            let wait_ms = fault.retry_after_ms.and_then(|wait| i64::try_from(wait).ok()).unwrap_or(0);
            match fault.effect {
                Effect::Done => nothing(Vec::new()),
                Effect::Unknown => lost(fault.to_string(), wait_ms),
                Effect::NotDone => {
                    UploadSaid::NotDone { may_pass: fault.may_pass(), reason: fault.to_string(), wait_ms }
                }
            }
        }
    }
}

const fn word(said: &UploadSaid) -> &'static str {
    match said {
        UploadSaid::Told { .. } => "told",
        UploadSaid::NotDone { may_pass: true, .. } => "failed",
        UploadSaid::NotDone { .. } => "refused",
        UploadSaid::Lost { .. } => "lost",
    }
}

/// Why an upload cannot begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unuploadable {
    /// The merchant has no such channel connection.
    Unknown,
    /// Its plugin takes no codes.
    Unable,
}

impl Engine {
    /// Whether a connection's plugin takes codes into a pool of its channel.
    pub fn takes_codes(&self, merchant: &MerchantId, connection: &ConnectionId) -> Result<(), Unuploadable> {
        let directory = self.core.directory();
        let found = directory.connections.get(connection).filter(|found| found.merchant == *merchant);
        let found = found.ok_or(Unuploadable::Unknown)?;
        let abilities = channel::abilities(&self.core, found).ok_or(Unuploadable::Unable)?;
        let able = abilities.codes.is_some() && abilities.notices.iter().any(|name| name == NOTICE);
        if able { Ok(()) } else { Err(Unuploadable::Unable) }
    }

    /// To which order did a channel give a code of its own pool? None: to nobody so far.
    pub async fn bound_order(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        names: ListingNames,
        credentials: Vec<Credential>,
    ) -> Result<Option<BoundOrder>, Fault> {
        let directory = self.core.directory();
        let found = directory.connections.get(connection).filter(|found| found.merchant == *merchant);
        let found =
            found.ok_or_else(|| Fault::invalid(format!("merchant {merchant} has no connection {connection}")))?;
        if !channel::looks(&self.core, found, LookName::ReservedCode) {
            return Err(Fault::unsupported("look at a reserved code"));
        }
        match channel::look(&self.core, connection, Look::ReservedCode { names, credentials }).await? {
            Seen::ReservedCode { order } => Ok(order),
            _ => Err(Fault::garbled("look was answered with something else")),
        }
    }

    /// Writes into a code's history to which order its channel gave it; once for each order, however often it is asked.
    pub async fn note_bound_order(
        &self,
        by: &str,
        merchant: &MerchantId,
        pool: &PoolName,
        code: &CodeId,
        connection: &ConnectionId,
        bound: &BoundOrder,
    ) -> Result<Answer, Undecided> {
        let body = Body::NoteBoundCode {
            pool: pool.clone(),
            code: code.clone(),
            connection: connection.clone(),
            order: bound.order.clone(),
            ordered_at: bound.ordered_at,
        };
        let key = format!("{code}/{}", bound.order);
        let key = CommandKey { scope: "bound".to_owned(), kind: body.name().to_owned(), key };
        self.core.command(merchant, key, String::new(), by, body, None, None).await
    }
}
