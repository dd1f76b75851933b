//! The notice of a product: scenic §17, §18, §20.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entrepot_sdk::contract::fault::{Effect, FaultKind};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::notice::{Notice, ProductNotice, Told};
use entrepot_sdk::contract::product::{Collect, GuestRequirement, RefundFee, RefundOtherwise, RefundRule, RefundStep};
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse, Services as _};
use entrepot_sdk::contract::supplier::Wait;
use entrepot_sdk::testing::{Seat, World};
use serde_json::{Value, json};

use crate::partner::{apis, body, facing, pairs, path, query, sent};
use crate::support::*;

const POLL_MS: u64 = 600_000;

fn waiting() -> Told {
    Told::Waiting(Wait::ms(POLL_MS))
}

/// Douyin that knows these products.
fn knows(tickets: Vec<Value>) -> impl Fn(&HttpRequest) -> Option<HttpResponse> {
    move |request| (request.api == "ticket_query").then(|| good(json!({ "tickets": tickets })))
}

fn off_sale() -> ProductNotice {
    ProductNotice { on_sale: false, ..product() }
}

/// Scenic §18: found by our id. Scenic §20: on the shelf, and off it.
#[tokio::test]
async fn a_bound_product_is_brought_on_and_off_the_shelf() {
    for (status, notice, op_type) in [(0, product(), 1), (1, off_sale(), 2), (9, product(), 1)] {
        let (seat, world) = facing(json!({}), json!({}), knows(vec![ticket(status)])).await;
        assert_eq!(seat.deliver(Notice::Product(notice)).await.expect("taken"), Told::Done);
        assert_eq!(apis(&world), ["ticket_query", "product_operate"]);
        let asked = &sent(&world, "ticket_query")[0];
        assert_eq!((asked.method.as_str(), path(asked)), ("GET", "/goodlife/v1/trip/ticket/query/"));
        let expected = [("account_id", ACCOUNT), ("page", "1"), ("page_size", "50"), ("product_out_ids", "P1")];
        assert_eq!(query(asked), pairs(&expected));
        let shelf = &sent(&world, "product_operate")[0];
        assert_eq!(path(shelf), "/goodlife/v1/goods/product/operate/");
        assert_eq!(body(shelf), json!({"account_id": ACCOUNT, "op_type": op_type, "product_id": "900"}));
    }
    for (status, notice) in [(1, product()), (0, off_sale()), (3, off_sale())] {
        let (seat, world) = facing(json!({}), json!({}), knows(vec![ticket(status)])).await;
        assert_eq!(seat.deliver(Notice::Product(notice)).await.expect("taken"), Told::Done);
        assert_eq!(apis(&world), ["ticket_query"], "it stands as it should: {status}");
    }
    let (seat, world) = facing(json!({}), json!({}), knows(vec![])).await;
    assert_eq!(seat.deliver(Notice::Product(off_sale())).await.expect("nothing to do"), Told::Done);
    assert_eq!(apis(&world), ["ticket_query"]);
}

#[tokio::test]
async fn a_product_without_our_id_is_found_by_douyins() {
    let names = ListingNames { product: Some("900".to_owned()), ..ListingNames::default() };
    let mut notice = ProductNotice { names, ..product() };
    notice.skus[0].names = ListingNames { sku: Some("1800".to_owned()), ..ListingNames::default() };
    let (seat, world) = facing(json!({}), json!({}), knows(vec![ticket(0)])).await;
    assert_eq!(seat.deliver(Notice::Product(notice)).await.expect("taken"), Told::Done);
    assert_eq!(query(&sent(&world, "ticket_query")[0])["product_ids"], "900");
    let nameless = ProductNotice { names: ListingNames::default(), ..product() };
    let fault = seat.deliver(Notice::Product(nameless)).await.expect_err("nobody knows which");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
}

/// Scenic §20: the trip industry's shelf; its answer is a list.
#[tokio::test]
async fn the_trip_shelf() {
    let settings = json!({"shelf_call": "trip", "shelf_on": 11, "shelf_off": 12});
    let shelf = |code: Value| {
        move |request: &HttpRequest| match request.api.as_str() {
            "ticket_query" => Some(good(json!({"tickets": [ticket(0)]}))),
            "trip_product_operate" => Some(answer(
                &json!({"data": [{"product_id": "900", "code": code, "message": "bluebird"}], "extra": {"error_code": 0, "logid": LOGID}}),
            )),
            _ => None,
        }
    };
    let (seat, world) = facing(settings.clone(), json!({}), shelf(json!("0"))).await;
    assert_eq!(seat.deliver(Notice::Product(product())).await.expect("taken"), Told::Done);
    let request = &sent(&world, "trip_product_operate")[0];
    assert_eq!(path(request), "/goodlife/v1/trip/product/operate/");
    assert_eq!(body(request), json!({"account_id": ACCOUNT, "op_type": 11, "product_id_list": ["900"]}));
    for (code, kind) in [(json!("77"), FaultKind::Refused), (json!(null), FaultKind::Garbled)] {
        let (seat, _) = facing(settings.clone(), json!({}), shelf(code)).await;
        let fault = seat.deliver(Notice::Product(product())).await.expect_err("not done");
        assert_eq!(fault.kind, kind);
        assert!(!fault.text.contains("bluebird") && fault.text.contains(LOGID), "{fault}");
    }
}

/// What a person has to do in Laike is said with the ids.
#[tokio::test]
async fn an_unbound_product_is_refused_with_advice() {
    let told = async |tickets: Vec<Value>, notice: ProductNotice| {
        let (seat, world) = facing(json!({}), json!({}), knows(tickets)).await;
        let fault = seat.deliver(Notice::Product(notice)).await.expect_err("refused");
        assert_eq!((fault.kind, fault.effect), (FaultKind::Refused, Effect::NotDone));
        assert_eq!(apis(&world), ["ticket_query"], "nothing is changed");
        fault.text
    };
    let text = told(vec![], product()).await;
    for part in [ACCOUNT, "product_out_id P1", "sku_out_id P1-ADULT", "来客"] {
        assert!(text.contains(part), "{text}");
    }
    let mut other = ticket(0);
    other["product_out_id"] = json!("P2");
    told(vec![other], product()).await;
    let mut two = product();
    two.skus.push(sku_notice("P1-CHILD", "Child"));
    let text = told(vec![ticket(0)], two).await;
    assert!(text.contains("P1-CHILD") && text.contains("900") && !text.contains("P1-ADULT"), "{text}");
    let mut failed = ticket(3);
    failed["audit_result"] = json!({"is_product_pass": false, "product_audit_reason": "图片不清晰"});
    let text = told(vec![failed], product()).await;
    assert!(text.contains("图片不清晰"), "Douyin's reason is told: {text}");
}

/// A product with one specification carries its id, or none (scenic §16).
#[tokio::test]
async fn a_single_specification_is_bound_by_the_products_id() {
    let mut single = ticket(0);
    single["ticket_specifications"] = json!([{"sku_id": "1800"}]);
    let mut notice = product();
    notice.skus[0].names = product_names();
    let (seat, world) = facing(json!({}), json!({}), knows(vec![single])).await;
    assert_eq!(seat.deliver(Notice::Product(notice)).await.expect("taken"), Told::Done);
    assert_eq!(apis(&world), ["ticket_query", "product_operate"]);
}

#[tokio::test]
async fn a_review_is_waited_for() {
    for mode in ["bind", "api"] {
        let (seat, world) = facing(json!({}), json!({"publish_mode": mode}), knows(vec![ticket(2)])).await;
        assert_eq!(seat.deliver(Notice::Product(product())).await.expect("later"), waiting());
        assert_eq!(apis(&world), ["ticket_query"], "an update would be an error (scenic §17)");
    }
}

/// Douyin's side of publishing: nothing there until it is saved, and then under a review that a test ends.
struct Publishing {
    status: AtomicI64,
}

const ABSENT: i64 = -1;

impl Publishing {
    async fn open(settings: Value, extra: Value) -> (Arc<Self>, Seat, Arc<World>) {
        let publishing = Arc::new(Self { status: AtomicI64::new(ABSENT) });
        let douyin = Arc::clone(&publishing);
        let connection = json!({"publish_mode": "api", "product_extra": extra});
        let (seat, world) = facing(settings, connection, move |request| douyin.answer(request)).await;
        (publishing, seat, world)
    }

    fn stand(&self, status: i64) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn answer(&self, request: &HttpRequest) -> Option<HttpResponse> {
        match request.api.as_str() {
            "ticket_query" => {
                let status = self.status.load(Ordering::Relaxed);
                let mut shown = ticket(status);
                if status == 3 {
                    shown["audit_result"] =
                        json!({"is_ticket_type_pass": false, "ticket_type_audit_reason": "缺少使用说明"});
                }
                let tickets = if status == ABSENT { vec![] } else { vec![shown] };
                Some(good(json!({ "tickets": tickets })))
            }
            "ticket_save" => {
                self.stand(2);
                Some(good(json!({"product_id": "900"})))
            }
            "product_operate" => {
                self.stand(1);
                None
            }
            _ => None,
        }
    }
}

fn later(world: &World) {
    world.set_now(world.now().plus_millis(600_000));
}

/// Scenic §17: saved once, waited for, then on the shelf.
#[tokio::test]
async fn a_product_is_published_reviewed_and_shelved() {
    let extra = json!({"P1": {
        "category_id": 5, "img_urls": ["https://pictures.test/1"], "fee_include": "门票", "product_out_id": "stolen",
        "refund_rule": {"auto_refund_time": 0}, "ticket_rule": {"code_sending_info": [3], "code_type": 2},
        "ticket_specifications": [{"sku_out_id": "P1-ADULT", "settle_type": 1}],
    }});
    let (douyin, seat, world) = Publishing::open(json!({}), extra).await;
    let mut notice = product();
    notice.guests = GuestRequirement { collect: Collect::EveryGuest, ..GuestRequirement::default() };
    let step = |hours_before_visit, fee| RefundStep { hours_before_visit, fee };
    notice.refund = RefundRule {
        steps: vec![step(0, RefundFee::Free), step(-12, RefundFee::Ratio(1_000)), step(-24, RefundFee::Fixed(500))],
        otherwise: RefundOtherwise::Never,
        partial: true,
    };
    notice.skus.push(sku_notice("P1-CHILD", "Child"));
    let notice = Notice::Product(notice);
    assert_eq!(seat.deliver(notice.clone()).await.expect("saved"), waiting());
    let request = &sent(&world, "ticket_save")[0];
    assert_eq!(path(request), "/goodlife/v1/trip/ticket/save/");
    let detail =
        |fee: i64, unit: i64, time: i64| json!({"refund_fee": fee, "refund_fee_type": unit, "refund_time": time});
    assert_eq!(
        body(request),
        json!({"account_id": ACCOUNT, "ticket": {
            "product_out_id": "P1", "product_name": "Bluebird Park", "poi_ids": [SHOP],
            "category_id": 5, "img_urls": ["https://pictures.test/1"], "fee_include": "门票",
            "ticket_rule": {"code_sending_info": [3], "code_type": 2},
            "customer_reserved_info": {"reserved_type": 3},
            "refund_rule": {"refund_type": 3, "refund_part": true, "auto_refund_time": 0,
                "refund_details": [detail(0, 1, 86_400), detail(1_000, 2, 43_200), detail(500, 1, 0)]},
            "ticket_specifications": [
                {"sku_out_id": "P1-ADULT", "sku_name": "Adult", "settle_type": 1},
                {"sku_out_id": "P1-CHILD", "sku_name": "Child"},
            ],
        }})
    );
    // While the review lasts, and when it is over: the same notice asks.
    assert_eq!(seat.deliver(notice.clone()).await.expect("under review"), waiting());
    later(&world);
    douyin.stand(0);
    assert_eq!(seat.deliver(notice.clone()).await.expect("passed"), Told::Done);
    assert_eq!(sent(&world, "product_operate").len(), 1);
    assert_eq!(seat.deliver(notice).await.expect("on sale"), Told::Done);
    assert_eq!(
        (sent(&world, "ticket_save").len(), sent(&world, "product_operate").len()),
        (1, 1),
        "nothing is done twice"
    );
}

/// A changed product overwrites, and is found by Douyin's id too.
#[tokio::test]
async fn a_change_is_saved_and_nothing_else_is() {
    let (douyin, seat, world) = Publishing::open(json!({}), json!({})).await;
    seat.deliver(Notice::Product(product())).await.expect("saved");
    later(&world);
    douyin.stand(1);
    assert_eq!(seat.deliver(Notice::Product(product())).await.expect("on sale"), Told::Done);
    // Learning Douyin's ids is no change.
    let mut learned = product();
    learned.names.product = Some("900".to_owned());
    learned.skus[0].names.sku = Some("1800".to_owned());
    assert_eq!(seat.deliver(Notice::Product(learned)).await.expect("on sale"), Told::Done);
    assert_eq!(seat.deliver(Notice::Product(off_sale())).await.expect("off"), Told::Done);
    assert_eq!(sent(&world, "ticket_save").len(), 1);
    let renamed = ProductNotice { title: "Bluebird Garden".to_owned(), ..product() };
    douyin.stand(1);
    assert_eq!(seat.deliver(Notice::Product(renamed)).await.expect("saved"), waiting());
    let saves = sent(&world, "ticket_save");
    let changed = body(&saves[1]);
    assert_eq!(
        (&changed["ticket"]["product_name"], &changed["ticket"]["product_id"]),
        (&json!("Bluebird Garden"), &json!("900"))
    );
}

#[tokio::test]
async fn a_failed_review_is_told_with_douyins_reason() {
    let (douyin, seat, world) = Publishing::open(json!({}), json!({})).await;
    seat.deliver(Notice::Product(product())).await.expect("saved");
    later(&world);
    douyin.stand(3);
    for _ in 0..2 {
        let fault = seat.deliver(Notice::Product(product())).await.expect_err("refused");
        assert_eq!((fault.kind, fault.effect), (FaultKind::Refused, Effect::NotDone));
        assert!(fault.text.contains("缺少使用说明") && fault.text.contains("product_extra"), "{fault}");
    }
    assert_eq!(sent(&world, "ticket_save").len(), 1, "the same is not tried again");
    let renamed = ProductNotice { title: "Bluebird Garden".to_owned(), ..product() };
    assert_eq!(seat.deliver(Notice::Product(renamed)).await.expect("saved"), waiting());
}

/// A save that Douyin does not show yet is no reason for another; one that is gone later is.
#[tokio::test]
async fn what_was_saved_and_is_not_there() {
    let (douyin, seat, world) = Publishing::open(json!({}), json!({})).await;
    seat.deliver(Notice::Product(product())).await.expect("saved");
    douyin.stand(ABSENT);
    assert_eq!(seat.deliver(Notice::Product(product())).await.expect("not shown yet"), waiting());
    assert_eq!(sent(&world, "ticket_save").len(), 1);
    later(&world);
    assert_eq!(seat.deliver(Notice::Product(product())).await.expect("saved again"), waiting());
    assert_eq!(sent(&world, "ticket_save").len(), 2);
}

#[tokio::test]
async fn what_cannot_be_published() {
    let (_, seat, world) = Publishing::open(json!({}), json!({})).await;
    let mut four = product();
    four.skus = ["A", "B", "C", "D"].map(|sku| sku_notice(sku, sku)).to_vec();
    let fault = seat.deliver(Notice::Product(four)).await.expect_err("at most three (scenic §17)");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
    assert!(sent(&world, "ticket_save").is_empty());
    for (code, kind) in [(2_100_005, FaultKind::Refused), (2_119_002, FaultKind::Unavailable)] {
        let (seat, _) = facing(json!({}), json!({"publish_mode": "api"}), move |request| match request.api.as_str() {
            "ticket_query" => Some(good(json!({"tickets": []}))),
            "ticket_save" => Some(coded(code)),
            _ => None,
        })
        .await;
        let fault = seat.deliver(Notice::Product(product())).await.expect_err("not saved");
        assert_eq!((fault.kind, fault.effect), (kind, Effect::NotDone));
    }
}
