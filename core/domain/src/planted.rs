//! Bugs on purpose, so that the simulation, and the tests of a solution's rules, can prove that they find them.
//!
//! They exist only under the feature `planted`, which nothing but `tests/simulation` and the rule tests of a plugin enable,
//! and only in builds with debug assertions: an optimised build has none of them whatever features it was given. Elsewhere [`is`] is a constant
//! `false` and its branches are gone.

/// A bug that can be planted. Each is one a careful person could have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// An unpaid order takes no stock.
    ForgetHold,
    /// An unpaid order that ends keeps its stock.
    ForgetRelease,
    /// An unpaid order that ends keeps its credit.
    ForgetCreditRelease,
    /// The hold of an unpaid order never runs out.
    HoldForEver,
    /// A cell sells one unit more than it has.
    SoldOutByOne,
    /// A sale does not look at the credit line.
    OverdrawnLine,
    /// The distributor pays the guest's price.
    RetailPosted,
    /// A stay takes all its nights but the last.
    MissedNight,
    /// Units that were given back are given back again.
    RefundedTwice,
    /// Whatever units the channel names, all that are open go.
    RefundOfTheRest,
    /// An order is made although its refund came before it.
    EarlyRefundForgotten,
    /// A fact that came a moment after its order is stored where nobody looks.
    LateFactSwallowed,
    /// A unit can be used again.
    UsedTwice,
    /// Units can be used while their refund is agreed.
    UsedWhileRefunding,
    /// A ticket whose money is gone stays at the supplier.
    RefundedTicketKept,
    /// The callback that was promised is not made.
    CallbackForgotten,
    /// A key used for something else gets the first answer.
    ContentsIgnored,
    /// Commands of one batch do not see each other's stock.
    NeighboursUnseen,
    /// The code of a refunded unit goes back into its pool.
    CodeGivenAgain,
    /// The keys of all connections share one scope.
    WrongKeyScope,
    /// All scenes share one kind of key.
    KeyWithoutScene,
    /// Answers are not stored.
    KeyNotStored,
    /// A commit of unknown outcome is taken for done.
    UnknownCommitTaken,
    /// What was decided ahead is taken whatever the batch sees.
    ForesightTrusted,
    /// A fact and its order do not see each other in one batch.
    FactUnseenInBatch,
    /// A job that has to be tried again is taken for ended.
    LostJob,
    /// A job dies and nobody is told.
    SilentDeath,
    /// A booking of unknown outcome is made again without asking.
    BlindRepeat,
    /// A notice of unknown outcome is sent again although it may not be.
    BlindNotice,
    /// A call goes out before its job is marked as started.
    CallBeforeMark,
    /// Whoever lost a lease can still use it.
    UnfencedLease,
    /// A reservation leaves its voucher's units free.
    ReservedTwice,
    /// A reservation that ends keeps its voucher's units.
    ReservationKept,
    /// A person may buy one unit more than a limit says.
    LimitByOne,
    /// What was given back still counts for a limit.
    LimitKept,
    /// The next supplier is asked although nobody knows what the first one did.
    MovedOnBlindly,
    /// A call for credentials that came before its order is forgotten.
    EarlyCallForgotten,
    /// A rule decides a refund of which a person was to decide, because a ticket is on its way.
    UnissuedByRule,
    /// A pair may be of any two kinds.
    PairOfAnyKind,
    /// A full-width bar separates the halves of a pair, too.
    FullWidthBarTaken,
    /// A voucher may be bound to two products.
    SecondReservationTaken,
    /// A check asks for credit for what a reservation does not cost.
    ReservationPriced,
    /// A voucher may ask for documents, which nobody tells with it.
    VoucherWantsDocument,
    /// What the guest pays is compared with the price.
    PaidPriceCompared,
    /// What is good for some days after the visit is good for one more.
    OneDayMore,
    /// A document is accepted that is not on the list.
    ForeignPassportTaken,
    /// Products that draw on one stock have one each.
    StockNotShared,
    /// A changed window holds for what was sold before.
    NewWindowForOldOrder,
    /// Dates are reserved a day further ahead.
    WindowOneDayLonger,
    /// A date sells after its sales have ended.
    CutOffIgnored,
    /// Some of the units that go together are reserved.
    PartReserved,
    /// Nobody counts for tickets before they are called for.
    ClockFromIssueCall,
    /// A voucher counts as reserved before the tickets are there.
    ReservedTooEarly,
    /// One used unit leaves the others of its order open.
    OnlyOneUsed,
    /// A ticket is used before its first day.
    EarlyUseTaken,
    /// A refund for want of tickets is refused without them.
    RefusedWithoutCodes,
    /// Codes that come while such a refund waits repair nothing.
    LateCodesForgotten,
    /// A refund that nobody was asked about leaves a voucher as it is.
    UnaskedRefundKept,
    /// Nobody is warned before the dates of a voucher end.
    WindowForgotten,
    /// A reservation that customer service ends stays.
    UnaskedReservationKept,
    /// The steps of a refund rule are passed over.
    StepsIgnored,
    /// A refund of what expired waits for a person.
    ExpiredRefused,
    /// What is used may be given back.
    RedeemedRefunded,
    /// What a plugin does not declare is taken for told.
    UndeclaredTold,
    /// A duty is not shown: the first of a card.
    FirstDutyMissing,
    /// A duty is not shown: the fourth of a card.
    FourthDutyMissing,
    /// A duty is not shown: the last of a card.
    LastDutyMissing,
    /// The trial counts as done before it is.
    TrialAlwaysOk,
    /// A date without a price is passed over.
    MissingDateUnseen,
    /// Stock here and there are not compared.
    StockNotCompared,
    /// Refund rules here and there are not compared.
    RulesNotCompared,
    /// The sheet names no address.
    SheetWithoutUrl,
    /// A use is taken back by redeeming again.
    UseTakenBack,
}

impl Bug {
    /// Those that the simulation has to find. The others are found by the rules of a solution, each by the test of one rule.
    pub const ALL: [Self; 38] = [
        Self::ForgetHold,
        Self::ForgetRelease,
        Self::ForgetCreditRelease,
        Self::HoldForEver,
        Self::SoldOutByOne,
        Self::OverdrawnLine,
        Self::RetailPosted,
        Self::MissedNight,
        Self::RefundedTwice,
        Self::RefundOfTheRest,
        Self::EarlyRefundForgotten,
        Self::LateFactSwallowed,
        Self::UsedTwice,
        Self::UsedWhileRefunding,
        Self::RefundedTicketKept,
        Self::CallbackForgotten,
        Self::ContentsIgnored,
        Self::NeighboursUnseen,
        Self::CodeGivenAgain,
        Self::WrongKeyScope,
        Self::KeyWithoutScene,
        Self::KeyNotStored,
        Self::UnknownCommitTaken,
        Self::ForesightTrusted,
        Self::FactUnseenInBatch,
        Self::LostJob,
        Self::SilentDeath,
        Self::BlindRepeat,
        Self::BlindNotice,
        Self::CallBeforeMark,
        Self::UnfencedLease,
        Self::ReservedTwice,
        Self::ReservationKept,
        Self::LimitByOne,
        Self::LimitKept,
        Self::MovedOnBlindly,
        Self::EarlyCallForgotten,
        Self::UnissuedByRule,
    ];
}

/// Whether this build can have bugs planted.
pub const POSSIBLE: bool = cfg!(all(feature = "planted", debug_assertions));

#[cfg(all(feature = "planted", debug_assertions))]
mod active {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static ACTIVE: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether this bug is planted on this thread.
    #[must_use]
    pub fn is(bug: Bug) -> bool {
        ACTIVE.get() == Some(bug)
    }

    /// A bug on this thread, until this is dropped.
    #[derive(Debug)]
    #[must_use = "the bug goes when this is dropped"]
    pub struct Planted(());

    impl Planted {
        /// Plants a bug on this thread, in the place of any other.
        pub fn new(bug: Bug) -> Self {
            ACTIVE.set(Some(bug));
            Self(())
        }
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            ACTIVE.set(None);
        }
    }
}

#[cfg(all(feature = "planted", debug_assertions))]
pub use active::{Planted, is};

/// Whether this bug is planted on this thread: never, in this build.
#[cfg(not(all(feature = "planted", debug_assertions)))]
#[must_use]
pub const fn is(_: Bug) -> bool {
    false
}
