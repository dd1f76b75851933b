//! Cancel, partial return, the audit and its state, re-schedule (§7).

use std::collections::BTreeSet;

use crate::book::{Book, ORDER_LIMIT};
use crate::notice::Notice;
use crate::options::RepeatedReturn;
use crate::order::{GuestState, Refund, RefundLine, RefundState};
use crate::refusal::Refusal;
use crate::reply::{Reply, Result};
use crate::request::{need, need_count, order_element};
use crate::selling::slot_of;
use crate::time::{china, date};
use crate::xml::Element;

impl Book {
    /// `SEND_CODE_CANCEL_NEW_REQ` and its sisters. Code 0 means accepted for audit. That an order with checked tickets
    /// is refused, and that one with returned tickets gives back the rest, is inferred.
    pub fn cancel(&mut self, root: &Element, with_batch: bool, spot_only: bool) -> Result<Reply> {
        let number = need(order_element(root)?, "orderCode")?.to_owned();
        let order = self.order(&number)?;
        if spot_only && order.pay_method != "spot" {
            return Err(Refusal::OrderUnknown);
        }
        let checked = order.checked() > 0;
        let lines = order.free_lines();
        let earlier = self.refunds.iter().find(|refund| {
            refund.order == number && refund.third_return_code.is_none() && refund.state != RefundState::Rejected
        });
        if let Some(earlier) = earlier {
            return self.repeated(earlier, with_batch);
        }
        if checked {
            return Err(Refusal::AlreadyChecked);
        }
        if lines.is_empty() {
            return Err(Refusal::NotEnoughLeft);
        }
        self.ask(number, lines, None, with_batch)
    }

    /// `RETURN_TICKET_NUM_NEW_REQ` and its sister.
    pub fn return_tickets(&mut self, root: &Element, with_batch: bool) -> Result<Reply> {
        let asked = root.at(&["orderRequest", "returnTicket"]).ok_or(Refusal::MissingField)?;
        let number = need(asked, "orderCode")?;
        let count = need_count(asked, "returnNum")?;
        let code = need(asked, "thirdReturnCode")?;
        if let Some(earlier) = self.refunds.iter().find(|refund| refund.third_return_code.as_deref() == Some(code)) {
            return self.repeated(earlier, with_batch);
        }
        let order = self.order_of_line.get(number).cloned().ok_or(Refusal::OrderUnknown)?;
        let line = self.line(number)?;
        if line.free() < count {
            return Err(Refusal::NotEnoughLeft);
        }
        let mut documents = Vec::new();
        if !line.guests.is_empty() {
            let named = asked.value("idCards").ok_or(Refusal::GuestUnknown)?;
            let named: BTreeSet<&str> = named.split(',').map(str::trim).collect();
            let valid = line.guests.iter().filter(|guest| guest.state == GuestState::Valid);
            documents.extend(valid.map(|guest| guest.document.clone()).filter(|held| named.contains(held.as_str())));
            if documents.len() != count as usize || named.len() != documents.len() {
                return Err(Refusal::GuestUnknown);
            }
        }
        let lines = vec![RefundLine { line: number.to_owned(), count, documents }];
        self.ask(order, lines, Some(code.to_owned()), with_batch)
    }

    fn repeated(&self, earlier: &Refund, with_batch: bool) -> Result<Reply> {
        match self.options.repeated_return {
            RepeatedReturn::Refuse => Err(Refusal::ReturnRepeated),
            RepeatedReturn::SameBatch => Ok(accepted(&earlier.batch, with_batch)),
        }
    }

    /// Begins an audit.
    fn ask(
        &mut self,
        order: String,
        lines: Vec<RefundLine>,
        third_return_code: Option<String>,
        with_batch: bool,
    ) -> Result<Reply> {
        if self.refunds.len() == ORDER_LIMIT {
            return Err(Refusal::TooMuch);
        }
        for asked in &lines {
            self.hold(asked);
        }
        let (batch, asked_ms, state) = (self.next_batch(), self.now_ms(), RefundState::Waiting);
        let reply = accepted(&batch, with_batch);
        self.refunds.push(Refund { batch, order, lines, third_return_code, state, asked_ms });
        Ok(reply)
    }

    /// Puts tickets in audit.
    pub fn hold(&mut self, asked: &RefundLine) {
        let Ok(line) = self.line(&asked.line) else { return };
        line.in_audit += asked.count;
        line.move_guests(&asked.documents, asked.count, &[GuestState::Valid], GuestState::InAudit);
    }

    /// Ends an audit; `false` when none of this batch waits. What was checked meanwhile cannot be approved (inferred).
    pub fn decide(&mut self, batch: &str, approved: bool) -> bool {
        let waiting = |refund: &&mut Refund| refund.batch == batch && refund.state == RefundState::Waiting;
        let Some(refund) = self.refunds.iter_mut().find(waiting) else { return false };
        let (order, lines) = (refund.order.clone(), refund.lines.clone());
        let open = |asked: &RefundLine| {
            let line = self.orders.get(&order).and_then(|order| order.line(&asked.line));
            line.is_some_and(|line| line.open() >= asked.count && asked.documents.iter().all(|held| line.awaits(held)))
        };
        let approved = approved && lines.iter().all(open);
        refund.state = if approved { RefundState::Approved } else { RefundState::Rejected };
        for asked in &lines {
            self.settle_line(&order, asked, approved);
            let (batch, order, line) = (batch.to_owned(), order.clone(), asked.line.clone());
            self.tell(Notice::Refund { batch, order, line, approved, returned: asked.count });
        }
        self.end_if_done(&order);
        true
    }

    /// Gives tickets in audit back to the gateway, or to their guests.
    pub fn settle_line(&mut self, order: &str, asked: &RefundLine, approved: bool) {
        let now_ms = self.now_ms();
        let Some(order) = self.orders.get_mut(order) else { return };
        let Some(line) = order.lines.iter_mut().find(|line| line.number == asked.line) else { return };
        line.in_audit = line.in_audit.saturating_sub(asked.count);
        let state = if approved { GuestState::Returned } else { GuestState::Valid };
        line.move_guests(&asked.documents, asked.count, &[GuestState::InAudit], state);
        if !approved {
            return;
        }
        line.returned += asked.count;
        line.changed_ms = Some(now_ms);
        if let Some(deposit) = self.deposit_fen.as_mut().filter(|_| order.pay_method == "vm") {
            *deposit += line.price_fen * i64::from(asked.count);
        }
        if let Some(slot) = self.goods.get_mut(&line.goods).and_then(|goods| slot_of(&mut goods.slots, line)) {
            slot.stock += asked.count;
        }
    }

    /// `QUERY_RETREAT_STATUS_REQ`: 6 waits, 0 is done, and a rejection has the code of the options.
    pub fn refund_status(&mut self, root: &Element) -> Result<Reply> {
        let batch = need(order_element(root)?, "retreatBatchNo")?;
        let refund = self.refunds.iter().find(|refund| refund.batch == batch).ok_or(Refusal::BatchUnknown)?;
        let (code, description) = match refund.state {
            RefundState::Waiting => return Err(Refusal::AuditWaiting),
            RefundState::Approved => (0, "审核完成".to_owned()),
            RefundState::Rejected => (self.options.rejected_code, self.options.rejected_text.clone()),
        };
        Ok(Reply { code, description, parts: Vec::new() })
    }

    /// `ORDER_ENDORSE_REQ` (改签). Refused once a ticket was checked, returned or is in audit, and for time slots, whose
    /// new slot the call cannot name (inferred).
    pub fn endorse(&mut self, root: &Element) -> Result<Reply> {
        let today = china(self.now_ms()).date();
        let asked = root.at(&["orderRequest", "endorse"]).ok_or(Refusal::MissingField)?;
        let visit = date(need(asked, "newOccDate")?).filter(|visit| *visit >= today).ok_or(Refusal::BadDate)?;
        let line = self.line(need(asked, "subOrderCode")?)?;
        if line.free() != line.quantity || line.slot.is_some() {
            return Err(Refusal::NotEndorsable);
        }
        let length = line.until - line.visit;
        line.until = visit.checked_add_signed(length).unwrap_or(visit);
        line.visit = visit;
        Ok(Reply::success(Vec::new()))
    }
}

fn accepted(batch: &str, with_batch: bool) -> Reply {
    Reply::success(with_batch.then(|| Element::leaf("retreatBatchNo", batch)).into_iter().collect())
}
