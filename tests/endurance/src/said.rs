//! Calls, and the answers that were acknowledged: a call can be made again, and then says the same.

use serde_json::Value;

/// Something asked of the server, complete enough to be asked again.
#[derive(Debug, Clone)]
pub enum Call {
    /// The platform creates an order.
    Create {
        /// The platform's number.
        order: String,
    },
    /// The guest paid.
    Pay {
        /// The platform's number.
        order: String,
    },
    /// The order is cancelled.
    Cancel {
        /// The platform's number.
        order: String,
        /// Before payment, or because the creation failed.
        kind: i64,
    },
    /// Vouchers are asked for.
    Issue {
        /// The platform's number.
        order: String,
    },
    /// A refund is asked for.
    AskRefund {
        /// The platform's number.
        order: String,
        /// The refund's key.
        key: String,
        /// Places of the units; all that are left when none.
        units: Option<Vec<usize>>,
    },
    /// The money went back.
    Announce {
        /// The platform's number.
        order: String,
        /// The refund's key.
        key: String,
    },
    /// A person decides a refund.
    Decide {
        /// The platform's number.
        order: String,
        /// Our refund.
        refund: String,
        /// Yes or no.
        agree: bool,
        /// The request's key.
        key: String,
    },
    /// A gate lets units in.
    Redeem {
        /// The platform's number.
        order: String,
        /// Our order.
        ours: String,
        /// The units.
        units: Vec<u16>,
        /// The request's key.
        key: String,
    },
}

impl Call {
    /// The platform's number of the order it is about.
    pub fn order(&self) -> &str {
        match self {
            Self::Create { order }
            | Self::Pay { order }
            | Self::Cancel { order, .. }
            | Self::Issue { order }
            | Self::AskRefund { order, .. }
            | Self::Announce { order, .. }
            | Self::Decide { order, .. }
            | Self::Redeem { order, .. } => order,
        }
    }
}

/// A call with its acknowledged answer: `{code, data}` of the platform's calls, `{status, body}` of the API's.
#[derive(Debug, Clone)]
pub struct Said {
    /// What was asked.
    pub call: Call,
    /// What was answered.
    pub answer: Value,
}

impl Said {
    /// Whether it was done, not refused.
    pub fn is_done(&self) -> bool {
        self.answer["code"] == 0 || self.answer["status"] == 200
    }

    /// Whether it only said that something is under way: what comes then may be said later.
    fn is_promise(&self) -> bool {
        let data = &self.answer["data"];
        match self.call {
            Call::Pay { .. } => data["confirm_info"]["confirm_mode"] == 2,
            Call::Issue { .. } => data["result"] == 0,
            Call::AskRefund { .. } => data["audit_refund_result"] == 3,
            _ => false,
        }
    }

    /// Whether this answer to the same call keeps the word that was given.
    pub fn is_kept_by(&self, again: &Value) -> bool {
        if self.is_promise() { again["code"] == self.answer["code"] } else { again == &self.answer }
    }
}

#[test]
fn a_promise_may_be_followed_by_more_and_nothing_else_may_change() {
    use serde_json::json;
    let issue = |result: i64| Said {
        call: Call::Issue { order: "1".to_owned() },
        answer: json!({ "code": 0, "data": { "result": result } }),
    };
    assert!(issue(0).is_kept_by(&issue(1).answer));
    assert!(!issue(1).is_kept_by(&issue(0).answer));
    assert!(issue(1).is_kept_by(&issue(1).answer));
    assert!(!issue(0).is_kept_by(&json!({ "code": 7, "data": {} })));
}
