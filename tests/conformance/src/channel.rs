//! Checks of channels.
//!
//! - [`locating`]: is a call authentic, and what is it about?
//! - [`decoding`]: what does it mean?
//! - [`encoding`]: how is the outcome said?
//! - [`telling`]: notices, when all is well and when it is not.
//! - [`reserving`]: codes for the channel's own pool.
//! - [`looking`]: questions about the channel's own side.
//! - [`privacy`]: secrets, guests and tickets in no log, URL or fault.
//! - [`sample`]: calls, notices and outcomes to try.

mod decoding;
mod encoding;
mod locating;
mod looking;
mod privacy;
mod reserving;
mod sample;
mod telling;

use crate::suite::Check;

pub(crate) use sample::{all_notices, stranger};

pub(crate) const TABLES: &[&[Check]] = &[
    locating::CHECKS,
    decoding::CHECKS,
    encoding::CHECKS,
    telling::CHECKS,
    reserving::CHECKS,
    looking::CHECKS,
    privacy::CHECKS,
];
