//! A simulated Zhiyoubao (智游宝) ticket gateway: the other side of its supplier plugin in tests and in the demo.
//!
//! It depends on no other crate of the workspace. Signing, XML and forms are written here a second time, straight from
//! `spec/supplier-zhiyoubao.md` (the § signs below are its sections), so that plugin and simulator check each other.
//! What the page does not know is an option in [`Options`] with a default.
//!
//! Begin at [`Zhiyoubao::start`] (a loopback port) or [`Desk::new`] (no network).
//!
//! | module | what it holds |
//! |---|---|
//! | `options` | how a gateway is set up; every guess of the page is a field |
//! | `goods` | what the gateway sells: goods codes, real-name goods, time slots (§§3, 6) |
//! | `transaction` | the transactions and their answers' names |
//! | [`sign`] | signatures of requests and notifications (§§1, 8) |
//! | `xml` | elements, bounded |
//! | `request` | form, signature, envelope (§§1, 2) |
//! | `refusal` | every refusal with code and text (§2) |
//! | `reply` | an answer before and after it is written (§2) |
//! | `desk` | the gateway without a network: it answers calls |
//! | `operator` | the buttons: gate, audits, faults, callbacks |
//! | `book` | orders, refunds, deposit, callbacks waiting |
//! | `order` | an order, its lines and guests |
//! | `selling` | order and issue (§3) |
//! | `querying` | order and check queries, slots (§§4, 6, 9) |
//! | `showing` | pictures, links and short messages (§5) |
//! | `refunding` | cancel, partial return, audit, re-schedule (§7) |
//! | `gate` | tickets used, orders ended (§8) |
//! | `notice` | the three notifications, true or forged (§8) |
//! | `callback` | notifications on their way, with the retry ladder (§8) |
//! | `fault` | what goes wrong with one call |
//! | `record` | calls and deliveries kept for tests |
//! | `time` | China time |
//! | `money` | fen and yuan |
//! | `server` | the desk on a loopback port, and the sender of callbacks |

mod book;
mod callback;
mod desk;
mod fault;
mod gate;
mod goods;
mod money;
mod notice;
mod operator;
mod options;
mod order;
mod querying;
mod record;
mod refunding;
mod refusal;
mod reply;
mod request;
mod selling;
mod server;
mod showing;
pub mod sign;
mod time;
mod transaction;
mod xml;

pub use callback::{Callback, Delivery, Sent};
pub use desk::Desk;
pub use fault::{BadAnswer, Fault};
pub use goods::{Goods, Slot};
pub use notice::{Ended, Notice, NoticeKind, Signature};
pub use operator::{NoSuch, NotAdmitted};
pub use options::{
    AuditMode, CheckCount, CheckLayout, Clock, ImageElement, LineList, Options, QueryLayout, RepeatedReturn, SlotNames,
    ThirdCode,
};
pub use order::{Check, Contact, Guest, GuestState, Line, Order, Refund, RefundLine, RefundState};
pub use record::{LOG_LIMIT, Recorded};
pub use refusal::Refusal;
pub use reply::{Answer, Pace};
pub use server::{Gateway, Zhiyoubao};
pub use transaction::Transaction;
