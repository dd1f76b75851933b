//! What people and programs change beside orders: catalogue, calendar, credit, jobs, refunds.

use entrepot_contract::ids::{JobId, MerchantId, OrderId, RefundId};
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CatalogueEntry, CommandKey, fingerprint};

use crate::core::Engine;
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
