//! What people and programs change beside orders: catalogue, calendar, credit, jobs, refunds.

use entrepot_contract::ids::{BatchId, JobId, MerchantId, OrderId, PoolName, RefundId};
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::BatchState;
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CatalogueEntry, CommandKey, fingerprint};

use crate::core::{Core, Engine};
use crate::records::{AuditLine, Record};
use crate::sequencer::Undecided;
use crate::storage::StorageFault;

/// Who asks, with the key that makes repeats harmless.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who: the name of an API token, or `console`.
    pub by: String,
    /// The caller's `Idempotency-Key`.
    pub key: String,
}

impl Asked {
    fn command_key(&self, kind: &str) -> CommandKey {
        CommandKey { scope: format!("api:{}", self.by), kind: kind.to_owned(), key: self.key.clone() }
    }
}

impl Core {
    /// Somebody is about to see an order's credentials: its codes never go back from here on.
    pub(crate) async fn show_credentials(&self, merchant: &MerchantId, order: &OrderId) -> Result<(), StorageFault> {
        let body = Body::ShowCredentials { order: order.clone() };
        let key = CommandKey { scope: "shown".to_owned(), kind: body.name().to_owned(), key: order.to_string() };
        match self.command(merchant, key, String::new(), "api", body, None, None).await {
            Ok(_) => Ok(()),
            Err(_) => Err(StorageFault::Conflict(format!("order {order} cannot be shown now"))),
        }
    }
}

impl Engine {
    /// Gives a person's command. The fingerprint is the command itself.
    pub async fn administer(&self, asked: &Asked, merchant: &MerchantId, body: Body) -> Result<Answer, Undecided> {
        let kind = body.name();
        let digest = fingerprint(&[("body", format!("{body:?}"))]);
        self.command(merchant, asked.command_key(kind), digest, &asked.by, body).await
    }

    /// Puts entries into the catalogue.
    pub async fn put_catalogue(
        &self,
        asked: &Asked,
        merchant: &MerchantId,
        entries: Vec<CatalogueEntry>,
    ) -> Result<Answer, Undecided> {
        self.administer(asked, merchant, Body::PutCatalogue { entries }).await
    }

    /// Decides a waiting refund.
    pub async fn decide_refund(
        &self,
        asked: &Asked,
        merchant: &MerchantId,
        order: OrderId,
        refund: RefundId,
        agree: bool,
        reason: Option<String>,
    ) -> Result<Answer, Undecided> {
        self.administer(asked, merchant, Body::DecideRefund { order, refund, agree, reason }).await
    }

    /// Tries a job again now, or gives it up for good.
    pub async fn decide_job(&self, merchant: &MerchantId, job: JobId, retry: bool) -> Result<(), StorageFault> {
        let (merchant, subject, at) = (merchant.clone(), job.to_string(), self.core.clock.now());
        self.core.storage.record(Record::Job { merchant: merchant.clone(), job, retry, at }).await?;
        super::tell(Some(&merchant), AlertKind::DeadJob, &subject, None);
        self.core.jobs.nudge();
        Ok(())
    }

    /// A person looked at an alert.
    pub async fn resolve_alert(
        &self,
        merchant: Option<MerchantId>,
        kind: AlertKind,
        subject: &str,
    ) -> Result<(), StorageFault> {
        super::resolve(&self.core, merchant, kind, subject).await
    }

    /// Somebody is about to see an order's credentials: read them only afterwards.
    pub async fn show_credentials(&self, merchant: &MerchantId, order: &OrderId) -> Result<(), StorageFault> {
        self.core.show_credentials(merchant, order).await
    }

    /// Pauses, resumes or voids the codes of a batch that nobody has: how many. What was moved before it
    /// failed stays so; given again with the same key, it goes on.
    pub async fn move_batch(
        &self,
        asked: &Asked,
        merchant: &MerchantId,
        pool: &PoolName,
        batch: &BatchId,
        to: BatchState,
    ) -> Result<Answer, Undecided> {
        let mut moved = 0;
        for part in 0_u32.. {
            let body = Body::MoveBatch { pool: pool.clone(), batch: batch.clone(), to };
            let chunk = Asked { by: asked.by.clone(), key: format!("{}-{part}", asked.key) };
            match self.administer(&chunk, merchant, body).await? {
                Answer::Changed { rows } => {
                    moved += rows;
                    if usize::try_from(rows).unwrap_or(usize::MAX) < BULK_LIMIT_ROWS {
                        break;
                    }
                }
                other => return Ok(other),
            }
        }
        if to == BatchState::Active {
            super::watch_codes::issue_waiting(&self.core).await;
        }
        Ok(Answer::Changed { rows: moved })
    }

    /// Writes a line of the audit log.
    pub async fn audit(
        &self,
        by: &str,
        merchant: Option<&MerchantId>,
        act: &str,
        subject: &str,
        detail: &str,
    ) -> Result<(), StorageFault> {
        let line = AuditLine {
            at: self.core.clock.now(),
            by: by.to_owned(),
            merchant: merchant.cloned(),
            act: act.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
        };
        self.core.storage.record(Record::Audit(line)).await
    }
}
