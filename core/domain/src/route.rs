//! Which suppliers may fulfil a sale, in the order in which they are tried.

use entrepot_contract::ids::ConnectionId;
use entrepot_contract::intent::Wish;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Fulfilment, Route, RouteCondition, Sku};

use crate::catalogue::Rules;

/// What of a sale decides where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Sale<'a> {
    /// The channel connection.
    pub connection: &'a ConnectionId,
    /// What is wished.
    pub wish: &'a Wish,
    /// Units that may still be sold on the tightest of its dates, where that is known; none is without limit.
    pub left: Option<Option<u32>>,
}

/// Where the credentials of a sale come from, and who is asked when that supplier certainly does not sell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The first.
    pub fulfilment: Fulfilment,
    /// The others, in order.
    pub otherwise: Vec<Route>,
}

/// Chooses for a sale. Refused when a SKU has suppliers and none of them may take it.
pub fn choose(rules: &Rules, sku: &Sku, sale: &Sale<'_>) -> Result<Chosen, Refusal> {
    let Fulfilment::Supplier { connection, product_code } = &sku.fulfilment else {
        return Ok(Chosen { fulfilment: sku.fulfilment.clone(), otherwise: Vec::new() });
    };
    let first = Route { connection: connection.clone(), product_code: product_code.clone(), when: sku.when.clone() };
    let mut refused = None;
    let mut open = Vec::new();
    for route in std::iter::once(&first).chain(&sku.otherwise) {
        match takes(rules, route, sale) {
            Ok(()) => open.push(route.clone()),
            Err(refusal) => drop(refused.get_or_insert(refusal)),
        }
    }
    if open.is_empty() {
        let none = || Refusal::new(Reason::Paused, format!("no supplier takes SKU {}", sku.id));
        return Err(refused.unwrap_or_else(none));
    }
    let Route { connection, product_code, .. } = open.remove(0);
    Ok(Chosen { fulfilment: Fulfilment::Supplier { connection, product_code }, otherwise: open })
}

/// A supplier that is switched off, or gone, takes no new orders; those that are there go on. An order that it could
/// never book is not sold.
fn takes(rules: &Rules, route: &Route, sale: &Sale<'_>) -> Result<(), Refusal> {
    let connection = &route.connection;
    if let Some(why) = unmet(&route.when, sale) {
        return Err(Refusal::new(Reason::OffSale, format!("supplier {connection} does not take this sale: {why}")));
    }
    let supplier = rules
        .supplier(connection)
        .filter(|supplier| supplier.selling)
        .ok_or_else(|| Refusal::new(Reason::Paused, format!("supplier {connection} takes no new orders")))?;
    let count = sale.wish.count;
    match supplier.units_limit.map(u32::from) {
        Some(limit) if count > limit => {
            let text = format!("supplier {connection} books at most {limit} units an order, {count} asked for");
            Err(Refusal::new(Reason::TooManyUnits, text))
        }
        _ => Ok(()),
    }
}

/// The condition that a sale does not meet.
fn unmet(when: &RouteCondition, sale: &Sale<'_>) -> Option<&'static str> {
    let date = sale.wish.visit.map(|visit| visit.arrive);
    let early = when.from.is_some_and(|from| date.is_none_or(|date| date < from));
    let late = when.to.is_some_and(|to| date.is_none_or(|date| date > to));
    let elsewhere = !when.channels.is_empty() && !when.channels.contains(sale.connection);
    let short = when.least_left.is_some_and(|least| sale.left.flatten().is_some_and(|left| left < least));
    match (early || late, elsewhere, short) {
        (true, _, _) => Some("its date"),
        (_, true, _) => Some("its channel"),
        (_, _, true) => Some("too little stock is left"),
        _ => None,
    }
}
