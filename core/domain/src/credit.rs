//! Distributor credit as append-only double-entry postings.
//!
//! Five books: a distributor's `balance` and `held`, the merchant's `sales`, `funding` (where top-ups and adjustments
//! come from), and `transit` (between two distributors; empty after every command). A posting moves an amount from one book to another, so all books always sum to zero, and an
//! account's numbers are the sums of its postings. `balance + limit` never falls below zero by a sale.

use entrepot_contract::ids::{DistributorId, OrderId, RefundId};
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::planted::{self, Bug};

/// A book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Book {
    /// What the distributor may spend, besides the limit; negative when he owes.
    Balance,
    /// Set aside for unpaid orders.
    Held,
    /// The merchant's sales.
    Sales,
    /// Where top-ups and adjustments come from.
    Funding,
    /// On its way from one distributor to another.
    Transit,
}

/// Kinds of posting, each from one book to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingKind {
    /// Money came in.
    TopUp,
    /// Set aside for an unpaid order.
    Hold,
    /// Taken back from being set aside.
    Release,
    /// A held amount was earned.
    Capture,
    /// An amount was earned without having been held.
    Sale,
    /// An earned amount goes back.
    Refund,
    /// A correction in the distributor's favour.
    AdjustUp,
    /// A correction in the merchant's favour.
    AdjustDown,
    /// Given to another distributor.
    TransferOut,
    /// Received from another distributor.
    TransferIn,
}

impl PostingKind {
    /// From which book to which.
    #[must_use]
    pub const fn books(self) -> (Book, Book) {
        match self {
            Self::TopUp | Self::AdjustUp => (Book::Funding, Book::Balance),
            Self::Hold => (Book::Balance, Book::Held),
            Self::Release => (Book::Held, Book::Balance),
            Self::Capture => (Book::Held, Book::Sales),
            Self::Sale => (Book::Balance, Book::Sales),
            Self::Refund => (Book::Sales, Book::Balance),
            Self::AdjustDown => (Book::Balance, Book::Funding),
            Self::TransferOut => (Book::Balance, Book::Transit),
            Self::TransferIn => (Book::Transit, Book::Balance),
        }
    }

    /// Whether the limit has to reach for it.
    const fn spends(self) -> bool {
        matches!(self, Self::Hold | Self::Sale | Self::AdjustDown | Self::TransferOut)
    }
}

/// A distributor's account with one merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub distributor: DistributorId,
    /// In which currency.
    pub currency: Currency,
    /// How far the balance may fall below zero.
    pub limit_minor: i64,
    /// What may be spent, besides the limit.
    pub balance_minor: i64,
    /// What is set aside.
    pub held_minor: i64,
    /// Number of the last posting.
    pub sequence: i64,
}

impl Account {
    /// A new account: nothing, and no limit.
    #[must_use]
    pub fn new(distributor: DistributorId, currency: Currency) -> Self {
        Self { distributor, currency, limit_minor: 0, balance_minor: 0, held_minor: 0, sequence: 0 }
    }

    /// What may still be spent.
    #[must_use]
    pub fn available_minor(&self) -> i64 {
        self.balance_minor.saturating_add(self.limit_minor)
    }
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The account.
    pub distributor: DistributorId,
    /// Counts up from 1 within the account.
    pub sequence: i64,
    /// What happened.
    pub kind: PostingKind,
    /// The book it was taken from.
    pub from: Book,
    /// The book it went to.
    pub to: Book,
    /// Always positive.
    pub amount_minor: i64,
    /// The account's balance after it.
    pub balance_after_minor: i64,
    /// What is set aside after it.
    pub held_after_minor: i64,
    /// The order it belongs to.
    pub order: Option<OrderId>,
    /// The refund it belongs to.
    pub refund: Option<RefundId>,
    /// When.
    pub at: Timestamp,
    /// Who caused it.
    pub by: String,
    /// For people.
    pub note: Option<String>,
}

/// Why and for what a posting is made.
#[derive(Debug, Clone, Default)]
pub struct PostingCause {
    /// The order.
    pub order: Option<OrderId>,
    /// The refund.
    pub refund: Option<RefundId>,
    /// Who.
    pub by: String,
    /// For people.
    pub note: Option<String>,
}

/// Makes a posting: the account after it and the line itself. Refuses an overdraft, another currency, and overflow.
pub fn post(
    account: &Account,
    kind: PostingKind,
    amount: Money,
    cause: PostingCause,
    at: Timestamp,
) -> Result<(Account, Posting), Refusal> {
    if amount.currency != account.currency {
        return Err(Refusal::new(
            Reason::Other,
            format!(
                "account {} is kept in {:?}, the amount is {:?}",
                account.distributor, account.currency, amount.currency
            ),
        ));
    }
    if amount.amount_minor <= 0 {
        return Err(Refusal::new(Reason::Other, format!("a posting needs a positive amount, found {amount}")));
    }
    let checked = kind.spends() && !planted::is(Bug::OverdrawnLine);
    if checked && account.available_minor() < amount.amount_minor {
        return Err(Refusal::new(
            Reason::CreditShort,
            format!(
                "distributor {} has {} left, {amount} is needed",
                account.distributor,
                Money::new(account.available_minor(), account.currency)
            ),
        ));
    }
    let (from, to) = kind.books();
    let mut after = account.clone();
    for (book, sign) in [(from, -1), (to, 1)] {
        let number = match book {
            Book::Balance => &mut after.balance_minor,
            Book::Held => &mut after.held_minor,
            Book::Sales | Book::Funding | Book::Transit => continue,
        };
        *number = number.checked_add(sign * amount.amount_minor).ok_or_else(|| {
            Refusal::new(Reason::Other, format!("account {} cannot count so much money", account.distributor))
        })?;
    }
    after.sequence += 1;
    let posting = Posting {
        distributor: account.distributor.clone(),
        sequence: after.sequence,
        kind,
        from,
        to,
        amount_minor: amount.amount_minor,
        balance_after_minor: after.balance_minor,
        held_after_minor: after.held_minor,
        order: cause.order,
        refund: cause.refund,
        at,
        by: cause.by,
        note: cause.note,
    };
    Ok((after, posting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_be_overdrawn_but_a_refund_always_fits() {
        let mut account = Account::new(DistributorId::parse("d").unwrap(), Currency::CNY);
        account.limit_minor = 100;
        let at = Timestamp::from_millis(0);
        let (held, _) = post(&account, PostingKind::Hold, Money::fen(100), PostingCause::default(), at).unwrap();
        assert_eq!((held.balance_minor, held.held_minor), (-100, 100));
        let refusal = post(&held, PostingKind::Sale, Money::fen(1), PostingCause::default(), at).unwrap_err();
        assert_eq!(refusal.reason, Reason::CreditShort);
        let (sold, _) = post(&held, PostingKind::Capture, Money::fen(100), PostingCause::default(), at).unwrap();
        let (back, line) = post(&sold, PostingKind::Refund, Money::fen(100), PostingCause::default(), at).unwrap();
        assert_eq!((back.balance_minor, back.held_minor, line.sequence), (0, 0, 3));
        assert!(post(&back, PostingKind::TopUp, Money::fen(-1), PostingCause::default(), at).is_err());
        assert!(post(&back, PostingKind::TopUp, Money::fen(i64::MAX), PostingCause::default(), at).is_ok());
    }
}
