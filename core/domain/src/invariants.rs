//! What has to hold after every command. Checked by tests, by the demo and on request.

use std::collections::BTreeMap;

use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::DistributorId;
use entrepot_contract::order::{Order, OrderState, UnitState};

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
    /// How often each given code was given.
    pub codes_given: BTreeMap<String, u32>,
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
        Finding { name: "no credit line overdrawn", broken: overdrawn(snapshot) },
        Finding { name: "every balance equals its postings", broken: balances(snapshot) },
        Finding { name: "all postings sum to zero", broken: sum(snapshot) },
        Finding { name: "never more returned than captured, per unit", broken: returned(snapshot) },
        Finding { name: "a code is given to at most one unit", broken: codes(snapshot) },
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
    for order in &snapshot.orders {
        let gone = order.count(UnitState::Refunded);
        let units = u32::try_from(order.units.len() - gone).unwrap_or(u32::MAX);
        for key in &order.stock {
            let numbers = counted.entry(key).or_default();
            match order.state {
                OrderState::Created => numbers.0 += units,
                _ => numbers.1 += units,
            }
        }
    }
    let mut broken = Vec::new();
    for (key, stock) in &snapshot.stock {
        let numbers = counted.remove(key).unwrap_or_default();
        if numbers != (stock.held, stock.sold) {
            broken.push(format!("{key:?}: held and sold are {:?}, orders say {numbers:?}", (stock.held, stock.sold)));
        }
    }
    broken.extend(counted.iter().filter(|(_, n)| **n != (0, 0)).map(|(key, n)| format!("{key:?} is missing: {n:?}")));
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
                Book::Sales | Book::Funding => {}
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

fn pools(snapshot: &Snapshot) -> Vec<String> {
    let differ = snapshot.pools.iter().filter(|(_, (counter, rows))| counter != rows);
    differ.map(|(name, numbers)| format!("{name}: {numbers:?}")).collect()
}
