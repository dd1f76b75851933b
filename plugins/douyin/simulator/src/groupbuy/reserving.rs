//! The reservation of a voucher: a second order for a day, with the guests who come (groupbuy B2, B3, C4).

use super::states::PurchaseState;
use super::terms::Solution;
use crate::bodies;
use crate::buying::{BuyReport, OrderHandle};
use crate::ids::{day_start_s, local_time};
use crate::misuse::Misuse;
use crate::orders::OrderState;
use crate::platform::Platform;
use crate::purchase::{Person, Purchase};
use crate::reply::SpiReply;
use serde_json::{Map, Value};

/// What a guest reserves.
#[derive(Clone, Debug, PartialEq)]
pub struct Reservation {
    /// The purchase.
    pub source_order_id: String,
    /// The day, `yyyy-MM-dd`.
    pub day: String,
    /// Units; `None`: all of the purchase that did not go back, as it must be (rule 21).
    pub count: Option<u32>,
    /// The contact.
    pub buyer: Person,
    /// The guests.
    pub guests: Vec<Person>,
    /// Laid over the finished check and create bodies; a null removes the field.
    pub overrides: Map<String, Value>,
    /// Sends it although Douyin itself would not: another count, a second one, a day beyond the window. For tests of
    /// what the other side refuses.
    pub despite_guards: bool,
}

impl Reservation {
    /// A reservation of all units for one guest with an identity card.
    pub fn of(source_order_id: &str, day: &str) -> Self {
        let guest = Person::new("张三", "13800138000");
        Self {
            source_order_id: source_order_id.to_owned(),
            day: day.to_owned(),
            count: None,
            buyer: guest.clone(),
            guests: vec![guest.with_identity_card("110101199003070011")],
            overrides: Map::new(),
            despite_guards: false,
        }
    }

    /// The same although Douyin itself would not send it.
    pub fn despite_guards(mut self) -> Self {
        self.despite_guards = true;
        self
    }
}

impl Platform {
    /// The check before the guest has named anybody (B2).
    ///
    /// # Errors
    /// When the purchase is unknown, or Douyin would not let the guest reserve this.
    pub async fn check_reservation_without_guests(&self, wish: &Reservation) -> Result<SpiReply, Misuse> {
        Ok(self.check_booking_without_guests(&self.reserved(wish)?).await)
    }

    /// The check on submit (B2). No order comes of it.
    ///
    /// # Errors
    /// When the purchase is unknown, or Douyin would not let the guest reserve this.
    pub async fn check_reservation(&self, wish: &Reservation) -> Result<SpiReply, Misuse> {
        Ok(self.check_booking(&self.reserved(wish)?).await)
    }

    /// Places the reservation order: create order with `order_type` 2 (B3). It counts as paid; without an answer it is
    /// asked twice and then rejected. Call [`Platform::issue`] once it is accepted.
    ///
    /// # Errors
    /// When the purchase is unknown, or Douyin would not let the guest reserve this.
    pub async fn create_reservation(&self, wish: &Reservation) -> Result<OrderHandle, Misuse> {
        Ok(self.create_order(&self.reserved(wish)?).await)
    }

    /// The whole reservation: check, create, and issue once accepted. With asynchronous acceptance it ends at the
    /// unaccepted order; call [`Platform::issue`] later.
    ///
    /// # Errors
    /// When the purchase is unknown, or Douyin would not let the guest reserve this.
    pub async fn reserve(&self, wish: &Reservation) -> Result<BuyReport, Misuse> {
        Ok(self.buy(&self.reserved(wish)?).await)
    }

    /// The check body of a reservation, for tests of its fields.
    ///
    /// # Errors
    /// When the purchase is unknown, or Douyin would not let the guest reserve this.
    pub fn reservation_check_body(&self, wish: &Reservation) -> Result<Value, Misuse> {
        Ok(bodies::check_booking(&self.reserved(wish)?, &|plain| self.shared.seal(plain)))
    }

    /// The order that comes of a wish, as the voucher's purchase with a day and guests; its price is paid already.
    fn reserved(&self, wish: &Reservation) -> Result<Purchase, Misuse> {
        let source = self.order(&wish.source_order_id);
        let source = source.ok_or_else(|| Misuse::UnknownOrder(wish.source_order_id.clone()))?;
        if !wish.despite_guards {
            self.guard(wish, &source)?;
        }
        Ok(Purchase {
            solution: Solution::Reservation { source_order_id: source.order_id.clone() },
            day: wish.day.clone(),
            count: wish.count.unwrap_or_else(|| open_units(&source)),
            merchant_discount_fen: 0,
            platform_discount_fen: 0,
            buyer: wish.buyer.clone(),
            tourists: wish.guests.clone(),
            overrides: wish.overrides.clone(),
            ..source.purchase
        })
    }

    /// What Douyin's own page does not offer a guest (rules 16, 17, 21; C4 T5 and T6).
    fn guard(&self, wish: &Reservation, source: &crate::Order) -> Result<(), Misuse> {
        let refuse = |why: String| Err(Misuse::not_played(&source.order_id, why));
        let now_ms = self.now_ms();
        let (state, live) = {
            let world = self.shared.world();
            let live = world.live_reservation(&source.order_id, now_ms).map(|order| order.order_id.clone());
            (world.of_purchase(source, now_ms), live)
        };
        if source.purchase.solution.family().is_none() {
            return refuse("it is no purchase of a voucher".into());
        }
        if state != PurchaseState::ToReserve {
            return refuse(format!("it is {state:?}, and only a voucher that is ToReserve can be reserved"));
        }
        if let Some(live) = live {
            return refuse(format!("its reservation {live} is still alive"));
        }
        let open = open_units(source);
        let wanted = wish.count.unwrap_or(open);
        if wanted != open {
            return refuse(format!(
                "{wanted} units were asked for, and all {open} must be reserved together (rule 21)"
            ));
        }
        let terms = &source.purchase.terms;
        let today = local_time(now_ms).map(|at| at.date_naive().to_string()).unwrap_or_default();
        let ahead = day_start_s(&wish.day).zip(day_start_s(&today)).map(|(day, today)| (day - today) / 86_400);
        let Some(ahead) = ahead else {
            return refuse(format!("{:?} is no day", wish.day));
        };
        if wish.day < terms.first_day || wish.day > terms.last_day {
            return refuse(format!("{} is outside {} to {}", wish.day, terms.first_day, terms.last_day));
        }
        if !(0..self.shared.options.group_buy.window_days).contains(&ahead) {
            let days = self.shared.options.group_buy.window_days;
            return refuse(format!("{} is not among the {days} days from {today} (rule 17)", wish.day));
        }
        let second = now_ms / 1000 - day_start_s(&today).unwrap_or_default();
        if ahead < terms.ahead_day || (ahead == terms.ahead_day && second > terms.ahead_sec) {
            return refuse(format!("{} is too near (rule 18)", wish.day));
        }
        Ok(())
    }

    /// Whether the platform asks for vouchers as soon as an order is accepted.
    pub(crate) fn issues_at_once(&self, order_id: &str) -> bool {
        let issues_purchase = self.shared.options.group_buy.issues_purchase;
        self.order(order_id).is_some_and(|order| {
            order.state == OrderState::Accepted && (issues_purchase || order.purchase.solution.family().is_none())
        })
    }
}

fn open_units(source: &crate::Order) -> u32 {
    let open = source.units.iter().filter(|unit| !unit.refunded).count();
    u32::try_from(open).unwrap_or(u32::MAX)
}
