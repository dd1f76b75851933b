//! Differences between our orders and what a channel says of them (对账): found by comparing, kept until a person or a
//! later comparison settles them. Comparing is pure; fetching both sides is a flow's work.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::{ChannelOrderId, OrderId};
use entrepot_contract::looking::{LedgerLine, OrderSeen, RedemptionLine, SeenState};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, OrderState, UnitState};
use entrepot_contract::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The channel has a paid order that we do not have.
    MissingHere,
    /// We have a paid order that the channel does not have.
    MissingThere,
    /// What the guest paid.
    Amount,
    /// What the guest got back.
    Refund,
    /// Where the order stands.
    State,
    /// How many units were bought or used.
    Units,
    /// A line of the bill that no order of ours explains, or a used order without a line.
    Bill,
}

impl DifferenceKind {
    /// Its name in stored rows and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::Amount => "amount",
            Self::Refund => "refund",
            Self::State => "state",
            Self::Units => "units",
            Self::Bill => "bill",
        }
    }

    /// What a person should do about it, in Chinese and in English.
    #[must_use]
    pub const fn advice(self) -> (&'static str, &'static str) {
        match self {
            Self::MissingHere => (
                "本系统没有该订单：在渠道后台核实后退款，或按渠道订单人工出票",
                "not here: look at the channel; give the money back there, or issue the ticket by hand",
            ),
            Self::MissingThere => (
                "渠道没有该订单：核实渠道账户是否一致，必要时取消本订单并释放库存",
                "not at the channel: check its account; cancel the order here if it never existed there",
            ),
            Self::Amount => (
                "实付金额不一致：核对渠道优惠与商品价格，按渠道账单更正",
                "the amounts differ: compare promotions and prices; the channel's bill counts",
            ),
            Self::Refund => (
                "退款金额不一致：渠道的退款结果为准，等待退款通知或补记退款",
                "the refunds differ: the channel's result counts; wait for its notice or record the refund",
            ),
            Self::State => (
                "订单状态不一致：查看订单时间线，重发未送达的通知",
                "the states differ: look at the order's timeline; retry notices that were not taken",
            ),
            Self::Units => (
                "份数或核销数不一致：核对供应商核销记录，重发核销通知",
                "the units differ: compare with the supplier's gate; tell the redemption again",
            ),
            Self::Bill => (
                "账单与订单不一致：核对核销日期与账单，联系渠道更正",
                "the bill and the orders differ: compare the day of use; ask the channel to correct it",
            ),
        }
    }
}

/// One difference, as a comparison found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What differs.
    pub kind: DifferenceKind,
    /// What it is about: the channel's order number, or a bill line's id. Together with the kind it is found once.
    pub subject: String,
    /// Our order, where there is one.
    pub order: Option<OrderId>,
    /// The voucher order behind a reservation, as the channel names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<ChannelOrderId>,
    /// What we say, for people.
    pub ours: String,
    /// What the channel says, for people.
    pub theirs: String,
}

/// Our side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnOrder {
    /// The order.
    pub order: Order,
    /// What its guest got back, as the channel told us.
    pub refunded: Option<Money>,
}

/// An order that is so young is not missed yet, in milliseconds: its creation may be under way.
pub const YOUNG_MS: i64 = 600_000;

/// Compares orders. `ours` and `theirs` are the two sides of the same orders, each at most once; what only one side has
/// is missing on the other.
#[must_use]
pub fn orders(ours: &[OwnOrder], theirs: &[OrderSeen], now: Timestamp) -> Vec<Difference> {
    let seen: BTreeMap<&ChannelOrderId, &OrderSeen> = theirs.iter().map(|seen| (&seen.order, seen)).collect();
    let own: BTreeMap<&ChannelOrderId, &OwnOrder> = ours.iter().map(|own| (&own.order.channel_order, own)).collect();
    let mut found = Vec::new();
    for own in ours {
        match seen.get(&own.order.channel_order) {
            Some(seen) => found.extend(pair(own, seen)),
            None => found.extend(missing_there(own, now)),
        }
    }
    found.extend(unnamed(theirs));
    found
        .extend(theirs.iter().filter(|seen| !own.contains_key(&seen.order)).filter_map(|seen| missing_here(seen, now)));
    found
}

/// Names the voucher of each reservation that differs: as we know it, else as the channel tells. `numbers`: vouchers by
/// our ids, as the channel names them.
pub fn under_vouchers(
    found: &mut [Difference],
    ours: &[OwnOrder],
    theirs: &[OrderSeen],
    numbers: &BTreeMap<OrderId, ChannelOrderId>,
) {
    let known = ours.iter().filter_map(|own| {
        let (source, _) = own.order.source()?;
        Some((own.order.channel_order.as_str(), numbers.get(source)?))
    });
    let told = theirs.iter().filter_map(|seen| Some((seen.order.as_str(), seen.source_order.as_ref()?)));
    let vouchers: BTreeMap<&str, &ChannelOrderId> = told.chain(known).collect();
    for one in found {
        one.voucher = vouchers.get(one.subject.as_str()).map(|voucher| ChannelOrderId::clone(voucher));
    }
}

/// States that the channel's plugin cannot name: one difference for each, however many orders have it.
fn unnamed(theirs: &[OrderSeen]) -> Vec<Difference> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seen in theirs.iter().filter(|seen| seen.state == SeenState::Other) {
        *counts.entry(&seen.raw_state).or_default() += 1;
    }
    let one = |(raw, count): (&str, usize)| Difference {
        kind: DifferenceKind::State,
        subject: format!("state {raw}"),
        order: None,
        voucher: None,
        ours: "no name: say in the settings what it means".to_owned(),
        theirs: format!("the state of {count} orders"),
    };
    counts.into_iter().map(one).collect()
}

/// Whether the guest paid, as far as the channel tells, and did not get it back.
#[must_use]
pub fn is_paid(seen: &OrderSeen) -> bool {
    let unnamed = seen.state == SeenState::Other && seen.paid_at.is_some() && seen.refunded_units.unwrap_or(0) == 0;
    unnamed || matches!(seen.state, SeenState::Paid | SeenState::Issued | SeenState::Used)
}

fn missing_there(own: &OwnOrder, now: Timestamp) -> Option<Difference> {
    let order = &own.order;
    let counts = order.paid_at.is_some() && !matches!(order.state, OrderState::Cancelled | OrderState::Refused);
    (counts && now.since(order.created_at) >= YOUNG_MS).then(|| Difference {
        kind: DifferenceKind::MissingThere,
        subject: order.channel_order.to_string(),
        order: Some(order.id.clone()),
        voucher: None,
        ours: format!("{:?}, {}", order.state, order.retail),
        theirs: "nothing".to_owned(),
    })
}

fn missing_here(seen: &OrderSeen, now: Timestamp) -> Option<Difference> {
    let paid = is_paid(seen);
    let young = seen.paid_at.or(seen.ordered_at).or(seen.updated_at).is_some_and(|at| now.since(at) < YOUNG_MS);
    (paid && !young).then(|| Difference {
        kind: DifferenceKind::MissingHere,
        subject: seen.order.to_string(),
        order: None,
        voucher: None,
        ours: "nothing".to_owned(),
        theirs: format!("{:?} ({}){}", seen.state, seen.raw_state, text(", ", seen.paid)),
    })
}

fn text(before: &str, value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| format!("{before}{value}")).unwrap_or_default()
}

/// Units of an order in a state.
fn count(order: &Order, state: UnitState) -> u32 {
    u32::try_from(order.numbers(state).len()).unwrap_or(u32::MAX)
}

/// What differs between the two sides of one order.
fn pair(own: &OwnOrder, seen: &OrderSeen) -> Vec<Difference> {
    let order = &own.order;
    let mut found = Vec::new();
    let mut differs = |kind, ours: String, theirs: String| {
        let subject = seen.order.to_string();
        found.push(Difference { kind, subject, order: Some(order.id.clone()), voucher: None, ours, theirs });
    };
    if let Some(why) = state(order, seen) {
        differs(DifferenceKind::State, format!("{:?}", order.state), why);
    }
    let money = own_money(own);
    if let Some(paid) = seen.paid.filter(|paid| money && order.paid_at.is_some() && *paid != order.retail) {
        differs(DifferenceKind::Amount, order.retail.to_string(), paid.to_string());
    }
    let bought = u32::try_from(order.units.len()).unwrap_or(u32::MAX);
    if let Some(units) = seen.units.filter(|units| *units != bought) {
        differs(DifferenceKind::Units, format!("{bought} bought"), format!("{units} bought"));
    } else if let Some(used) = seen.used_units.filter(|used| *used != count(order, UnitState::Redeemed)) {
        let ours = count(order, UnitState::Redeemed);
        differs(DifferenceKind::Units, format!("{ours} used"), format!("{used} used"));
    }
    let ours = own.refunded.unwrap_or(Money { amount_minor: 0, ..order.retail });
    if let Some(back) = seen.refunded.filter(|back| money && !told_of_another(own) && *back != ours) {
        differs(DifferenceKind::Refund, format!("{ours} back"), format!("{back} back"));
    } else if let Some(units) = seen.refunded_units.filter(|units| *units != count(order, UnitState::Refunded)) {
        let ours = count(order, UnitState::Refunded);
        differs(DifferenceKind::Refund, format!("{ours} units back"), format!("{units} units back"));
    }
    found
}

/// Whether an order has money of its own: a reservation whose price is in its voucher has none, whatever the channel
/// shows beside it.
fn own_money(own: &OwnOrder) -> bool {
    own.order.source().is_none() || own.order.terms.settlement.amount_minor != 0
}

/// Whether the money of a voucher that went back was told of its reservation: then its units alone are compared.
fn told_of_another(own: &OwnOrder) -> bool {
    let voucher = own.order.terms.reservation.is_some();
    voucher && own.refunded.is_none() && count(&own.order, UnitState::Refunded) > 0
}

/// Why the two states cannot both be true; none where they can, also while one side is a step ahead.
fn state(order: &Order, seen: &OrderSeen) -> Option<String> {
    use OrderState::{Accepted, Cancelled, Completed, Created, Issued, Issuing, Paid, Refunded, Refused};
    let agree = match seen.state {
        SeenState::Unpaid => matches!(order.state, Created | Cancelled),
        SeenState::Paid => matches!(order.state, Paid | Accepted | Issuing | Issued),
        SeenState::Issued => matches!(order.state, Issued | Completed),
        SeenState::Used => matches!(order.state, Completed),
        SeenState::Refunded => matches!(order.state, Refunded | Refused | Completed),
        SeenState::Cancelled => matches!(order.state, Cancelled | Refused | Refunded),
        // Told once for all orders that have it.
        SeenState::Other => true,
    };
    (!agree).then(|| format!("{:?} ({})", seen.state, seen.raw_state))
}

/// Compares a day's bill and uses with our orders: each order of ours that was used by then and stands in the day's uses
/// has lines that add up to what the guest paid for it, and each line has an order.
#[must_use]
pub fn bill(ours: &[OwnOrder], lines: &[LedgerLine], uses: Option<&[RedemptionLine]>) -> Vec<Difference> {
    let own: BTreeMap<&ChannelOrderId, &OwnOrder> = ours.iter().map(|own| (&own.order.channel_order, own)).collect();
    let mut found = Vec::new();
    let mut billed: BTreeMap<&ChannelOrderId, i64> = BTreeMap::new();
    for line in lines {
        let total = line.amount.amount_minor + line.commission.map_or(0, |kept| kept.amount_minor);
        match line.order.as_ref().filter(|order| own.contains_key(order)) {
            Some(order) => *billed.entry(order).or_default() += total,
            None => found.push(Difference {
                kind: DifferenceKind::Bill,
                subject: line.order.as_ref().map_or_else(|| line.id.clone(), ToString::to_string),
                order: None,
                voucher: None,
                ours: "nothing".to_owned(),
                theirs: format!("line {}: {}, {}", line.id, line.what, line.amount),
            }),
        }
    }
    let differs = |own: &OwnOrder, ours: String, theirs: String| Difference {
        kind: DifferenceKind::Bill,
        subject: own.order.channel_order.to_string(),
        order: Some(own.order.id.clone()),
        voucher: None,
        ours,
        theirs,
    };
    for (order, total) in &billed {
        let Some(own) = own.get(order) else { continue };
        if *total > own.order.retail.amount_minor {
            let more = Money { amount_minor: *total, ..own.order.retail };
            found.push(differs(own, format!("paid {}", own.order.retail), format!("billed {more}")));
        }
    }
    let used: BTreeSet<&ChannelOrderId> = uses
        .unwrap_or_default()
        .iter()
        .filter(|line| line.undone_at.is_none())
        .filter_map(|line| line.order.as_ref())
        .collect();
    for order in used {
        if let Some(own) = own.get(order).filter(|_| !billed.contains_key(order)) {
            found.push(differs(own, format!("{} used", count(&own.order, UnitState::Redeemed)), "no line".to_owned()));
        }
    }
    found
}

/// Compares a day's uses with our orders: nobody was let in there more often than here.
#[must_use]
pub fn uses(ours: &[OwnOrder], uses: &[RedemptionLine]) -> Vec<Difference> {
    let own: BTreeMap<&ChannelOrderId, &OwnOrder> = ours.iter().map(|own| (&own.order.channel_order, own)).collect();
    let mut counted: BTreeMap<&ChannelOrderId, u32> = BTreeMap::new();
    for line in uses.iter().filter(|line| line.undone_at.is_none()) {
        if let Some(order) = &line.order {
            *counted.entry(order).or_default() += line.units;
        }
    }
    let differs = |(order, there): (&&ChannelOrderId, &u32)| {
        let own = own.get(*order)?;
        let here = count(&own.order, UnitState::Redeemed);
        (*there > here).then(|| Difference {
            kind: DifferenceKind::Units,
            subject: order.to_string(),
            order: Some(own.order.id.clone()),
            voucher: None,
            ours: format!("{here} used"),
            theirs: format!("{there} used that day"),
        })
    };
    counted.iter().filter_map(differs).collect()
}
