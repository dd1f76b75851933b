//! Counters of purchase limits. A counter that is not there is made before it is locked: absence cannot be locked, and
//! two nodes that sell to one person at once have to see each other.

use std::collections::BTreeMap;

use entrepot_contract::ids::{MerchantId, ProductId};
use entrepot_contract::order::LimitKey;
use entrepot_engine::storage::{Footprints, States, StorageFault};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::fault::unreadable;
use crate::numbers::{merchant_of, number};
use crate::rows::Kind::Text;
use crate::rows::{Dialect, Row, column, json_rows, of_word, query, word};
use crate::tables;

/// The columns that name a counter.
pub(crate) fn key_row(merchant: &MerchantId, key: &LimitKey) -> Result<Row, StorageFault> {
    Ok(vec![
        merchant.as_str().into(),
        key.product.as_str().into(),
        word(&key.per)?.into(),
        key.period.as_str().into(),
        key.subject.as_str().into(),
    ])
}

/// Claims, locks and loads what commands have to see.
pub(crate) async fn load(
    connection: &impl ConnectionTrait,
    footprints: &Footprints,
    states: &mut States,
) -> Result<(), StorageFault> {
    let mut rows = Vec::new();
    for (merchant, footprint) in footprints {
        for key in &footprint.limits {
            rows.push(key_row(merchant, key)?);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort();
    let claims = rows.iter().cloned().map(|mut row| {
        row.push(0_i64.into());
        row
    });
    tables::CLAIMED_LIMITS.write(connection, claims.collect()).await?;
    let dialect = Dialect(connection.get_database_backend());
    for (merchant, key, units) in read(connection, rows, &dialect.lock("l")).await? {
        if let Some(state) = states.get_mut(&merchant) {
            state.limits.insert(key, units);
        }
    }
    Ok(())
}

/// Counters as they stand.
pub(crate) async fn counters(
    connection: &impl ConnectionTrait,
    merchant: &MerchantId,
    keys: &[LimitKey],
) -> Result<BTreeMap<LimitKey, u32>, StorageFault> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = keys.iter().map(|key| key_row(merchant, key)).collect::<Result<Vec<_>, _>>()?;
    let found = read(connection, rows, "").await?;
    Ok(found.into_iter().map(|(_, key, units)| (key, units)).collect())
}

async fn read(
    connection: &impl ConnectionTrait,
    rows: Vec<Row>,
    lock: &str,
) -> Result<Vec<(MerchantId, LimitKey, u32)>, StorageFault> {
    let dialect = Dialect(connection.get_database_backend());
    let text = |index| dialect.element(index, Text);
    let sql = format!(
        "SELECT l.merchant, l.product, l.per, l.period, l.subject, l.units FROM {} JOIN limit_counters l
         ON l.merchant = {} AND l.product = {} AND l.per = {} AND l.period = {} AND l.subject = {}
         ORDER BY l.merchant, l.product, l.per, l.period, l.subject{lock}",
        dialect.each(),
        text(0),
        text(1),
        text(2),
        text(3),
        text(4),
    );
    query(connection, dialect.statement(&sql, vec![json_rows(&rows)]), read_row).await
}

pub(crate) fn read_row(row: &QueryResult) -> Result<(MerchantId, LimitKey, u32), StorageFault> {
    let product: String = column(row, "product")?;
    let key = LimitKey {
        product: ProductId::parse(product).map_err(|fault| unreadable("product", fault))?,
        per: of_word("limit subject", column(row, "per")?)?,
        period: column(row, "period")?,
        subject: column(row, "subject")?,
    };
    Ok((merchant_of(row)?, key, number(row, "units")?))
}
