//! What has to hold after every command. Checked by tests, by the demo and on request.

use std::collections::BTreeMap;

use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{DistributorId, OrderId};
use entrepot_contract::order::{LimitKey, Order, OrderState, UnitState};

use crate::code::{Days, ValidDays};
use crate::credit::{Account, Book, Posting};

/// Everything of one merchant that the invariants speak about.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Cells.
    pub stock: BTreeMap<StockKey, Stock>,
    /// Orders.
    pub orders: Vec<Order>,
    /// Accounts.
    pub accounts: BTreeMap<DistributorId, Account>,
    /// All statement lines.
    pub postings: Vec<Posting>,
    /// For each pool: available by its counter, available by its rows.
    pub pools: BTreeMap<String, (u32, u32)>,
    /// Counters of purchase limits.
    pub limits: BTreeMap<LimitKey, u32>,
    /// How often each given code was given.
    pub codes_given: BTreeMap<String, u32>,
    /// Codes that orders have and that are not good for ever: order, and when.
    pub dated_codes: Vec<(OrderId, ValidDays)>,
}

/// One invariant, and what breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its name, stable for scripts.
    pub name: &'static str,
    /// What was found wrong, at most ten lines; empty when it holds.
    pub broken: Vec<String>,
}

/// Checks all of them.
#[must_use]
pub fn check(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = vec![
        Finding { name: "no stock sold beyond its capacity", broken: oversold(snapshot) },
        Finding { name: "stock equals the units of open and paid orders", broken: stock_matches(snapshot) },
        Finding { name: "every voucher's unit ledger balances", broken: ledger(snapshot) },
        Finding { name: "every purchase limit's counter equals its orders", broken: limits(snapshot) },
        Finding { name: "no credit line overdrawn", broken: overdrawn(snapshot) },
        Finding { name: "every balance equals its postings", broken: balances(snapshot) },
        Finding { name: "held credit equals what unpaid orders owe", broken: held(snapshot) },
        Finding { name: "all postings sum to zero", broken: sum(snapshot) },
        Finding { name: "never more returned than captured, per unit", broken: returned(snapshot) },
        Finding { name: "a code is given to at most one unit", broken: codes(snapshot) },
        Finding { name: "a given code is good on the day of the visit", broken: dates(snapshot) },
        Finding { name: "every pool's counter equals its codes", broken: pools(snapshot) },
    ];
    for finding in &mut findings {
        finding.broken.truncate(10);
    }
    findings
}

fn oversold(snapshot: &Snapshot) -> Vec<String> {
    let beyond = |stock: &Stock| match stock.capacity {
        entrepot_contract::calendar::Capacity::Unlimited => false,
        entrepot_contract::calendar::Capacity::Limited(limit) => {
            u64::from(stock.held) + u64::from(stock.sold) > u64::from(limit)
        }
    };
    snapshot.stock.iter().filter(|(_, stock)| beyond(stock)).map(|(key, stock)| format!("{key:?}: {stock:?}")).collect()
}

fn stock_matches(snapshot: &Snapshot) -> Vec<String> {
    let mut counted: BTreeMap<&StockKey, (u32, u32)> = BTreeMap::new();
    let mut broken = Vec::new();
    for order in &snapshot.orders {
        let gone = order.count(UnitState::Refunded);
        let units = u32::try_from(order.units.len() - gone).unwrap_or(u32::MAX);
        // Every unit that was not given back stands once in each bucket on each date, in a share or in the pool.
        let mut stands: BTreeMap<StockKey, u32> = BTreeMap::new();
        for taken in &order.stock {
            let bucket = taken.instead_of.as_ref().unwrap_or(&taken.key.bucket).clone();
            *stands.entry(StockKey { bucket, ..taken.key.clone() }).or_default() += taken.count;
            let numbers = counted.entry(&taken.key).or_default();
            match order.state {
                OrderState::Created => numbers.0 += taken.count,
                _ => numbers.1 += taken.count,
            }
        }
        let wrong = stands.iter().filter(|(_, count)| **count != units);
        broken.extend(wrong.map(|(key, count)| format!("{} has {units} units and {count} of {key:?}", order.id)));
    }
    for (key, stock) in &snapshot.stock {
        let numbers = counted.remove(key).unwrap_or_default();
        if numbers != (stock.held, stock.sold) {
            broken.push(format!("{key:?}: held and sold are {:?}, orders say {numbers:?}", (stock.held, stock.sold)));
        }
    }
    broken.extend(counted.iter().filter(|(_, n)| **n != (0, 0)).map(|(key, n)| format!("{key:?} is missing: {n:?}")));
    broken
}

/// A unit of a voucher is reserved exactly while one live reservation has it.
fn ledger(snapshot: &Snapshot) -> Vec<String> {
    let mut taken: BTreeMap<(&OrderId, u16), Vec<&Order>> = BTreeMap::new();
    let mut live: BTreeMap<&OrderId, u32> = BTreeMap::new();
    for order in &snapshot.orders {
        let Some((source, units)) = order.source() else { continue };
        let open = order.numbers(UnitState::Available);
        let mine = (1_u16..).zip(units).filter(|(number, _)| open.contains(number));
        for (_, unit) in mine {
            taken.entry((source, *unit)).or_default().push(order);
        }
        *live.entry(source).or_default() += u32::from(!open.is_empty());
    }
    let mut broken = Vec::new();
    for order in &snapshot.orders {
        for unit in &order.units {
            let by = taken.get(&(&order.id, unit.number)).map_or(0, Vec::len);
            if by != usize::from(unit.state == UnitState::Reserved) {
                broken
                    .push(format!("unit {} of {} is {:?} and in {by} reservations", unit.number, order.id, unit.state));
            }
        }
        let together = order.terms.reservation.is_some_and(|rule| rule.together);
        let count = live.get(&order.id).copied().unwrap_or_default();
        if together && count > 1 {
            broken.push(format!("{} has {count} live reservations and allows one", order.id));
        }
    }
    broken
}

fn limits(snapshot: &Snapshot) -> Vec<String> {
    let mut counted: BTreeMap<&LimitKey, u32> = BTreeMap::new();
    for taken in snapshot.orders.iter().flat_map(|order| &order.limits) {
        *counted.entry(&taken.key).or_default() += u32::try_from(taken.units.len()).unwrap_or(u32::MAX);
    }
    let mut broken = Vec::new();
    for (key, count) in &snapshot.limits {
        let orders = counted.remove(key).unwrap_or_default();
        if orders != *count {
            broken.push(format!("{} of {}: counted {count}, orders say {orders}", key.period, key.product));
        }
    }
    broken.extend(
        counted
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(key, n)| format!("{} of {} is missing: {n}", key.period, key.product)),
    );
    broken
}

fn overdrawn(snapshot: &Snapshot) -> Vec<String> {
    let mut broken = Vec::new();
    for account in snapshot.accounts.values() {
        if account.held_minor < 0 {
            broken.push(format!("{} holds {}", account.distributor, account.held_minor));
        }
        if account.available_minor() < 0 {
            broken.push(format!("{} has {} left", account.distributor, account.available_minor()));
        }
    }
    broken
}

fn balances(snapshot: &Snapshot) -> Vec<String> {
    let mut sums: BTreeMap<&DistributorId, (i128, i128, i64)> = BTreeMap::new();
    let mut broken = Vec::new();
    for posting in &snapshot.postings {
        let sum = sums.entry(&posting.distributor).or_default();
        for (book, sign) in [(posting.from, -1_i128), (posting.to, 1_i128)] {
            match book {
                Book::Balance => sum.0 += sign * i128::from(posting.amount_minor),
                Book::Held => sum.1 += sign * i128::from(posting.amount_minor),
                Book::Sales | Book::Funding | Book::Transit => {}
            }
        }
        sum.2 += 1;
        if posting.sequence != sum.2 || i128::from(posting.balance_after_minor) != sum.0 {
            broken.push(format!("{} line {} does not follow its predecessor", posting.distributor, posting.sequence));
        }
    }
    for account in snapshot.accounts.values() {
        let (balance, held, lines) = sums.get(&account.distributor).copied().unwrap_or_default();
        if (i128::from(account.balance_minor), i128::from(account.held_minor), account.sequence)
            != (balance, held, lines)
        {
            broken.push(format!("{}: {account:?}, postings say {:?}", account.distributor, (balance, held, lines)));
        }
    }
    broken
}

fn held(snapshot: &Snapshot) -> Vec<String> {
    let mut owed: BTreeMap<&DistributorId, i128> = BTreeMap::new();
    for order in snapshot.orders.iter().filter(|order| order.state == OrderState::Created) {
        if let Some(distributor) = &order.terms.distributor {
            let count = i128::try_from(order.units.len()).unwrap_or(i128::MAX);
            *owed.entry(distributor).or_default() += i128::from(order.terms.settlement.amount_minor) * count;
        }
    }
    let differs = |account: &&Account| {
        owed.get(&account.distributor).copied().unwrap_or_default() != i128::from(account.held_minor)
    };
    let told = |account: &Account| {
        let owed = owed.get(&account.distributor).copied().unwrap_or_default();
        format!("{} holds {}, its unpaid orders owe {owed}", account.distributor, account.held_minor)
    };
    snapshot.accounts.values().filter(differs).map(told).collect()
}

fn sum(snapshot: &Snapshot) -> Vec<String> {
    let mut books: BTreeMap<Book, i128> = BTreeMap::new();
    let mut broken = Vec::new();
    for posting in &snapshot.postings {
        if (posting.from, posting.to) != posting.kind.books() || posting.amount_minor <= 0 {
            broken.push(format!("{} line {}: {:?}", posting.distributor, posting.sequence, posting.kind));
        }
        *books.entry(posting.from).or_default() -= i128::from(posting.amount_minor);
        *books.entry(posting.to).or_default() += i128::from(posting.amount_minor);
    }
    let transit = books.get(&Book::Transit).copied().unwrap_or_default();
    if transit != 0 {
        broken.push(format!("{transit} is between two distributors"));
    }
    let total: i128 = books.values().sum();
    if total != 0 {
        broken.push(format!("the books sum to {total}"));
    }
    let captured: i128 =
        snapshot.orders.iter().flat_map(|order| &order.units).map(|unit| i128::from(unit.captured_minor)).sum();
    let returned: i128 =
        snapshot.orders.iter().flat_map(|order| &order.units).map(|unit| i128::from(unit.returned_minor)).sum();
    let sales = books.get(&Book::Sales).copied().unwrap_or_default();
    if sales != captured - returned {
        broken.push(format!("sales are {sales}, units captured {captured} and returned {returned}"));
    }
    broken
}

fn returned(snapshot: &Snapshot) -> Vec<String> {
    let units = snapshot.orders.iter().flat_map(|order| order.units.iter().map(move |unit| (order, unit)));
    units
        .filter(|(_, unit)| unit.returned_minor > unit.captured_minor || unit.returned_minor < 0)
        .map(|(order, unit)| format!("unit {} of {}", unit.number, order.id))
        .collect()
}

fn codes(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .codes_given
        .iter()
        .filter(|(_, n)| **n > 1)
        .map(|(code, n)| format!("{code} was given {n} times"))
        .collect()
}

fn dates(snapshot: &Snapshot) -> Vec<String> {
    let orders: BTreeMap<&OrderId, &Order> = snapshot.orders.iter().map(|order| (&order.id, order)).collect();
    let missed = |(id, valid): &&(OrderId, ValidDays)| {
        let visit = orders.get(id).and_then(|order| order.visit);
        visit.is_some_and(|visit| !valid.cover(Days { first: visit.arrive, last: visit.leave.max(visit.arrive) }))
    };
    snapshot.dated_codes.iter().filter(missed).map(|(id, valid)| format!("{id} has a code for {valid:?}")).collect()
}

fn pools(snapshot: &Snapshot) -> Vec<String> {
    let differ = snapshot.pools.iter().filter(|(_, (counter, rows))| counter != rows);
    differ.map(|(name, numbers)| format!("{name}: {numbers:?}")).collect()
}
