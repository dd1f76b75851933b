//! What has to come of commands, told a second time and as simply as possible: numbers of units and money, no rows.

use std::collections::BTreeMap;

use crate::world::SETTLEMENT;

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Open,
    Used,
    Back,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Unpaid,
    Accepted,
    Issuing,
    Issued,
    /// Refused after payment.
    Failed,
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub units: Vec<usize>,
    pub live: bool,
    pub done: bool,
    /// Waits for a supplier or a person.
    pub waits: bool,
    /// Kept in all, once a rule has said so.
    pub fee: Option<i64>,
    /// What the channel keeps from the guest: never less than what is kept from the distributor.
    pub channel_fee: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    pub sku: &'static str,
    pub stage: Stage,
    pub units: Vec<Fate>,
    pub captured: i64,
    pub back: i64,
    pub hold_until: i64,
    pub refunds: BTreeMap<u8, Asked>,
}

impl Sale {
    pub fn open(&self) -> Vec<usize> {
        (0..self.units.len()).filter(|unit| self.units[*unit] == Fate::Open).collect()
    }

    /// Open and named by no live refund.
    pub fn free(&self) -> Vec<usize> {
        let named = |unit: &usize| self.refunds.values().any(|asked| asked.live && asked.units.contains(unit));
        self.open().into_iter().filter(|unit| !named(unit)).collect()
    }

    fn taken(&self) -> u32 {
        u32::try_from(self.units.iter().filter(|fate| **fate != Fate::Back).count()).unwrap()
    }

    pub fn end_unpaid(&mut self) {
        self.units.fill(Fate::Back);
        self.stage = Stage::Over;
    }

    pub fn close(&mut self) {
        if self.open().is_empty() && self.stage != Stage::Failed {
            self.stage = Stage::Over;
        }
    }

    /// Gives units back, keeping `fee` in all, unit by unit as far as each reaches.
    pub fn give_back(&mut self, units: &[usize], mut fee: i64) {
        for unit in units {
            self.units[*unit] = Fate::Back;
            let kept = fee.min(SETTLEMENT);
            fee -= kept;
            self.back += SETTLEMENT - kept;
        }
        self.close();
    }
}

/// Buckets of each SKU.
pub fn buckets(sku: &str) -> &'static [&'static str] {
    match sku {
        "own" => &["gate"],
        "gated" => &["gate", "gated"],
        _ => &["pooled"],
    }
}

#[derive(Debug, Default)]
pub struct Model {
    pub capacity: BTreeMap<&'static str, u32>,
    pub sales: BTreeMap<u8, Sale>,
    /// Order numbers whose end came before they did.
    pub ended_before: Vec<u8>,
    pub paid_before: Vec<u8>,
    pub limit: i64,
    /// Top-ups and corrections.
    pub funded: i64,
    pub codes: u32,
}

impl Model {
    pub fn taken(&self, bucket: &str) -> u32 {
        self.sales.values().filter(|sale| buckets(sale.sku).contains(&bucket)).map(Sale::taken).sum()
    }

    /// Set aside for unpaid orders.
    pub fn held(&self) -> i64 {
        let unpaid = self.sales.values().filter(|sale| sale.stage == Stage::Unpaid);
        unpaid.map(|sale| i64::from(sale.taken()) * SETTLEMENT).sum()
    }

    pub fn balance(&self) -> i64 {
        let spent: i64 = self.sales.values().map(|sale| sale.captured - sale.back).sum();
        self.funded - spent - self.held()
    }

    pub fn may_buy(&self, number: u8, sku: &str, count: u32) -> bool {
        let room = buckets(sku).iter().all(|bucket| self.taken(bucket) + count <= self.capacity[bucket]);
        let money = self.balance() + self.limit >= i64::from(count) * SETTLEMENT;
        !self.sales.contains_key(&number) && !self.ended_before.contains(&number) && room && money
    }
}
