//! Tells channels about products (商品发布、上下架), where the connection says so: whenever one differs from what was told
//! last, or when a person asks for it. A channel that decides later (a product's audit) is told the same again until it
//! has decided. One node of a deployment tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use entrepot_contract::fault::Effect;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::notice::{Notice, ProductNotice, SkuNotice, Told};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::catalogue::{Catalogue, ConnectionRules, TellsProducts};
use entrepot_domain::command::fingerprint;
use serde::{Deserialize, Serialize};

use super::bundle::{Bundle, bundles};
use super::{channel, tell_calendar, wishes};
use crate::core::{Core, Engine};
use crate::directory::Connection;
use crate::notes::NoteKind;
use crate::rounds::Going;
use crate::storage::StorageFault;

/// How often is looked for a product to tell, in milliseconds.
const LOOK_MS: i64 = 2_000;

const GOING: Going = Going {
    rounds: |core| &core.product_tellings,
    every_ms: LOOK_MS,
    failed: "a channel's products could not be looked at",
};

/// When a channel that decides later is asked again where it does not say, in milliseconds.
const ASK_AGAIN_MS: u64 = 60_000;

/// The wish that a product is told.
const WISH: &str = "product/";

/// The wish that a channel that decides later is asked again.
const ASK: &str = "audit/";

/// Longest wait between tries, in milliseconds.
const BACKOFF_LIMIT_MS: i64 = 600_000;

/// Failed tries after which somebody is told.
const PATIENCE: u32 = 3;

/// How far telling a product is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductStanding {
    /// It was never told.
    #[default]
    Untold,
    /// A person asked for it.
    Wanted,
    /// The channel decides.
    Waiting,
    /// The channel took it.
    Done,
    /// The channel did not take it: it has to change first, or a person asks again.
    Refused,
    /// It could not be told, and is tried again.
    Failing,
}

/// How telling a product of a channel goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductTelling {
    /// How far it is.
    pub standing: ProductStanding,
    /// Digest of what was told last.
    pub told: Option<String>,
    /// When the channel answered last.
    pub told_at: Option<Timestamp>,
    /// When it is told or asked again.
    pub next_at: Option<Timestamp>,
    /// Tries that failed since then.
    pub failures: u32,
    /// Why, for people.
    pub fault: Option<String>,
}

/// Begins what is due. A round goes on beside the ticker.
pub(crate) async fn look(core: &Arc<Core>) {
    for connection in core.directory().connections.values() {
        let ConnectionRules::Channel(rules) = &connection.rules else { continue };
        let tells = rules.beside.products;
        if tells != TellsProducts::Never {
            GOING.begin(core, connection, async move |core, connection| round(&core, &connection, tells).await).await;
        }
    }
}

async fn tellings(core: &Core, connection: &Connection) -> Result<BTreeMap<String, ProductTelling>, StorageFault> {
    let notes = core.storage.notes(connection.id.as_str(), NoteKind::TellingProduct).await?;
    let read = |note: crate::notes::Note| (note.subject, serde_json::from_value(note.body).unwrap_or_default());
    Ok(notes.into_iter().map(read).collect())
}

async fn round(core: &Core, connection: &Connection, tells: TellsProducts) -> Result<(), StorageFault> {
    let told = channel::abilities(core, connection);
    if !told.is_some_and(|abilities| abilities.notices.iter().any(|name| name == "product")) {
        return Ok(());
    }
    let rules = core.rules(&connection.merchant).await?;
    let mut known = tellings(core, connection).await?;
    let wanted = wishes::of(core, &connection.id, WISH).await?;
    let asked = wishes::of(core, &connection.id, ASK).await?;
    for name in &wanted {
        let before = known.remove(name).unwrap_or_default();
        let after = ProductTelling { standing: ProductStanding::Wanted, next_at: None, failures: 0, ..before };
        known.insert(name.clone(), after);
    }
    for name in &asked {
        known.entry(name.clone()).and_modify(|one| one.next_at = None);
    }
    write(core, connection, known.iter().filter(|(name, _)| wanted.contains(*name) || asked.contains(*name))).await?;
    wishes::granted(core, &connection.id, WISH, &wanted).await?;
    wishes::granted(core, &connection.id, ASK, &asked).await?;
    let selling = rules.channel(&connection.id).is_some_and(|channel| channel.selling);
    for bundle in bundles(&rules.catalogue, connection) {
        let Some(notice) = notice(&rules.catalogue, &bundle, selling) else { continue };
        let before = known.get(&bundle.name).cloned().unwrap_or_default();
        let digest = digest(&notice);
        if !due(&before, &digest, tells, core.clock.now()) {
            continue;
        }
        let after = tell(core, connection, &bundle.name, &before, notice, digest).await;
        let ended = before.standing == ProductStanding::Waiting && after.standing == ProductStanding::Done;
        let name = bundle.name.clone();
        write(core, connection, std::iter::once((&bundle.name, &after))).await?;
        if ended {
            // Dates may have been refused while the channel decided.
            tell_calendar::whole(core, connection, Some(&name)).await?;
        }
    }
    Ok(())
}

async fn write(
    core: &Core,
    connection: &Connection,
    tellings: impl Iterator<Item = (&String, &ProductTelling)>,
) -> Result<(), StorageFault> {
    let changes: Vec<_> = tellings
        .map(|(name, telling)| (name.clone(), Some(serde_json::to_value(telling).unwrap_or_default())))
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    core.storage.note(connection.id.as_str(), NoteKind::TellingProduct, changes, core.clock.now()).await
}

fn digest(notice: &ProductNotice) -> String {
    let text = serde_json::to_string(notice).unwrap_or_default();
    fingerprint(&[("product", text)])
}

fn due(before: &ProductTelling, digest: &str, tells: TellsProducts, now: Timestamp) -> bool {
    use ProductStanding::{Done, Failing, Refused, Untold, Waiting, Wanted};
    let time = before.next_at.is_none_or(|next| next <= now);
    let changed = before.told.as_deref() != Some(digest);
    match before.standing {
        Wanted => true,
        Waiting | Failing => time,
        Untold | Done | Refused => tells == TellsProducts::Always && changed,
    }
}

async fn tell(
    core: &Core,
    connection: &Connection,
    name: &str,
    before: &ProductTelling,
    notice: ProductNotice,
    digest: String,
) -> ProductTelling {
    let told = channel::tell(core, &connection.id, before.failures + 1, Notice::Product(notice)).await;
    let now = core.clock.now();
    let answered = |standing| ProductTelling {
        standing,
        told: Some(digest.clone()),
        told_at: Some(now),
        ..ProductTelling::default()
    };
    let after = match told {
        Ok(Told::Done) => answered(ProductStanding::Done),
        Ok(Told::Waiting(wait)) => {
            let wait = wait.ask_after_ms.unwrap_or(ASK_AGAIN_MS).clamp(1_000, 3_600_000);
            let next_at = Some(now.plus_millis(i64::try_from(wait).unwrap_or(i64::MAX)));
            ProductTelling { next_at, ..answered(ProductStanding::Waiting) }
        }
        Ok(_) => failed(before, now, "the notice was answered with something else".to_owned()),
        Err(fault) if fault.effect == Effect::NotDone && !fault.may_pass() => {
            ProductTelling { fault: Some(fault.to_string()), ..answered(ProductStanding::Refused) }
        }
        Err(fault) => failed(before, now, fault.to_string()),
    };
    alert(core, connection, name, before, &after).await;
    after
}

fn failed(before: &ProductTelling, now: Timestamp, fault: String) -> ProductTelling {
    let failures = before.failures + 1;
    let wait = (LOOK_MS << failures.min(10)).min(BACKOFF_LIMIT_MS);
    ProductTelling {
        standing: ProductStanding::Failing,
        failures,
        next_at: Some(now.plus_millis(wait)),
        fault: Some(fault),
        ..before.clone()
    }
}

async fn alert(core: &Core, connection: &Connection, name: &str, before: &ProductTelling, after: &ProductTelling) {
    let stands = |telling: &ProductTelling| {
        telling.standing == ProductStanding::Refused
            || (telling.standing == ProductStanding::Failing && telling.failures >= PATIENCE)
    };
    let about = format!("{}/{name}", connection.id);
    if stands(after) {
        let why = after.fault.as_deref().unwrap_or("no reason");
        let text = format!("product {name} of connection {} was not taken: {why}", connection.id);
        super::raise(core, &connection.merchant, AlertKind::ProductRefused, &about, &text).await;
    } else if (stands(before) || before.standing == ProductStanding::Wanted)
        && let Err(fault) =
            super::resolve(core, Some(connection.merchant.clone()), AlertKind::ProductRefused, &about).await
    {
        tracing::error!(%fault, "an alert could not be resolved");
    }
}

/// A product as it stands; none where its catalogue entries are not all there.
fn notice(catalogue: &Catalogue, bundle: &Bundle<'_>, selling: bool) -> Option<ProductNotice> {
    let mut skus = Vec::new();
    let mut found = None;
    for listing in &bundle.listings {
        let (product, sku) = catalogue.sku(listing.sells.bought()).ok()?;
        skus.push(SkuNotice {
            listing: listing.id.clone(),
            names: listing.names.clone(),
            on_sale: selling && listing.on_sale && product.on_sale,
            sku: sku.id.clone(),
            title: sku.name.clone(),
            persons: sku.persons_per_unit,
            minimum_units: sku.minimum_units,
            maximum_units: sku.maximum_units,
        });
        found = found.or(Some(product));
    }
    let product = found?;
    Some(ProductNotice {
        names: ListingNames { sku: None, sku_out: None, ..bundle.names.clone() },
        on_sale: skus.iter().any(|sku| sku.on_sale),
        product: product.id.clone(),
        title: product.name.clone(),
        guests: product.guests.clone(),
        validity: product.validity,
        refund: product.refund.clone(),
        skus,
    })
}

/// A channel told that something happened to a product: it is asked again soon, if it had to decide.
pub(crate) async fn ask_soon(core: &Core, connection: &Connection, names: &ListingNames) -> Result<(), StorageFault> {
    let rules = core.rules(&connection.merchant).await?;
    let known = tellings(core, connection).await?;
    let product = ListingNames { sku: None, sku_out: None, ..names.clone() };
    let waits = |name: &str| known.get(name).is_some_and(|one| one.standing == ProductStanding::Waiting);
    let named = bundles(&rules.catalogue, connection).into_iter().filter(|bundle| bundle.names.answers_to(&product));
    let asked: Vec<String> = named.map(|bundle| bundle.name).filter(|name| waits(name)).collect();
    if asked.is_empty() {
        return Ok(());
    }
    wishes::make(core, &connection.id, ASK, asked).await?;
    core.product_tellings.wanted(&connection.id, core.clock.now());
    Ok(())
}

/// What keeps a product from being told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untellable {
    /// The connection is not configured to tell products.
    Off,
    /// Its plugin cannot tell them.
    Unable,
}

impl Engine {
    /// How telling products goes at a connection, by name.
    pub async fn product_tellings(
        &self,
        connection: &Connection,
    ) -> Result<BTreeMap<String, ProductTelling>, StorageFault> {
        tellings(&self.core, connection).await
    }

    /// A person asks for products to be told soon: all of a connection, or the one that is named. How many those are.
    pub async fn tell_products(
        &self,
        connection: &Connection,
        name: Option<&str>,
    ) -> Result<Result<usize, Untellable>, StorageFault> {
        let off = match &connection.rules {
            ConnectionRules::Channel(rules) => rules.beside.products == TellsProducts::Never,
            ConnectionRules::Supplier(_) => true,
        };
        if off {
            return Ok(Err(Untellable::Off));
        }
        let abilities = channel::abilities(&self.core, connection).unwrap_or_default();
        if !abilities.notices.iter().any(|notice| notice == "product") {
            return Ok(Err(Untellable::Unable));
        }
        let rules = self.core.rules(&connection.merchant).await?;
        let named = bundles(&rules.catalogue, connection).into_iter().map(|bundle| bundle.name);
        let wanted: Vec<String> = named.filter(|bundle| name.is_none_or(|name| name == bundle)).collect();
        let count = wanted.len();
        wishes::make(&self.core, &connection.id, WISH, wanted).await?;
        self.core.product_tellings.wanted(&connection.id, self.core.clock.now());
        Ok(Ok(count))
    }
}
