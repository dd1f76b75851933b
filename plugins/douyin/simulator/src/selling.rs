//! What the merchant and the reviewers do with products: make them in Laike, decide reviews, push the webhook
//! (scenic §§17, 19).

use crate::catalogue::{LaikeProduct, Product, ProductState, Verdict};
use crate::misuse::Misuse;
use crate::platform::Platform;
use crate::reply::SpiReply;
use serde_json::{Value, json};

/// The event of a review (scenic §19).
pub const AUDIT_EVENT: &str = "life_scenic_spot_trip_ticket_audit_result";

impl Platform {
    /// The merchant makes a product in Laike and binds it by our ids; it is on the shelf at once.
    pub fn list_in_laike(&self, product: LaikeProduct) -> Product {
        self.shared.world().catalogue.list(product, &self.shared.ids, self.now_ms())
    }

    /// A product by Douyin's id or ours.
    pub fn product(&self, id: &str) -> Option<Product> {
        self.shared.world().catalogue.all().find(|product| product.is_called(id)).cloned()
    }

    /// Every product, oldest first.
    pub fn products(&self) -> Vec<Product> {
        self.shared.world().catalogue.all().cloned().collect()
    }

    /// Decides the review of a product, named by Douyin's id or ours, and pushes the webhook.
    ///
    /// # Errors
    /// When there is no such product or it is not under review.
    pub async fn audit_product(&self, id: &str, pass: bool, reason: &str) -> Result<SpiReply, Misuse> {
        self.audit_product_unheard(id, pass, reason)?;
        self.push_audit_webhook(id).await
    }

    /// Decides the review; the webhook is lost, and only the product query tells.
    ///
    /// # Errors
    /// When there is no such product or it is not under review.
    pub fn audit_product_unheard(&self, id: &str, pass: bool, reason: &str) -> Result<(), Misuse> {
        let now_ms = self.now_ms();
        let goes_online = self.shared.options.online_after_review;
        let mut world = self.shared.world();
        let product = world.catalogue.find_mut(id).ok_or_else(|| Misuse::UnknownProduct(id.to_owned()))?;
        if product.state != ProductState::UnderReview {
            return Err(Misuse::NotUnderReview(id.to_owned()));
        }
        product.state = match pass {
            false => ProductState::ReviewFailed,
            true if goes_online || product.was_online => ProductState::Online,
            true => ProductState::Offline,
        };
        product.has_passed |= pass;
        product.updated_ms = now_ms;
        let reason = if pass { String::new() } else { reason.to_owned() };
        product.verdict = Some(Verdict { pass, reason, save: product.saves });
        Ok(())
    }

    /// Pushes the webhook of the last review; again, it carries the same `Msg-Id`. The fields of the verdict are
    /// those of the query's audit_result (scenic §19: inferred).
    ///
    /// # Errors
    /// When there is no such product or no review was decided.
    pub async fn push_audit_webhook(&self, id: &str) -> Result<SpiReply, Misuse> {
        let product = self.product(id).ok_or_else(|| Misuse::UnknownProduct(id.to_owned()))?;
        let verdict = product.verdict.clone().ok_or_else(|| Misuse::NotUnderReview(id.to_owned()))?;
        let mut content = json!({
            "product_id": product.product_id,
            "product_out_id": product.product_out_id,
            "ticket_type_out_id": product.ticket.get("ticket_type_out_id"),
        });
        if let (Some(content), Value::Object(result)) = (content.as_object_mut(), audit_result(&verdict)) {
            content.extend(result);
        }
        let action = format!("{}#{}", product.product_id, verdict.save);
        Ok(self.push_event(AUDIT_EVENT, &content, &action).await)
    }
}

/// `audit_result` of the product query (scenic §18).
pub(crate) fn audit_result(verdict: &Verdict) -> Value {
    json!({
        "is_product_pass": verdict.pass,
        "product_audit_reason": verdict.reason,
        "is_ticket_type_pass": verdict.pass,
        "ticket_type_audit_reason": verdict.reason,
    })
}
