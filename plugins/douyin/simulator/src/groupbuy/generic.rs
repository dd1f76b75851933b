//! Family F3, the generic third-party code V1: the pre-order, one code for each certificate, and refunds by certificate
//! (groupbuy B16; fulfilment §6).

use super::after_sale::AfterSale;
use crate::bodies::{self, Seal};
use crate::groupbuy::Event;
use crate::misuse::Misuse;
use crate::orders::{Order, OrderState, Refund, RefundState, Unit};
use crate::outcomes::{self, Decision, SOURCE_ISSUE_FAILED};
use crate::platform::Platform;
use crate::purchase::Purchase;
use crate::refunding::RefundReply;
use crate::scene::Scene;
use crate::vouchers::{IssuedVoucher, VoucherItem};
use serde_json::{Value, json};

/// `order_type` of a group-buy purchase (B16.1).
const GROUP_BUY: i64 = 21;

/// The pre-order (B16.1). `with_phone`: Douyin delivers phones only where it approved that.
pub(crate) fn create(order: &Order, with_phone: bool, now_ms: i64, seal: Seal<'_>) -> Value {
    let purchase: &Purchase = &order.purchase;
    let items: Vec<&str> = order.units.iter().map(|unit| unit.item_order_id.as_str()).collect();
    let mut body = json!({
        "order_id": order.order_id,
        "sku_id": purchase.sku_id,
        "third_sku_id": purchase.sku_out_id,
        "third_product_id": purchase.product_out_id,
        "count": purchase.count,
        "order_item_id": items,
        "order_type": GROUP_BUY,
        "original_amount": purchase.origin_amount_fen(),
        "currency_code": "CNY",
        "create_order_time": now_ms / 1000,
    });
    if with_phone {
        body["tourists"] = json!([{"phone": seal(&purchase.buyer.phone)}]);
    }
    bodies::lay_over(body, &purchase.overrides)
}

/// The issue call: that of B5 with the guest and the certificates (B16.2).
pub(crate) fn issue(order: &Order, now_ms: i64, seal: Seal<'_>) -> Value {
    let mut body = bodies::issue_certificate(order, now_ms, seal);
    body["open_id"] = order.purchase.open_id.clone().into();
    let rows: Vec<Value> = order.units.iter().map(|unit| json!({"certificate_id": unit.certificate_id})).collect();
    body["certificates"] = rows.into();
    body
}

/// Codes of all certificates, or what is wrong with them. A certificate that has its code keeps it.
pub(crate) fn read(order: &Order, given: &Value) -> Result<Vec<IssuedVoucher>, Vec<String>> {
    let mut broken = Vec::new();
    let mut vouchers = Vec::new();
    for (place, unit) in order.units.iter().enumerate() {
        match (code_of(order, place, given), &unit.voucher) {
            (Some(code), _) => vouchers.push(of_code(code)),
            (None, Some(voucher)) => vouchers.push(voucher.clone()),
            (None, None) => broken.push(format!("groupbuy B16.2: certificate {} has no code", unit.certificate_id)),
        }
    }
    let mut seen: Vec<&str> = vouchers.iter().filter_map(IssuedVoucher::first_code).collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        broken.push("groupbuy B16.2: two certificates have the same code".into());
    }
    if given["codes"].as_array().is_some_and(|codes| codes.len() > order.units.len()) {
        broken.push("groupbuy B16.2: more codes than certificates".into());
    }
    if broken.is_empty() { Ok(vouchers) } else { Err(broken) }
}

/// The code of one certificate: by its id in `certificates`, or `certificate` of the audit call, else by its place in
/// `codes`.
fn code_of<'a>(order: &Order, place: usize, given: &'a Value) -> Option<&'a str> {
    let rows = given["certificates"].as_array().or(given["certificate"].as_array());
    let id = order.units.get(place)?.certificate_id.as_str();
    let named = rows.into_iter().flatten().find(|row| row["certificate_id"] == id).map(|row| &row["code"]);
    named.or_else(|| given["codes"].as_array()?.get(place))?.as_str().filter(|code| !code.is_empty())
}

fn of_code(code: &str) -> IssuedVoucher {
    let item = VoucherItem { project_id: code.to_owned(), is_entrance: true, used: false };
    IssuedVoucher { raw: json!({"entrance": {"project_id": code, "certificate_nos": [code]}}), items: vec![item] }
}

/// The refund question (B16.3): its request table is not stored; the rows are those of the audit call (B16.4). An empty
/// `code` says that the certificate was never issued.
fn ask_body(order: &Order, refund: &Refund) -> Value {
    let units = refund.units.iter().filter_map(|place| order.units.get(*place));
    let row = |unit: &Unit| {
        let code = unit.voucher.as_ref().and_then(|voucher| voucher.first_code()).unwrap_or_default();
        json!({"certificate_id": unit.certificate_id, "code": code})
    };
    let rows: Vec<Value> = units.map(row).collect();
    json!({
        "order_id": order.order_id,
        "after_sale_id": refund.key,
        "apply_source": refund.source,
        "apply_time": refund.asked_ms / 1000,
        "certificates": rows,
    })
}

/// A decision in this family's numbers: whatever is neither yes nor no is "to be confirmed", whose number is on no page.
/// Refusing a certificate that was never issued needs its code; without it the refusal does not count.
pub(crate) fn decide(order: &mut Order, key: &str, result: Option<i64>, given: &Value, now_ms: i64) -> Vec<String> {
    let result = match result {
        Some(result @ 1..=2) => Some(result),
        Some(_) => Some(3),
        None => None,
    };
    let Some(refund) = order.refund(key).filter(|refund| refund.is_open()) else {
        return Vec::new();
    };
    let concerned = refund.units.clone();
    let is_unissued = |place: &&usize| order.units.get(**place).is_some_and(|unit| unit.voucher.is_none());
    let unissued: Vec<usize> = concerned.iter().filter(is_unissued).copied().collect();
    if result == Some(2) && !unissued.is_empty() {
        return repair(order, key, &unissued, given, now_ms);
    }
    outcomes::decide(order, key, &Decision { result, fee_fen: Some(0), vouchers: given }, now_ms)
}

fn repair(order: &mut Order, key: &str, places: &[usize], given: &Value, now_ms: i64) -> Vec<String> {
    let codes: Option<Vec<&str>> = places.iter().map(|place| code_of(order, *place, given)).collect();
    let vouchers = codes.is_some();
    order.note(Event::RefundRefused { key: key.to_owned(), vouchers, counted: vouchers }, now_ms);
    let Some(codes) = codes else {
        return vec!["groupbuy B16.3: refusing a certificate without a code needs its code; it has no effect".into()];
    };
    for (place, code) in places.iter().zip(codes) {
        if let Some(unit) = order.units.get_mut(*place) {
            unit.voucher = Some(of_code(code));
            unit.updated_ms = now_ms;
        }
    }
    if let Some(refund) = order.refund_mut(key) {
        refund.state = RefundState::Refused;
    }
    let has_all = order.units.iter().all(|unit| unit.voucher.is_some() || unit.refunded);
    if has_all && outcomes::waits_for_vouchers(order) {
        order.enter(OrderState::Issued, now_ms);
    }
    Vec::new()
}

/// Takes some units of an open refund out into one of their own, which can be decided apart; gives its key.
pub(crate) fn part(order: &mut Order, key: &str, places: &[usize]) -> Option<String> {
    let refund = order.refund_mut(key)?;
    if refund.units.iter().all(|place| places.contains(place)) {
        return Some(key.to_owned());
    }
    let mut apart = refund.clone();
    refund.units.retain(|place| !places.contains(place));
    let numbers: Vec<String> = places.iter().map(usize::to_string).collect();
    apart.key = format!("{key}#{}", numbers.join(","));
    apart.units = places.to_vec();
    let own_key = apart.key.clone();
    order.refunds.push(apart);
    Some(own_key)
}

impl Platform {
    /// Asks for the refund of certificates of an F3 purchase (B16.3), all that did not go back when `places` is `None`.
    /// An agreement is not carried out: call [`Platform::conclude_refund`], or let [`Platform::run_deadlines`] do it.
    ///
    /// # Errors
    /// When the order is unknown, not of family F3, or has no such unit.
    pub async fn ask_code_refund(
        &self,
        order_id: &str,
        places: Option<Vec<usize>>,
        source: i64,
    ) -> Result<RefundReply, Misuse> {
        let now_ms = self.now_ms();
        let key = format!("AS{}", self.shared.ids.number());
        let body = self.change(order_id, |order| {
            if order.purchase.solution.family() != Some(crate::Family::F3) {
                return Err(Misuse::not_played(order_id, "it is no purchase of family F3"));
            }
            let open = order.units.iter().enumerate().filter(|(_, unit)| !unit.refunded).map(|(place, _)| place);
            let units = places.unwrap_or_else(|| open.collect());
            if let Some(place) = units.iter().find(|place| **place >= order.units.len()) {
                return Err(Misuse::NoSuchUnit { order_id: order_id.to_owned(), place: *place });
            }
            let mut refund = Refund {
                key: key.clone(),
                after_sale_type: AfterSale::Refund.number(),
                source,
                fee_fen: 0,
                units,
                state: RefundState::Asked,
                asked_ms: now_ms,
                amount_fen: None,
                ask_body: None,
                notice_body: None,
            };
            let body = ask_body(order, &refund);
            refund.ask_body = Some(body.clone());
            order.note(Event::RefundAsked { key: key.clone(), source }, now_ms);
            order.refunds.push(refund);
            Ok(body)
        })??;
        self.send_code_refund(order_id, &key, &body).await
    }

    /// The same question again: it must be answered alike (B16.3).
    ///
    /// # Errors
    /// When the order has no such question.
    pub async fn repeat_code_refund(&self, order_id: &str, key: &str) -> Result<RefundReply, Misuse> {
        let body = self.change(order_id, |order| order.refund(key).and_then(|refund| refund.ask_body.clone()))?;
        let body =
            body.ok_or_else(|| Misuse::not_played(order_id, format!("it has no refund {key} that was asked")))?;
        self.send_code_refund(order_id, key, &body).await
    }

    async fn send_code_refund(&self, order_id: &str, key: &str, body: &Value) -> Result<RefundReply, Misuse> {
        let reply = self.call(Scene::ApplyCodeRefund, body).await;
        outcomes::code_refund_asked(&mut self.shared.world(), order_id, key, &reply, self.now_ms());
        let state = self.change(order_id, |order| order.refund(key).map(|refund| refund.state))?;
        Ok(RefundReply { key: key.to_owned(), state: state.unwrap_or(RefundState::Asked), reply })
    }

    /// The question of an order that has no codes after ten minutes: by certificate in F3, of the order else (B8).
    pub(crate) async fn ask_unissued(&self, order: &Order) -> Result<RefundReply, Misuse> {
        if order.purchase.solution.family() == Some(crate::Family::F3) {
            return self.ask_code_refund(&order.order_id, None, SOURCE_ISSUE_FAILED).await;
        }
        self.ask_after_sale(&order.order_id, AfterSale::Refund, SOURCE_ISSUE_FAILED).await
    }
}
