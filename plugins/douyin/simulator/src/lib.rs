//! A simulated Douyin life-services platform: the other side in every test of the Douyin plugins and in the demo.
//!
//! It depends on no other crate of the workspace. Signing, encryption and envelopes are written here a second time,
//! straight from `spec/douyin-common.md`, `spec/douyin-scenic-calendar.md` and `spec/douyin-fulfilment-and-goods.md`
//! ("common", "scenic" and "fulfilment" below), so that the plugins and the simulator check each other.
//!
//! Begin at [`Platform`]: [`Platform::start`], [`Platform::set_target`], then [`Platform::buy`] or the single steps.
//!
//! | module | what it holds |
//! |---|---|
//! | `platform` | the platform: start, target, faults, read access |
//! | `options` | how it is set up |
//! | `purchase` | what a guest buys |
//! | `buying` | behaviour: check, create, pay, issue, cancel (scenic §§2–4, 6, 11) |
//! | `refunding` | behaviour: refund review and result notice (scenic §§7, 9) |
//! | `reconciling` | behaviour: status query, expiry, pull, deadlines (scenic §§1.1, 10, 16) |
//! | `selling` | behaviour: products made in Laike, reviews and their webhook (scenic §§17, 19) |
//! | `webhooks` | behaviour: verification, events and their order (common §9) |
//! | `mishaps` | behaviour: calls that never arrive, refunds without a question, notices in another order |
//! | `groupbuy` | the voucher with online reservation (`spec/douyin-groupbuy-reservation.md`) |
//! | `scene` | the calls, their paths, limits and ladders (common §7.5) |
//! | `spi` | the signed caller with retries and faults (common §7) |
//! | `reply` | what came back |
//! | `bodies` | request bodies with all documented fields |
//! | `orders` | the platform's view of an order |
//! | `outcomes` | how answers move an order |
//! | `redemptions` | what was redeemed, when and by what (common §§13–15) |
//! | `rates` | calls a second (common §6) |
//! | `vouchers` | the rules for delivered vouchers (scenic §11) |
//! | `ledger` | bill lines and planted differences (common §15) |
//! | `catalogue` | products, specifications, reviews, shelf (scenic §§17–20) |
//! | `shops` | shops and their matching (scenic §21) |
//! | `reserved` | reserved codes (fulfilment §7) |
//! | `calendar` | prices and stock received (scenic §§14–16) |
//! | `fault` | one-shot faults |
//! | `record` | calls, exchanges and violations kept for tests |
//! | `misuse` | mistakes in the use of the simulator |
//! | [`sign`] | signatures (common §§7.2, 7.3, 9) |
//! | [`cipher`] | encrypted guest fields (common §8) |
//! | `ids` | ids from seeded counters |
//! | `openapi` | the OpenAPI server: gate, token and one module for each group of calls (common §§3–5) |

mod bodies;
mod buying;
mod calendar;
mod catalogue;
pub mod cipher;
mod fault;
mod groupbuy;
mod ids;
mod ledger;
mod mishaps;
mod misuse;
mod openapi;
mod options;
mod orders;
mod outcomes;
mod platform;
mod purchase;
mod rates;
mod reconciling;
mod record;
mod redemptions;
mod refunding;
mod reply;
mod reserved;
mod scene;
mod selling;
mod shops;
pub mod sign;
mod spi;
mod vouchers;
mod webhooks;

pub use buying::{BuyReport, OrderHandle};
pub use calendar::DayOffer;
pub use catalogue::{LaikeProduct, Product, ProductSource, ProductState, Specification, Verdict};
pub use fault::Fault;
pub use groupbuy::{
    AfterSale, By, CancelRule, Event, Family, GroupBuyOptions, IssueWhen, PairProduct, PurchaseState, RefundForm,
    Reservation, ReservationState, Solution, Sync, Telling, TimesCard, TimesItem, Told, VoucherTerms,
};
pub use ledger::{LedgerChange, LedgerLine};
pub use mishaps::CancelNotice;
pub use misuse::Misuse;
pub use openapi::TOKEN_PATH;
pub use options::{Clock, FieldEncryption, OrderMode, PlatformOptions, ReviewGate};
pub use orders::{Order, OrderState, Refund, RefundState, TEN_MINUTES_MS, Unit, UnitRefund, UnitState};
pub use platform::Platform;
pub use purchase::{Person, Purchase};
pub use reconciling::{DeadlineEvent, PullAsk, REVIEW_LIMIT_MS};
pub use record::{Call, Exchange, LOG_LIMIT, Violation};
pub use redemptions::{Redemption, RedemptionKind};
pub use refunding::{RefundAsk, RefundNotice, RefundReply};
pub use reply::{Attempt, Outcome, SpiReply};
pub use reserved::ReservedCode;
pub use scene::{Ladder, RetryOn, Scene};
pub use selling::AUDIT_EVENT;
pub use shops::Shop;
pub use spi::SignedRequest;
pub use vouchers::{IssuedVoucher, VoucherItem};
pub use webhooks::{CertificateAction, Release, WebhookCheck};
