//! Tickets at the gate, and orders ended by the operator (§8).

use crate::book::Book;
use crate::notice::Notice;
use crate::options::CheckCount;
use crate::order::{Check, GuestState, Line, Order};

impl Book {
    /// Tickets of a line that the gate admits.
    fn admits(&self, line: &Line) -> u32 {
        if self.options.admit_during_audit { line.open() } else { line.free() }
    }

    /// Checks tickets by assist code, from the first line on; `false`, and nothing is checked, when there are fewer.
    pub fn check_assist_code(&mut self, code: &str, count: u32) -> bool {
        let Some(order) = self.orders.values().find(|order| order.assist_code == code) else { return false };
        let mut left = count;
        let mut parts = Vec::new();
        for line in &order.lines {
            let part = left.min(self.admits(line));
            if part > 0 {
                parts.push((line.number.clone(), part));
            }
            left -= part;
        }
        left == 0 && self.check(&order.number.clone(), &parts, None)
    }

    /// Checks tickets of one line; `false`, and nothing is checked, when there are fewer.
    pub fn check_line(&mut self, number: &str, count: u32) -> bool {
        let Some(order) = self.order_of_line.get(number).cloned() else { return false };
        let line = self.orders.get(&order).and_then(|order| order.line(number));
        line.is_some_and(|line| self.admits(line) >= count) && self.check(&order, &[(number.to_owned(), count)], None)
    }

    /// Checks the first valid ticket of a guest's document.
    pub fn check_document(&mut self, document: &str) -> bool {
        let states: &[GuestState] = self.guests_admitted();
        let found = self.orders.values().find_map(|order| {
            let holds = |line: &&Line| {
                line.guests.iter().any(|guest| guest.document == document && states.contains(&guest.state))
            };
            order.lines.iter().find(holds).map(|line| (order.number.clone(), line.number.clone()))
        });
        found.is_some_and(|(order, line)| self.check(&order, &[(line, 1)], Some(document)))
    }

    fn guests_admitted(&self) -> &'static [GuestState] {
        if self.options.admit_during_audit { &[GuestState::Valid, GuestState::InAudit] } else { &[GuestState::Valid] }
    }

    /// One check at the gate, whatever lines it takes from: one notification.
    fn check(&mut self, number: &str, parts: &[(String, u32)], document: Option<&str>) -> bool {
        let states = self.guests_admitted();
        let at_ms = self.now_ms();
        let count: u32 = parts.iter().map(|(_, count)| count).sum();
        let Some(order) = self.orders.get_mut(number).filter(|_| count > 0) else { return false };
        let documents: Vec<String> = document.map(str::to_owned).into_iter().collect();
        for (part, count) in parts {
            let Some(line) = order.lines.iter_mut().find(|line| line.number == *part) else { continue };
            line.checks.push(Check { count: *count, at_ms });
            line.changed_ms = Some(at_ms);
            line.move_guests(&documents, *count, states, GuestState::Checked);
        }
        let checked = match self.options.check_count {
            CheckCount::Increment => count,
            CheckCount::Total => order.checked(),
        };
        let (total, returned) = (order.total(), order.returned());
        self.tell(Notice::CheckIn { order: number.to_owned(), total, checked, returned });
        self.end_if_done(number);
        true
    }

    /// The gateway's operator takes back all tickets that are free, without anybody asking (inferred): money and slots
    /// come back as after an approved refund, and only the end of the order is told. `false` when none is free.
    pub fn withdraw(&mut self, number: &str) -> bool {
        let lines = self.orders.get(number).map(Order::free_lines).unwrap_or_default();
        for asked in &lines {
            self.hold(asked);
            self.settle_line(number, asked, true);
        }
        self.end_if_done(number);
        !lines.is_empty()
    }
}
