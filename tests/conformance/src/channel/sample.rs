//! Calls, notices and outcomes to try, and an open channel to try them on.

use std::sync::Arc;

use entrepot_contract::calendar::CalendarDay;
use entrepot_contract::channel::RawRequest;
use entrepot_contract::ids::{ChannelOrderId, CodeId, ListingId, OrderId, ProductId, SceneName, SkuId};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::manifest::Manifest;
use entrepot_contract::money::Money;
use entrepot_contract::notice::{
    CalendarNotice, CodesNotice, Notice, OrderEvent, OrderNotice, PoolCode, ProductNotice, RefundDecision, SkuDates,
    SkuNotice,
};
use entrepot_contract::order::{Credential, CredentialKind, UnitCredentials, UnitState};
use entrepot_contract::outcome::{
    Acceptance, CalendarAnswer, CalendarCell, MemberFacts, OrderShown, Outcome as Answer, Standing, UnitUsage,
};
use entrepot_contract::product::{GuestRequirement, RefundRule, Validity};
use entrepot_contract::time::Timestamp;
use entrepot_sdk::testing::{Seat, World};

use crate::fixture::{Sample, Signer};
use crate::suite::Outcome;
use crate::trial::{Trial, not_run, visit_day};

/// A ticket; it must reach no log, no URL and no fault.
pub(crate) const TICKET: &str = "TICKET-5f2c\"<&>中-9";

/// An open channel before its well-behaved partner. A channel's samples may carry their own time, so the world's clock
/// is the machine's, as everywhere.
pub(crate) async fn stand(trial: &Trial) -> Outcome<(Seat, Arc<World>)> {
    let world = trial.world();
    answer_well(trial, &world)?;
    Ok((trial.open(&world).await?, world))
}

/// The partner answers as it does when all is well.
pub(crate) fn answer_well(trial: &Trial, world: &Arc<World>) -> Outcome {
    let other_side = Arc::clone(&trial.channel_side()?.other_side);
    world.other_side(move |request| other_side(request));
    Ok(())
}

/// The author's calls.
pub(crate) fn samples(trial: &Trial) -> Outcome<&[Sample]> {
    let samples = &trial.channel_side()?.samples;
    if samples.is_empty() {
        return not_run("it needs authentic calls: [[samples]] of a check file");
    }
    Ok(samples)
}

/// What makes calls authentic.
pub(crate) fn signer(trial: &Trial) -> Outcome<Signer> {
    match &trial.channel_side()?.sign {
        Some(sign) => Ok(Arc::clone(sign)),
        None => not_run("nobody can sign calls: a check file's partner needs POST {control}/sign"),
    }
}

/// A call of the first scene, for channels of which nobody has seen a call.
pub(crate) fn stranger(manifest: &Manifest) -> Outcome<RawRequest> {
    let scene = match manifest.scenes.first() {
        Some(scene) => scene.name.clone(),
        None => SceneName::parse("any").map_err(|fault| fault.to_string())?,
    };
    Ok(RawRequest { scene, method: "POST".to_owned(), query: String::new(), headers: Vec::new(), body: Vec::new() })
}

/// The author's notices of what the card declares.
pub(crate) fn notices(trial: &Trial) -> Outcome<Vec<Notice>> {
    let declared = trial.manifest().capabilities.channel.unwrap_or_default().notices;
    let all = &trial.channel_side()?.notices;
    let mut notices = Vec::new();
    for name in declared {
        match all.iter().find(|notice| notice.name() == name) {
            Some(notice) => notices.push(notice.clone()),
            None => return not_run(format!("it needs a notice {name}: [[notices]] of a check file")),
        }
    }
    Ok(notices)
}

/// The author's notice of that name.
pub(crate) fn notice(trial: &Trial, name: &str) -> Outcome<Option<Notice>> {
    Ok(notices(trial)?.into_iter().find(|notice| notice.name() == name))
}

/// One notice of every kind this contract knows.
pub(crate) fn all_notices() -> Outcome<Vec<Notice>> {
    let reason = || "a reason".to_owned();
    let events = [
        OrderEvent::Accepted,
        OrderEvent::Refused { reason: reason() },
        OrderEvent::Issued { units: Vec::new() },
        OrderEvent::IssueFailed { reason: reason() },
        OrderEvent::RefundDecided {
            key: "k1".to_owned(),
            units: vec![1],
            decision: RefundDecision::Refused { reason: reason(), repaired: Vec::new() },
        },
        OrderEvent::Redeemed {
            token: "t1".to_owned(),
            units: vec![1],
            whole: true,
            at: Timestamp::from_seconds(1_790_000_000),
            shop: None,
            refund_refused: None,
            tickets: Vec::new(),
        },
    ];
    let mut notices = Vec::new();
    for event in events {
        notices.push(Notice::Order(OrderNotice {
            order: our_order()?,
            channel_order: ChannelOrderId::parse("2").map_err(|fault| fault.to_string())?,
            source_order: None,
            names: ListingNames::default(),
            unit_names: Vec::new(),
            event,
        }));
    }
    let listing = || ListingId::parse("l1").map_err(|fault| fault.to_string());
    notices.push(Notice::Calendar(CalendarNotice {
        names: ListingNames::default(),
        skus: vec![SkuDates {
            listing: listing()?,
            names: ListingNames::default(),
            cells: Vec::new(),
            gone: vec![visit_day()?],
        }],
        whole: false,
    }));
    notices.push(Notice::Product(product()?));
    notices.push(Notice::Codes(CodesNotice {
        names: ListingNames::default(),
        codes: vec![PoolCode {
            id: CodeId::parse("C1-0001").map_err(|fault| fault.to_string())?,
            credentials: ticket(1).credentials,
        }],
        expires_at: None,
        earlier: None,
    }));
    Ok(notices)
}

fn product() -> Outcome<ProductNotice> {
    Ok(ProductNotice {
        names: ListingNames::default(),
        on_sale: true,
        product: ProductId::parse("p1").map_err(|fault| fault.to_string())?,
        title: "a product".to_owned(),
        guests: GuestRequirement::default(),
        validity: Validity::default(),
        refund: RefundRule::default(),
        skus: vec![SkuNotice {
            listing: ListingId::parse("l1").map_err(|fault| fault.to_string())?,
            names: ListingNames::default(),
            on_sale: true,
            sku: SkuId::parse("s1").map_err(|fault| fault.to_string())?,
            title: "a SKU".to_owned(),
            persons: 1,
            minimum_units: 1,
            maximum_units: 5,
        }],
    })
}

pub(crate) fn our_order() -> Outcome<OrderId> {
    Ok(OrderId::parse("T20260001").map_err(|fault| fault.to_string())?)
}

pub(crate) fn ticket(unit: u16) -> UnitCredentials {
    let credential = Credential { kind: CredentialKind::QrCode, value: TICKET.to_owned(), document_kind: None };
    UnitCredentials { unit, credentials: vec![credential] }
}

/// What the core may answer to an intent when it does not say no; the first is a plain yes.
pub(crate) fn answers(intent: &Intent) -> Outcome<Vec<Answer>> {
    let order = our_order()?;
    Ok(match intent {
        _ if shows_whole(intent) => vec![Answer::Orders { orders: vec![order_shown(intent)?] }],
        Intent::CheckBooking(_) => vec![Answer::Bookable],
        Intent::CreateOrder(asked) => {
            let acceptances: &[Option<Acceptance>] = match asked.paid_at {
                None => &[None],
                Some(_) => &[Some(Acceptance::Accepted), Some(Acceptance::Later), Some(Acceptance::Refused)],
            };
            let created =
                |acceptance: &Option<Acceptance>| Answer::Created { order: order.clone(), acceptance: *acceptance };
            acceptances.iter().map(created).collect()
        }
        Intent::PayOrder { .. } => [Acceptance::Accepted, Acceptance::Later, Acceptance::Refused]
            .map(|acceptance| Answer::Paid { acceptance })
            .to_vec(),
        Intent::CancelOrder { .. } | Intent::RecordRefund(_) | Intent::Event { .. } => vec![Answer::Recorded],
        Intent::IssueOrder(asked) => {
            let units = (1..=asked.count.unwrap_or(2)).filter_map(|unit| u16::try_from(unit).ok()).map(ticket);
            let issued = Answer::Issued { order: order.clone(), units: units.collect() };
            // A call that pays for an order which nobody knows yet is kept.
            let kept = asked.paid_at.map(|_| Answer::Recorded);
            [issued, Answer::Issuing { order }].into_iter().chain(kept).collect()
        }
        Intent::AskRefund(asked) => vec![
            Answer::RefundAgreed { fee: asked.fee },
            Answer::RefundRefused { order, reason: "used".to_owned(), repaired: Vec::new() },
            Answer::RefundWaiting,
        ],
        Intent::QueryOrder { .. } => {
            let unit = |unit, state| UnitUsage { unit, state };
            let units = vec![unit(1, UnitState::Available), unit(2, UnitState::Redeemed)];
            vec![Answer::Usage { order, units, issued: true }]
        }
        Intent::PullCalendar(asked) => {
            let names = asked.skus.first().unwrap_or(&asked.names).clone();
            vec![Answer::Calendar { skus: vec![CalendarAnswer { names, days: vec![cell(asked.from, 18_000)?] }] }]
        }
        Intent::SyncOrder(_) => vec![Answer::Created { order, acceptance: Some(Acceptance::Accepted) }],
        Intent::ShowOrders(_) => {
            let shown = Answer::Orders { orders: vec![order_shown(intent)?] };
            vec![shown, Answer::Orders { orders: Vec::new() }]
        }
        Intent::ListProducts { .. } => {
            vec![Answer::Products { products: vec![product()?], next: None }]
        }
        Intent::AskMember(_) => {
            vec![Answer::Member(Box::new(MemberFacts { member: true, level: Some(1), ..MemberFacts::default() }))]
        }
        Intent::RecordUse(_)
        | Intent::RecordDecision(_)
        | Intent::ChangeOrder(_)
        | Intent::RecordStanding(_)
        | Intent::WantCodes { .. }
        | Intent::AskInvoice(_) => vec![Answer::Recorded],
        Intent::ExtendHold { .. } | Intent::Handshake { .. } | Intent::Unknown => Vec::new(),
    })
}

/// Whether a yes shows the whole order.
fn shows_whole(intent: &Intent) -> bool {
    match intent {
        Intent::CreateOrder(asked) => asked.whole,
        Intent::IssueOrder(asked) => asked.whole,
        Intent::AskRefund(asked) => asked.whole,
        Intent::ChangeOrder(asked) => !asked.done,
        Intent::ExtendHold { .. } => true,
        _ => false,
    }
}

/// The order that an intent is about, held until a minute later.
pub(crate) fn order_shown(intent: &Intent) -> Outcome<OrderShown> {
    let named = ChannelOrderId::parse("9007199254740993001").map_err(|fault| fault.to_string())?;
    let made = Timestamp::from_seconds(1_790_000_000);
    Ok(OrderShown {
        order: our_order()?,
        channel_order: intent.order().cloned().unwrap_or(named),
        reference: None,
        source_order: None,
        names: ListingNames::default(),
        standing: Standing::Held,
        visit: None,
        slot: None,
        shop: None,
        units: vec![UnitUsage { unit: 1, state: UnitState::Available }],
        unit_names: Vec::new(),
        credentials: Vec::new(),
        ordered_at: made,
        hold_until: Some(made.plus_millis(60_000)),
        paid_at: None,
        ended_at: None,
        fee: None,
    })
}

/// A date on sale at that price, with five units left.
pub(crate) fn cell(date: entrepot_contract::time::VisitDate, fen: i64) -> Outcome<CalendarCell> {
    let day = CalendarDay {
        sku: SkuId::parse("P1-ADULT").map_err(|fault| fault.to_string())?,
        date: Some(date),
        retail: Money::fen(fen),
        settlement: Money::fen(fen),
        open: true,
        close: None,
        cost: None,
        minimum_units: None,
        maximum_units: None,
        cutoff: None,
        slots: Vec::new(),
    };
    Ok(CalendarCell { day, left: Some(5), slots: Vec::new() })
}
