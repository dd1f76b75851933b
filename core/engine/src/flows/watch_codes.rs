//! What happens to codes as time passes: orders that wait for some are issued when they come, codes whose last day has
//! ended leave their pools, and somebody is told what ends soon.

use entrepot_contract::ids::{MerchantId, PoolName};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::{Pool, first_day_left};
use entrepot_domain::command::{Body, CommandKey};

use crate::core::Core;

/// Orders looked at in one round; they are issued one after the other, so that who waits longest comes first.
const WAITING_LIMIT: u32 = 100;
/// Rounds of one tick.
const ROUNDS_LIMIT: u32 = 10;
/// How often codes that end are looked at, in milliseconds.
const SWEEP_MS: i64 = 3_600_000;
/// Commands that take ended codes out of one pool in one look.
const EXPIRE_LIMIT: u32 = 1_000;

/// One look. `swept`: when codes that end were looked at last.
pub(crate) async fn look(core: &Core, swept: &mut Option<Timestamp>) {
    issue_waiting(core).await;
    let now = core.clock.now();
    if swept.is_none_or(|before| now.since(before) >= SWEEP_MS) {
        *swept = Some(now);
        sweep(core, now).await;
    }
}

/// Issues orders for which enough codes came.
pub(crate) async fn issue_waiting(core: &Core) {
    for _ in 0..ROUNDS_LIMIT {
        let ready = match core.storage.waiting_for_codes(WAITING_LIMIT).await {
            Ok(ready) => ready,
            Err(fault) => return tracing::warn!(%fault, "orders that wait for codes could not be read"),
        };
        let mut issued = false;
        for (merchant, order) in ready {
            let body = Body::IssueWaiting { order: order.clone() };
            issued |= matches!(give(core, &merchant, order.as_str(), body).await, Some(Answer::Issued { .. }));
        }
        if !issued {
            return;
        }
    }
}

async fn sweep(core: &Core, now: Timestamp) {
    let pools = match core.storage.pools().await {
        Ok(pools) => pools,
        Err(fault) => return tracing::warn!(%fault, "pools could not be read"),
    };
    let Some(first) = first_day_left(now) else { return };
    for (merchant, name, pool) in pools {
        if let Err(fault) = sweep_pool(core, &merchant, &name, &pool, first).await {
            tracing::warn!(%merchant, pool = %name, %fault, "codes that end could not be looked at");
        }
    }
}

async fn sweep_pool(
    core: &Core,
    merchant: &MerchantId,
    name: &PoolName,
    pool: &Pool,
    first: VisitDate,
) -> Result<(), crate::storage::StorageFault> {
    if core.storage.codes_ended(merchant, name, first).await? > 0 {
        for _ in 0..EXPIRE_LIMIT {
            let body = Body::ExpireCodes { pool: name.clone(), before: first };
            match give(core, merchant, name.as_str(), body).await {
                Some(Answer::Changed { rows }) if rows > 0 => {}
                _ => break,
            }
        }
    }
    if pool.expiring_days == 0 {
        return Ok(());
    }
    let Some(beyond) = first.plus_days(u32::from(pool.expiring_days) + 1) else { return Ok(()) };
    let ending = core.storage.codes_ended(merchant, name, beyond).await?;
    if ending == 0 {
        return super::resolve(core, Some(merchant.clone()), AlertKind::PoolExpiring, name.as_str()).await;
    }
    let text = format!("{ending} codes of pool {name} that nobody has end within {} days", pool.expiring_days);
    super::raise(core, merchant, AlertKind::PoolExpiring, name.as_str(), &text).await;
    Ok(())
}

/// A command without a key of its own: what is busy now comes again at the next look.
async fn give(core: &Core, merchant: &MerchantId, key: &str, body: Body) -> Option<Answer> {
    let key = CommandKey { scope: "ticker".to_owned(), kind: body.name().to_owned(), key: key.to_owned() };
    core.command(merchant, key, String::new(), "ticker", body, None, None).await.ok()
}
