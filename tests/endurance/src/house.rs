//! How the servers are set up for endurance, and what is on their shelves.

use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;
use serde_json::{Value, json};

use crate::life::Fate;

/// Codes in the pool, more than a series can sell.
const CODES: usize = 3_000;

/// Units of a ticket that does not sell out.
pub const PLENTY: u32 = 100_000;

/// A ticket, with what may become of its orders.
pub type Shelf = (Offer, Vec<Fate>);

/// More configuration: leases of this length, calls that end before the shortest of them, and the node's name.
pub fn configuration(node: Option<&str>, lease_ms: u64) -> Value {
    let mut more = json!({
        "jobs": { "lease_ms": lease_ms, "backoff_first_ms": 50, "backoff_limit_ms": 500 },
        "plugins": {
            "simple-gate": { "timeout_ms": 500 },
            "code-pool": { "timeout_ms": 500 },
            "zhiyoubao": { "timeout_ms": 500 },
            "octo-supplier": { "timeout_ms": 500 },
            "douyin-calendar": { "timeout_ms": 800 },
            "douyin-groupbuy": { "timeout_ms": 800 },
        },
        "telemetry": { "filter": "info,sqlx=warn" },
    });
    if let Some(node) = node {
        more["node"] = json!({ "id": node });
    }
    more
}

/// The tickets of every kind of fulfilment.
pub fn shelves() -> Vec<Shelf> {
    use Fate::*;
    let desk = vec![Cancelled, Kept, Used, UsedOneByOne, RefundedEarly, Refunded, RefundedInPart, Announced];
    // The supplier's own gate lets in who was booked there.
    let gate = vec![Cancelled, Kept, Kept, Kept, RefundedEarly, Refunded, Refunded, Announced];
    vec![
        (Offer::own_number(), desk.clone()),
        (Offer::from_the_pool(), desk),
        (Offer::at_the_gate(), gate),
        (Offer::with_a_person(), vec![PersonAgrees, PersonRefuses]),
    ]
}

/// Puts the tickets on sale, the first one so many times, and fills the pool.
pub async fn fill(stage: &Stage, shelves: &[Shelf], stock_of_the_first: u32) {
    for (number, (offer, _)) in shelves.iter().enumerate() {
        let stock = if number == 0 { stock_of_the_first } else { PLENTY };
        stage.office.offer(offer, &stage.day, stock).await;
    }
    let codes: Vec<Value> = (0..CODES).map(|code| json!({ "code": format!("SUN-{code:06}") })).collect();
    stage.office.post("/merchants/lakeside/pools/summer/codes", json!({ "codes": codes })).await;
}
