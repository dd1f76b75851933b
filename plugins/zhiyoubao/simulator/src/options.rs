//! How a gateway is set up. Where the page says `inferred`, or that a thing was not seen, the answer is an option here.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the gateway reads the time: Unix milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Who decides refunds (§7: most scenic areas audit by hand).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditMode {
    /// Approved when [`Options::audit_delay_ms`] has passed.
    Approve,
    /// Rejected when [`Options::audit_delay_ms`] has passed.
    Reject,
    /// Waits for [`crate::Desk::decide`].
    Manual,
}

/// Where an order query's answer holds the order (§4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryLayout {
    /// `PWBResponse/order`.
    Direct,
    /// `PWBResponse/orderResponse/order`.
    OrderResponse,
}

/// Which element repeats our sub-order number in a line (§§3, 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThirdCode {
    /// `scenicThirdCode`; money in yuan.
    Scenic,
    /// `ticketThirdCode`; an order query's money is in fen (§4).
    Ticket,
    /// Both, equal; an order query's money is in fen.
    Both,
    /// Neither.
    Absent,
}

/// How lines are listed (§§3, 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineList {
    /// `ticketOrders/ticketOrder`.
    TicketOrders,
    /// `scenicOrders/scenicOrder`, as older answers have.
    ScenicOrders,
}

/// What `checkNum` of a check-in notification counts (§8: not stated anywhere).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckCount {
    /// The tickets of this check, as one client reads it.
    Increment,
    /// All tickets of the order checked so far.
    Total,
}

/// Where check queries hold their lines (§9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckLayout {
    /// `PWBResponse/subOrders`.
    Direct,
    /// `PWBResponse/data/subOrders`.
    Data,
}

/// The element of `SEND_CODE_IMG_RES` with the picture (§5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageElement {
    /// `img`.
    Img,
    /// `image`, accepted by one client.
    Image,
    /// `url`, accepted by one client.
    Url,
}

/// What a repeated cancellation gets, by order or by `thirdReturnCode` (§7 does not say). A rejected order may be
/// cancelled anew; a `thirdReturnCode` is used once, whatever became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedReturn {
    /// Refused. A caller that lost the first answer finds the batch number in no call.
    Refuse,
    /// The first batch number again.
    SameBatch,
}

/// The names in the answer to `FS_STOCK_REQ`, whose layout was not seen (§6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotNames {
    /// The list.
    pub list: String,
    /// One slot.
    pub item: String,
    /// Its date.
    pub date: String,
    /// Its start.
    pub start: String,
    /// Its end.
    pub end: String,
    /// Tickets left.
    pub stock: String,
}

impl Default for SlotNames {
    fn default() -> Self {
        let name = str::to_owned;
        Self {
            list: name("fsStocks"),
            item: name("fsStock"),
            date: name("date"),
            start: name("fsStartTime"),
            end: name("fsEndTime"),
            stock: name("stock"),
        }
    }
}

/// The set-up of a gateway. Each field's documentation gives section and standing of its default.
#[derive(Clone)]
pub struct Options {
    /// `corpCode` (企业码, §1).
    pub corp_code: String,
    /// `userName` (用户名, §1).
    pub user_name: String,
    /// The private key (私钥, §1).
    pub private_key: String,
    /// The endpoint's path (§1, seen).
    pub path: String,
    /// The clock.
    pub now: Clock,
    /// Begin of the gateway's own numbers, codes and batch numbers.
    pub seed: u32,
    /// Who decides refunds (§7; default manual, as most areas).
    pub audit: AuditMode,
    /// How long an automatic audit takes (inferred, 0).
    pub audit_delay_ms: i64,
    /// Whether guests are let in on tickets whose refund is audited (inferred, no).
    pub admit_during_audit: bool,
    /// What a repeated cancellation gets (not stated; default refused).
    pub repeated_return: RepeatedReturn,
    /// `code` of a rejected refund's state (§7: "with code 0 or not"; default 0).
    pub rejected_code: u32,
    /// `description` of a rejected refund's state (§7; the English word is `failure`).
    pub rejected_text: String,
    /// Whether a cancellation is answered as `SEND_CODE_CANCEL_NEW_RES` (§7; default the short name).
    pub long_cancel_name: bool,
    /// Whether error answers carry `transactionName` (§2: missing in many; default without).
    pub name_in_errors: bool,
    /// `code` of failures other than 6 (§2: "other > 0", no table; default 1).
    pub failure_code: u32,
    /// `description` of an order that does not exist (§2: 订单不存在 or 订单号不存在).
    pub unknown_order_text: String,
    /// How long a new order stays invisible to queries (§10 rule 2: "does not exist", twice; inferred, 0).
    pub visible_after_ms: i64,
    /// Where order queries hold the order (§4; default direct).
    pub query_layout: QueryLayout,
    /// The element with our sub-order number (§§3, 4; default `scenicThirdCode`).
    pub third_code: ThirdCode,
    /// Whether lines carry `orderCode` (§4: may be missing; default yes).
    pub line_order_code: bool,
    /// How lines are listed (§3; default new). The old order query always lists the old way.
    pub line_list: LineList,
    /// Whether answers give our number as the order's `orderCode` (§3: theirs in most traces; default theirs).
    pub our_order_code: bool,
    /// Where check queries hold lines (§9; default direct).
    pub check_layout: CheckLayout,
    /// Whether check queries put `_1` behind the sub-order number (§9: one trace; default no).
    pub check_suffix: bool,
    /// Whether `needCheckNum` leaves out what was returned (§9 does not say; default no).
    pub need_without_returned: bool,
    /// The picture's element (§5; default `img`).
    pub image_element: ImageElement,
    /// Whether the picture repeats once per ticket (§5: may repeat; default no).
    pub image_per_ticket: bool,
    /// Where links to QR pages begin (§5; made up).
    pub page_base: String,
    /// Names in the slot stock's answer (§6: not seen; all made up).
    pub slot_names: SlotNames,
    /// What `checkNum` counts in check-in notifications (§8: not stated; default increment).
    pub check_count: CheckCount,
    /// The order parameter of finish notifications, signed with it (§8: `order_code`; an older handler `order_no`).
    pub finish_parameter: String,
    /// The word for a cancelled order in finish notifications (§8: `cancel`; an older handler `cancle`).
    pub cancel_word: String,
    /// The order parameter of refund notifications (§8: `orderCode`; once `order_Code`).
    pub refund_parameter: String,
    /// Waits before each repetition of a failed notification (§8: not found; default 1, 5 and 30 minutes).
    pub retry_delays_ms: Vec<i64>,
    /// Real milliseconds after which a notification without answer has failed (§8: not found; default 5 s).
    pub callback_timeout_ms: u64,
}

impl Options {
    /// The defaults, with the system's clock.
    #[must_use]
    pub fn new(corp_code: &str, user_name: &str, private_key: &str) -> Self {
        let text = str::to_owned;
        Self {
            corp_code: text(corp_code),
            user_name: text(user_name),
            private_key: text(private_key),
            path: text("/boss/service/code.htm"),
            now: Arc::new(system_ms),
            seed: 0,
            audit: AuditMode::Manual,
            audit_delay_ms: 0,
            admit_during_audit: false,
            repeated_return: RepeatedReturn::Refuse,
            rejected_code: 0,
            rejected_text: text("审核未通过"),
            long_cancel_name: false,
            name_in_errors: false,
            failure_code: 1,
            unknown_order_text: text("订单不存在"),
            visible_after_ms: 0,
            query_layout: QueryLayout::Direct,
            third_code: ThirdCode::Scenic,
            line_order_code: true,
            line_list: LineList::TicketOrders,
            our_order_code: false,
            check_layout: CheckLayout::Direct,
            check_suffix: false,
            need_without_returned: false,
            image_element: ImageElement::Img,
            image_per_ticket: false,
            page_base: text("https://zyb.example/qr"),
            slot_names: SlotNames::default(),
            check_count: CheckCount::Increment,
            finish_parameter: text("order_code"),
            cancel_word: text("cancel"),
            refund_parameter: text("orderCode"),
            retry_delays_ms: vec![60_000, 300_000, 1_800_000],
            callback_timeout_ms: 5_000,
        }
    }
}

/// The private key is left out.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("corp_code", &self.corp_code)
            .field("path", &self.path)
            .field("audit", &self.audit)
            .finish_non_exhaustive()
    }
}

fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
