//! The information sync (groupbuy B11b): one row for each certificate, for outcomes the other side did not decide.

use super::telling::Message;
use crate::misuse::Misuse;
use crate::orders::Order;
use crate::platform::Platform;
use crate::reply::SpiReply;
use crate::scene::Scene;
use serde_json::{Map, Value, json};

/// What is told of an after-sale.
#[derive(Clone, Debug, PartialEq)]
pub struct Sync {
    /// The after-sale: told only when several certificates share it.
    pub after_sale_id: String,
    /// 1 return and refund, 2 cancel the reservation, 3 refund only: not the numbers of B8.
    pub after_sale_type: i64,
    /// Places of the units, from 0.
    pub places: Vec<usize>,
    /// When it was asked for, Unix milliseconds.
    pub apply_ms: i64,
    /// When it was decided, Unix milliseconds.
    pub audit_ms: i64,
    /// 1 accepted, 2 rejected.
    pub audit_result: i64,
    /// The times of a multi-use card (B19), for every row.
    pub times: Option<TimesCard>,
    /// Laid over the finished body; a null removes the field.
    pub overrides: Map<String, Value>,
}

/// One certificate of a multi-use card (次卡).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimesCard {
    /// `total_count`.
    pub total: i64,
    /// `verify_count`.
    pub redeemed: i64,
    /// The times that go back; `refund_count` is how many they are.
    pub items: Vec<TimesItem>,
}

/// One time of a multi-use card that goes back; amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimesItem {
    /// Its serial: `sub_item_id`.
    pub id: String,
    /// Compensation kept: `deduct_fee_amount`.
    pub deduct_fen: i64,
    /// The subsidy's part of what goes back: `marketing_amount`.
    pub marketing_fen: i64,
    /// The guest's part of what goes back: `user_amount`.
    pub user_fen: i64,
}

impl TimesItem {
    fn refund_fen(&self) -> i64 {
        self.marketing_fen + self.user_fen
    }

    fn sent(&self) -> Value {
        json!({
            "sub_item_id": self.id,
            "origin_amount": self.refund_fen() + self.deduct_fen,
            "deduct_fee_amount": self.deduct_fen,
            "refund_amount": self.refund_fen(),
            "marketing_amount": self.marketing_fen,
            "user_amount": self.user_fen,
        })
    }
}

impl TimesCard {
    fn sent(&self) -> Map<String, Value> {
        let refund_fen: i64 = self.items.iter().map(TimesItem::refund_fen).sum();
        let deduct_fen: i64 = self.items.iter().map(|item| item.deduct_fen).sum();
        let items: Vec<Value> = self.items.iter().map(TimesItem::sent).collect();
        let fields = json!({
            "total_count": self.total,
            "verify_count": self.redeemed,
            "refund_count": self.items.len(),
            "origin_amount": refund_fen + deduct_fen,
            "refund_amount": refund_fen,
            "deduct_fee_amount": deduct_fen,
            "sub_item_list": items,
        });
        fields.as_object().cloned().unwrap_or_default()
    }
}

/// The body of the sync.
pub(crate) fn body(order: &Order, sync: &Sync) -> Value {
    let row = |unit: &crate::Unit| {
        let voucher = unit.voucher.as_ref();
        let mut row = json!({
            "certificate_id": unit.certificate_id,
            "code": voucher.and_then(|voucher| voucher.first_code()).unwrap_or_default(),
            "apply_time": sync.apply_ms,
            "audit_time": sync.audit_ms,
            "audit_result": sync.audit_result,
            "voucher": voucher.map_or_else(String::new, |voucher| voucher.raw.to_string()),
        });
        if let (Some(fields), Some(times)) = (row.as_object_mut(), &sync.times) {
            fields.extend(times.sent());
        }
        row
    };
    let rows: Vec<Value> = sync.places.iter().filter_map(|place| order.units.get(*place)).map(row).collect();
    let mut body = json!({
        "order_id": order.order_id,
        "after_sale_type": sync.after_sale_type,
        "notice_list": rows,
    });
    // The older form of F3 has neither (B16.5).
    if order.purchase.solution.family() == Some(crate::Family::F3) {
        if let Some(fields) = body.as_object_mut() {
            fields.remove("after_sale_type");
        }
    } else if sync.places.len() > 1 {
        body["after_sale_id"] = sync.after_sale_id.clone().into();
    }
    crate::bodies::lay_over(body, &sync.overrides)
}

impl Platform {
    /// A sync of all units of an order that were accepted just now; change it and send it with
    /// [`Platform::sync_refund`].
    ///
    /// # Errors
    /// When the order is unknown.
    pub fn sync_of(&self, order_id: &str, after_sale_type: i64) -> Result<Sync, Misuse> {
        let now_ms = self.now_ms();
        let places = self.change(order_id, |order| (0..order.units.len()).collect())?;
        Ok(Sync {
            after_sale_id: format!("AS{}", self.shared.ids.number()),
            after_sale_type,
            places,
            apply_ms: now_ms,
            audit_ms: now_ms,
            audit_result: 1,
            times: None,
            overrides: Map::new(),
        })
    }

    /// Sends an information sync as it is. It changes no order here: [`Platform::customer_service`] does.
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn sync_refund(&self, order_id: &str, sync: &Sync) -> Result<SpiReply, Misuse> {
        let body = self.change(order_id, |order| body(order, sync))?;
        Ok(self.post(Message::new(Scene::SyncRefund, order_id, body)).await)
    }
}
