//! The notice of a calendar: scenic §14 and §15.

use entrepot_sdk::contract::fault::{Effect, FaultKind};
use entrepot_sdk::contract::ids::ListingId;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::notice::{CalendarNotice, Notice, RefusedDate, Told};
use entrepot_sdk::contract::outcome::CalendarCell;
use entrepot_sdk::contract::services::{HttpRequest, Services as _};
use serde_json::{Value, json};

use crate::partner::{apis, body, facing, path, sent};
use crate::support::*;

fn item(dates: &[&str], origin: i64, actual: i64, stock: i64, status: i64) -> Value {
    json!({"calendar_type": 3, "calendar_value": {"value_list": dates}, "origin_amount": origin, "actual_amount": actual,
           "stock_qty": stock, "status": status})
}

/// Sixty dates from 2026-10-01.
fn sixty(fen: impl Fn(u32) -> i64) -> Vec<CalendarCell> {
    (0..60).map(|day| cell(&date(day), fen(day), Some(5))).collect()
}

fn date(day: u32) -> String {
    let first: entrepot_sdk::contract::time::VisitDate = "2026-10-01".parse().expect("a date");
    first.plus_days(day).expect("a date").to_string()
}

/// §15's example: changed dates, dates of equal terms in one item, dates that are gone closed without stock.
#[tokio::test]
async fn changed_dates_go_by_batch_save() {
    let (seat, world) = facing(json!({}), json!({}), |_| None).await;
    let cells = vec![
        cell("2026-10-01", 9_500, Some(420)),
        cell("2026-10-02", 9_500, Some(420)),
        cell("2026-10-04", 9_500, None),
    ];
    let skus = vec![sku_dates("P1-ADULT", cells, &["2026-10-03"]), sku_dates("P1-CHILD", vec![], &["2026-10-03"])];
    assert_eq!(seat.deliver(calendar(false, skus)).await.expect("taken"), Told::Done);
    let [request] = sent(&world, "calendar_batch_save").try_into().expect("one call");
    assert_eq!(path(&request), "/goodlife/v1/trip/ticket_calendar/batch_save/");
    let gone = || item(&["2026-10-03"], 9_999_900, 9_999_900, 0, 0);
    assert_eq!(
        body(&request),
        json!({"account_id": ACCOUNT, "product_out_id": "P1", "ticket_sku_and_calendar": [
            {"ticket_specification": {"sku_out_id": "P1-ADULT"}, "calendar_list": [
                item(&["2026-10-01", "2026-10-02"], 9_500, 9_500, 420, 1),
                gone(),
                item(&["2026-10-04"], 9_500, 9_500, 99_999, 1),
            ]},
            {"ticket_specification": {"sku_out_id": "P1-CHILD"}, "calendar_list": [gone()]},
        ]})
    );
}

/// §14's example: all dates of one specification a call.
#[tokio::test]
async fn a_whole_calendar_goes_by_save_one_specification_a_call() {
    let connection = json!({"list_prices_fen": {"P1-ADULT": 10_000, "P1-CHILD": 100}, "send_settle_amount": true});
    let (seat, world) = facing(json!({}), connection, |_| None).await;
    let cells = || vec![cell("2026-10-01", 9_000, Some(500)), cell("2026-10-02", 9_000, Some(500))];
    let skus = vec![sku_dates("P1-ADULT", cells(), &[]), sku_dates("P1-CHILD", cells(), &[])];
    assert_eq!(seat.deliver(calendar(true, skus)).await.expect("taken"), Told::Done);
    let requests = sent(&world, "calendar_save");
    assert_eq!(apis(&world).len(), 2);
    assert_eq!(path(&requests[0]), "/goodlife/v1/trip/ticket_calendar/save/");
    let expected = |sku: &str, origin: i64| {
        json!({"account_id": ACCOUNT, "product_out_id": "P1", "ticket_specification": {"sku_out_id": sku}, "calendars": [
            {"calendar_type": 3, "calendar_value": {"value_list": ["2026-10-01", "2026-10-02"]}, "origin_amount": origin,
             "actual_amount": 9_000, "settle_amount": 4_500, "stock_qty": 500, "status": 1}]})
    };
    assert_eq!(body(&requests[0]), expected("P1-ADULT", 10_000));
    assert_eq!(body(&requests[1]), expected("P1-CHILD", 9_000), "a list price below the price is none");
}

/// §15: both calls are switchable, and `save` never sees a part of a whole calendar.
#[tokio::test]
async fn the_calls_and_their_limits_are_set() {
    let three = || {
        let skus = ["P1-A", "P1-B", "P1-C"].map(|sku| sku_dates(sku, sixty(|_| 9_000), &[]));
        skus.to_vec()
    };
    let cases = [
        (json!({}), false, vec![("calendar_batch_save", 1)]),
        (json!({}), true, vec![("calendar_save", 3)]),
        (json!({"calendar_incremental": "save", "calendar_whole": "batch_save"}), false, vec![("calendar_save", 3)]),
        (
            json!({"calendar_incremental": "save", "calendar_whole": "batch_save"}),
            true,
            vec![("calendar_batch_save", 1)],
        ),
        (json!({"calendar_skus_limit": 2}), false, vec![("calendar_batch_save", 2)]),
        (json!({"calendar_days_limit": 25, "calendar_skus_limit": 2}), false, vec![("calendar_batch_save", 6)]),
        // Sixty dates do not fit into one call any more: they go in parts, by the call that takes parts.
        (json!({"calendar_days_limit": 30}), true, vec![("calendar_batch_save", 2)]),
    ];
    for (settings, whole, expected) in cases {
        let (seat, world) = facing(settings.clone(), json!({}), |_| None).await;
        assert_eq!(seat.deliver(calendar(whole, three())).await.expect("taken"), Told::Done);
        let calls: usize = expected.iter().map(|(_, calls)| calls).sum();
        assert_eq!(apis(&world).len(), calls, "{settings} {whole}");
        for (api, calls) in expected {
            assert_eq!(sent(&world, api).len(), calls, "{settings} {whole}");
        }
        let days = settings["calendar_days_limit"].as_u64().unwrap_or(60);
        for request in sent(&world, "calendar_batch_save") {
            let body = body(&request);
            for list in body["ticket_sku_and_calendar"].as_array().expect("a list") {
                let dates = list["calendar_list"][0]["calendar_value"]["value_list"].as_array().expect("dates").len();
                assert!(u64::try_from(dates).expect("small") <= days, "{settings}");
            }
        }
    }
}

/// §14: type 1 fills the first and the last date.
#[tokio::test]
async fn dates_are_told_as_ranges_when_set() {
    let (seat, world) = facing(json!({"calendar_dates_as": "ranges"}), json!({}), |_| None).await;
    let cells = ["2026-10-01", "2026-10-02", "2026-10-04"].map(|date| cell(date, 9_000, Some(5))).to_vec();
    seat.deliver(calendar(false, vec![sku_dates("P1-ADULT", cells, &[])])).await.expect("taken");
    let body = body(&sent(&world, "calendar_batch_save")[0]);
    let item = |first: &str, last: &str| {
        json!({"calendar_type": 1, "calendar_value": {"start_date": first, "end_date": last, "value_list": []},
               "origin_amount": 9_000, "actual_amount": 9_000, "stock_qty": 5, "status": 1})
    };
    let expected = json!([item("2026-10-01", "2026-10-02"), item("2026-10-04", "2026-10-04")]);
    assert_eq!(body["ticket_sku_and_calendar"][0]["calendar_list"], expected);
}

/// Douyin that does not take calls with that text.
fn dislikes(
    text: &'static str,
    code: i64,
) -> impl Fn(&HttpRequest) -> Option<entrepot_sdk::contract::services::HttpResponse> {
    move |request| {
        let about_dates = request.api.starts_with("calendar_");
        (about_dates && request.body.as_deref().unwrap_or_default().contains(text)).then(|| coded(code))
    }
}

fn refusals(told: Told) -> Vec<RefusedDate> {
    match told {
        Told::Partly { refused } => refused,
        other => panic!("{other:?}"),
    }
}

/// One date that Douyin does not take holds up no other.
#[tokio::test]
async fn a_refused_date_is_found() {
    let (seat, world) = facing(json!({}), json!({}), dislikes("2026-11-05", 2_100_005)).await;
    let mut skus: Vec<_> = ["P1-B", "P1-C"].map(|sku| sku_dates(sku, sixty(|_| 9_000)[..30].to_vec(), &[])).to_vec();
    skus.insert(1, sku_dates("P1-A", sixty(|_| 9_000), &[]));
    let refused = refusals(seat.deliver(calendar(false, skus)).await.expect("taken, less one"));
    let listing = ListingId::parse("listing-P1-A").expect("an id");
    let [only] = <[RefusedDate; 1]>::try_from(refused).expect("one date");
    assert_eq!((only.listing, only.date.to_string().as_str()), (listing, "2026-11-05"));
    assert!(only.reason.contains("2100005 (invalid parameter)") && only.reason.contains(LOGID), "{}", only.reason);
    assert!(sent(&world, "calendar_batch_save").len() <= 17, "the calls are few");
    let mut taken: Vec<String> = Vec::new();
    for request in sent(&world, "calendar_batch_save") {
        let text = request.body.clone().unwrap_or_default();
        if text.contains("P1-A") && !text.contains("2026-11-05") {
            let body = body(&request);
            let dates = &body["ticket_sku_and_calendar"][0]["calendar_list"][0]["calendar_value"]["value_list"];
            taken.extend(dates.as_array().expect("dates").iter().map(|date| date.as_str().unwrap_or("").to_owned()));
        }
    }
    assert_eq!(taken.len(), 59, "all the others were taken, each once");
}

/// What is refused altogether is refused within a bounded number of calls.
#[tokio::test]
async fn a_calendar_that_is_refused_altogether() {
    let (seat, world) = facing(json!({}), json!({}), dislikes("P1", 28_004_001)).await;
    let skus = ["P1-A", "P1-B", "P1-C"].map(|sku| sku_dates(sku, sixty(|_| 9_000), &[])).to_vec();
    let refused = refusals(seat.deliver(calendar(false, skus)).await.expect("an answer"));
    assert_eq!(refused.len(), 180);
    assert!(sent(&world, "calendar_batch_save").len() <= 17);
    // A whole calendar is not divided.
    let (seat, world) = facing(json!({}), json!({}), dislikes("P1-B", 2_119_001)).await;
    let skus = ["P1-A", "P1-B", "P1-C"].map(|sku| sku_dates(sku, sixty(|_| 9_000), &[])).to_vec();
    let refused = refusals(seat.deliver(calendar(true, skus)).await.expect("an answer"));
    assert!(refused.len() == 60 && refused.iter().all(|date| date.listing.as_str() == "listing-P1-B"));
    assert_eq!(sent(&world, "calendar_save").len(), 3);
}

/// Where Douyin is slow, the dates that cannot be told apart before the deadline are refused together: a notice that began
/// anew each time would never be told.
#[tokio::test]
async fn a_slow_douyin_is_not_asked_on_past_the_deadline() {
    let world = crate::world();
    let clock = std::sync::Arc::downgrade(&world);
    let refuses = dislikes("2026-11-05", 2_100_005);
    world.other_side(move |request| {
        if let Some(world) = clock.upgrade().filter(|_| request.api.starts_with("calendar_")) {
            world.set_now(world.now().plus_millis(900));
        }
        refuses(request).map_or_else(|| douyin(request), Ok)
    });
    let seat = crate::seat(&world, json!({}), json!({})).await;
    let skus = vec![sku_dates("P1-A", sixty(|_| 9_000), &[])];
    let refused = refusals(seat.deliver(calendar(false, skus)).await.expect("taken, less some"));
    assert!(refused.iter().any(|date| date.date.to_string() == "2026-11-05"));
    assert!((2..60).contains(&refused.len()), "{} dates", refused.len());
    assert!(sent(&world, "calendar_batch_save").len() <= 11, "ten seconds, nine tenths each");
}

/// What is no refusal of the dates is a fault: the notice comes again.
#[tokio::test]
async fn other_failures_are_faults() {
    let whole = || {
        let skus = ["P1-A", "P1-B"].map(|sku| sku_dates(sku, sixty(|_| 9_000), &[]));
        calendar(true, skus.to_vec())
    };
    let cases = [
        (2_119_002, FaultKind::Unavailable),
        (2_119_003, FaultKind::RateLimited),
        (2_119_005, FaultKind::Refused),
        (2_190_004, FaultKind::Refused),
        (987_654_321, FaultKind::Unavailable),
    ];
    for (code, kind) in cases {
        let (seat, _) = facing(json!({}), json!({}), dislikes("P1-A", code)).await;
        let fault = seat.deliver(whole()).await.expect_err("not told");
        assert_eq!(fault.kind, kind, "{code}");
        let (seat, _) = facing(json!({}), json!({}), dislikes("P1-B", code)).await;
        let fault = seat.deliver(whole()).await.expect_err("not told");
        assert_eq!((fault.kind, fault.effect), (kind, Effect::Unknown), "{code}: the first specification was taken");
    }
    // A code that the operator names is a refusal.
    let settings = json!({"final_codes": [987_654_321]});
    let (seat, _) = facing(settings, json!({}), dislikes("P1-B", 987_654_321)).await;
    assert_eq!(refusals(seat.deliver(whole()).await.expect("taken, less one")).len(), 60);
}

#[tokio::test]
async fn what_cannot_be_told_is_not_sent() {
    let (seat, world) = facing(json!({}), json!({}), |_| None).await;
    let mut foreign = cell("2026-10-01", 9_000, Some(1));
    foreign.day.retail.currency = entrepot_sdk::contract::money::Currency::parse("USD").expect("a currency");
    let unnamed = |names| {
        Notice::Calendar(CalendarNotice {
            names,
            skus: vec![sku_dates("P1-ADULT", vec![cell("2026-10-01", 9_000, None)], &[])],
            whole: false,
        })
    };
    for notice in [
        calendar(false, vec![sku_dates("P1-ADULT", vec![foreign], &[])]),
        calendar(false, vec![sku_dates("P1-ADULT", vec![cell("2026-10-01", -1, None)], &[])]),
        unnamed(ListingNames::default()),
    ] {
        let fault = seat.deliver(notice).await.expect_err("cannot be told");
        assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone), "{fault}");
    }
    assert!(world.sent().is_empty());
    let other = ListingNames { product: Some("900".to_owned()), ..ListingNames::default() };
    seat.deliver(unnamed(other)).await.expect("taken");
    assert_eq!(
        body(&sent(&world, "calendar_batch_save")[0])["product_id"],
        "900",
        "Douyin's own id where ours is none"
    );
}
