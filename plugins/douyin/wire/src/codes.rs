//! The codes our SPI answers may carry. Legal range 0 to 999999; 100 is "our system failed, call again", every other
//! code but 0 is final. Common spec §7.4, `documented`; scenic spec §2, `seen in client code`.

use std::fmt;

macro_rules! refusals {
    ($($(#[$meta:meta])* $arm:ident = $code:literal, $name:literal, $text:literal;)+) => {
        /// A business refusal of the booking check and of order creation, or the wish to be called again.
        /// Scenic §2, `seen in client code` (16 to 18 do not exist). The pre-orders of group tickets (group-buy B15.1, B16.1)
        /// number some of them otherwise: they are not answered with these.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[$meta])* $arm,)+
        }

        impl RefusalCode {
            /// All codes, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$arm,)+];

            /// The number on the wire.
            pub const fn code(self) -> u32 {
                match self {
                    $(Self::$arm => $code,)+
                }
            }

            /// Our stable name, for logs, metrics and configuration.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$arm => $name,)+
                }
            }

            /// A short text for `description`, in the language of those who read it there.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$arm => $text,)+
                }
            }

            /// The code with this number.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$arm),)+
                    _ => None,
                }
            }
        }
    };
}

refusals! {
    /// Out of stock. A calendar pull may follow.
    OutOfStock = 1, "out_of_stock", "库存不足";
    /// The product is offline.
    ProductOffline = 2, "product_offline", "商品已下架";
    /// This traveller already has a ticket.
    AlreadyBooked = 3, "already_booked", "该出行人已有订单";
    /// The date cannot be booked. A calendar pull may follow.
    DateNotBookable = 4, "date_not_bookable", "该日期不可预订";
    /// The age is not allowed.
    AgeNotAllowed = 5, "age_not_allowed", "年龄不符合要求";
    /// The sex is not allowed.
    SexNotAllowed = 6, "sex_not_allowed", "性别不符合要求";
    /// The limit per document is reached.
    DocumentLimit = 7, "document_limit", "该证件购买数量已达上限";
    /// The limit per phone is reached.
    PhoneLimit = 8, "phone_limit", "该手机号购买数量已达上限";
    /// The quantity is above the limit.
    QuantityLimit = 9, "quantity_limit", "购买数量超过上限";
    /// The region is not allowed.
    RegionNotAllowed = 10, "region_not_allowed", "所在地区不可预订";
    /// Another purchase limit: say which.
    OtherLimit = 11, "other_limit", "不符合限购要求";
    /// The phone is missing.
    PhoneMissing = 12, "phone_missing", "缺少手机号";
    /// The document is missing.
    DocumentMissing = 13, "document_missing", "缺少证件信息";
    /// The traveller's name is missing.
    NameMissing = 14, "name_missing", "缺少出行人姓名";
    /// Travellers do not match the copies bought.
    TravellerCount = 15, "traveller_count", "出行人数量与购买份数不符";
    /// The phone is malformed.
    PhoneFormat = 19, "phone_format", "手机号格式错误";
    /// The document number is malformed.
    DocumentFormat = 20, "document_format", "证件号格式错误";
    /// The name is malformed.
    NameFormat = 21, "name_format", "姓名格式错误";
    /// The distributor's balance is too low.
    BalanceTooLow = 22, "balance_too_low", "商家余额不足";
    /// The price differs. A calendar pull may follow.
    PriceDiffers = 23, "price_differs", "价格不一致";
    /// Our system failed: call again. The only code that is not final.
    CallAgain = 100, "call_again", "系统繁忙，请重试";
    /// Another reason: say which. Final.
    Other = 999_999, "other", "其他原因";
}

impl RefusalCode {
    /// Whether Douyin will not ask again.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::CallAgain)
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.name())
    }
}

/// The codes of the order status answer, which number differently. Scenic §10, `documented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryCode {
    /// Any other failure.
    Failure,
    /// We have no such order.
    NoSuchOrder,
    /// Our system failed: call again.
    CallAgain,
}

impl QueryCode {
    /// The number on the wire.
    pub const fn code(self) -> u32 {
        match self {
            Self::Failure => 1,
            Self::NoSuchOrder => 2,
            Self::CallAgain => 100,
        }
    }
}

/// An `error_code` of ours: 0 to 999999, always written as a JSON number. Common spec §7.4, `documented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpiCode(u32);

impl SpiCode {
    /// Done.
    pub const SUCCESS: Self = Self(0);
    /// Our system failed: call again.
    pub const CALL_AGAIN: Self = Self(100);

    /// A code of the legal range; `None` above 999999.
    pub const fn new(code: u32) -> Option<Self> {
        if code <= 999_999 { Some(Self(code)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<RefusalCode> for SpiCode {
    fn from(code: RefusalCode) -> Self {
        Self(code.code())
    }
}

impl From<QueryCode> for SpiCode {
    fn from(code: QueryCode) -> Self {
        Self(code.code())
    }
}
