//! Checks of suppliers that are called, when the other side or the way to it misbehaves.
//!
//! - [`deed`]: one call that a card declares, ready to be made.
//! - [`losing`]: answers that never come, partners that fail, faults that have to keep their effect.
//! - [`garbage`]: answers that nobody can read.
//! - [`altering`]: right answers, changed in one place.
//! - [`patience`]: deadlines, quotas, and how often a partner is called.
//! - [`privacy`]: secrets, guests and tickets in no log, URL, fault or memo.

mod altering;
mod deed;
mod garbage;
mod losing;
mod patience;
mod privacy;

use crate::suite::Check;

pub(crate) const TABLES: &[&[Check]] =
    &[losing::CHECKS, garbage::CHECKS, altering::CHECKS, patience::CHECKS, privacy::CHECKS];
