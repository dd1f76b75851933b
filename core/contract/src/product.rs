//! What is sold: products, their SKUs, and the rules that a sale snapshots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketId, ConnectionId, MerchantId, ProductId, SkuId};
use crate::strict::strict;
use crate::time::VisitDate;

/// The kinds of product, by the shape of their life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// A dated admission (门票).
    Ticket,
    /// Several dated things sold as one (套餐).
    Package,
    /// The purchase half of a group-buy with reservation (抢购产品): bought before a date is known.
    FlashSaleVoucher,
    /// A hotel voucher bought before a stay is known (预售券).
    PresaleVoucher,
    /// Nights in a room (房型).
    RoomStay,
    /// A voucher for goods at a store (提货券).
    PickupVoucher,
}

impl ProductKind {
    /// Whether a sale of this kind names its date.
    #[must_use]
    pub const fn dated(self) -> bool {
        matches!(self, Self::Ticket | Self::Package | Self::RoomStay)
    }
}

/// A canonical product of one merchant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its id, chosen by the merchant.
    pub id: ProductId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The shape of its life.
    pub kind: ProductKind,
    /// For people.
    pub name: String,
    /// IANA zone of the venue; dates of visit and cut-offs are read in it.
    #[serde(default = "china")]
    pub time_zone: String,
    /// Whether it may be sold at all (上架).
    pub on_sale: bool,
    /// What has to be known about the guests.
    #[serde(default, deserialize_with = "strict")]
    pub guests: GuestRequirement,
    /// When what was sold can be used.
    #[serde(default, deserialize_with = "strict")]
    pub validity: Validity,
    /// What a guest gets back, and when.
    #[serde(default, deserialize_with = "strict")]
    pub refund: RefundRule,
    /// How a voucher's dates are reserved; none for what is sold with its date, or used without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationRule>,
    /// How much one person may buy (限购).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<PurchaseLimit>,
}

/// How the dates of a voucher are reserved (预约).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationRule {
    /// Whether all units go together: one live reservation, for every unit that is left.
    #[serde(default = "truth")]
    pub together: bool,
    /// What a reservation captures from the distributor besides what the voucher did.
    #[serde(default)]
    pub markup: Markup,
    /// How many days ahead a date may be reserved: today at the venue is day 1, this is the last one.
    #[serde(default = "ninety")]
    pub window_days: u16,
}

impl Default for ReservationRule {
    fn default() -> Self {
        Self { together: true, markup: Markup::Nothing, window_days: ninety() }
    }
}

/// What a reservation captures from the distributor, per unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// Nothing: the voucher covers every date.
    #[default]
    Nothing,
    /// What the settlement price of the dates exceeds that of the voucher by.
    Difference,
    /// The settlement price of the dates: the reserved SKU's calendar holds markups.
    Calendar,
}

/// How much one person may buy of a product (限购).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurchaseLimit {
    /// By what people are told apart.
    pub per: LimitSubject,
    /// How long purchases count together.
    pub period: LimitPeriod,
    /// Most units.
    pub units: u32,
}

/// By what people are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitSubject {
    /// The document of each guest; each guest counts as one unit.
    Document,
    /// The buyer's phone; it counts for all units of the order.
    Phone,
}

/// How long purchases count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitPeriod {
    /// Purchases of one day at the venue.
    PurchaseDay,
    /// Purchases of one month at the venue.
    PurchaseMonth,
    /// Purchases for one date of visit.
    VisitDate,
    /// All purchases ever.
    Always,
}

const fn truth() -> bool {
    true
}

const fn ninety() -> u16 {
    90
}

fn china() -> String {
    "Asia/Shanghai".to_owned()
}

/// A specification (规格) of a product: the thing that has a price, stock and a fulfilment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sku {
    /// Its id, chosen by the merchant; unique within the merchant.
    pub id: SkuId,
    /// The product it specifies.
    pub product: ProductId,
    /// For people.
    pub name: String,
    /// People one unit admits (2 for a couple's ticket).
    #[serde(default = "one")]
    pub persons_per_unit: u16,
    /// Stock it draws on; each unit takes one from every bucket. Its own id when left out.
    #[serde(default)]
    pub buckets: Vec<BucketId>,
    /// Fewest units of one order.
    #[serde(default = "one")]
    pub minimum_units: u16,
    /// Most units of one order. With all people that they admit at most [`crate::bounds::LIST_LIMIT`]: an order is told
    /// as a list of units, and of guests.
    #[serde(default = "fifty")]
    pub maximum_units: u16,
    /// Where the credentials come from.
    pub fulfilment: Fulfilment,
    /// When its supplier is asked; always when left out.
    #[serde(default, skip_serializing_if = "RouteCondition::is_always")]
    pub when: RouteCondition,
    /// Other suppliers, in the order in which they are asked: when the ones before do not take a sale, and when they
    /// certainly refused to book it. Nobody else is asked while an outcome is unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<Route>,
}

/// A supplier that may fulfil a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The merchant's supplier connection.
    pub connection: ConnectionId,
    /// The product in the supplier's words; of a pool its name.
    pub product_code: String,
    /// When it is asked; always when left out.
    #[serde(default, skip_serializing_if = "RouteCondition::is_always")]
    pub when: RouteCondition,
}

/// What a sale has to be like for a supplier to be asked. What is left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RouteCondition {
    /// First date of arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<VisitDate>,
    /// Last date of arrival, inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<VisitDate>,
    /// The channel connections it is sold through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ConnectionId>,
    /// Fewest units that may still be sold on each of its dates, before this sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_left: Option<u32>,
}

impl RouteCondition {
    /// Whether it holds for every sale.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }
}

fn one() -> u16 {
    1
}

fn fifty() -> u16 {
    50
}

/// Where a sold unit's credentials (凭证) come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fulfilment {
    /// Nothing is issued: the voucher order itself is what the guest holds.
    Nothing,
    /// Entrepot makes a voucher number of its own.
    OwnNumber,
    /// The guest's own document is the credential, redeemed at Entrepot's own desk. Each unit has one guest whose document
    /// is asked for: the product collects every guest and a unit admits one person, or it collects one guest and an order
    /// has one unit. A document that the channel keeps sealed is not sold.
    Document,
    /// A supplier connection issues; for a pool connection the product code is the pool's name.
    Supplier {
        /// The merchant's supplier connection.
        connection: ConnectionId,
        /// The product in the supplier's words.
        product_code: String,
    },
}

/// What has to be known about the guests before an order is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct GuestRequirement {
    /// Whose data is collected.
    pub collect: Collect,
    /// Whether each collected guest needs a name; the buyer, where only his data is collected.
    pub name: bool,
    /// Whether each collected guest needs a phone; the buyer, where only his data is collected.
    pub phone: bool,
    /// Accepted documents; empty means no document is asked for. Of a buyer none is asked for.
    pub documents: Vec<DocumentKind>,
}

/// Whose data is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Collect {
    /// Only the buyer, as the channel sends him.
    #[default]
    Buyer,
    /// One guest for the whole order.
    OneGuest,
    /// Every person who enters.
    EveryGuest,
}

/// Identity documents (证件类型).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Resident identity card (身份证).
    IdentityCard,
    /// Hong Kong and Macau permit (港澳通行证).
    HongKongMacauPermit,
    /// Taiwan permit (台湾通行证).
    TaiwanPermit,
    /// Home-return permit (回乡证).
    HomeReturnPermit,
    /// Taiwan compatriot permit (台胞证).
    TaiwanCompatriotPermit,
    /// Passport (护照).
    Passport,
    /// Foreign passport (外籍护照).
    ForeignPassport,
    /// Foreigner's permanent residence card (外国人永久居留证).
    PermanentResidence,
    /// A kind added after this build.
    #[serde(other)]
    Other,
}

/// When what was sold can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "on", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub enum Validity {
    /// Only on the date of visit (当天有效).
    #[default]
    VisitDay,
    /// From the date of visit to that many days after it, both inclusive (多天有效).
    DaysAfterVisit {
        /// Days after the date of visit.
        days: u16,
    },
    /// A fixed range, both inclusive: the reservation window of a voucher.
    Window {
        /// First date.
        from: VisitDate,
        /// Last date.
        to: VisitDate,
    },
}

/// What a guest gets back, and when. Evaluated alike for preview and for decision.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct RefundRule {
    /// Tried in turn; the first whose time has not passed applies.
    pub steps: Vec<RefundStep>,
    /// What applies once every step's time has passed.
    pub otherwise: RefundOtherwise,
    /// Whether some units of an order may be refunded while others stay.
    pub partial: bool,
}

/// One step of a refund rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RefundStep {
    /// Applies until this many hours before 00:00 (venue time) of the date of visit; negative reaches into it.
    pub hours_before_visit: i32,
    /// What is kept back.
    pub fee: RefundFee,
}

/// What is kept back from a refund, per unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundFee {
    /// Nothing.
    Free,
    /// Minor units for each unit.
    Fixed(i64),
    /// Ten-thousandths (万分位) of the price of each unit.
    Ratio(u16),
}

/// What applies once every step's time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundOtherwise {
    /// A person decides.
    #[default]
    Manual,
    /// Nothing is given back.
    Never,
    /// Everything is given back while unused.
    Free,
}
