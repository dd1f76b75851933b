//! The numeric enumerations of the wire. Each is open: a number no page lists becomes `Other` and never fails, because
//! Douyin adds values without notice. Numbers and numeric strings are accepted, numbers are written.

use serde::de::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};

use crate::number::Int;

macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$arm_meta:meta])* $arm:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$arm_meta])* $arm,)+
            /// A number no page lists.
            Other(i64),
        }

        impl $name {
            /// The value with this number.
            pub fn from_code(code: i64) -> Self {
                match code {
                    $($code => Self::$arm,)+
                    other => Self::Other(other),
                }
            }

            /// The number on the wire.
            pub fn code(self) -> i64 {
                match self {
                    $(Self::$arm => $code,)+
                    Self::Other(code) => code,
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.code())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Int::deserialize(deserializer).map(|Int(code)| Self::from_code(code))
            }
        }
    };
}

open_enum! {
    /// What is sold (`biz_type` of the booking check and of create order). Scenic §2, §3, `seen in client code`. Other calls
    /// have a `biz_type` with other numbers, see [`PromiseBizType`].
    BizType {
        /// Group ticket or pre-sale.
        Group = 1,
        /// Calendar ticket.
        Calendar = 2,
        /// Group ticket with online booking.
        GroupBooking = 3,
    }
}
open_enum! {
    /// What is sold (`biz_type` of the group ticket's pre-order): 2 is no calendar ticket here. Group-buy B15.1, `documented`.
    PromiseBizType {
        /// Group ticket.
        Group = 1,
        /// Pre-sale.
        Presale = 2,
        /// Group ticket with online booking.
        GroupBooking = 3,
    }
}
open_enum! {
    /// Kind of order (`order_type` of create order). Scenic §3, `seen in client code`. The pre-order of generic codes has an
    /// `order_type` with other numbers, see [`CodeOrderType`].
    OrderType {
        /// An order of vouchers.
        Voucher = 1,
        /// A booking (also for calendar tickets).
        Booking = 2,
    }
}
open_enum! {
    /// Kind of order (`order_type` of the pre-order of generic codes). Group-buy B16.1, `documented`.
    CodeOrderType {
        /// Group ticket.
        Group = 21,
        /// Pre-sale.
        Presale = 31,
        /// Delivery.
        Delivery = 41,
    }
}
open_enum! {
    /// Identity document (`license_type`, `credential_type`; the latter uses 1 to 8). Scenic §1.5,
    /// `seen in client code`.
    LicenseType {
        /// None needed.
        NotNeeded = 0,
        /// Identity card.
        IdentityCard = 1,
        /// Hong Kong and Macau permit (港澳通行证).
        HkMacauPermit = 2,
        /// Taiwan permit (台湾通行证).
        TaiwanPermit = 3,
        /// Home-return permit (回乡证).
        HomeReturnPermit = 4,
        /// Taiwan compatriot permit (台胞证).
        TaiwanCompatriotPermit = 5,
        /// Passport.
        Passport = 6,
        /// Foreign passport.
        ForeignPassport = 7,
        /// Foreigner's permanent residence permit.
        ResidencePermit = 8,
    }
}
open_enum! {
    /// Kind of visitor (`crowd_type`). Scenic §1.5, `seen in client code`.
    CrowdType {
        /// Child.
        Child = 1,
        /// Adult.
        Adult = 2,
        /// Senior.
        Senior = 3,
        /// Student.
        Student = 4,
        /// Special group.
        Special = 5,
        /// Male.
        Male = 6,
        /// Female.
        Female = 7,
        /// Group.
        Group = 8,
        /// Couple.
        Couple = 9,
        /// Soldier.
        Soldier = 10,
        /// Teacher.
        Teacher = 11,
        /// Disabled.
        Disabled = 12,
        /// Infant.
        Infant = 13,
        /// Adult with child.
        AdultWithChild = 14,
    }
}
open_enum! {
    /// What a link is (`url_type`). Scenic §1.5, `seen in client code`.
    UrlType {
        /// A static link, such as a QR code.
        Static = 1,
        /// Any other link.
        Changing = 2,
    }
}
open_enum! {
    /// A kind of credential the product asks for (`code_sending_info`). Scenic §1.5, `seen in client code`.
    SendingInfo {
        /// Identity card.
        IdentityCard = 1,
        /// Voucher number (券号).
        VoucherNumber = 2,
        /// QR code (券码).
        QrCode = 3,
        /// Link.
        Url = 6,
    }
}
open_enum! {
    /// Whose code it is (`code_type`). Scenic §1.5, `seen in client code`.
    CodeType {
        /// Douyin's.
        System = 1,
        /// Ours.
        Third = 2,
        /// Ours, handed over in advance.
        ThirdReserve = 3,
        /// Marketing.
        Marketing = 5,
    }
}
open_enum! {
    /// Refund promise (`refund_type`). Scenic §1.5, `seen in client code`.
    RefundType {
        /// Any time while unused.
        AnyTime = 1,
        /// None.
        Never = 2,
        /// By the rule's details.
        Conditional = 3,
    }
}
open_enum! {
    /// Unit of a refund fee (`refund_fee_type`). Scenic §1.5, `seen in client code`; common §10, `documented`.
    RefundFeeType {
        /// Fen.
        Amount = 1,
        /// Parts of 10,000.
        Ratio = 2,
    }
}
open_enum! {
    /// Whether a booking can be cancelled (`appointment_cancel_rule.cancel_type`). Scenic §1.5, `seen in client code`.
    BookingCancelType {
        /// Not at all.
        Never = 2,
        /// Until the given time.
        Limited = 4,
        /// Any time.
        AnyTime = 5,
    }
}
open_enum! {
    /// Why an order was cancelled (`cancel_type`). Scenic §6, `documented`.
    CancelType {
        /// Before payment.
        BeforePayment = 1,
        /// After payment.
        AfterPayment = 2,
        /// Creating it at our side failed.
        CreateFailed = 3,
    }
}
open_enum! {
    /// Who asks for a refund (`apply_source`). Scenic §7, `documented`.
    ApplySource {
        /// Unknown.
        Unknown = 0,
        /// The user.
        User = 101,
        /// The merchant.
        Merchant = 102,
        /// Customer service or operations.
        CustomerService = 103,
        /// The system.
        System = 104,
        /// A liability ruling.
        LiabilityRuling = 105,
        /// Payment timed out.
        PaymentTimeout = 201,
        /// Issuing failed: a refusal must bring the vouchers.
        IssueFailed = 301,
        /// Expired unused.
        Expired = 302,
        /// Paid after it was cancelled.
        PaidAfterCancel = 303,
        /// The user, after use.
        UserAfterUse = 304,
        /// Customer service, after use.
        CustomerServiceAfterUse = 305,
        /// We refused the order.
        RefusedByUs = 306,
        /// Acceptance timed out.
        AcceptTimeout = 307,
        /// Cancelled by the merchant.
        MerchantCancelled = 308,
        /// Cancelled by the merchant, after use.
        MerchantCancelledAfterUse = 309,
        /// The merchant, after use.
        MerchantAfterUse = 310,
        /// Delivery cancelled.
        DeliveryCancelled = 311,
        /// Shop closed.
        ShopClosed = 312,
        /// User and merchant agreed.
        Agreed = 314,
        /// Agreement started by the user.
        UserAgreement = 318,
        /// Arbitration.
        Arbitration = 401,
        /// Data repair.
        DataRepair = 999,
    }
}
open_enum! {
    /// What is asked after the sale (`after_sale_type` of the scenic refund review). Scenic §7, `documented`
    /// (older page only); group-buy B8, `documented`. The refund sync has a third number, see [`SyncAfterSaleType`].
    AfterSaleType {
        /// Refund.
        Refund = 1,
        /// Cancel the booking.
        CancelBooking = 2,
    }
}
open_enum! {
    /// What became of an order (`after_sale_type` of the refund information sync). Group-buy B11b, `documented`.
    SyncAfterSaleType {
        /// Given back, and the money with it.
        Refund = 1,
        /// The booking was cancelled.
        CancelBooking = 2,
        /// Money alone.
        RefundOnly = 3,
    }
}
open_enum! {
    /// Why money was refunded (`refund_scene`). Scenic §9, `documented`.
    RefundScene {
        /// The user.
        User = 1,
        /// User and merchant agreed.
        Agreed = 2,
        /// Agreement started by the user.
        UserAgreement = 3,
        /// Customer service or platform.
        CustomerService = 50,
        /// The merchant.
        Merchant = 100,
        /// Cancelled by the merchant.
        MerchantCancelled = 101,
        /// Expired unused.
        Expired = 150,
        /// Acceptance timed out.
        AcceptTimeout = 151,
        /// Overpaid.
        Overpaid = 152,
        /// We refused the order.
        Refused = 153,
        /// Shop closed.
        ShopClosed = 154,
        /// Issuing failed.
        IssueFailed = 155,
        /// Delivery cancelled.
        DeliveryCancelled = 156,
        /// Upgraded to a times card.
        TimesCardUpgrade = 158,
        /// Used offline.
        UsedOffline = 159,
        /// Group purchase failed.
        GroupFailed = 160,
        /// Payment of the balance timed out.
        BalanceTimeout = 161,
        /// Business cancel.
        BusinessCancel = 170,
    }
}
open_enum! {
    /// How an order is accepted (`confirm_mode`). Scenic §1.1, §3, `documented`.
    ConfirmMode {
        /// In this answer.
        Sync = 1,
        /// Later, by the confirm call, within 10 minutes.
        Async = 2,
    }
}
open_enum! {
    /// Whether an order is accepted (`confirm_result`). Scenic §3, §5, `documented`.
    ConfirmResult {
        /// Accepted.
        Accept = 1,
        /// Refused: Douyin refunds.
        Refuse = 2,
    }
}
open_enum! {
    /// The decision of a refund review (`audit_refund_result`, `audit_result`). Scenic §7, §8, `documented`.
    AuditResult {
        /// Refund.
        Accept = 1,
        /// Do not refund.
        Refuse = 2,
        /// Decided later by the callback (scenic §8); not valid in the callback itself.
        Waiting = 3,
    }
}
open_enum! {
    /// The outcome of issuing (`result` of the issue SPI; the callback of scenic §12 numbers differently).
    /// Common §11, `documented`.
    IssueResult {
        /// The callback follows within 10 minutes.
        Issuing = 0,
        /// Issued: the vouchers are in this answer.
        Issued = 1,
        /// Failed for good: immediate refund without review.
        Failed = 2,
    }
}
open_enum! {
    /// State of one voucher item (`status`). Scenic §1.5, `seen in client code`; 0 and 1 in §10, `documented`.
    VoucherStatus {
        /// Unused.
        Unused = 0,
        /// Used: in a status answer this makes Douyin redeem it.
        Used = 1,
        /// Refunded.
        Refunded = 2,
        /// Void.
        Void = 3,
    }
}
open_enum! {
    /// Who pays for a merchant's ticket discount (`funder_type`). Scenic §11, `seen in client code`.
    FunderType {
        /// Goods money.
        GoodsMoney = 1,
        /// Merchant wallet.
        MerchantWallet = 2,
    }
}
open_enum! {
    /// How a calendar item names its days (`calendar_type`). Scenic §14, §16, `documented`.
    CalendarType {
        /// A range of dates.
        DateRange = 1,
        /// A range of weeks.
        WeekRange = 2,
        /// Single dates.
        Dates = 3,
        /// Certain weekdays.
        Weekdays = 4,
    }
}
open_enum! {
    /// Where a product stands (`status` of the trip product query). Scenic §18, `documented`.
    TicketStatus {
        /// Off the shelf.
        Offline = 0,
        /// On sale.
        Online = 1,
        /// Under review.
        UnderReview = 2,
        /// The review failed.
        ReviewFailed = 3,
    }
}
open_enum! {
    /// Whether stock is limited (`limit_type`). Fulfilment §9, `documented`.
    StockLimit {
        /// Limited.
        Limited = 1,
        /// Unlimited; the number means nothing.
        Unlimited = 2,
    }
}
open_enum! {
    /// Whether a shop of ours is one of Douyin's (`match_relation_status`). Scenic §21, `documented`.
    MatchStatus {
        /// It is.
        Matched = 2,
        /// It is not.
        NotMatched = 3,
    }
}
