//! The rules: pure functions and tables. No I/O, no async, no clock and no randomness of its own.
//!
//! One command is decided in three steps: [`footprint::needs`] says what it has to see, [`decide::decide`] turns the
//! command and what it sees into changes or a refusal, and [`state::State::apply`] applies the changes, so that the next command of the
//! same batch sees them.
//!
//! - [`command`]: what may be asked for, with its key; [`seed`]: where its ids come from; [`answer`]: what is answered and stored under that key.
//! - [`state`]: what a batch has loaded; [`catalogue`]: a merchant's products, prices and rules.
//! - [`footprint`]: which rows a command has to see.
//! - [`alert`]: what somebody should look at; [`deadline`]: what must happen in time.
//! - [`change`]: the changes, and [`change::Writes`], their sum for storage.
//! - [`code`]: imported codes: where they stand, on which days they are good; [`upload`]: how they are handed over to a
//!   channel's own pool.
//! - [`decide`]: one file per kind of command.
//! - [`transitions`]: the table of an order's states.
//! - [`credit`]: postings and accounts; [`stock`]: cells; [`limits`]: how much one person may buy;
//!   [`refund_rule`]: what a guest gets back; [`refund_line`]: what a channel decided by itself; [`route`]: which suppliers may fulfil;
//!   [`pair`]: what has to hold for a voucher and what is reserved with it, told by [`said`] in two languages;
//!   [`guests`]: what has to be known about guests; [`venue`]: venue-local dates and cut-offs.
//! - [`job`]: what must reach the outside later.
//! - [`standing`]: what an operator reads of a voucher and its reservations.
//! - [`difference`]: what differs between our orders and what a channel says of them.
//! - [`invariants`]: what has to hold after every command, checked by tests and the demo.
//! - [`planted`]: bugs on purpose, for the simulation; absent from every other build.

pub mod alert;
pub mod answer;
pub mod catalogue;
pub mod change;
pub mod code;
pub mod command;
pub mod credit;
pub mod deadline;
pub mod decide;
pub mod difference;
pub mod footprint;
pub mod guests;
pub mod invariants;
pub mod job;
pub mod limits;
pub mod pair;
pub mod planted;
pub mod refund_line;
pub mod refund_rule;
pub mod route;
pub mod said;
pub mod seed;
pub mod standing;
pub mod state;
pub mod stock;
pub mod transitions;
pub mod upload;
pub mod venue;
