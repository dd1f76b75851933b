//! The buttons of a [`Desk`]: what the operator of the simulated gateway and its gate can do, and see.

use std::error::Error;
use std::fmt;

use crate::callback::{Callback, Delivery, Sent};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::goods::Goods;
use crate::notice::{Notice, NoticeKind, Signature};
use crate::options::Options;
use crate::order::{Order, Refund};
use crate::record::Recorded;
use crate::transaction::Transaction;

/// Most repetitions of one callback.
const REPEAT_LIMIT: u32 = 1_000;

/// Nothing of that number is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuch;

/// The gate does not admit so many on that code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAdmitted;

impl fmt::Display for NoSuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing of that number is waiting")
    }
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gate does not admit so many on that code")
    }
}

impl Error for NoSuch {}
impl Error for NotAdmitted {}

/// Set-up.
impl Desk {
    /// Puts goods on sale; goods of the same code are replaced.
    pub fn sell(&self, goods: Goods) {
        self.book().goods.insert(goods.code.clone(), goods);
    }

    /// The goods of this code, with what is left of their slots.
    #[must_use]
    pub fn goods(&self, code: &str) -> Option<Goods> {
        self.book().goods.get(code).cloned()
    }

    /// Sets the deposit account (备佣金) of `vm` orders; not limited until then.
    pub fn set_deposit(&self, fen: i64) {
        self.book().deposit_fen = Some(fen);
    }

    /// Money on the deposit account.
    #[must_use]
    pub fn deposit(&self) -> Option<i64> {
        self.book().deposit_fen
    }

    /// Registers a notification's URL (§8: by hand, one each). What happens before is not sent later.
    pub fn register(&self, kind: NoticeKind, url: &str) {
        self.book().hooks.insert(kind, url.to_owned());
    }

    /// Changes options while it runs: audit mode, layouts, names. Numbers already given stay.
    pub fn change(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.book().options);
    }
}

/// The gate and the audit.
impl Desk {
    /// Checks tickets by assist code, whatever lines they are of; sends one check-in notification (§8).
    ///
    /// # Errors
    /// When fewer tickets are valid; then none is checked.
    pub fn redeem(&self, assist_code: &str, count: u32) -> Result<(), NotAdmitted> {
        self.book().check_assist_code(assist_code, count).then_some(()).ok_or(NotAdmitted)
    }

    /// Checks tickets of one sub-order.
    ///
    /// # Errors
    /// When fewer tickets are valid; then none is checked.
    pub fn redeem_line(&self, sub_order: &str, count: u32) -> Result<(), NotAdmitted> {
        self.book().check_line(sub_order, count).then_some(()).ok_or(NotAdmitted)
    }

    /// Admits the guest with this document on a real-name ticket.
    ///
    /// # Errors
    /// When no such ticket is valid.
    pub fn redeem_document(&self, document: &str) -> Result<(), NotAdmitted> {
        self.book().check_document(document).then_some(()).ok_or(NotAdmitted)
    }

    /// Decides an audit (§7) and tells (§8). Approving what was checked meanwhile rejects it.
    ///
    /// # Errors
    /// When no audit of this batch number waits.
    pub fn decide(&self, batch: &str, approved: bool) -> Result<(), NoSuch> {
        self.book().decide(batch, approved).then_some(()).ok_or(NoSuch)
    }

    /// Takes back what is left of an order though nobody asked; its end is told when nothing is left (inferred).
    ///
    /// # Errors
    /// When nothing is left, or there is no such order.
    pub fn withdraw(&self, order: &str) -> Result<(), NoSuch> {
        self.book().withdraw(order).then_some(()).ok_or(NoSuch)
    }
}

/// Faults.
impl Desk {
    /// Lets the next call go wrong that has a good signature, identity and transaction.
    pub fn next_fault(&self, fault: Fault) {
        self.book().faults.push(None, fault);
    }

    /// Lets the next call of this transaction go wrong.
    pub fn next_fault_of(&self, transaction: Transaction, fault: Fault) {
        self.book().faults.push(Some(transaction), fault);
    }

    /// Faults that have not struck.
    #[must_use]
    pub fn faults_waiting(&self) -> usize {
        self.book().faults.len()
    }

    /// Lets all answers go that [`crate::BadAnswer::Late`] holds back.
    pub fn release_held(&self) {
        self.releases.send_modify(|releases| *releases += 1);
    }
}

/// Callbacks (§8).
impl Desk {
    /// All callbacks waiting, in the order in which they go out.
    #[must_use]
    pub fn outbox(&self) -> Vec<Callback> {
        self.book().outbox.iter().cloned().collect()
    }

    /// Those that are due.
    #[must_use]
    pub fn due(&self) -> Vec<Callback> {
        let book = self.book();
        let now_ms = book.now_ms();
        book.outbox.iter().filter(|callback| callback.due_ms <= now_ms).cloned().collect()
    }

    /// Reports what came of sending a callback: accepted or out of steps it leaves the outbox, else it waits for the
    /// ladder's next step.
    ///
    /// # Errors
    /// When no such callback waits.
    pub fn settle(&self, id: u64, sent: Sent) -> Result<Delivery, NoSuch> {
        let mut book = self.book();
        let at_ms = book.now_ms();
        let place = book.outbox.iter().position(|callback| callback.id == id).ok_or(NoSuch)?;
        let mut callback = book.outbox.remove(place).ok_or(NoSuch)?;
        let delay_ms = book.options.retry_delays_ms.get(callback.attempts as usize).copied();
        callback.attempts += 1;
        let delivery = Delivery { at_ms, callback, over: sent.is_accepted() || delay_ms.is_none(), sent };
        if let Some(delay_ms) = delay_ms.filter(|_| !delivery.over) {
            let mut again = delivery.callback.clone();
            again.due_ms = at_ms.saturating_add(delay_ms);
            book.outbox.insert(place, again);
        }
        book.deliveries.push(delivery.clone());
        Ok(delivery)
    }

    /// Sends a callback, waiting or sent before, so many times more, word for word; due at once.
    ///
    /// # Errors
    /// When there was no such callback.
    pub fn repeat_callback(&self, id: u64, times: u32) -> Result<(), NoSuch> {
        let mut book = self.book();
        let sent = book.deliveries.iter().map(|delivery| &delivery.callback);
        let callback = book.outbox.iter().chain(sent).find(|callback| callback.id == id).cloned().ok_or(NoSuch)?;
        for _ in 0..times.min(REPEAT_LIMIT) {
            book.post(callback.kind, callback.url.clone());
        }
        Ok(())
    }

    /// Turns the outbox round: what happened last is told first.
    pub fn reverse_callbacks(&self) {
        self.book().outbox.make_contiguous().reverse();
    }

    /// Puts a callback off by so much.
    ///
    /// # Errors
    /// When no such callback waits.
    pub fn postpone_callback(&self, id: u64, ms: i64) -> Result<(), NoSuch> {
        let mut book = self.book();
        let callback = book.outbox.iter_mut().find(|callback| callback.id == id).ok_or(NoSuch)?;
        callback.due_ms = callback.due_ms.saturating_add(ms);
        Ok(())
    }

    /// Loses a callback: it is never sent.
    ///
    /// # Errors
    /// When no such callback waits.
    pub fn lose_callback(&self, id: u64) -> Result<(), NoSuch> {
        let mut book = self.book();
        let place = book.outbox.iter().position(|callback| callback.id == id).ok_or(NoSuch)?;
        book.outbox.remove(place);
        Ok(())
    }

    /// Puts any claim with any signature into the outbox. With [`Signature::Right`] it is the trap of §8: the signature
    /// covers the order number alone, so a false claim can be well signed.
    ///
    /// # Errors
    /// When no URL is registered for it.
    pub fn forge(&self, notice: &Notice, signature: Signature) -> Result<u64, NoSuch> {
        self.book().enqueue(notice, signature).ok_or(NoSuch)
    }
}

/// What can be seen.
impl Desk {
    /// All orders, by our number.
    #[must_use]
    pub fn orders(&self) -> Vec<Order> {
        self.book().orders.values().cloned().collect()
    }

    /// One order, by our number.
    #[must_use]
    pub fn order(&self, number: &str) -> Option<Order> {
        self.book().orders.get(number).cloned()
    }

    /// All refunds, in the order asked.
    #[must_use]
    pub fn refunds(&self) -> Vec<Refund> {
        self.book().refunds.clone()
    }

    /// The true notifications, oldest first, whether or not a URL was registered.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.book().notices.all()
    }

    /// Attempts to send callbacks, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.book().deliveries.all()
    }

    /// Calls received, oldest first.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.book().recorded.all()
    }

    /// Waits until so many calls were received in all.
    pub async fn called(&self, calls: usize) {
        // It ends in error only when the desk is gone, which this borrow excludes.
        let _ = self.calls.subscribe().wait_for(|received| *received >= calls).await;
    }
}
