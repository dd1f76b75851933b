//! What the gateway keeps: goods, orders, refunds, the deposit account, notifications waiting.

use std::collections::{BTreeMap, VecDeque};

use crate::callback::{Callback, Delivery, url};
use crate::fault::Faults;
use crate::goods::Goods;
use crate::notice::{Ended, Notice, NoticeKind, Signature};
use crate::options::{AuditMode, Options};
use crate::order::{Line, Order, Refund, RefundState};
use crate::record::{Log, Recorded};
use crate::refusal::Refusal;
use crate::reply::{Reply, Result};
use crate::sign::md5_hex;
use crate::transaction::Transaction;
use crate::xml::Element;

/// Most orders and most refunds kept.
pub(crate) const ORDER_LIMIT: usize = 100_000;
/// Most notifications waiting; beyond, the oldest is lost.
pub(crate) const OUTBOX_LIMIT: usize = 10_000;

/// The state behind a desk.
pub(crate) struct Book {
    pub options: Options,
    pub goods: BTreeMap<String, Goods>,
    pub orders: BTreeMap<String, Order>,
    /// Main order number of each sub-order number.
    pub order_of_line: BTreeMap<String, String>,
    /// Refunds, in the order asked.
    pub refunds: Vec<Refund>,
    /// Money on the deposit account (备佣金) in fen; `None` is not limited.
    pub deposit_fen: Option<i64>,
    pub hooks: BTreeMap<NoticeKind, String>,
    pub outbox: VecDeque<Callback>,
    pub notices: Log<Notice>,
    pub deliveries: Log<Delivery>,
    pub recorded: Log<Recorded>,
    pub faults: Faults,
    serial: u32,
    callbacks: u64,
}

impl Book {
    pub fn new(options: Options) -> Self {
        Self {
            serial: options.seed,
            options,
            goods: BTreeMap::new(),
            orders: BTreeMap::new(),
            order_of_line: BTreeMap::new(),
            refunds: Vec::new(),
            deposit_fen: None,
            hooks: BTreeMap::new(),
            outbox: VecDeque::new(),
            notices: Log::default(),
            deliveries: Log::default(),
            recorded: Log::default(),
            faults: Faults::default(),
            callbacks: 0,
        }
    }

    pub fn now_ms(&self) -> i64 {
        (self.options.now)()
    }

    /// The next of the gateway's own numbers.
    pub fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// A batch number: 32 hex digits.
    pub fn next_batch(&mut self) -> String {
        let serial = self.next_serial().to_string();
        md5_hex(&["batch ", &serial])
    }

    /// Plays a transaction.
    pub fn play(&mut self, transaction: Transaction, root: &Element) -> Result<Reply> {
        match transaction {
            Transaction::SendCode => self.send_code(root),
            Transaction::QueryOrder => self.query_order(root, false, false),
            Transaction::QueryOrderOld => self.query_order(root, true, false),
            Transaction::QuerySpotOrder => self.query_order(root, false, true),
            Transaction::CodeImage => self.code_image(root),
            Transaction::ImageUrl => self.image_url(root, false),
            Transaction::ShortImageUrl => self.image_url(root, true),
            Transaction::SendMessage | Transaction::SendMms => self.send_message(root),
            Transaction::OwnMessage => self.own_message(root),
            Transaction::SlotStock => self.slot_stock(root),
            Transaction::Cancel => self.cancel(root, true, false),
            Transaction::CancelOld => self.cancel(root, false, false),
            Transaction::CancelSpotOrder => self.cancel(root, true, true),
            Transaction::Return => self.return_tickets(root, true),
            Transaction::ReturnOld => self.return_tickets(root, false),
            Transaction::RefundStatus => self.refund_status(root),
            Transaction::Endorse => self.endorse(root),
            Transaction::CheckStatus => self.check_status(root, false),
            Transaction::CheckRecord => self.check_status(root, true),
        }
    }

    /// The order of this number.
    pub fn order(&mut self, number: &str) -> Result<&mut Order> {
        self.orders.get_mut(number).ok_or(Refusal::OrderUnknown)
    }

    /// The line of this sub-order number.
    pub fn line(&mut self, number: &str) -> Result<&mut Line> {
        let order = self.order_of_line.get(number).and_then(|order| self.orders.get_mut(order));
        order.and_then(|order| order.lines.iter_mut().find(|line| line.number == number)).ok_or(Refusal::OrderUnknown)
    }

    /// Decides the audits whose time has come.
    pub fn tick(&mut self) {
        let approved = match self.options.audit {
            AuditMode::Manual => return,
            mode => mode == AuditMode::Approve,
        };
        let asked_by = self.now_ms().saturating_sub(self.options.audit_delay_ms);
        let due = |refund: &&Refund| refund.state == RefundState::Waiting && refund.asked_ms <= asked_by;
        let batches: Vec<String> = self.refunds.iter().filter(due).map(|refund| refund.batch.clone()).collect();
        for batch in batches {
            self.decide(&batch, approved);
        }
    }

    /// Tells the distributor, where a URL is registered.
    pub fn tell(&mut self, notice: Notice) {
        self.enqueue(&notice, Signature::Right);
        self.notices.push(notice);
    }

    /// Puts a notification into the outbox; `None` without a registered URL.
    pub fn enqueue(&mut self, notice: &Notice, signature: Signature) -> Option<u64> {
        let base = self.hooks.get(&notice.kind())?;
        let url = url(base, &notice.parameters(&self.options, signature));
        Some(self.post(notice.kind(), url))
    }

    /// Puts a prepared URL into the outbox, due at once.
    pub fn post(&mut self, kind: NoticeKind, url: String) -> u64 {
        if self.outbox.len() == OUTBOX_LIMIT {
            self.outbox.pop_front();
        }
        self.callbacks += 1;
        let callback = Callback { id: self.callbacks, kind, url, due_ms: self.now_ms(), attempts: 0 };
        self.outbox.push_back(callback);
        self.callbacks
    }

    /// Ends an order of which nothing is left, and tells (§8).
    pub fn end_if_done(&mut self, number: &str) {
        let Some(order) = self.orders.get_mut(number) else { return };
        if order.ended.is_some() || order.lines.iter().any(|line| line.open() > 0) {
            return;
        }
        let ended = if order.checked() > 0 { Ended::Checked } else { Ended::Cancelled };
        order.ended = Some(ended);
        let (total, checked, returned) = (order.total(), order.checked(), order.returned());
        self.tell(Notice::Finish { order: number.to_owned(), ended, total, checked, returned });
    }
}
