//! What the partner tells by calls of its own: authentic, forged, repeated, in another order, about another order.

use std::sync::Arc;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::declared;
use entrepot_contract::fault::FaultKind;
use entrepot_contract::hearing::{About, NEWS_LIMIT, Named, News};

use crate::ability::{has_secrets, hears};
use crate::side::Button;
use crate::stand::Stand;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, keeps_quiet, lines, refused, text_of};

pub(crate) const CHECKS: &[Check] = checks! {
    authentic_call_tells_its_order if hears, "name the order that the call is about, by our number or the partner's";
    news_are_declared if hears, "tell to ask only what the card declares: About::Usage needs usage, and so on";
    reply_can_be_sent if hears, "the reply has a status of 200 to 599 and a content type";
    unsigned_news_are_refused if |m| hears(m) && has_secrets(m), "what bears no signature is Unauthenticated";
    news_signed_by_another_are_refused if |m| hears(m) && has_secrets(m), "compare the signature with one made with our own secret";
    news_about_another_order_are_refused if |m| hears(m) && has_secrets(m), "the signature covers at least the order number";
    unmade_news_are_refused if hears, "what cannot be read is Invalid or Unauthenticated, never a panic";
    oversized_news_are_refused if hears, "limit what is read of a call";
    hearing_calls_nobody if hears, "`hear` has no time to ask: tell the host to ask";
    news_a_hundred_times_are_the_same if hears, "keep no list of calls: the host knows repeats by what they say";
    news_in_another_order_are_the_same if hears, "no call depends on one before";
    unbelievable_news_are_only_a_reason_to_ask if hears, "tell facts only where the signature covers them; otherwise News::Ask";
    hearing_keeps_quiet if hears, "no secret and nothing of guests goes into a log line or a fault";
};

/// An order's number with digits to change.
const OURS: &str = "5550001111";

const ABOUTS: &[About] = &[About::Booking, About::Usage, About::Cancellation, About::Everything];

/// A call about an order that was booked, and the stand.
async fn called(trial: &Trial) -> Outcome<(Stand, RawRequest)> {
    let stand = trial.stand().await?;
    stand.issued(&trial.order("1", 2)?).await?;
    let raw = stand.call_of(Button::Call { order: "1".to_owned(), about: About::Everything })?;
    Ok((stand, raw))
}

async fn authentic_call_tells_its_order(trial: Arc<Trial>) -> Outcome {
    let (stand, raw) = called(&trial).await?;
    let heard = fine("hear", stand.hear(raw).await)?;
    ensure(heard.news.len() <= NEWS_LIMIT, || format!("{} news in one call", heard.news.len()))?;
    for news in &heard.news {
        if let Some(Named::Ours { order }) = named(news) {
            ensure(order.as_str() == "1", || format!("it is about order 1, told as {order}"))?;
        }
    }
    ensure(!heard.news.is_empty(), || "the call tells nothing".to_owned())
}

fn named(news: &News) -> Option<&Named> {
    match news {
        News::Ask { order, .. }
        | News::Booking { order, .. }
        | News::Usage { order, .. }
        | News::Cancellation { order, .. } => Some(order),
        News::Calendar { .. } | News::Unknown => None,
    }
}

async fn news_are_declared(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.issued(&trial.order("1", 2)?).await?;
    let supplier = trial.manifest().capabilities.supplier.unwrap_or_default();
    for about in ABOUTS {
        let raw = stand.call_of(Button::Call { order: "1".to_owned(), about: *about })?;
        for news in fine("hear", stand.hear(raw).await)?.news {
            let missing = declared::missing_for(&supplier, &news);
            ensure(missing.is_none(), || format!("{news:?} needs {missing:?}, which the card does not declare"))?;
        }
    }
    Ok(())
}

async fn reply_can_be_sent(trial: Arc<Trial>) -> Outcome {
    let (stand, raw) = called(&trial).await?;
    let reply = fine("hear", stand.hear(raw).await)?.reply;
    let right = (200..600).contains(&reply.status) && !reply.content_type.is_empty();
    ensure(right, || format!("it would answer {reply:?}"))
}

const NOT_AUTHENTIC: &[FaultKind] = &[FaultKind::Unauthenticated, FaultKind::Invalid];

/// Without any of the parts that may hold the signature.
async fn unsigned_news_are_refused(trial: Arc<Trial>) -> Outcome {
    let (stand, raw) = called(&trial).await?;
    let query: Vec<&str> = raw.query.split('&').filter(|pair| !signs(pair)).collect();
    let headers = raw.headers.iter().filter(|(name, _)| !signs(name)).cloned().collect();
    let unsigned = RawRequest { query: query.join("&"), headers, ..raw.clone() };
    if unsigned == raw {
        return Err(crate::stand::lacks(
            "where its calls are signed: no header and no query parameter has sign in its name",
        ));
    }
    refused("a call without its signature", &failed("hear", stand.hear(unsigned).await)?, NOT_AUTHENTIC)
}

fn signs(name: &str) -> bool {
    name.to_ascii_lowercase().contains("sign")
}

async fn news_signed_by_another_are_refused(trial: Arc<Trial>) -> Outcome {
    let (_, raw) = called(&trial).await?;
    let seat = trial.open(&trial.world_of_another()).await?;
    let request = entrepot_contract::supplier::SupplierRequest::Hear { raw };
    let answer = seat.call(entrepot_contract::message::Request::Supplier(request)).await;
    refused("a call signed with another secret", &failed("hear", answer)?, &[FaultKind::Unauthenticated])
}

async fn news_about_another_order_are_refused(trial: Arc<Trial>) -> Outcome {
    const OTHER: &str = "5550002222";
    let stand = trial.stand().await?;
    stand.issued(&trial.order(OURS, 1)?).await?;
    let raw = stand.call_of(Button::Call { order: OURS.to_owned(), about: About::Everything })?;
    let body = String::from_utf8_lossy(&raw.body).replace(OURS, OTHER).into_bytes();
    let other = RawRequest { query: raw.query.replace(OURS, OTHER), body, ..raw.clone() };
    if other == raw {
        return Err(crate::stand::lacks("our number in its calls"));
    }
    refused("a call moved to another order", &failed("hear", stand.hear(other).await)?, &[FaultKind::Unauthenticated])
}

async fn unmade_news_are_refused(trial: Arc<Trial>) -> Outcome {
    let (stand, raw) = called(&trial).await?;
    let empty = RawRequest { query: String::new(), headers: Vec::new(), body: Vec::new(), ..raw.clone() };
    let bytes = RawRequest { query: "%zz&=&%".to_owned(), body: vec![0xff, 0xfe, 0], ..empty.clone() };
    let nested = RawRequest { query: "a=1&a=2".to_owned(), body: b"[[[[{}]]]]".to_vec(), ..empty.clone() };
    for raw in [empty, bytes, nested] {
        refused("a call that nobody made", &failed("hear", stand.hear(raw).await)?, NOT_AUTHENTIC)?;
    }
    Ok(())
}

async fn oversized_news_are_refused(trial: Arc<Trial>) -> Outcome {
    const PAIRS: usize = 100_000;
    let (stand, raw) = called(&trial).await?;
    let query = format!("{}{}", raw.query, "&a=1".repeat(PAIRS));
    let body = [raw.body.as_slice(), " ".repeat(4 * PAIRS).as_bytes()].concat();
    let large = RawRequest { query, body, ..raw };
    refused("a call of a megabyte", &failed("hear", stand.hear(large).await)?, NOT_AUTHENTIC)
}

async fn hearing_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let (stand, raw) = called(&trial).await?;
    let before = stand.world.sent().len();
    fine("hear", stand.hear(raw).await)?;
    ensure(stand.world.sent().len() == before, || "the partner was called".to_owned())
}

async fn news_a_hundred_times_are_the_same(trial: Arc<Trial>) -> Outcome {
    let (stand, raw) = called(&trial).await?;
    let first = fine("hear", stand.hear(raw.clone()).await)?;
    for _ in 1..100 {
        let again = fine("hear", stand.hear(raw.clone()).await)?;
        ensure(again == first, || format!("{first:?} became {again:?}"))?;
    }
    Ok(())
}

async fn news_in_another_order_are_the_same(trial: Arc<Trial>) -> Outcome {
    let (stand, first) = called(&trial).await?;
    stand.issued(&trial.order("2", 1)?).await?;
    let second = stand.call_of(Button::Call { order: "2".to_owned(), about: About::Everything })?;
    let (a, b) = (fine("hear", stand.hear(first.clone()).await)?, fine("hear", stand.hear(second.clone()).await)?);
    let other = trial.stand_before(Arc::clone(&stand.side)).await?;
    let (d, c) = (fine("hear", other.hear(second).await)?, fine("hear", other.hear(first).await)?);
    ensure((a, b) == (c, d), || "heard the other way round, two calls say something else".to_owned())
}

/// A call whose numbers were changed where the signature does not look may be heard, but only as a reason to ask.
async fn unbelievable_news_are_only_a_reason_to_ask(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.issued(&trial.order(OURS, 2)?).await?;
    let raw = stand.call_of(Button::Call { order: OURS.to_owned(), about: About::Everything })?;
    let body = String::from_utf8_lossy(&raw.body).replace('0', "9").into_bytes();
    let query: Vec<String> = raw.query.split('&').map(changed).collect();
    for forged in [RawRequest { body, ..raw.clone() }, RawRequest { query: query.join("&"), ..raw.clone() }] {
        if forged == raw {
            continue;
        }
        let Ok(heard) = stand.hear(forged).await else { continue };
        let fact = heard.news.iter().find(|news| !matches!(news, News::Ask { .. } | News::Calendar { .. }));
        if let Some(fact) = fact {
            return fail(format!("numbers were changed on the way, and it believes {fact:?}"));
        }
    }
    Ok(())
}

/// A parameter with other digits, unless it is the signature or a number of ours.
fn changed(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) if !signs(name) && !value.contains(OURS) => format!("{name}={}", value.replace('0', "9")),
        _ => pair.to_owned(),
    }
}

async fn hearing_keeps_quiet(trial: Arc<Trial>) -> Outcome {
    let (stand, raw) = called(&trial).await?;
    let mut faults = Vec::new();
    fine("hear", stand.hear(raw.clone()).await)?;
    let body = [raw.body.as_slice(), crate::trial::GUEST_PHONE.as_bytes()].concat();
    let query = format!("{}&phone={}", raw.query, crate::trial::GUEST_PHONE);
    for bad in [RawRequest { body, ..raw.clone() }, RawRequest { query, headers: Vec::new(), ..raw }] {
        faults.extend(stand.hear(bad).await.err().map(|fault| text_of(&fault)));
    }
    keeps_quiet("a log line", &lines(&stand.world), &trial.private())?;
    keeps_quiet("a fault", &faults, &trial.private())
}
