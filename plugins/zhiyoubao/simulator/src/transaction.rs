//! The transactions the gateway knows.

/// A transaction of the page; its documentation names the section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transaction {
    /// `SEND_CODE_REQ`: order, pay, issue (§3).
    SendCode,
    /// `QUERY_ORDER_NEW_REQ`: order query (§4).
    QueryOrder,
    /// `QUERY_ORDER_REQ`: the old order query, always `scenicOrders` (§4).
    QueryOrderOld,
    /// `QUERY_SPOT_ORDER_REQ`: query of an order paid at the gate (到付单查询, §4).
    QuerySpotOrder,
    /// `SEND_CODE_IMG_REQ`: picture of the QR code (§5).
    CodeImage,
    /// `QUERY_IMG_URL_REQ`: link to a page with the QR code (§5).
    ImageUrl,
    /// `QUERY_SHORT_IMG_URL_REQ`: short link to the same page (§5).
    ShortImageUrl,
    /// `SEND_SM_REQ`: the short message again (发短信, §5).
    SendMessage,
    /// `SEND_MMS_REQ`: old, seen once (§5).
    SendMms,
    /// `SM_REQ`: a short message of one's own text; old, seen once (§5).
    OwnMessage,
    /// `FS_STOCK_REQ`: stock of time slots (分时库存查询, §6).
    SlotStock,
    /// `SEND_CODE_CANCEL_NEW_REQ`: cancel a whole order (§7).
    Cancel,
    /// `SEND_CODE_CANCEL_REQ`: the same without batch number (§7).
    CancelOld,
    /// `CANCEL_SPOT_ORDER_REQ`: cancel an order paid at the gate (到付单取消, §4).
    CancelSpotOrder,
    /// `RETURN_TICKET_NUM_NEW_REQ`: return tickets of one line (§7).
    Return,
    /// `RETURN_TICKET_NUM_REQ`: the same without batch number (§7).
    ReturnOld,
    /// `QUERY_RETREAT_STATUS_REQ`: progress of a refund (§7).
    RefundStatus,
    /// `ORDER_ENDORSE_REQ`: another visit date (改签, §7).
    Endorse,
    /// `CHECK_STATUS_QUERY_REQ`: what was checked in (§9).
    CheckStatus,
    /// `QUERY_SUB_ORDER_CHECK_RECORD_REQ`: the same with each check (§9).
    CheckRecord,
}

impl Transaction {
    /// All of them.
    pub const ALL: [Transaction; 20] = [
        Transaction::SendCode,
        Transaction::QueryOrder,
        Transaction::QueryOrderOld,
        Transaction::QuerySpotOrder,
        Transaction::CodeImage,
        Transaction::ImageUrl,
        Transaction::ShortImageUrl,
        Transaction::SendMessage,
        Transaction::SendMms,
        Transaction::OwnMessage,
        Transaction::SlotStock,
        Transaction::Cancel,
        Transaction::CancelOld,
        Transaction::CancelSpotOrder,
        Transaction::Return,
        Transaction::ReturnOld,
        Transaction::RefundStatus,
        Transaction::Endorse,
        Transaction::CheckStatus,
        Transaction::CheckRecord,
    ];

    /// The request's `transactionName`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Transaction::SendCode => "SEND_CODE_REQ",
            Transaction::QueryOrder => "QUERY_ORDER_NEW_REQ",
            Transaction::QueryOrderOld => "QUERY_ORDER_REQ",
            Transaction::QuerySpotOrder => "QUERY_SPOT_ORDER_REQ",
            Transaction::CodeImage => "SEND_CODE_IMG_REQ",
            Transaction::ImageUrl => "QUERY_IMG_URL_REQ",
            Transaction::ShortImageUrl => "QUERY_SHORT_IMG_URL_REQ",
            Transaction::SendMessage => "SEND_SM_REQ",
            Transaction::SendMms => "SEND_MMS_REQ",
            Transaction::OwnMessage => "SM_REQ",
            Transaction::SlotStock => "FS_STOCK_REQ",
            Transaction::Cancel => "SEND_CODE_CANCEL_NEW_REQ",
            Transaction::CancelOld => "SEND_CODE_CANCEL_REQ",
            Transaction::CancelSpotOrder => "CANCEL_SPOT_ORDER_REQ",
            Transaction::Return => "RETURN_TICKET_NUM_NEW_REQ",
            Transaction::ReturnOld => "RETURN_TICKET_NUM_REQ",
            Transaction::RefundStatus => "QUERY_RETREAT_STATUS_REQ",
            Transaction::Endorse => "ORDER_ENDORSE_REQ",
            Transaction::CheckStatus => "CHECK_STATUS_QUERY_REQ",
            Transaction::CheckRecord => "QUERY_SUB_ORDER_CHECK_RECORD_REQ",
        }
    }

    /// The transaction with this request name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transaction| transaction.name() == name)
    }

    /// The answer's `transactionName`: `_RES` for `_REQ`. `long_cancel` keeps the `NEW` of a cancellation's answer (§7).
    #[must_use]
    pub fn answer_name(self, long_cancel: bool) -> String {
        if self == Transaction::Cancel && !long_cancel {
            return "SEND_CODE_CANCEL_RES".to_owned();
        }
        format!("{}_RES", self.name().trim_end_matches("_REQ"))
    }
}
