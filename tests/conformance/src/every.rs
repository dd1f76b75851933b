//! Checks of every plugin.
//!
//! - [`card`]: what it says of itself.
//! - [`settings`]: what it is opened with.
//! - [`opening`]: how it opens.
//! - [`life`]: calls it does not take, and closing.

mod card;
mod life;
mod opening;
mod settings;

use crate::suite::Check;

pub(crate) const TABLES: &[&[Check]] = &[card::CHECKS, settings::CHECKS, opening::CHECKS, life::CHECKS];
