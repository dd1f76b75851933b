//! Reserved codes (预置码): a pool of our codes that the platform holds and gives out itself (fulfilment §7).

use crate::misuse::Misuse;
use crate::platform::Platform;

/// One imported code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedCode {
    /// Merchant.
    pub account_id: String,
    /// Douyin's specification, when named.
    pub sku_id: Option<String>,
    /// Ours, when named.
    pub third_sku_id: Option<String>,
    /// The code.
    pub code: String,
    /// Unix seconds after which it is not given out; `None`: never.
    pub expired_s: Option<i64>,
    /// The order that got it.
    pub order_id: Option<String>,
}

/// All imported codes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct ReservedBook {
    codes: Vec<ReservedCode>,
}

impl ReservedBook {
    pub(crate) fn find(&self, account_id: &str, code: &str) -> Option<&ReservedCode> {
        self.codes.iter().find(|one| one.account_id == account_id && one.code == code)
    }

    /// Takes a whole batch, or names the first code that comes twice.
    pub(crate) fn import(&mut self, batch: Vec<ReservedCode>) -> Result<(), String> {
        for (place, one) in batch.iter().enumerate() {
            let again = batch[..place].iter().any(|earlier| earlier.code == one.code);
            if again || self.find(&one.account_id, &one.code).is_some() {
                return Err(one.code.clone());
            }
        }
        self.codes.extend(batch);
        Ok(())
    }

    pub(crate) fn of_order(&self, order_id: &str) -> Vec<String> {
        let bound = self.codes.iter().filter(|one| one.order_id.as_deref() == Some(order_id));
        bound.map(|one| one.code.clone()).collect()
    }
}

impl Platform {
    /// Gives an order its codes, one for each copy, from the pool of its specification: the platform issues by
    /// itself, without the issue SPI. The SPI that tells the other side is on no page and not played.
    ///
    /// # Errors
    /// When the order is unknown or the pool has too few codes that are not given out and not expired.
    pub fn bind_reserved_codes(&self, order_id: &str) -> Result<Vec<String>, Misuse> {
        let now_s = self.now_ms() / 1000;
        let mut guard = self.shared.world();
        let world = &mut *guard;
        let order = world.orders.get(order_id).ok_or_else(|| Misuse::UnknownOrder(order_id.to_owned()))?;
        let purchase = &order.purchase;
        let fits = |one: &&mut ReservedCode| {
            one.account_id == purchase.account_id
                && one.order_id.is_none()
                && one.expired_s.is_none_or(|expired_s| expired_s > now_s)
                && one.sku_id.as_ref().is_none_or(|id| *id == purchase.sku_id)
                && one.third_sku_id.as_ref().is_none_or(|id| *id == purchase.sku_out_id)
        };
        let mut free: Vec<&mut ReservedCode> = world.reserved.codes.iter_mut().filter(fits).collect();
        let count = order.units.len();
        if free.len() < count {
            return Err(Misuse::NoReservedCodes { order_id: order_id.to_owned(), left: free.len() });
        }
        for one in free.iter_mut().take(count) {
            one.order_id = Some(order_id.to_owned());
        }
        Ok(world.reserved.of_order(order_id))
    }

    /// Holds codes that came from elsewhere: an import that has one of them is refused.
    pub fn hold_reserved_codes(&self, account_id: &str, codes: &[String]) {
        let of = |code: &String| ReservedCode {
            account_id: account_id.to_owned(),
            sku_id: None,
            third_sku_id: None,
            code: code.clone(),
            expired_s: None,
            order_id: None,
        };
        self.shared.world().reserved.codes.extend(codes.iter().map(of));
    }

    /// Every code that was imported, oldest first.
    pub fn reserved_codes(&self) -> Vec<ReservedCode> {
        self.shared.world().reserved.codes.clone()
    }
}
