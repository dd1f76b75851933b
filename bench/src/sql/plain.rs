//! The baseline: one transaction for each order, with the same rows as the engine writes, prepared statements and a
//! pool of connections. It is written as well as such code can be: ids are made before the transaction, nothing is read
//! that an update can check by itself, the rows that nobody else touches go first, and the two rows that everybody
//! wants (stock, then credit) are locked last, so that they are held for as few round trips as possible:
//!
//! 1. `BEGIN`
//! 2. `INSERT command_keys … ON CONFLICT DO NOTHING` (a repeat would end here)
//! 3. `INSERT channel_refs`
//! 4. `INSERT orders`
//! 5. `INSERT unit_codes`
//! 6. `INSERT events`
//! 7. `UPDATE stock … WHERE held + sold + 1 <= capacity` (no row: sold out, roll back, and store the refusal)
//! 8. `UPDATE accounts … WHERE balance_minor + limit_minor >= … RETURNING …`
//! 9. `INSERT postings`
//! 10. `COMMIT`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entrepot_contract::ids::OrderId;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, OrderKind, OrderState, Taken, Terms, Unit, UnitState, Visit};
use entrepot_contract::outcome::{Acceptance, Reason, Refusal};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::{Clock, SystemClock, Timestamp};
use entrepot_domain::answer::Answer;
use entrepot_domain::change::Event;
use entrepot_engine::seed::{RandomSeeds, Seeds};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, ExecResult, QueryResult, Statement, TransactionTrait, Value,
};

use super::{Sql, fault};
use crate::Result;
use crate::clients::{Buyer, Sale};
use crate::shop::{Offer, RETAIL_FEN, SETTLEMENT_FEN};

/// Round trips of one order on PostgreSQL, as listed above.
pub const ROUND_TRIPS: u32 = 10;
/// Rows inserted for one order; two more are updated.
pub const ROWS_INSERTED: u32 = 6;

/// As long as what the store seals; sealing itself is left out, in the baseline's favour.
const SEALED_GUESTS: usize = 214;
const SEALED_CREDENTIALS: usize = 182;

/// The statements, written once for the database at hand.
struct Statements {
    key: String,
    reference: String,
    order: String,
    code: String,
    event: String,
    stock: String,
    account: String,
    posting: String,
}

impl Statements {
    fn new(sql: &Sql) -> Self {
        let places = |count: usize| (1..=count).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
        let insert = |table: &str, columns: &str| {
            let count = columns.split(',').count();
            sql.text(&format!("INSERT INTO {table} ({columns}) VALUES ({})", places(count)))
        };
        let keys = insert("command_keys", "merchant, scope, kind, key, fingerprint, answer, at");
        Self {
            key: format!("{keys} ON CONFLICT DO NOTHING"),
            reference: insert("channel_refs", "application, channel_order, merchant, order_id, connection"),
            order: insert(
                "orders",
                "id, merchant, family, connection, channel_order, state, product, sku, arrive, created_at, body, guests, \
                 credentials",
            ),
            code: insert("unit_codes", "merchant, code_index, order_id, unit"),
            event: insert("events", "merchant, order_id, body"),
            stock: sql.text(
                "UPDATE stock SET sold = sold + 1 WHERE merchant = ?1 AND bucket = ?2 AND date = ?3 AND slot = ''
                 AND held + sold + 1 <= capacity",
            ),
            account: sql.text(
                "UPDATE accounts SET balance_minor = balance_minor - ?1, sequence = sequence + 1
                 WHERE merchant = ?2 AND distributor = ?3 AND balance_minor + limit_minor >= ?1
                 RETURNING balance_minor, held_minor, sequence",
            ),
            posting: insert(
                "postings",
                "merchant, distributor, sequence, kind, from_book, to_book, amount_minor, balance_after_minor, \
                 held_after_minor, order_id, at, by_whom",
            ),
        }
    }
}

/// One client.
pub struct PlainBuyer {
    sql: Sql,
    offer: Offer,
    statements: Arc<Statements>,
    numbers: Arc<AtomicU64>,
}

/// That many clients on one pool.
pub fn buyers(sql: &Sql, offer: &Offer, clients: usize, numbers: &Arc<AtomicU64>) -> Vec<PlainBuyer> {
    let statements = Arc::new(Statements::new(sql));
    let one = || PlainBuyer {
        sql: sql.clone(),
        offer: offer.clone(),
        statements: Arc::clone(&statements),
        numbers: Arc::clone(numbers),
    };
    (0..clients).map(|_| one()).collect()
}

/// What one order is made of before its transaction begins.
struct Draft {
    at: Timestamp,
    number: String,
    order: Order,
    code: String,
    answer: String,
    body: String,
    events: String,
}

impl Buyer for PlainBuyer {
    async fn buy(&mut self) -> Result<Sale> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed).to_string();
        let draft = self.draft(number)?;
        let transaction = self.sql.connection.begin().await.map_err(fault("BEGIN"))?;
        self.insert_own_rows(&transaction, &draft).await.map_err(fault("an order's own rows"))?;
        let offer = &self.offer;
        let cell = vec![offer.merchant.as_str().into(), offer.sku.as_str().into(), offer.date.to_string().into()];
        let taken = self.execute(&transaction, &self.statements.stock, cell).await.map_err(fault("stock"))?;
        if taken.rows_affected() == 0 {
            transaction.rollback().await.map_err(fault("ROLLBACK"))?;
            return self.refuse(&draft).await;
        }
        self.post(&transaction, &draft).await.map_err(fault("credit"))?;
        transaction.commit().await.map_err(fault("COMMIT"))?;
        Ok(Sale::Stored)
    }
}

impl PlainBuyer {
    fn made(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.sql.kind, sql, values)
    }

    async fn execute(
        &self,
        on: &impl ConnectionTrait,
        sql: &str,
        values: Vec<Value>,
    ) -> std::result::Result<ExecResult, DbErr> {
        on.execute(self.made(sql, values)).await
    }

    async fn insert_own_rows(
        &self,
        transaction: &DatabaseTransaction,
        draft: &Draft,
    ) -> std::result::Result<(), DbErr> {
        let (offer, statements, order) = (&self.offer, &self.statements, &draft.order);
        let (merchant, id) = (offer.merchant.as_str(), order.id.as_str());
        self.execute(transaction, &statements.key, self.key_row(draft, &draft.answer)).await?;
        let reference: Vec<Value> = vec![
            offer.application.as_str().into(),
            draft.number.as_str().into(),
            merchant.into(),
            id.into(),
            offer.connection.as_str().into(),
        ];
        self.execute(transaction, &statements.reference, reference).await?;
        let row: Vec<Value> = vec![
            id.into(),
            merchant.into(),
            order.family.as_str().into(),
            offer.connection.as_str().into(),
            draft.number.as_str().into(),
            "issued".into(),
            offer.product.as_str().into(),
            offer.sku.as_str().into(),
            offer.date.to_string().into(),
            draft.at.millis().into(),
            draft.body.as_str().into(),
            "x".repeat(SEALED_GUESTS).into(),
            "x".repeat(SEALED_CREDENTIALS).into(),
        ];
        self.execute(transaction, &statements.order, row).await?;
        let code: Vec<Value> = vec![merchant.into(), draft.code.as_str().into(), id.into(), 1_i64.into()];
        self.execute(transaction, &statements.code, code).await?;
        let event: Vec<Value> = vec![merchant.into(), id.into(), draft.events.as_str().into()];
        self.execute(transaction, &statements.event, event).await?;
        Ok(())
    }

    fn key_row(&self, draft: &Draft, answer: &str) -> Vec<Value> {
        vec![
            self.offer.merchant.as_str().into(),
            self.offer.connection.as_str().into(),
            "create_order".into(),
            draft.number.as_str().into(),
            "0123456789abcdef0123456789abcdef".into(),
            answer.into(),
            draft.at.millis().into(),
        ]
    }

    /// A final refusal is an answer and is stored, too.
    async fn refuse(&self, draft: &Draft) -> Result<Sale> {
        let answer = Answer::Refused(Refusal::new(Reason::SoldOut, "nothing left"));
        let row = self.key_row(draft, &text_of(&answer)?);
        self.execute(&self.sql.connection, &self.statements.key, row).await.map_err(fault("the refusal"))?;
        Ok(Sale::SoldOut)
    }

    async fn post(&self, transaction: &DatabaseTransaction, draft: &Draft) -> std::result::Result<(), DbErr> {
        let (merchant, distributor) = (self.offer.merchant.as_str(), self.offer.distributor.as_str());
        let wanted: Vec<Value> = vec![SETTLEMENT_FEN.into(), merchant.into(), distributor.into()];
        let row = transaction.query_one(self.made(&self.statements.account, wanted)).await?;
        let row: QueryResult = row.ok_or_else(|| DbErr::Custom("the credit line is used up".to_owned()))?;
        let posting: Vec<Value> = vec![
            merchant.into(),
            distributor.into(),
            row.try_get::<i64>("", "sequence")?.into(),
            "sale".into(),
            "balance".into(),
            "sales".into(),
            SETTLEMENT_FEN.into(),
            row.try_get::<i64>("", "balance_minor")?.into(),
            row.try_get::<i64>("", "held_minor")?.into(),
            draft.order.id.as_str().into(),
            draft.at.millis().into(),
            "channel".into(),
        ];
        self.execute(transaction, &self.statements.posting, posting).await?;
        Ok(())
    }

    fn draft(&self, number: String) -> Result<Draft> {
        let at = SystemClock.now();
        let seed = RandomSeeds.next(at);
        let order = self.order(seed.order(), &number, at)?;
        let answer = Answer::Created { order: order.id.clone(), acceptance: Some(Acceptance::Accepted) };
        let told = [
            ("created", format!("1 units of {} for {}", order.sku, order.retail)),
            ("paid", String::new()),
            ("accepted", String::new()),
            ("issued", "voucher numbers of our own".to_owned()),
        ];
        let events = told.map(|(what, detail)| Event {
            order: order.id.clone(),
            at,
            what: what.to_owned(),
            by: "channel".to_owned(),
            detail,
        });
        Ok(Draft {
            at,
            number,
            code: format!("{}000000", seed.voucher_number(1)),
            answer: text_of(&answer)?,
            body: text_of(&order)?,
            events: text_of(&events)?,
            order,
        })
    }

    fn order(&self, id: OrderId, number: &str, at: Timestamp) -> Result<Order> {
        let offer = &self.offer;
        let unit = Unit { number: 1, state: UnitState::Available, captured_minor: SETTLEMENT_FEN, returned_minor: 0 };
        Ok(Order {
            family: id.clone(),
            id,
            merchant: offer.merchant.clone(),
            kind: OrderKind::Purchase,
            connection: offer.connection.clone(),
            application: offer.application.clone(),
            channel_order: number.parse().map_err(|_| format!("{number} is no order number"))?,
            listing: offer.listing.clone(),
            product: offer.product.clone(),
            sku: offer.sku.clone(),
            visit: Some(Visit { arrive: offer.date, leave: offer.date }),
            stock: vec![Taken { key: offer.cell()?, count: 1, instead_of: None }],
            limits: Vec::new(),
            state: OrderState::Issued,
            units: vec![unit],
            retail: Money::fen(RETAIL_FEN),
            terms: Terms {
                distributor: Some(offer.distributor.clone()),
                settlement: Money::fen(SETTLEMENT_FEN),
                cost: None,
                reservation: None,
                refund: Default::default(),
                fulfilment: Fulfilment::OwnNumber,
                otherwise: Vec::new(),
                time_zone: "Asia/Shanghai".to_owned(),
                usable: Some((offer.date, offer.date)),
            },
            reference: None,
            unit_names: Vec::new(),
            supplier_reference: None,
            by_hand: false,
            callback_owed: false,
            unshown: false,
            created_at: at,
            paid_at: Some(at),
            deadlines: Vec::new(),
        })
    }
}

fn text_of(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|fault| fault.to_string())
}
