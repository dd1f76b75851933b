//! What every Douyin Life Services solution shares: signatures, encrypted fields, envelopes, codes, and the
//! structures of the scenic and booking calls.
//!
//! Nothing but [`client`] and the calls in [`partner`] that go through it does I/O, reads a clock or keeps state, and that
//! only through the host. Each item names the section of the specification
//! it comes from ("common" is the common wire protocol, "scenic" the calendar ticket) and how sure that section is:
//! `documented` (an official page or SDK), `seen in client code` (somebody else's), `inferred` (ours: keep it behind
//! configuration).
//!
//! | module | holds |
//! |---|---|
//! | [`sign`] | SPI signatures (new, old), webhook signature, raw query strings |
//! | [`cipher`] | local decryption of encrypted fields |
//! | [`number`] | ids, 64-bit numbers, fen; tolerant readers |
//! | [`time`] | instants by unit, days |
//! | [`envelope`] | SPI answers out, OpenAPI answers in |
//! | [`faults`] | OpenAPI error codes and what to do about them |
//! | [`codes`] | the codes our SPI answers carry |
//! | [`kinds`] | numeric enumerations, all open |
//! | [`person`] | buyers, travellers, private texts |
//! | [`rules`] | amounts, ticket, refund and booking rules |
//! | [`voucher`] | vouchers with gate, items and credentials |
//! | [`order`] | booking check, create, pay, cancel, status query: requests |
//! | [`refund`] | refund review and result notice: requests |
//! | [`issue`] | issue voucher: request |
//! | [`promise`] | the group ticket's own calls (V2): pre-order, issue call, callback |
//! | [`generic`] | generic third-party codes (V1): pre-order, refund request, callback, status query |
//! | [`sync`] | what Douyin decided without us |
//! | [`calendar`] | price and stock: the pull's request and answer, the publish calls' bodies |
//! | [`goods`] | products, audit, shelf, shops: answers |
//! | [`reserved`] | codes in Douyin's own pool: import, the order of a code |
//! | [`trade`] | orders, uses, bills, opened texts: answers |
//! | [`answer`] | payloads of our answers |
//! | [`client`] | token and signed OpenAPI calls, through the host's services |
//! | [`partner`] | what a channel plugin does with all of it, whichever solution it sells |

pub mod answer;
pub mod calendar;
pub mod cipher;
pub mod client;
pub mod codes;
pub mod envelope;
pub mod faults;
pub mod generic;
pub mod goods;
pub mod issue;
pub mod kinds;
pub mod number;
pub mod order;
pub mod partner;
pub mod person;
pub mod promise;
pub mod refund;
pub mod reserved;
pub mod rules;
pub mod sign;
pub mod sync;
pub mod time;
pub mod trade;
pub mod voucher;
