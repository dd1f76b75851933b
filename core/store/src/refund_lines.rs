//! What channels decided about refunds by themselves: rows and back. Numbers are columns, what a guest shows is sealed.

use entrepot_contract::ids::{MerchantId, OrderId};
use entrepot_contract::intent::decided::{AmountsBack, TimesBack};
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::time::Timestamp;
use entrepot_domain::refund_line::{LineSecret, RefundLine};
use entrepot_engine::storage::StorageFault;
use sea_orm::QueryResult;

use crate::SqlStorage;
use crate::fault::unreadable;
use crate::rows::{Field, Row, column, json, of_word, query, text_of, word};
use crate::seal::Cell;

/// As a row; see [`crate::tables::REFUND_LINES`].
pub(crate) fn row(storage: &SqlStorage, merchant: &MerchantId, line: &RefundLine) -> Result<Row, StorageFault> {
    let secret = if line.secret.is_empty() {
        Field::Null
    } else {
        let plain = text_of(&line.secret)?;
        storage.inner.keys.seal(merchant.as_str(), cell(&name_of(line)), &plain)?.into()
    };
    let times = line.times.as_ref();
    let minor = |part: fn(&AmountsBack) -> Money| Field::from(times.map(|times| part(&times.amounts).amount_minor));
    let currencies = times.map(|TimesBack { amounts: AmountsBack { due, back, kept }, .. }| {
        text_of(&[due.currency, back.currency, kept.currency])
    });
    Ok(vec![
        line.order.as_str().into(),
        line.key.as_str().into(),
        line.line.into(),
        merchant.as_str().into(),
        line.refund.as_deref().into(),
        line.unit.into(),
        text_of(&line.names)?.into(),
        word(&line.gives_back)?.into(),
        line.agreed.map(i64::from).into(),
        line.asked_at.map(Timestamp::millis).into(),
        line.decided_at.map(Timestamp::millis).into(),
        line.told_at.millis().into(),
        i64::from(line.applied).into(),
        times.map(|times| times.total).into(),
        times.map(|times| times.used).into(),
        times.map(|times| times.refunded).into(),
        minor(|amounts| amounts.due),
        minor(|amounts| amounts.back),
        minor(|amounts| amounts.kept),
        currencies.transpose()?.into(),
        times.map(|times| text_of(&times.each)).transpose()?.into(),
        if line.faults.is_empty() { Field::Null } else { text_of(&line.faults)?.into() },
        secret,
    ])
}

fn name_of(line: &RefundLine) -> String {
    format!("{}/{}/{}", line.order, line.key, line.line)
}

const fn cell(row: &str) -> Cell<'_> {
    Cell { table: "refund_lines", column: "secret", row }
}

/// All lines of an order, as they were told.
pub(crate) async fn read(
    storage: &SqlStorage,
    merchant: &MerchantId,
    order: &OrderId,
) -> Result<Vec<RefundLine>, StorageFault> {
    let sql = "SELECT * FROM refund_lines WHERE order_id = ?1 AND merchant = ?2 ORDER BY told_at, key, line";
    let values = vec![order.as_str().into(), merchant.as_str().into()];
    let statement = storage.inner.dialect.statement(sql, values);
    query(&storage.inner.reader, statement, |row| read_row(storage, merchant, order, row)).await
}

fn number(row: &QueryResult, name: &str) -> Result<i64, StorageFault> {
    column(row, name)
}

fn read_row(
    storage: &SqlStorage,
    merchant: &MerchantId,
    order: &OrderId,
    row: &QueryResult,
) -> Result<RefundLine, StorageFault> {
    let at = |name| -> Result<_, StorageFault> { Ok(column::<Option<i64>>(row, name)?.map(Timestamp::from_millis)) };
    let short = |name: &str| u16::try_from(number(row, name)?).map_err(|fault| unreadable("refund line", fault));
    let faults: Option<String> = column(row, "faults")?;
    let mut line = RefundLine {
        order: order.clone(),
        key: column(row, "key")?,
        line: short("line")?,
        refund: column(row, "refund_key")?,
        unit: column::<Option<i64>>(row, "unit")?.map(|_| short("unit")).transpose()?,
        names: json(row, "names")?,
        gives_back: of_word("gives_back", column(row, "gives_back")?)?,
        agreed: column::<Option<i64>>(row, "agreed")?.map(|agreed| agreed != 0),
        asked_at: at("asked_at")?,
        decided_at: at("decided_at")?,
        told_at: Timestamp::from_millis(number(row, "told_at")?),
        times: times(row)?,
        applied: number(row, "applied")? != 0,
        faults: faults.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text)).map_err(unread)?,
        secret: LineSecret::default(),
    };
    if let Some(sealed) = column::<Option<String>>(row, "secret")? {
        let plain = storage.inner.keys.open(merchant.as_str(), cell(&name_of(&line)), &sealed)?;
        // The text itself must not reach an error.
        line.secret = serde_json::from_str(&plain).map_err(|_| unreadable("secret", "its form is another"))?;
    }
    Ok(line)
}

fn unread(fault: serde_json::Error) -> StorageFault {
    unreadable("refund line", fault)
}

fn times(row: &QueryResult) -> Result<Option<TimesBack>, StorageFault> {
    if column::<Option<i64>>(row, "uses")?.is_none() {
        return Ok(None);
    }
    let count = |name: &str| u32::try_from(number(row, name)?).map_err(|fault| unreadable("refund line", fault));
    let currencies: [Currency; 3] = json(row, "currencies")?;
    let money = |name: &str, currency| Ok::<_, StorageFault>(Money::new(number(row, name)?, currency));
    Ok(Some(TimesBack {
        total: count("uses")?,
        used: count("used")?,
        refunded: count("refunded")?,
        amounts: AmountsBack {
            due: money("due_minor", currencies[0])?,
            back: money("back_minor", currencies[1])?,
            kept: money("kept_minor", currencies[2])?,
        },
        each: json(row, "items")?,
    }))
}
