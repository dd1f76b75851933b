//! All that a merchant's invariants speak about, in one moment.

use std::collections::BTreeMap;

use entrepot_contract::ids::{DistributorId, MerchantId, OrderId, RefundId};
use entrepot_contract::time::Timestamp;
use entrepot_domain::credit::Posting;
use entrepot_domain::invariants::Snapshot;
use entrepot_engine::storage::StorageFault;
use sea_orm::{AccessMode, ConnectionTrait, IsolationLevel, QueryResult, TransactionTrait};

use crate::SqlStorage;
use crate::fault::{sort, unreadable};
use crate::numbers::{number, read_account, read_stock_row};
use crate::rows::{column, json, of_word, query};

pub(crate) async fn read(storage: &SqlStorage, merchant: &MerchantId) -> Result<Snapshot, StorageFault> {
    let moment = storage
        .inner
        .reader
        .begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
        .await
        .map_err(sort)?;
    let snapshot = read_in(storage, &moment, merchant).await;
    moment.rollback().await.map_err(sort)?;
    snapshot
}

async fn read_in(
    storage: &SqlStorage,
    moment: &impl ConnectionTrait,
    merchant: &MerchantId,
) -> Result<Snapshot, StorageFault> {
    let ask = |sql: &str| storage.inner.dialect.statement(sql, vec![merchant.as_str().into()]);
    let stock = query(moment, ask("SELECT * FROM stock WHERE merchant = ?1"), read_stock_row).await?;
    let accounts = query(moment, ask("SELECT * FROM accounts WHERE merchant = ?1"), read_account).await?;
    let orders = query(moment, ask("SELECT body FROM orders WHERE merchant = ?1"), |row| json(row, "body")).await?;
    let lines = "SELECT * FROM postings WHERE merchant = ?1 ORDER BY distributor, sequence";
    let postings = query(moment, ask(lines), read_posting).await?;
    let counted = "SELECT p.name, p.available, (SELECT COUNT(*) FROM codes c WHERE c.merchant = p.merchant
                   AND c.pool = p.name AND c.state IN ('available', 'returned')) AS rows_free
                   FROM pools p WHERE p.merchant = ?1";
    let pools = query(moment, ask(counted), |row| {
        Ok((column::<String>(row, "name")?, (number(row, "available")?, number(row, "rows_free")?)))
    })
    .await?;
    let given = "SELECT u.code_index, COUNT(*) AS times FROM unit_codes u JOIN codes c ON c.merchant = u.merchant
                 AND c.code_index = u.code_index WHERE u.merchant = ?1 GROUP BY u.code_index HAVING COUNT(*) > 1";
    let codes_given =
        query(moment, ask(given), |row| Ok((column::<String>(row, "code_index")?, number(row, "times")?))).await?;
    let dated = "SELECT order_id, valid_from, valid_to FROM codes WHERE merchant = ?1 AND order_id IS NOT NULL
                 AND (valid_from <> '' OR valid_to <> '9999-12-31')";
    let dated_codes = query(moment, ask(dated), |row| {
        let order = OrderId::parse(column::<String>(row, "order_id")?).map_err(|fault| unreadable("order", fault))?;
        let ends: (String, String) = (column(row, "valid_from")?, column(row, "valid_to")?);
        Ok((order, crate::codes::valid_of(&ends.0, &ends.1)?))
    })
    .await?;
    let counters =
        query(moment, ask("SELECT * FROM limit_counters WHERE merchant = ?1"), crate::limits::read_row).await?;
    Ok(Snapshot {
        limits: counters.into_iter().map(|(_, key, units)| (key, units)).collect(),
        stock: stock.into_iter().map(|(_, key, stock)| (key, stock)).collect(),
        orders,
        accounts: accounts.into_iter().map(|(_, account)| (account.distributor.clone(), account)).collect(),
        postings,
        pools: pools.into_iter().collect::<BTreeMap<_, _>>(),
        codes_given: codes_given.into_iter().collect(),
        dated_codes,
    })
}

pub(crate) fn read_posting(row: &QueryResult) -> Result<Posting, StorageFault> {
    let order: Option<String> = column(row, "order_id")?;
    let refund: Option<String> = column(row, "refund_id")?;
    Ok(Posting {
        distributor: DistributorId::parse(column::<String>(row, "distributor")?)
            .map_err(|fault| unreadable("distributor", fault))?,
        sequence: column(row, "sequence")?,
        kind: of_word("posting kind", column(row, "kind")?)?,
        from: of_word("book", column(row, "from_book")?)?,
        to: of_word("book", column(row, "to_book")?)?,
        amount_minor: column(row, "amount_minor")?,
        balance_after_minor: column(row, "balance_after_minor")?,
        held_after_minor: column(row, "held_after_minor")?,
        order: order.map(OrderId::parse).transpose().map_err(|fault| unreadable("order", fault))?,
        refund: refund.map(RefundId::parse).transpose().map_err(|fault| unreadable("refund", fault))?,
        at: Timestamp::from_millis(column(row, "at")?),
        by: column(row, "by_whom")?,
        note: column(row, "note")?,
    })
}
