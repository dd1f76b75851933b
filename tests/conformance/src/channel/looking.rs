//! Questions about the channel's own side.

use std::collections::BTreeSet;
use std::sync::Arc;

use entrepot_contract::capability::ChannelCapabilities;
use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::looking::{Look, LookName, SEEN_LIMIT, Sealed, Seen};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::order::{Credential, CredentialKind};
use entrepot_contract::services::{HttpResponse, Services as _};

use super::sample::stand;
use crate::stand::lost;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, visit_day};

pub(crate) const CHECKS: &[Check] = checks! {
    declared_looks_are_answered if looks, "answer each look that the card declares, in the form that fits the question";
    looked_pages_end if pages, "the last page has no next, and no page leads back to one before";
    looked_page_again_is_the_same if pages, "the same page name gives the same page";
    looked_lists_are_limited if pages, "a page has at most 500 entries";
    lost_look_is_no_answer if looks, "an answer that never came is a fault, never \"nothing there\"";
    garbage_for_a_look_is_no_answer if looks, "what cannot be read is a fault, never \"nothing there\"";
    server_error_for_a_look_is_no_answer if looks, "status 5xx is a fault, never \"nothing there\"";
    opened_texts_keep_their_order if opens, "one answer for each sealed text, in order; none for one that is not opened";
};

fn channel(manifest: &Manifest) -> ChannelCapabilities {
    manifest.capabilities.channel.clone().unwrap_or_default()
}

fn looks(manifest: &Manifest) -> bool {
    !channel(manifest).looks.is_empty()
}

const PAGED: &[LookName] = &[LookName::Orders, LookName::Ledger, LookName::Redemptions, LookName::Shops];

fn pages(manifest: &Manifest) -> bool {
    channel(manifest).looks.iter().any(|name| PAGED.contains(name))
}

fn opens(manifest: &Manifest) -> bool {
    channel(manifest).looks.contains(&LookName::Sealed)
}

fn order(trial: &Trial) -> Outcome<ChannelOrderId> {
    let samples = &trial.channel_side()?.samples;
    let known = samples.iter().find_map(|sample| sample.order.clone()).unwrap_or_else(|| "1".to_owned());
    Ok(ChannelOrderId::parse(known).map_err(|fault| fault.to_string())?)
}

fn question(trial: &Trial, name: LookName, page: Option<String>) -> Outcome<Look> {
    let now = trial.world().now();
    Ok(match name {
        LookName::Order => Look::Order { order: order(trial)? },
        LookName::Orders => Look::Orders { from: now.plus_millis(-3_600_000), to: now, page },
        LookName::Ledger => Look::Ledger { day: visit_day()?, page },
        LookName::Redemptions => Look::Redemptions { from: now.plus_millis(-3_600_000), to: now, page },
        LookName::Product => Look::Product { names: Default::default() },
        LookName::Shops => Look::Shops { page },
        LookName::Sealed => {
            let texts = ["one", "two", "three"].map(str::to_owned).to_vec();
            Look::Sealed(Sealed { order: order(trial)?, texts })
        }
        LookName::ReservedCode => {
            let credential =
                Credential { kind: CredentialKind::QrCode, value: "Code-1".to_owned(), document_kind: None };
            Look::ReservedCode { names: ListingNames::default(), credentials: vec![credential] }
        }
        LookName::Unknown => return fail("the card declares a look that this contract does not know"),
    })
}

fn fits(name: LookName, seen: &Seen) -> bool {
    match seen {
        Seen::Orders { orders, .. } => match name {
            LookName::Order => orders.len() <= 1,
            _ => name == LookName::Orders,
        },
        Seen::Ledger { .. } => name == LookName::Ledger,
        Seen::Redemptions { .. } => name == LookName::Redemptions,
        Seen::Products { .. } => name == LookName::Product,
        Seen::Shops { .. } => name == LookName::Shops,
        Seen::Opened(_) => name == LookName::Sealed,
        Seen::ReservedCode { .. } => name == LookName::ReservedCode,
        Seen::Unknown => false,
    }
}

async fn declared_looks_are_answered(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for name in channel(&trial.manifest()).looks {
        let seen = fine(name.as_str(), seat.look(question(&trial, name, None)?).await)?;
        ensure(fits(name, &seen), || format!("{} is answered {seen:?}", name.as_str()))?;
    }
    Ok(())
}

/// How many entries a page has, and which one follows.
fn page_of(seen: &Seen) -> (usize, Option<String>) {
    match seen {
        Seen::Orders { orders, next } => (orders.len(), next.clone()),
        Seen::Ledger { lines, next } => (lines.len(), next.clone()),
        Seen::Redemptions { lines, next } => (lines.len(), next.clone()),
        Seen::Shops { shops, next } => (shops.len(), next.clone()),
        _ => (0, None),
    }
}

/// All pages of all declared questions that have pages.
async fn all_pages(trial: &Trial) -> Outcome<Vec<Seen>> {
    const PAGES_LIMIT: usize = 1_000;
    let (seat, _) = stand(trial).await?;
    let mut all = Vec::new();
    for name in channel(&trial.manifest()).looks.into_iter().filter(|name| PAGED.contains(name)) {
        let (mut page, mut known) = (None, BTreeSet::new());
        loop {
            let seen = fine(name.as_str(), seat.look(question(trial, name, page)?).await)?;
            let (_, next) = page_of(&seen);
            all.push(seen);
            ensure(all.len() <= PAGES_LIMIT, || format!("no end within {PAGES_LIMIT} pages"))?;
            let Some(next) = next else { break };
            ensure(known.insert(next.clone()), || format!("a page of {} leads back", name.as_str()))?;
            page = Some(next);
        }
    }
    Ok(all)
}

async fn looked_pages_end(trial: Arc<Trial>) -> Outcome {
    all_pages(&trial).await.map(|_| ())
}

async fn looked_page_again_is_the_same(trial: Arc<Trial>) -> Outcome {
    let (first, second) = (all_pages(&trial).await?, all_pages(&trial).await?);
    ensure(first == second, || "the same page is another when it is read again".to_owned())
}

async fn looked_lists_are_limited(trial: Arc<Trial>) -> Outcome {
    let most = all_pages(&trial).await?.iter().map(|seen| page_of(seen).0).max().unwrap_or(0);
    ensure(most <= SEEN_LIMIT, || format!("a page of {most} entries"))
}

async fn unanswered(trial: &Trial, status: u16, body: &'static str) -> Outcome {
    for name in channel(&trial.manifest()).looks {
        let (seat, world) = stand(trial).await?;
        world.other_side(move |_| match status {
            0 => Err(lost()),
            _ => Ok(HttpResponse { status, headers: Vec::new(), body: body.to_owned() }),
        });
        let what = format!("{} answered with status {status} and {body:?}", name.as_str());
        failed(&what, seat.look(question(trial, name, None)?).await)?;
    }
    Ok(())
}

async fn lost_look_is_no_answer(trial: Arc<Trial>) -> Outcome {
    unanswered(&trial, 0, "").await
}

async fn garbage_for_a_look_is_no_answer(trial: Arc<Trial>) -> Outcome {
    for body in ["", "<html></html>", "{", "[]", "null", "{}", "\"ok\""] {
        unanswered(&trial, 200, body).await?;
    }
    Ok(())
}

async fn server_error_for_a_look_is_no_answer(trial: Arc<Trial>) -> Outcome {
    for status in [500, 503] {
        unanswered(&trial, status, "{}").await?;
    }
    Ok(())
}

async fn opened_texts_keep_their_order(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let ask = |texts: &[&str]| -> Outcome<Look> {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Ok(Look::Sealed(Sealed { order: order(&trial)?, texts }))
    };
    let mut told = Vec::new();
    for texts in [["one", "two", "three"], ["three", "two", "one"]] {
        match fine("sealed", seat.look(ask(&texts)?).await)? {
            Seen::Opened(opened) => told.push(opened.texts),
            other => return fail(format!("sealed texts are answered {other:?}")),
        }
    }
    ensure(told.iter().all(|texts| texts.len() == 3), || "three texts were asked for".to_owned())?;
    told[1].reverse();
    ensure(told[0] == told[1], || "asked for the other way round, other texts are told".to_owned())
}
