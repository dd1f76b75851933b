//! The three notifications (§8): HTTP GET with query parameters, signed over the order number only.

use crate::options::Options;
use crate::sign::{bare_sign, named_sign};

/// Which of the three, each with a URL registered by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// Check-in (核销通知).
    CheckIn,
    /// Order finished (完结通知).
    Finish,
    /// Refund audit (退票通知).
    Refund,
}

/// How an order ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// `success`: nothing is left, and something was checked.
    Checked,
    /// `cancel`: all was returned.
    Cancelled,
}

/// What a notification claims. The gateway makes true ones; [`crate::Desk::forge`] sends any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Tickets were checked.
    CheckIn {
        /// Our main order number.
        order: String,
        /// Tickets of the order.
        total: u32,
        /// `checkNum`.
        checked: u32,
        /// `returnNum`.
        returned: u32,
    },
    /// The order has ended.
    Finish {
        /// Our main order number.
        order: String,
        /// How.
        ended: Ended,
        /// Tickets of the order.
        total: u32,
        /// `checkNum`.
        checked: u32,
        /// `returnNum`.
        returned: u32,
    },
    /// A refund was decided; one notification a line.
    Refund {
        /// `retreatBatchNo`.
        batch: String,
        /// Our main order number.
        order: String,
        /// Our sub-order number.
        line: String,
        /// `auditStatus`.
        approved: bool,
        /// `returnNum`.
        returned: u32,
    },
}

/// How a notification is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// As §8 says.
    Right,
    /// With another key.
    Wrong,
    /// The parameter is left out.
    Missing,
}

impl Notice {
    /// Which URL it goes to.
    #[must_use]
    pub fn kind(&self) -> NoticeKind {
        match self {
            Notice::CheckIn { .. } => NoticeKind::CheckIn,
            Notice::Finish { .. } => NoticeKind::Finish,
            Notice::Refund { .. } => NoticeKind::Refund,
        }
    }

    /// The query parameters, signature last.
    #[must_use]
    pub fn parameters(&self, options: &Options, signature: Signature) -> Vec<(String, String)> {
        let key = match signature {
            Signature::Wrong => "not the private key",
            Signature::Right | Signature::Missing => options.private_key.as_str(),
        };
        let (mut pairs, sign) = match self {
            Notice::CheckIn { order, total, checked, returned } => {
                let mut pairs = vec![("order_no", order.clone()), ("status", "check".to_owned())];
                pairs.extend(counters(*total, *checked, *returned));
                (pairs, named_sign("order_no", order, key))
            }
            Notice::Finish { order, ended, total, checked, returned } => {
                let name = options.finish_parameter.as_str();
                let status = if *ended == Ended::Checked { "success" } else { &options.cancel_word };
                let mut pairs = vec![(name, order.clone()), ("status", status.to_owned())];
                pairs.extend(counters(*total, *checked, *returned));
                (pairs, named_sign(name, order, key))
            }
            Notice::Refund { batch, order, line, approved, returned } => {
                let status = if *approved { "success" } else { "failure" };
                let pairs = vec![
                    ("retreatBatchNo", batch.clone()),
                    (options.refund_parameter.as_str(), order.clone()),
                    ("subOrderCode", line.clone()),
                    ("auditStatus", status.to_owned()),
                    ("returnNum", returned.to_string()),
                ];
                (pairs, bare_sign(order, key))
            }
        };
        if signature != Signature::Missing {
            pairs.push(("sign", sign));
        }
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn counters(total: u32, checked: u32, returned: u32) -> [(&'static str, String); 3] {
    [("total", total.to_string()), ("checkNum", checked.to_string()), ("returnNum", returned.to_string())]
}
