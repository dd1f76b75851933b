//! Stock cells: hold, confirm, release. A cell never sells beyond its capacity.

use entrepot_contract::calendar::{Capacity, Stock, StockKey};
use entrepot_contract::outcome::{Reason, Refusal};

use crate::planted::{self, Bug};

/// Which number of a cell an order's units stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not yet paid.
    Held,
    /// Paid.
    Sold,
}

/// Takes `count` units from a cell.
pub fn take(key: &StockKey, stock: &Stock, count: u32, standing: Standing) -> Result<Stock, Refusal> {
    let spare = u32::from(planted::is(Bug::SoldOutByOne));
    if stock.left().is_some_and(|left| left + spare < count) {
        let date = key.date.map_or_else(|| "undated".to_owned(), |date| date.to_string());
        return Err(Refusal::new(
            Reason::SoldOut,
            format!("{} on {date}: {} left, {count} asked for", key.bucket, stock.left().unwrap_or(0)),
        ));
    }
    let mut after = *stock;
    let number = match standing {
        Standing::Held => &mut after.held,
        Standing::Sold => &mut after.sold,
    };
    *number = number
        .checked_add(count)
        .ok_or_else(|| Refusal::new(Reason::TooManyUnits, format!("{} cannot count so many units", key.bucket)))?;
    Ok(after)
}

/// Turns held units into sold ones.
#[must_use]
pub fn confirm(stock: &Stock, count: u32) -> Stock {
    Stock { held: stock.held.saturating_sub(count), sold: stock.sold.saturating_add(count), ..*stock }
}

/// Gives units back.
#[must_use]
pub fn release(stock: &Stock, count: u32, standing: Standing) -> Stock {
    match standing {
        Standing::Held => Stock { held: stock.held.saturating_sub(count), ..*stock },
        Standing::Sold => Stock { sold: stock.sold.saturating_sub(count), ..*stock },
    }
}

/// Sets a cell's capacity; refused with the numbers when more is sold already.
pub fn set_capacity(key: &StockKey, stock: Option<&Stock>, capacity: Capacity) -> Result<Stock, Refusal> {
    let before = stock.copied().unwrap_or(Stock { capacity, held: 0, sold: 0 });
    if let Capacity::Limited(limit) = capacity {
        let taken = before.held.saturating_add(before.sold);
        if taken > limit {
            let date = key.date.map_or_else(|| "undated".to_owned(), |date| date.to_string());
            return Err(Refusal::new(
                Reason::StateForbids,
                format!(
                    "{} on {date}: stock cannot become {limit}; {} are sold and {} held",
                    key.bucket, before.sold, before.held
                ),
            ));
        }
    }
    Ok(Stock { capacity, ..before })
}
