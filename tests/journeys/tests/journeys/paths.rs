//! Every path of the calendar ticket's state machine.

mod acceptance;
mod after_payment;
mod clocks;
mod issuing;
mod redemption;
mod refund_sources;
mod refunds;
mod refusals;
mod sale;
mod way;
