//! Bill lines from what was redeemed (common §15, fulfilment §13.3), and differences planted in them.

use crate::ids::local_time;
use crate::misuse::Misuse;
use crate::orders::{Order, part_of};
use crate::platform::{Platform, World};

/// Distance between the id of a redemption and the id of its bill line.
const LEDGER_ID_STEP: u64 = 1_000_000_000_000_000_000;

/// A difference between the bills and what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerChange {
    /// The order's lines are missing.
    Missing,
    /// The first line's payment and goods money differ by so many fen.
    Amount(i64),
    /// One line more, of an order nobody knows; its amounts are those of this order's first copy.
    Stranger,
}

/// One bill line: one copy, by its first redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// Line id.
    pub ledger_id: String,
    /// Merchant.
    pub account_id: String,
    /// Order.
    pub order_id: String,
    /// Copy.
    pub item_order_id: String,
    /// Voucher.
    pub certificate_id: String,
    /// The code that was shown, where there is one.
    pub code: String,
    /// Redemption.
    pub verify_id: String,
    /// Redemption time, which gives the bill date.
    pub verify_ms: i64,
    /// When the platform learnt of it.
    pub noted_ms: i64,
    /// Redeeming shop.
    pub poi_id: String,
    /// Douyin specification, ours, and its name.
    pub sku: (String, String, String),
    /// Price before discounts, fen.
    pub original_fen: i64,
    /// Paid by the guest, fen.
    pub pay_fen: i64,
    /// Discount paid by the merchant, fen.
    pub merchant_ticket_fen: i64,
    /// Discount paid by the platform, fen.
    pub platform_ticket_fen: i64,
    /// The platform's service fee, fen.
    pub service_fen: i64,
    /// The merchant's goods money, fen: price less own discount and service fee.
    pub goods_fen: i64,
}

impl LedgerLine {
    /// The bill date in China Standard Time, `yyyy-MM-dd`.
    pub fn bill_date(&self) -> String {
        local_time(self.verify_ms).map_or_else(String::new, |at| at.date_naive().to_string())
    }
}

/// The line of one copy; `None` while it is not redeemed. `take_rate` is in 1/10000.
fn line(order: &Order, place: usize, take_rate: i64) -> Option<LedgerLine> {
    let first = order.redemptions.iter().find(|one| one.place == place)?;
    let unit = order.units.get(place)?;
    let purchase = &order.purchase;
    let part = |sum_fen: i64| part_of(sum_fen, place, order.units.len());
    let original_fen = part(purchase.origin_amount_fen());
    let merchant_ticket_fen = part(purchase.merchant_discount_fen);
    let service_fen = (original_fen - merchant_ticket_fen).saturating_mul(take_rate) / 10_000;
    Some(LedgerLine {
        ledger_id: ledger_id(&first.verify_id),
        account_id: purchase.account_id.clone(),
        order_id: order.order_id.clone(),
        item_order_id: unit.item_order_id.clone(),
        certificate_id: unit.certificate_id.clone(),
        code: unit.voucher.as_ref().and_then(|voucher| voucher.first_code()).unwrap_or_default().to_owned(),
        verify_id: first.verify_id.clone(),
        verify_ms: first.verify_ms,
        noted_ms: first.noted_ms,
        poi_id: first.poi_id.clone(),
        sku: (purchase.sku_id.clone(), purchase.sku_out_id.clone(), purchase.sku_name.clone()),
        original_fen,
        pay_fen: part(purchase.pay_amount_fen()),
        merchant_ticket_fen,
        platform_ticket_fen: part(purchase.platform_discount_fen),
        service_fen,
        goods_fen: original_fen - merchant_ticket_fen - service_fen,
    })
}

fn ledger_id(verify_id: &str) -> String {
    verify_id.parse::<u64>().map_or_else(|_| verify_id.to_owned(), |id| (id + LEDGER_ID_STEP).to_string())
}

/// Ids that no order has: those of a known line with a digit more in front.
fn stranger(mut line: LedgerLine) -> LedgerLine {
    for id in [
        &mut line.ledger_id,
        &mut line.order_id,
        &mut line.item_order_id,
        &mut line.certificate_id,
        &mut line.verify_id,
    ] {
        let tail: String = id.chars().skip(1).collect();
        *id = format!("6{tail}");
    }
    line.code = String::new();
    line
}

/// The lines that have appeared by now, oldest first, with the planted differences.
pub(crate) fn lines(world: &World, take_rate: i64, delay_ms: i64, now_ms: i64) -> Vec<LedgerLine> {
    let mut lines = Vec::new();
    for order in world.orders.values() {
        let known = (0..order.units.len()).filter_map(|place| line(order, place, take_rate));
        let mut of_order: Vec<LedgerLine> = known.filter(|line| now_ms - line.noted_ms >= delay_ms).collect();
        let planted = world.ledger_changes.iter().filter(|(order_id, _)| *order_id == order.order_id);
        let first = of_order.first().cloned();
        for (_, change) in planted {
            match change {
                LedgerChange::Missing => of_order.retain(|line| line.order_id != order.order_id),
                LedgerChange::Amount(fen) => {
                    if let Some(line) = of_order.first_mut() {
                        line.pay_fen += fen;
                        line.goods_fen += fen;
                    }
                }
                LedgerChange::Stranger => of_order.extend(first.clone().map(stranger)),
            }
        }
        lines.extend(of_order);
    }
    lines.sort_by(|one, other| (one.verify_ms, &one.ledger_id).cmp(&(other.verify_ms, &other.ledger_id)));
    lines
}

impl Platform {
    /// Plants a difference in the bills of an order, for as long as the platform lives.
    ///
    /// # Errors
    /// When the order is unknown.
    pub fn tamper_ledger(&self, order_id: &str, change: LedgerChange) -> Result<(), Misuse> {
        let mut world = self.shared.world();
        if !world.orders.contains_key(order_id) {
            return Err(Misuse::UnknownOrder(order_id.to_owned()));
        }
        world.ledger_changes.push((order_id.to_owned(), change));
        Ok(())
    }

    /// The bill lines that the other side could read now.
    pub fn ledger_lines(&self) -> Vec<LedgerLine> {
        let options = &self.shared.options;
        lines(&self.shared.world(), options.take_rate, options.ledger_delay_ms, self.now_ms())
    }
}
