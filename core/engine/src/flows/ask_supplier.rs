//! What a person asks of a supplier and waits for: tickets shown again, the goods it sells. No job: who asks sees how it
//! went, and nothing is repeated behind his back.

use entrepot_contract::fault::Fault;
use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId, TraceId};
use entrepot_contract::order::{OrderState, UnitState};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::reading::CataloguePage;
use entrepot_contract::supplier::{ResendWay, Resent, SupplierRequest, SupplierResponse};
use entrepot_domain::catalogue::ConnectionRules;

use super::administer::Asked;
use super::supplier::{self, Asking};
use crate::core::Engine;
use crate::jobs::Tried;
use crate::storage::StorageFault;

/// How long a person waits, in milliseconds.
const PATIENCE_MS: i64 = 15_000;

/// Why a supplier's answer is not there.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// There is nothing of that name.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be asked: not now, or not of this supplier.
    #[error("{0}")]
    Refused(String),
    /// The supplier, or the way there, failed.
    #[error("{0}")]
    Failed(Fault),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageFault),
}

impl Engine {
    /// Shows the guest of an issued order his tickets again. Whether a message that nobody answered for went out is
    /// not known: the fault's effect tells.
    pub async fn resend(
        &self,
        asked: &Asked,
        trace: TraceId,
        merchant: &MerchantId,
        order: &OrderId,
        how: ResendWay,
    ) -> Result<Resent, Unanswered> {
        let core = &self.core;
        let found = core.storage.order(merchant, order).await?;
        let (order, _) =
            found.ok_or_else(|| Unanswered::NotFound(format!("merchant {merchant} has no order {order}")))?;
        if !matches!(order.state, OrderState::Issued | OrderState::Completed) {
            let text = format!("order {} is {:?}; tickets are shown again once they are issued", order.id, order.state);
            return Err(Unanswered::Refused(text));
        }
        let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else {
            let text = format!("order {} has no supplier: its credentials are here", order.id);
            return Err(Unanswered::Refused(text));
        };
        let gone = order.numbers(UnitState::Refunded);
        let wanted = supplier::supplier_order(core, &order, &gone).await.map_err(|tried| {
            Unanswered::Refused(match tried {
                Tried::Again { note, .. } | Tried::Hopeless { note, .. } => note,
                _ => "the order cannot be read".to_owned(),
            })
        })?;
        let key = format!("{}-{}", asked.by, asked.key);
        let asking = Asking { connection, order: Some(&order.id), trace, key: &key, attempt: 1, limit_ms: PATIENCE_MS };
        let request = SupplierRequest::Resend { order: Box::new(wanted), how, key: key.clone() };
        match asking.call(core, request).await {
            Ok(SupplierResponse::Resent(resent)) => Ok(resent),
            Ok(_) => Err(Unanswered::Failed(Fault::garbled("resend was answered with something else"))),
            Err(fault) => Err(Unanswered::Failed(fault)),
        }
    }

    /// What a supplier connection sells, page by page.
    pub async fn goods(
        &self,
        trace: TraceId,
        connection: &ConnectionId,
        page: Option<String>,
    ) -> Result<CataloguePage, Unanswered> {
        let directory = self.core.directory();
        let supplies = |rules: &ConnectionRules| matches!(rules, ConnectionRules::Supplier(_));
        if !directory.connections.get(connection).is_some_and(|known| supplies(&known.rules)) {
            return Err(Unanswered::NotFound(format!("there is no supplier connection {connection}")));
        }
        let key = trace.to_string();
        let asking = Asking { connection, order: None, trace, key: &key, attempt: 1, limit_ms: PATIENCE_MS };
        match asking.call(&self.core, SupplierRequest::ReadCatalogue { page }).await {
            Ok(SupplierResponse::Catalogue(page)) => Ok(page),
            Ok(_) => Err(Unanswered::Failed(Fault::garbled("read_catalogue was answered with something else"))),
            Err(fault) => Err(Unanswered::Failed(fault)),
        }
    }
}
