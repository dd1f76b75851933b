//! Every defect: by what its check is about. The matrix test holds these lists against the suite's.

mod card;
mod change;
mod channel;
mod pool;
mod selling;
mod serving;
mod trouble;

use super::Defect;

/// Of any plugin; shown with the reference supplier.
pub const EVERY: &[Defect] = card::DEFECTS;
/// Of any plugin; shown with the reference channel, which needs no setting.
pub const EVERY_OF_CHANNELS: &[Defect] = card::DEFECTS_OF_CHANNELS;
/// Of suppliers that are called: selling, inquiring, cancelling.
pub const SELLING: &[Defect] = selling::DEFECTS;
/// Of suppliers that are called: holding, use, tickets, calendars, news.
pub const SERVING: &[Defect] = serving::DEFECTS;
/// Of suppliers that are called, in trouble.
pub const TROUBLE: &[Defect] = trouble::DEFECTS;
/// Of suppliers that fulfil from a pool.
pub const POOL: &[Defect] = pool::DEFECTS;
/// Of channels.
pub const CHANNEL: &[Defect] = channel::DEFECTS;

/// The defect of that name.
#[must_use]
pub fn named(name: &str) -> Option<Defect> {
    [EVERY, EVERY_OF_CHANNELS, SELLING, SERVING, TROUBLE, POOL, CHANNEL]
        .into_iter()
        .flatten()
        .find(|defect| defect.name == name)
        .copied()
}
