//! Whose data a command is about.

use entrepot_contract::ids::{ConnectionId, MerchantId};

use super::exit::Failure;
use crate::config::Config;

/// The merchant named, or the only one there is.
pub(super) fn one(config: &Config, named: Option<&MerchantId>) -> Result<MerchantId, Failure> {
    let known = || config.merchants.keys().map(MerchantId::as_str).collect::<Vec<_>>().join(", ");
    match named {
        Some(id) if config.merchants.contains_key(id) => Ok(id.clone()),
        Some(id) => Err(Failure::usage(format!("no merchant {id} is configured; there are: {}", known()))),
        None => {
            let mut all = config.merchants.keys();
            match (all.next(), all.next()) {
                (Some(only), None) => Ok(only.clone()),
                (None, _) => Err(Failure::usage("the configuration has no merchant")),
                _ => Err(Failure::usage(format!("name a merchant with --merchant; there are: {}", known()))),
            }
        }
    }
}

/// The merchant named, or all.
pub(super) fn all(config: &Config, named: Option<&MerchantId>) -> Result<Vec<MerchantId>, Failure> {
    match named {
        Some(_) => one(config, named).map(|only| vec![only]),
        None => Ok(config.merchants.keys().cloned().collect()),
    }
}

/// The merchant named, or the one that has this supplier connection, or the only one there is.
pub(super) fn of_supplier(
    config: &Config,
    named: Option<&MerchantId>,
    supplier: Option<&ConnectionId>,
) -> Result<MerchantId, Failure> {
    let Some(supplier) = supplier else { return one(config, named) };
    let owners: Vec<&MerchantId> = config
        .suppliers()
        .filter(|(merchant, id, _)| *id == supplier && named.is_none_or(|named| *merchant == named))
        .map(|(merchant, _, _)| merchant)
        .collect();
    match owners.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let all = config.suppliers().map(|(_, id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
            Err(Failure::usage(format!("no such supplier connection: {supplier}; there are: {all}")))
        }
        _ => Err(Failure::usage(format!(
            "several merchants have a supplier connection {supplier}; name one with --merchant"
        ))),
    }
}

/// The merchant named, or the one that has this channel connection, or the only one there is.
pub(super) fn of_channel(
    config: &Config,
    named: Option<&MerchantId>,
    channel: Option<&ConnectionId>,
) -> Result<MerchantId, Failure> {
    let Some(channel) = channel else { return one(config, named) };
    let owner = config
        .channels()
        .find(|(merchant, id, _)| *id == channel && named.is_none_or(|named| *merchant == named))
        .map(|(merchant, _, _)| merchant.clone());
    owner.ok_or_else(|| {
        let all = config.channels().map(|(_, id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
        Failure::usage(format!("no such channel connection: {channel}; there are: {all}"))
    })
}
