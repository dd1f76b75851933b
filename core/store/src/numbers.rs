//! The hot numbers: cells of stock and distributors' accounts, as batches lock them and flows read them.

use entrepot_contract::calendar::{Capacity, Stock, StockKey};
use entrepot_contract::ids::{DistributorId, MerchantId};
use entrepot_contract::money::Currency;
use entrepot_domain::credit::Account;
use entrepot_engine::storage::StorageFault;
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::Value as Json;

use crate::SqlStorage;
use crate::fault::{sort, unreadable};
use crate::rows::Kind::Text;
use crate::rows::{Dialect, Row, column, json_rows, query};

/// Cells and accounts, as they were found.
pub(crate) type Numbers = (Vec<(MerchantId, StockKey, Stock)>, Vec<(MerchantId, Account)>);

/// A count that fits 32 bits.
pub(crate) fn number(row: &QueryResult, name: &str) -> Result<u32, StorageFault> {
    u32::try_from(column::<i64>(row, name)?).map_err(|fault| unreadable(name, fault))
}

pub(crate) fn stock_row(merchant: &MerchantId, key: &StockKey) -> Row {
    let date = key.date.map(|date| date.to_string()).unwrap_or_default();
    let slot = key.slot.clone().unwrap_or_default();
    vec![merchant.as_str().into(), key.bucket.as_str().into(), date.into(), slot.into()]
}

pub(crate) async fn read_stock(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    wanted: &[(MerchantId, StockKey)],
    lock: &str,
) -> Result<Vec<(MerchantId, StockKey, Stock)>, StorageFault> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let dialect = storage.inner.dialect;
    let rows: Vec<Row> = wanted.iter().map(|(merchant, key)| stock_row(merchant, key)).collect();
    let sql = stock_sql(dialect, dialect.each(), lock);
    let statement = dialect.statement(&sql, vec![json_rows(&rows)]);
    query(connection, statement, read_stock_row).await
}

fn stock_sql(dialect: Dialect, each: &str, lock: &str) -> String {
    format!(
        "SELECT s.merchant, s.bucket, s.date, s.slot, s.capacity, s.held, s.sold FROM {each} JOIN stock s
         ON s.merchant = {} AND s.bucket = {} AND s.date = {} AND s.slot = {}
         ORDER BY s.merchant, s.bucket, s.date, s.slot{lock}",
        dialect.element(0, Text),
        dialect.element(1, Text),
        dialect.element(2, Text),
        dialect.element(3, Text),
    )
}

pub(crate) fn read_stock_row(row: &QueryResult) -> Result<(MerchantId, StockKey, Stock), StorageFault> {
    let date: String = column(row, "date")?;
    let slot: String = column(row, "slot")?;
    let key = StockKey {
        bucket: column::<String>(row, "bucket")?.parse().map_err(|fault| unreadable("bucket", fault))?,
        date: if date.is_empty() { None } else { Some(date.parse().map_err(|fault| unreadable("date", fault))?) },
        slot: (!slot.is_empty()).then_some(slot),
    };
    let capacity = match column::<Option<i64>>(row, "capacity")? {
        None => Capacity::Unlimited,
        Some(limit) => Capacity::Limited(u32::try_from(limit).map_err(|fault| unreadable("capacity", fault))?),
    };
    let stock = Stock { capacity, held: number(row, "held")?, sold: number(row, "sold")? };
    Ok((merchant_of(row)?, key, stock))
}

pub(crate) async fn read_accounts(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    wanted: Vec<Json>,
    lock: &str,
) -> Result<Vec<(MerchantId, Account)>, StorageFault> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let dialect = storage.inner.dialect;
    let sql = accounts_sql(dialect, dialect.each(), lock);
    let statement = dialect.statement(&sql, vec![Json::Array(wanted).to_string().into()]);
    query(connection, statement, read_account).await
}

fn accounts_sql(dialect: Dialect, each: &str, lock: &str) -> String {
    format!(
        "SELECT a.* FROM {each} JOIN accounts a ON a.merchant = {} AND a.distributor = {}
         ORDER BY a.merchant, a.distributor{lock}",
        dialect.element(0, Text),
        dialect.element(1, Text),
    )
}

pub(crate) fn read_account(row: &QueryResult) -> Result<(MerchantId, Account), StorageFault> {
    let currency: String = column(row, "currency")?;
    let account = Account {
        distributor: DistributorId::parse(column::<String>(row, "distributor")?)
            .map_err(|fault| unreadable("distributor", fault))?,
        currency: Currency::parse(&currency).ok_or_else(|| unreadable("currency", "it is none"))?,
        limit_minor: column(row, "limit_minor")?,
        balance_minor: column(row, "balance_minor")?,
        held_minor: column(row, "held_minor")?,
        sequence: column(row, "sequence")?,
    };
    Ok((merchant_of(row)?, account))
}

pub(crate) fn merchant_of(row: &QueryResult) -> Result<MerchantId, StorageFault> {
    MerchantId::parse(column::<String>(row, "merchant")?).map_err(|fault| unreadable("merchant", fault))
}

/// PostgreSQL works off the parts of a union one after the other.
pub(crate) async fn read_numbers(
    dialect: Dialect,
    connection: &impl ConnectionTrait,
    cells: &[(MerchantId, StockKey)],
    accounts: Vec<Json>,
) -> Result<Numbers, StorageFault> {
    let sql = format!(
        "WITH cells AS ({}), lines AS ({})
         SELECT merchant, bucket, date, slot, capacity, held, sold, NULL AS distributor, NULL AS currency,
            NULL::bigint AS limit_minor, NULL::bigint AS balance_minor, NULL::bigint AS held_minor,
            NULL::bigint AS sequence FROM cells
         UNION ALL
         SELECT merchant, NULL, NULL, NULL, NULL, NULL, NULL, distributor, currency, limit_minor, balance_minor,
            held_minor, sequence FROM lines",
        stock_sql(dialect, &dialect.each_of(1), &dialect.lock("s")),
        accounts_sql(dialect, &dialect.each_of(2), &dialect.lock("a")),
    );
    let cells: Vec<Row> = cells.iter().map(|(merchant, key)| stock_row(merchant, key)).collect();
    let values = vec![json_rows(&cells), Json::Array(accounts).to_string().into()];
    let mut numbers = Numbers::default();
    let rows = connection.query_all(dialect.statement(&sql, values)).await.map_err(sort)?;
    for row in &rows {
        if column::<Option<String>>(row, "distributor")?.is_some() {
            numbers.1.push(read_account(row)?);
        } else {
            numbers.0.push(read_stock_row(row)?);
        }
    }
    Ok(numbers)
}
