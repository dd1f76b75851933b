//! A pair as a channel knows it: a voucher and the one dated product that its holder reserves, bound by one text of two
//! halves. What has to hold for it is judged by one function, for whoever puts a listing and for whoever checks one.
//!
//! Most of it cannot be seen from either side alone: a guest would find it out by an order that fails.

mod asked;

use entrepot_contract::ids::{ListingId, SkuId};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::product::{
    Collect, DocumentKind, Fulfilment, Markup, Product, ProductKind, ReservationRule, Sku, Validity,
};

use crate::catalogue::Catalogue;
use crate::planted::{self, Bug};
use crate::said::{Said, said};

pub use asked::{listed_as, looks_bound, unlisted};

/// Between an ASCII character and its full-width form.
const FULL_WIDTH: u32 = 0xFEE0;

/// Documents that a guest may reserve with.
const DOCUMENTS: [DocumentKind; 7] = [
    DocumentKind::IdentityCard,
    DocumentKind::HongKongMacauPermit,
    DocumentKind::TaiwanPermit,
    DocumentKind::HomeReturnPermit,
    DocumentKind::TaiwanCompatriotPermit,
    DocumentKind::Passport,
    DocumentKind::PermanentResidence,
];

/// What people write between several products.
const LISTED_WITH: [char; 6] = [',', '，', '、', ';', '；', '/'];

/// The two halves of a pair's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halves<'a> {
    /// Bought first.
    pub voucher: &'a str,
    /// Reserved later.
    pub reservation: &'a str,
}

/// Why a text is no pair's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    /// Nothing stands between two halves.
    NoBar,
    /// The separator is the full-width one.
    FullWidthBar,
    /// There are spaces in it.
    Spaces,
    /// There are several separators.
    TwoBars,
    /// Nothing stands before the separator.
    NoVoucher,
    /// Nothing stands after the separator.
    NoReservation,
}

/// What does not hold for a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairFault {
    /// Its text is none.
    Text(TextFault),
    /// Its halves are not what the listing sells.
    Half(HalfFault),
    /// One of the two is not of its kind.
    Kind(SkuId, KindFault),
    /// Another listing reserves something else with the same voucher.
    SecondReservation {
        /// The other listing.
        listing: ListingId,
        /// What it reserves.
        reservation: SkuId,
    },
    /// A reservation would cost something.
    Markup(Markup),
    /// Units could be reserved apart.
    NotTogether,
    /// A setting of the voucher.
    Voucher(VoucherFault),
    /// A setting of what is reserved.
    Reservation(ReservationFault),
}

/// Why the halves of a text are not what a listing sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HalfFault {
    /// One names no SKU.
    Unknown(String),
    /// One names another SKU than the listing sells.
    Other {
        /// As the text names it.
        named: String,
        /// As the listing sells it.
        sold: SkuId,
    },
    /// They stand the wrong way round.
    Swapped,
    /// The second one is a list.
    Several(String),
}

/// Why a SKU cannot be a half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindFault {
    /// What is bought first is no voucher.
    NoVoucher(ProductKind),
    /// What is reserved is neither a ticket nor a package.
    NotReserved(ProductKind),
    /// What is reserved is an accommodation.
    Accommodation,
}

/// What does not hold for the voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherFault {
    /// It has no rule for its reservations.
    NoRule,
    /// It has no dates between which it is reserved.
    NoWindow,
    /// It asks for more people than the buyer.
    MoreThanTheBuyer,
    /// It does not ask for the buyer's phone.
    NoPhone,
    /// It asks for a name, which the channel does not tell.
    Name,
    /// It asks for a document, which the channel does not tell.
    Documents,
    /// Something but a number of our own is issued for it.
    Fulfilment,
}

/// What does not hold for what is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationFault {
    /// It is good between fixed dates, not from the day that is chosen.
    Window,
    /// It asks for nobody's data.
    NoGuest,
    /// It does not ask for names.
    NoName,
    /// It does not ask for phones.
    NoPhone,
    /// It takes a document that nobody can reserve with there.
    Document(DocumentKind),
    /// Nothing is issued for it, so that the guest has nothing to show.
    NothingIssued,
}

/// The two halves of a text.
pub fn read(text: &str, separator: char) -> Result<Halves<'_>, TextFault> {
    let separator = match full_width(separator) {
        Some(wide) if planted::is(Bug::FullWidthBarTaken) && text.contains(wide) => wide,
        _ => separator,
    };
    if full_width(separator).is_some_and(|wide| text.contains(wide)) {
        return Err(TextFault::FullWidthBar);
    }
    if text.chars().any(char::is_whitespace) {
        return Err(TextFault::Spaces);
    }
    let Some((voucher, reservation)) = text.split_once(separator) else { return Err(TextFault::NoBar) };
    if reservation.contains(separator) {
        Err(TextFault::TwoBars)
    } else if voucher.is_empty() {
        Err(TextFault::NoVoucher)
    } else if reservation.is_empty() {
        Err(TextFault::NoReservation)
    } else {
        Ok(Halves { voucher, reservation })
    }
}

/// The character that looks like it on a Chinese keyboard.
fn full_width(separator: char) -> Option<char> {
    separator.is_ascii_graphic().then(|| char::from_u32(u32::from(separator) + FULL_WIDTH)).flatten()
}

/// The name that has to hold the pair: ours as the channel stores it, of the SKU before the product's. One that holds
/// a separator goes before one that does not.
#[must_use]
pub fn text_of(names: &ListingNames, separator: char) -> Option<&str> {
    let wide = full_width(separator);
    let given = || [&names.sku_out, &names.product_out].into_iter().flatten();
    let bound = given().find(|name| name.contains(separator) || wide.is_some_and(|wide| name.contains(wide)));
    bound.or_else(|| given().next()).map(String::as_str)
}

/// All that does not hold for a listing; nothing where it sells no pair. What it names has to be in the catalogue, and is
/// passed over where it is not.
#[must_use]
pub fn fits(catalogue: &Catalogue, listing: &Listing, separator: char) -> Vec<PairFault> {
    let Sells::Pair { voucher, reservation } = &listing.sells else { return Vec::new() };
    let mut faults = Vec::new();
    match read(text_of(&listing.names, separator).unwrap_or_default(), separator) {
        Err(fault) => faults.push(PairFault::Text(fault)),
        Ok(halves) => faults.extend(in_halves(catalogue, halves, voucher, reservation)),
    }
    faults.extend(second(catalogue, listing, voucher, reservation));
    if let Ok((product, sku)) = catalogue.sku(voucher) {
        of_voucher(product, sku, &mut faults);
    }
    if let Ok((product, sku)) = catalogue.sku(reservation) {
        of_reservation(product, sku, &mut faults);
    }
    faults
}

fn in_halves(catalogue: &Catalogue, halves: Halves<'_>, voucher: &SkuId, reservation: &SkuId) -> Vec<PairFault> {
    if halves.voucher == reservation.as_str() && halves.reservation == voucher.as_str() && voucher != reservation {
        return vec![PairFault::Half(HalfFault::Swapped)];
    }
    let known = |half: &str| SkuId::parse(half).is_ok_and(|id| catalogue.skus.contains_key(&id));
    let half = |named: &str, sold: &SkuId| {
        if named == sold.as_str() {
            None
        } else if known(named) {
            Some(HalfFault::Other { named: named.to_owned(), sold: sold.clone() })
        } else if named.contains(LISTED_WITH) && sold == reservation {
            Some(HalfFault::Several(named.to_owned()))
        } else {
            Some(HalfFault::Unknown(named.to_owned()))
        }
    };
    let both = [half(halves.voucher, voucher), half(halves.reservation, reservation)];
    both.into_iter().flatten().map(PairFault::Half).collect()
}

/// Whoever holds the voucher could not know which of two he reserves.
fn second(catalogue: &Catalogue, listing: &Listing, voucher: &SkuId, reservation: &SkuId) -> Option<PairFault> {
    let mut others = catalogue.listings.iter().filter(|other| {
        !planted::is(Bug::SecondReservationTaken)
            && other.id != listing.id
            && other.connection == listing.connection
            && other.on_sale
            && listing.on_sale
    });
    others.find_map(|other| match &other.sells {
        Sells::Pair { voucher: same, reservation: second } if same == voucher && second != reservation => {
            Some(PairFault::SecondReservation { listing: other.id.clone(), reservation: second.clone() })
        }
        _ => None,
    })
}

fn of_voucher(product: &Product, sku: &Sku, faults: &mut Vec<PairFault>) {
    if product.kind != ProductKind::FlashSaleVoucher && !planted::is(Bug::PairOfAnyKind) {
        faults.push(PairFault::Kind(sku.id.clone(), KindFault::NoVoucher(product.kind)));
    }
    match product.reservation {
        None => faults.push(PairFault::Voucher(VoucherFault::NoRule)),
        Some(ReservationRule { together, markup, .. }) => {
            if markup != Markup::Nothing {
                faults.push(PairFault::Markup(markup));
            }
            if !together {
                faults.push(PairFault::NotTogether);
            }
        }
    }
    let guests = &product.guests;
    let wrong = [
        (!matches!(product.validity, Validity::Window { .. }), VoucherFault::NoWindow),
        (guests.collect != Collect::Buyer, VoucherFault::MoreThanTheBuyer),
        (!guests.phone, VoucherFault::NoPhone),
        (guests.name, VoucherFault::Name),
        (!guests.documents.is_empty() && !planted::is(Bug::VoucherWantsDocument), VoucherFault::Documents),
        (!matches!(sku.fulfilment, Fulfilment::Nothing | Fulfilment::OwnNumber), VoucherFault::Fulfilment),
    ];
    faults.extend(wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, fault)| PairFault::Voucher(fault)));
}

fn of_reservation(product: &Product, sku: &Sku, faults: &mut Vec<PairFault>) {
    match product.kind {
        ProductKind::Ticket | ProductKind::Package => {}
        _ if planted::is(Bug::PairOfAnyKind) => {}
        ProductKind::RoomStay => faults.push(PairFault::Kind(sku.id.clone(), KindFault::Accommodation)),
        other => faults.push(PairFault::Kind(sku.id.clone(), KindFault::NotReserved(other))),
    }
    let guests = &product.guests;
    let wrong = [
        (matches!(product.validity, Validity::Window { .. }), ReservationFault::Window),
        (guests.collect == Collect::Buyer, ReservationFault::NoGuest),
        (!guests.name, ReservationFault::NoName),
        (!guests.phone, ReservationFault::NoPhone),
        (sku.fulfilment == Fulfilment::Nothing, ReservationFault::NothingIssued),
    ];
    let documents = guests.documents.iter().filter(|kind| !DOCUMENTS.contains(kind));
    let found = wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, fault)| fault);
    faults.extend(found.chain(documents.map(|kind| ReservationFault::Document(*kind))).map(PairFault::Reservation));
}

impl TextFault {
    /// For an operator, with what to write.
    #[must_use]
    pub fn said(self, bar: char) -> Said {
        let (zh, en) = match self {
            Self::NoBar => ("缺少分隔符", "it has no separator"),
            Self::FullWidthBar => {
                ("分隔符是全角字符，请改为半角", "its separator is the full-width one; type the ASCII one")
            }
            Self::Spaces => ("含有空格，请删除", "it has spaces in it; take them away"),
            Self::TwoBars => (
                "分隔符多于一个；只能绑定一个预约产品",
                "it has several separators; one product for reservation can be bound",
            ),
            Self::NoVoucher => ("分隔符前缺少抢购产品编码", "nothing stands before its separator: the voucher's code"),
            Self::NoReservation => {
                ("分隔符后缺少预约产品编码", "nothing stands after its separator: the code of what is reserved")
            }
        };
        said(
            format!("商家平台商品ID应为“抢购产品编码{bar}预约产品编码”：{zh}"),
            format!("names.sku_out or names.product_out holds VOUCHER{bar}RESERVATION, the two SKU ids: {en}"),
        )
    }
}

impl PairFault {
    /// For an operator, with what to do.
    #[must_use]
    pub fn said(&self, bar: char) -> Said {
        match self {
            Self::Text(fault) => fault.said(bar),
            Self::Half(fault) => fault.said(),
            Self::Kind(sku, fault) => fault.said(sku),
            Self::SecondReservation { listing, reservation } => said(
                format!(
                    "商品映射 {listing} 已用同一抢购产品绑定预约产品 {reservation}；一个抢购产品只能绑定一个预约产品，请先停售其一"
                ),
                format!(
                    "listing {listing} reserves {reservation} with the same voucher; one can be bound: take one off sale"
                ),
            ),
            Self::Markup(found) => said(
                format!("预约不补差价：抢购产品的 reservation.markup 应为 nothing，现为 {found:?}"),
                format!(
                    "a reservation costs the guest nothing: the voucher's reservation.markup is nothing, not {found:?}"
                ),
            ),
            Self::NotTogether => said(
                "同一订单的多份须一次预约：抢购产品的 reservation.together 应为 true",
                "all units of an order are reserved together: the voucher's reservation.together is true",
            ),
            Self::Voucher(fault) => fault.said(),
            Self::Reservation(fault) => fault.said(),
        }
    }
}

impl HalfFault {
    fn said(&self) -> Said {
        match self {
            Self::Unknown(half) => said(
                format!("商家平台商品ID中的编码 {half} 不是任何规格（SKU）的编码"),
                format!("{half} in the pair's text is no SKU of the catalogue"),
            ),
            Self::Other { named, sold } => said(
                format!("商家平台商品ID写的是 {named}，而商品映射售卖的是 {sold}"),
                format!("the pair's text names {named}, and the listing sells {sold}"),
            ),
            Self::Several(list) => said(
                format!("商家平台商品ID中的“{list}”是多个编码；只能绑定一个预约产品"),
                format!("{list} in the pair's text is a list; one product for reservation can be bound"),
            ),
            Self::Swapped => said(
                "商家平台商品ID的两个编码顺序颠倒：抢购产品在前，预约产品在后",
                "the halves of the pair's text stand the wrong way round: the voucher first, then what is reserved",
            ),
        }
    }
}

impl KindFault {
    fn said(self, sku: &SkuId) -> Said {
        match self {
            Self::NoVoucher(kind) => said(
                format!("{sku} 的产品类型应为抢购（flash_sale_voucher），现为{}", word(kind)),
                format!("{sku} is bought first and has to be a flash_sale_voucher, not {kind:?}"),
            ),
            Self::Accommodation => said(
                format!("预约产品 {sku} 是住宿；住宿不能作为预约产品"),
                format!("{sku} is an accommodation, which cannot be reserved with a voucher here"),
            ),
            Self::NotReserved(kind) => said(
                format!("预约产品 {sku} 的类型应为门票或套餐，现为{}", word(kind)),
                format!("{sku} is reserved and has to be a ticket or a package, not {kind:?}"),
            ),
        }
    }
}

impl VoucherFault {
    fn said(self) -> Said {
        match self {
            Self::NoRule => {
                said("抢购产品缺少预约规则（reservation）", "the voucher's product has no reservation rule")
            }
            Self::NoWindow => said(
                "抢购产品的有效期（validity）应为可预约的日期范围（window）",
                "the voucher's validity is a window: the dates that can be reserved",
            ),
            Self::MoreThanTheBuyer => said(
                "抢购产品只收集购买人：guests.collect 应为 buyer",
                "the voucher collects the buyer alone: guests.collect is buyer",
            ),
            Self::NoPhone => said(
                "抢购产品须收集手机号：guests.phone 应为 true",
                "the voucher asks for a phone: guests.phone is true",
            ),
            Self::Name => said(
                "抢购产品只收集手机号：guests.name 应为 false，否则下单失败",
                "the voucher asks for a phone alone: guests.name is false, or every order fails",
            ),
            Self::Documents => said(
                "抢购产品不能要求证件：guests.documents 应为空，否则下单失败",
                "the voucher asks for no document: guests.documents is empty, or every order fails",
            ),
            Self::Fulfilment => said(
                "抢购产品不对接上游：fulfilment 应为 own_number 或 nothing",
                "no supplier stands behind the voucher: its fulfilment is own_number or nothing",
            ),
        }
    }
}

impl ReservationFault {
    fn said(self) -> Said {
        match self {
            Self::Window => said(
                "预约产品的有效期（validity）应为预约当天（visit_day）或预约后多天（days_after_visit）",
                "what is reserved is good on its day (visit_day) or so many days after it (days_after_visit), not in a window",
            ),
            Self::NoGuest => said(
                "预约产品须收集游客：guests.collect 应为 one_guest 或 every_guest",
                "what is reserved collects guests: guests.collect is one_guest or every_guest",
            ),
            Self::NoName => said(
                "预约产品须收集姓名：guests.name 应为 true",
                "what is reserved asks for names: guests.name is true",
            ),
            Self::NoPhone => said(
                "预约产品须收集手机号：guests.phone 应为 true",
                "what is reserved asks for phones: guests.phone is true",
            ),
            Self::Document(kind) => said(
                format!("预约产品不支持该证件类型（{kind:?}）；请从 guests.documents 中去掉"),
                format!("nobody can reserve with a {kind:?} there: take it out of guests.documents"),
            ),
            Self::NothingIssued => said(
                "预约产品没有凭证（fulfilment 为 nothing），顾客无码可用",
                "nothing is issued for what is reserved (fulfilment is nothing): the guest has nothing to show",
            ),
        }
    }
}

const fn word(kind: ProductKind) -> &'static str {
    match kind {
        ProductKind::Ticket => "门票",
        ProductKind::Package => "套餐",
        ProductKind::FlashSaleVoucher => "抢购",
        ProductKind::PresaleVoucher => "预售券",
        ProductKind::RoomStay => "住宿",
        ProductKind::PickupVoucher => "提货券",
    }
}
