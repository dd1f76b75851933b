//! A plugin that is bad on purpose, so that hosts can be shown to survive it. Nothing of it runs in service.
//!
//! It has one defect at a time. What shows in calls is chosen by the settings key `defect`, and only a product that is
//! not called `fine` meets it. What shows before there are settings is chosen by the library's [`mark()`].
//!
//! - [`defect`]: the defects, as settings.
//! - [`plugin`](mod@plugin): the plugin that has them.
//! - [`mod@reference`]: plugins that have no defect; [`spoilt`]: what is put around them, one defect for each check of the
//!   conformance suite.
//! - [`mark`](mod@mark): a place in the compiled file that a test overwrites: many libraries from one build.
//!
//! `libraries/` has the loadable files: `bad-plugin` over the SDK, `bad-table` with a C table written by hand, and
//! `bad-symbol` for another ABI.

pub mod defect;
pub mod mark;
pub mod plugin;
pub mod reference;
pub mod spoilt;

pub use mark::mark;
pub use plugin::{healthy, plugin};
