//! What stands in the database, counted there and not by the clients.

use super::Sql;
use crate::Result;

impl Sql {
    /// Orders.
    pub async fn orders(&self) -> Result<i64> {
        self.number("SELECT COUNT(*) FROM orders").await
    }

    /// Units sold beyond the stock of any cell.
    pub async fn oversold(&self) -> Result<i64> {
        let sql = "SELECT CAST(COALESCE(SUM(held + sold - capacity), 0) AS BIGINT) FROM stock
                   WHERE held + sold > capacity";
        self.number(sql).await
    }

    /// Orders without a unit of stock, or the other way round: every order of these runs is one unit that stays.
    pub async fn astray(&self) -> Result<i64> {
        let units = self.number("SELECT CAST(COALESCE(SUM(held + sold), 0) AS BIGINT) FROM stock").await?;
        Ok((self.orders().await? - units).abs())
    }

    /// Lines of all statements.
    pub async fn postings(&self) -> Result<i64> {
        self.number("SELECT COUNT(*) FROM postings").await
    }

    /// Jobs that have ended.
    pub async fn jobs_done(&self) -> Result<i64> {
        self.number("SELECT COUNT(*) FROM jobs WHERE state = 'done'").await
    }

    /// Dates of all calendars.
    pub async fn dates(&self) -> Result<i64> {
        self.number("SELECT COUNT(*) FROM calendar_days").await
    }

    /// How far balances are from their postings, over all accounts, in minor units.
    pub async fn ledger_sum(&self) -> Result<i64> {
        let moved = |book: &str| {
            format!(
                "COALESCE((SELECT SUM(CASE WHEN p.to_book = '{book}' THEN p.amount_minor ELSE 0 END
                    - CASE WHEN p.from_book = '{book}' THEN p.amount_minor ELSE 0 END)
                 FROM postings p WHERE p.merchant = a.merchant AND p.distributor = a.distributor), 0)"
            )
        };
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(ABS(a.balance_minor - {}) + ABS(a.held_minor - {})), 0) AS BIGINT)
             FROM accounts a",
            moved("balance"),
            moved("held")
        );
        self.number(&sql).await
    }
}
