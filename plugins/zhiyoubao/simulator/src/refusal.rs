//! Refusals. §2 knows code 6 and "other > 0"; no table of numbers was found, so the others share an option's code,
//! and only the texts marked "seen" are the page's.

use crate::options::Options;

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Code 6: the sub-order number was used (§3, text seen).
    SubOrderExists,
    /// Code 6: the main order number was used (§2, text inferred).
    OrderExists,
    /// Code 6: no such order (§2, text seen).
    OrderUnknown,
    /// Code 6: the refund is still audited (§7, text seen).
    AuditWaiting,
    /// The signature is wrong (inferred).
    BadSignature,
    /// The message is no XML of the expected kind (inferred).
    BadMessage,
    /// Another `corpCode` or `userName` (inferred).
    UnknownUser,
    /// A transaction that is not played (inferred).
    UnknownTransaction,
    /// A required element is missing (inferred).
    MissingField,
    /// More lines, tickets or orders than are taken (inferred).
    TooMuch,
    /// Price × quantity and totals disagree, or no amount (§3 demands it; text inferred).
    BadAmount,
    /// Not the agreed price (inferred).
    WrongPrice,
    /// No such goods code (inferred).
    UnknownGoods,
    /// No date, or one that is over (inferred).
    BadDate,
    /// The guests do not match the quantity, one has no name or document (§3), or two have one document (inferred; the
    /// text, too).
    GuestsNeeded,
    /// The contact has no document (§3; text inferred).
    DocumentNeeded,
    /// Time-slot goods without a slot that exists (§3; text inferred).
    SlotNeeded,
    /// The slot is sold out (inferred).
    SlotFull,
    /// Another pay method than the page's three (inferred).
    PayMethodUnknown,
    /// The deposit account does not cover the order (inferred).
    DepositTooLow,
    /// Tickets were checked (inferred for whole orders).
    AlreadyChecked,
    /// Fewer tickets are left than shall be returned (inferred).
    NotEnoughLeft,
    /// The documents to return are not as many as tickets, or not of this line (§7; text inferred).
    GuestUnknown,
    /// The same cancellation again (inferred).
    ReturnRepeated,
    /// No such batch number (inferred).
    BatchUnknown,
    /// The line cannot move to another date (inferred).
    NotEndorsable,
}

impl Refusal {
    /// All of them, for tests that try each.
    pub const ALL: [Refusal; 26] = [
        Refusal::SubOrderExists,
        Refusal::OrderExists,
        Refusal::OrderUnknown,
        Refusal::AuditWaiting,
        Refusal::BadSignature,
        Refusal::BadMessage,
        Refusal::UnknownUser,
        Refusal::UnknownTransaction,
        Refusal::MissingField,
        Refusal::TooMuch,
        Refusal::BadAmount,
        Refusal::WrongPrice,
        Refusal::UnknownGoods,
        Refusal::BadDate,
        Refusal::GuestsNeeded,
        Refusal::DocumentNeeded,
        Refusal::SlotNeeded,
        Refusal::SlotFull,
        Refusal::PayMethodUnknown,
        Refusal::DepositTooLow,
        Refusal::AlreadyChecked,
        Refusal::NotEnoughLeft,
        Refusal::GuestUnknown,
        Refusal::ReturnRepeated,
        Refusal::BatchUnknown,
        Refusal::NotEndorsable,
    ];

    /// The answer's `code` (§2).
    #[must_use]
    pub fn code(self, options: &Options) -> u32 {
        match self {
            Refusal::SubOrderExists | Refusal::OrderExists | Refusal::OrderUnknown | Refusal::AuditWaiting => 6,
            _ => options.failure_code,
        }
    }

    /// The answer's `description`.
    #[must_use]
    pub fn description(self, options: &Options) -> &str {
        match self {
            Refusal::SubOrderExists => "子订单编号已存在！",
            Refusal::OrderExists => "订单编号已存在！",
            Refusal::OrderUnknown => &options.unknown_order_text,
            Refusal::AuditWaiting => "等待审核中",
            Refusal::BadSignature => "签名错误",
            Refusal::BadMessage => "报文格式错误",
            Refusal::UnknownUser => "企业码或用户名错误",
            Refusal::UnknownTransaction => "接口不存在",
            Refusal::MissingField => "必填项为空",
            Refusal::TooMuch => "数量超出限制",
            Refusal::BadAmount => "订单金额错误",
            Refusal::WrongPrice => "票价不一致",
            Refusal::UnknownGoods => "商品编码不存在",
            Refusal::BadDate => "游玩日期错误",
            Refusal::GuestsNeeded => "实名信息与数量不符",
            Refusal::DocumentNeeded => "联系人证件号不能为空",
            Refusal::SlotNeeded => "分时时段错误",
            Refusal::SlotFull => "分时库存不足",
            Refusal::PayMethodUnknown => "支付方式错误",
            Refusal::DepositTooLow => "备佣金余额不足",
            Refusal::AlreadyChecked => "已检票，不能退票",
            Refusal::NotEnoughLeft => "可退数量不足",
            Refusal::GuestUnknown => "退票证件号错误",
            Refusal::ReturnRepeated => "退票申请已存在",
            Refusal::BatchUnknown => "退单批次号不存在",
            Refusal::NotEndorsable => "不能改签",
        }
    }
}
