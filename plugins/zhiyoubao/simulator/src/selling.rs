//! Order, pay and issue in one call: `SEND_CODE_REQ` (§3).

use std::collections::BTreeSet;

use chrono::Days;

use crate::book::{Book, ORDER_LIMIT};
use crate::money::fen;
use crate::order::{Contact, Guest, GuestState, Line, Order};
use crate::querying::order_answer;
use crate::refusal::Refusal;
use crate::reply::{Reply, Result};
use crate::request::{need, need_count, order_element};
use crate::time::{china, date};
use crate::xml::Element;

/// Most lines of an order.
const LINE_LIMIT: usize = 50;
/// Most tickets of a line.
const QUANTITY_LIMIT: u32 = 1_000;

impl Book {
    /// Takes an order, or refuses it without effect.
    pub fn send_code(&mut self, root: &Element) -> Result<Reply> {
        let asked = order_element(root)?;
        let number = need(asked, "orderCode")?.to_owned();
        let lines = asked.child("ticketOrders").ok_or(Refusal::MissingField)?;
        let lines: Vec<&Element> = lines.every("ticketOrder").take(LINE_LIMIT + 1).collect();
        if lines.is_empty() {
            return Err(Refusal::MissingField);
        }
        if lines.len() > LINE_LIMIT || self.orders.len() == ORDER_LIMIT {
            return Err(Refusal::TooMuch);
        }
        self.check_numbers(&number, &lines)?;
        let lines = lines.into_iter().map(|line| self.read_line(line)).collect::<Result<Vec<_>>>()?;
        let contact = Contact {
            name: need(asked, "linkName")?.to_owned(),
            mobile: need(asked, "linkMobile")?.to_owned(),
            document: asked.value("certificateNo").map(str::to_owned),
        };
        let documented = |line: &Line| self.goods.get(&line.goods).is_some_and(|goods| goods.contact_document);
        if contact.document.is_none() && lines.iter().any(documented) {
            return Err(Refusal::DocumentNeeded);
        }
        let price_fen = fen(need(asked, "orderPrice")?).ok_or(Refusal::BadAmount)?;
        if price_fen != lines.iter().map(|line| line.price_fen * i64::from(line.quantity)).sum::<i64>() {
            return Err(Refusal::BadAmount);
        }
        let pay_method = need(asked, "payMethod")?.to_owned();
        self.pay(&pay_method, price_fen, &lines)?;
        let serial = self.next_serial();
        let order = Order {
            gateway_number: format!("2012{serial:08}"),
            assist_code: format!("{:08}", 48_000_000 + serial % 1_000_000),
            contact,
            pay_method,
            source: asked.value("src").map(str::to_owned),
            price_fen,
            placed_ms: self.now_ms(),
            messages: Vec::new(),
            ended: None,
            number: number.clone(),
            lines,
        };
        self.order_of_line.extend(order.lines.iter().map(|line| (line.number.clone(), number.clone())));
        let told = order_answer(&order, &self.options, self.options.line_list, false);
        self.orders.insert(number, order);
        Ok(Reply::success(vec![Element::new("orderResponse").with(told)]))
    }

    /// Main and sub-order numbers are unique for ever (§3); a sub-order may repeat its own main number.
    fn check_numbers(&self, number: &str, lines: &[&Element]) -> Result<()> {
        let mut seen = BTreeSet::new();
        for line in lines {
            let line = need(line, "orderCode")?;
            if self.order_of_line.contains_key(line) || !seen.insert(line) {
                return Err(Refusal::SubOrderExists);
            }
        }
        if self.orders.contains_key(number) { Err(Refusal::OrderExists) } else { Ok(()) }
    }

    fn read_line(&self, asked: &Element) -> Result<Line> {
        let goods = self.goods.get(need(asked, "goodsCode")?).ok_or(Refusal::UnknownGoods)?;
        let quantity = need_count(asked, "quantity")?;
        if quantity > QUANTITY_LIMIT {
            return Err(Refusal::TooMuch);
        }
        let price_fen = fen(need(asked, "price")?).ok_or(Refusal::BadAmount)?;
        if fen(need(asked, "totalPrice")?) != Some(price_fen * i64::from(quantity)) {
            return Err(Refusal::BadAmount);
        }
        if goods.price_fen.is_some_and(|agreed| agreed != price_fen) {
            return Err(Refusal::WrongPrice);
        }
        let visit = date(need(asked, "occDate")?).ok_or(Refusal::BadDate)?;
        if visit < china(self.now_ms()).date() {
            return Err(Refusal::BadDate);
        }
        let guests = read_guests(asked)?;
        let documents: BTreeSet<&str> = guests.iter().map(|guest| guest.document.as_str()).collect();
        if goods.real_name && (guests.len() != quantity as usize || documents.len() != guests.len()) {
            return Err(Refusal::GuestsNeeded);
        }
        let slot = match (asked.value("fsStartTime"), asked.value("fsEndTime")) {
            _ if goods.slots.is_empty() => None,
            (Some(start), Some(end)) => Some((start.to_owned(), end.to_owned())),
            _ => return Err(Refusal::SlotNeeded),
        };
        let further = Days::new(u64::from(goods.valid_days.saturating_sub(1)));
        Ok(Line {
            number: need(asked, "orderCode")?.to_owned(),
            goods: goods.code.clone(),
            name: need(asked, "goodsName")?.to_owned(),
            quantity,
            price_fen,
            visit,
            until: visit.checked_add_days(further).unwrap_or(visit),
            slot,
            guests: if goods.real_name { guests } else { Vec::new() },
            returned: 0,
            in_audit: 0,
            checks: Vec::new(),
            changed_ms: None,
        })
    }

    /// Takes slots and money; the last step that can refuse.
    fn pay(&mut self, method: &str, price_fen: i64, lines: &[Line]) -> Result<()> {
        if !["vm", "spot", "zyb"].contains(&method) {
            return Err(Refusal::PayMethodUnknown);
        }
        if method == "vm" && self.deposit_fen.is_some_and(|deposit| deposit < price_fen) {
            return Err(Refusal::DepositTooLow);
        }
        if lines.iter().any(|line| line.slot.is_some()) {
            self.take_slots(lines)?;
        }
        if let Some(deposit) = self.deposit_fen.as_mut().filter(|_| method == "vm") {
            *deposit -= price_fen;
        }
        Ok(())
    }

    /// Takes the slots of all lines or of none.
    fn take_slots(&mut self, lines: &[Line]) -> Result<()> {
        let mut goods = self.goods.clone();
        for line in lines.iter().filter(|line| line.slot.is_some()) {
            let slot = goods.get_mut(&line.goods).and_then(|goods| slot_of(&mut goods.slots, line));
            let slot = slot.ok_or(Refusal::SlotNeeded)?;
            slot.stock = slot.stock.checked_sub(line.quantity).ok_or(Refusal::SlotFull)?;
        }
        self.goods = goods;
        Ok(())
    }
}

/// The slot that a line holds.
pub(crate) fn slot_of<'a>(slots: &'a mut [crate::Slot], line: &Line) -> Option<&'a mut crate::Slot> {
    let (start, end) = line.slot.as_ref()?;
    let visit = line.visit.to_string();
    slots.iter_mut().find(|slot| slot.date == visit && slot.start == *start && slot.end == *end)
}

fn read_guests(line: &Element) -> Result<Vec<Guest>> {
    let Some(list) = line.child("credentials") else { return Ok(Vec::new()) };
    let guests = list.every("credential").take(QUANTITY_LIMIT as usize + 1).map(|guest| {
        let value = |name| guest.value(name).map(str::to_owned).ok_or(Refusal::GuestsNeeded);
        Ok(Guest { name: value("name")?, document: value("id")?, state: GuestState::Valid })
    });
    guests.collect()
}
