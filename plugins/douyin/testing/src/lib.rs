//! What the tests of Douyin's channel plugins share: the other side of a plugin, without a network.
//!
//! - [`calls`]: one made-up application and its signed calls.
//! - [`notices`]: an order's notices, and the credentials in them.
//! - [`douyin`]: Douyin as it answers when all is well, and the parts of its answers.
//! - [`mod@bench`]: a plugin opened before that Douyin, and what it said to it.
//! - [`golden`]: answers and calls against a page's example.

pub mod bench;
pub mod calls;
pub mod douyin;
pub mod golden;
pub mod notices;
