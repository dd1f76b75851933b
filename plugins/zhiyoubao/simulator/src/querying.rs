//! Order query (§4), check queries (§9), stock of time slots (§6).

use crate::book::Book;
use crate::money::yuan;
use crate::options::{CheckLayout, LineList, Options, QueryLayout, ThirdCode};
use crate::order::{Line, Order};
use crate::refusal::Refusal;
use crate::reply::{Reply, Result};
use crate::request::{need, order_element};
use crate::time::{date, stamp};
use crate::xml::Element;

impl Book {
    /// The order a query names, once queries see it.
    fn visible(&self, root: &Element) -> Result<&Order> {
        let placed_by = self.now_ms().saturating_sub(self.options.visible_after_ms);
        let order = self.orders.get(need(order_element(root)?, "orderCode")?);
        order.filter(|order| order.placed_ms <= placed_by).ok_or(Refusal::OrderUnknown)
    }

    /// `QUERY_ORDER_NEW_REQ` and its older and pay-at-gate sisters (§4). That the pay-at-gate query knows only such
    /// orders is inferred.
    pub fn query_order(&self, root: &Element, old: bool, spot_only: bool) -> Result<Reply> {
        let options = &self.options;
        let order = self.visible(root)?;
        if spot_only && order.pay_method != "spot" {
            return Err(Refusal::OrderUnknown);
        }
        let list = if old { LineList::ScenicOrders } else { options.line_list };
        let told = order_answer(order, options, list, true);
        Ok(Reply::success(vec![match options.query_layout {
            QueryLayout::Direct => told,
            QueryLayout::OrderResponse => Element::new("orderResponse").with(told),
        }]))
    }

    /// `CHECK_STATUS_QUERY_REQ`, and with each check `QUERY_SUB_ORDER_CHECK_RECORD_REQ` (§9).
    pub fn check_status(&self, root: &Element, with_records: bool) -> Result<Reply> {
        let options = &self.options;
        let order = self.visible(root)?;
        let lines = order.lines.iter().map(|line| check_line(line, options, with_records));
        let lines = Element::new("subOrders").all(lines);
        Ok(Reply::success(vec![match options.check_layout {
            CheckLayout::Direct => lines,
            CheckLayout::Data => Element::new("data").with(lines),
        }]))
    }

    /// `FS_STOCK_REQ` (§6). The answer's layout was not seen: [`crate::SlotNames`].
    pub fn slot_stock(&self, root: &Element) -> Result<Reply> {
        // Spelled so on the wire.
        let asked = root.child("queryCondtion").ok_or(Refusal::MissingField)?;
        let goods = self.goods.get(need(asked, "goodsCode")?).ok_or(Refusal::UnknownGoods)?;
        let day = |name| need(asked, name).and_then(|text| date(text).ok_or(Refusal::BadDate));
        let (first, last) = (day("startDate")?, day("endDate")?);
        let names = &self.options.slot_names;
        let slots = goods.slots.iter().filter(|slot| date(&slot.date).is_some_and(|day| first <= day && day <= last));
        let slots = slots.map(|slot| {
            Element::new(&names.item)
                .field(&names.date, &slot.date)
                .field(&names.start, &slot.start)
                .field(&names.end, &slot.end)
                .field(&names.stock, slot.stock.to_string())
        });
        Ok(Reply::success(vec![Element::new(&names.list).all(slots)]))
    }
}

/// `order` as answers show it (§3, §4). With `query`, money follows the trap of §4: fen beside `ticketThirdCode`.
pub(crate) fn order_answer(order: &Order, options: &Options, list: LineList, query: bool) -> Element {
    let (many, one) = match list {
        LineList::TicketOrders => ("ticketOrders", "ticketOrder"),
        LineList::ScenicOrders => ("scenicOrders", "scenicOrder"),
    };
    let in_fen = query && matches!(options.third_code, ThirdCode::Ticket | ThirdCode::Both);
    let code = if options.our_order_code { &order.number } else { &order.gateway_number };
    let lines = order.lines.iter().map(|line| line_answer(one, line, options, in_fen));
    Element::new("order")
        .field("orderCode", code)
        .field("assistCheckNo", &order.assist_code)
        .field("linkName", &order.contact.name)
        .field("linkMobile", &order.contact.mobile)
        .field("orderPrice", yuan(order.price_fen))
        .field("payMethod", &order.pay_method)
        .all(order.source.as_ref().map(|source| Element::leaf("src", source)))
        .with(Element::new(many).all(lines))
}

fn line_answer(name: &str, line: &Line, options: &Options, in_fen: bool) -> Element {
    let money = |fen: i64| if in_fen { fen.to_string() } else { yuan(fen) };
    let third: &[&str] = match options.third_code {
        ThirdCode::Scenic => &["scenicThirdCode"],
        ThirdCode::Ticket => &["ticketThirdCode"],
        ThirdCode::Both => &["scenicThirdCode", "ticketThirdCode"],
        ThirdCode::Absent => &[],
    };
    Element::new(name)
        .all(options.line_order_code.then(|| Element::leaf("orderCode", &line.number)))
        .all(third.iter().map(|name| Element::leaf(name, &line.number)))
        .field("goodsCode", &line.goods)
        .field("goodsName", &line.name)
        .field("quantity", line.quantity.to_string())
        .field("price", money(line.price_fen))
        .field("totalPrice", money(line.price_fen * i64::from(line.quantity)))
        .field("occDate", line.visit.to_string())
        .field("startDate", line.visit.to_string())
        .field("endDate", line.until.to_string())
        .field("returnNum", line.returned.to_string())
        .field("alreadyCheckNum", line.checked().to_string())
}

fn check_line(line: &Line, options: &Options, with_records: bool) -> Element {
    let suffix = if options.check_suffix { "_1" } else { "" };
    let left_out = if options.need_without_returned { line.returned } else { 0 };
    let status = match line.checked() {
        0 => "un_check",
        _ if line.open() > 0 => "checking",
        _ => "checked",
    };
    let records = with_records.then(|| {
        let record = |check: &crate::Check| {
            Element::new("subOrderCheckRecord")
                .field("checkNum", check.count.to_string())
                .field("checkTime", stamp(check.at_ms))
        };
        Element::new("checkRecords").all(line.checks.iter().map(record))
    });
    Element::new("subOrder")
        .field("orderCode", format!("{}{suffix}", line.number))
        .field("needCheckNum", (line.quantity - left_out).to_string())
        .field("alreadyCheckNum", line.checked().to_string())
        .field("returnNum", line.returned.to_string())
        .field("checkStatus", status)
        .field("orderType", "scenic")
        .field("lastCheckTime", line.changed_ms.map(stamp).unwrap_or_default())
        .all(records)
}
