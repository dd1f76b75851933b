//! An order as the gateway knows it. Guests never show in `Debug`.

use std::fmt;

use chrono::NaiveDate;

use crate::notice::Ended;

/// A main order (§3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Our number: `orderCode` of the request.
    pub number: String,
    /// The gateway's number.
    pub gateway_number: String,
    /// The assist code (辅助检票号), one for the whole order.
    pub assist_code: String,
    /// Who ordered.
    pub contact: Contact,
    /// `vm`, `spot` or `zyb`.
    pub pay_method: String,
    /// `src`, as received.
    pub source: Option<String>,
    /// Order total in fen.
    pub price_fen: i64,
    /// The sub-orders (子订单).
    pub lines: Vec<Line>,
    /// When it was placed.
    pub placed_ms: i64,
    /// Templates of the short messages sent again; empty text is the default template.
    pub messages: Vec<String>,
    /// How it ended, once a finish notification was due.
    pub ended: Option<Ended>,
}

/// A sub-order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Our sub-order number.
    pub number: String,
    /// `goodsCode`.
    pub goods: String,
    /// `goodsName`.
    pub name: String,
    /// Tickets bought.
    pub quantity: u32,
    /// Price of one in fen.
    pub price_fen: i64,
    /// Visit date (游玩日期).
    pub visit: NaiveDate,
    /// Last day of validity.
    pub until: NaiveDate,
    /// Start and end of the slot of time-slot goods.
    pub slot: Option<(String, String)>,
    /// One guest a ticket for real-name goods, else empty.
    pub guests: Vec<Guest>,
    /// Tickets returned.
    pub returned: u32,
    /// Tickets whose refund is audited.
    pub in_audit: u32,
    /// The checks at the gate.
    pub checks: Vec<Check>,
    /// Last check or return.
    pub changed_ms: Option<i64>,
}

/// One check at the gate (§9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Tickets.
    pub count: u32,
    /// When.
    pub at_ms: i64,
}

/// Who ordered. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// `linkName`.
    pub name: String,
    /// `linkMobile`.
    pub mobile: String,
    /// `certificateNo`.
    pub document: Option<String>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact")
    }
}

/// A guest of a real-name ticket. `Debug` shows the state only.
#[derive(Clone, PartialEq, Eq)]
pub struct Guest {
    /// `name`.
    pub name: String,
    /// `id`, the document's number.
    pub document: String,
    /// What became of the ticket.
    pub state: GuestState,
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("state", &self.state).finish_non_exhaustive()
    }
}

/// What became of a real-name ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestState {
    /// It admits.
    Valid,
    /// Its refund is audited.
    InAudit,
    /// It was checked.
    Checked,
    /// It was returned.
    Returned,
}

/// A refund in audit or decided (§7).
#[derive(Clone, PartialEq, Eq)]
pub struct Refund {
    /// `retreatBatchNo` (退单批次号), 32 hex digits.
    pub batch: String,
    /// Our main order number.
    pub order: String,
    /// What it asks back, by line.
    pub lines: Vec<RefundLine>,
    /// `thirdReturnCode`, our refund number, of a partial return.
    pub third_return_code: Option<String>,
    /// Waiting, approved or rejected.
    pub state: RefundState,
    /// When it was asked.
    pub asked_ms: i64,
}

/// The tickets of one line that a refund asks back. `Debug` hides the documents.
#[derive(Clone, PartialEq, Eq)]
pub struct RefundLine {
    /// Our sub-order number.
    pub line: String,
    /// Tickets.
    pub count: u32,
    /// Documents of the guests, for real-name lines.
    pub documents: Vec<String>,
}

impl fmt::Debug for RefundLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefundLine").field("line", &self.line).field("count", &self.count).finish_non_exhaustive()
    }
}

impl fmt::Debug for Refund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refund")
            .field("batch", &self.batch)
            .field("order", &self.order)
            .field("lines", &self.lines)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// How far the audit of a refund is (§7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    /// Not decided (等待审核中).
    Waiting,
    /// The money is back (审核完成).
    Approved,
    /// The tickets stay valid (审核未通过).
    Rejected,
}

impl Line {
    /// Tickets checked.
    #[must_use]
    pub fn checked(&self) -> u32 {
        self.checks.iter().map(|check| check.count).sum()
    }

    /// Tickets neither checked nor returned, those in audit included.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.quantity.saturating_sub(self.checked()).saturating_sub(self.returned)
    }

    /// Tickets that can be returned: open and not in audit.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.open().saturating_sub(self.in_audit)
    }

    /// Whether the guest with this document has not been checked in.
    pub(crate) fn awaits(&self, document: &str) -> bool {
        self.guests.iter().any(|guest| guest.document == document && guest.state != GuestState::Checked)
    }

    /// Moves `count` guests, those with these documents or the first ones, from one of `from` to `to`.
    pub(crate) fn move_guests(&mut self, documents: &[String], count: u32, from: &[GuestState], to: GuestState) {
        let moved = self.guests.iter_mut().filter(|guest| {
            from.contains(&guest.state) && (documents.is_empty() || documents.contains(&guest.document))
        });
        for guest in moved.take(count as usize) {
            guest.state = to;
        }
    }
}

impl Order {
    /// Tickets bought.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// Tickets checked.
    #[must_use]
    pub fn checked(&self) -> u32 {
        self.lines.iter().map(Line::checked).sum()
    }

    /// Tickets returned.
    #[must_use]
    pub fn returned(&self) -> u32 {
        self.lines.iter().map(|line| line.returned).sum()
    }

    /// All that can be returned.
    pub(crate) fn free_lines(&self) -> Vec<RefundLine> {
        let free = self.lines.iter().filter(|line| line.free() > 0);
        let asked = free.map(|line| {
            let valid = line.guests.iter().filter(|guest| guest.state == GuestState::Valid);
            let documents = valid.map(|guest| guest.document.clone()).collect();
            RefundLine { line: line.number.clone(), count: line.free(), documents }
        });
        asked.collect()
    }

    /// A line by our sub-order number.
    #[must_use]
    pub fn line(&self, number: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.number == number)
    }
}
