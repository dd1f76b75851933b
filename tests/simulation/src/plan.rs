//! What a seed decides before its world begins: how large it is, who behaves how, and how much goes wrong.

use crate::chance::Chance;

/// The plan of a world.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Processes on one database.
    pub nodes: usize,
    /// Orders that channels try to make.
    pub orders: u64,
    /// Crashes there may be.
    pub crashes: u32,
    /// Stalls there may be: a process that stands still for longer than its leases.
    pub stalls: u32,
    /// Of a thousand storage calls of the kinds that can fail, how many times the usual share does; 100 is as usual.
    pub storage_trouble: u64,
    /// Of a hundred calls to partners, how many go wrong in some way.
    pub partner_trouble: u64,
    /// Units of each cell.
    pub stock: u32,
    /// Units of the second channel's own share.
    pub share: u32,
    /// Whether all units of a voucher are reserved together.
    pub reserved_together: bool,
    /// Credit of each distributor, in fen.
    pub credit_fen: i64,
    /// Codes of the pool at the beginning.
    pub codes: u32,
    /// For each of the two channel connections, whether issuing starts at acceptance.
    pub issue_at_acceptance: [bool; 2],
    /// For each of them, whether refunds are decided by rule.
    pub refund_by_rule: [bool; 2],
    /// For each of them, whether a person decides refunds while vouchers are on their way.
    pub unissued_by_person: [bool; 2],
    /// How long a lease on a job holds, in milliseconds.
    pub lease_ms: u32,
    /// Until when guests come, in milliseconds.
    pub rush_ms: u64,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(chance: &mut Chance) -> Self {
        let calm = chance.percent(10);
        Self {
            nodes: if chance.percent(50) { 2 } else { 1 },
            orders: chance.between(4, 14),
            crashes: if calm { 0 } else { u32::try_from(chance.between(0, 3)).unwrap_or(0) },
            stalls: if calm { 0 } else { u32::try_from(chance.between(0, 2)).unwrap_or(0) },
            storage_trouble: if calm { 0 } else { chance.one_of(&[40, 100, 100, 200]) },
            partner_trouble: if calm { 0 } else { chance.one_of(&[5, 20, 40, 60]) },
            stock: u32::try_from(chance.between(3, 16)).unwrap_or(3),
            credit_fen: i64::try_from(chance.between(2, 40)).unwrap_or(2) * 1_000,
            codes: u32::try_from(chance.between(0, 12)).unwrap_or(0),
            issue_at_acceptance: [chance.percent(30), chance.percent(30)],
            refund_by_rule: [chance.percent(85), chance.percent(85)],
            lease_ms: chance.one_of(&[5_000, 12_000, 30_000]),
            rush_ms: chance.one_of(&[200, 2_000, 15_000]),
            share: u32::try_from(chance.between(0, 3)).unwrap_or(0),
            reserved_together: chance.percent(60),
            unissued_by_person: [chance.percent(30), chance.percent(30)],
        }
    }
}
