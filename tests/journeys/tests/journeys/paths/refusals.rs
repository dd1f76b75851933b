//! No order comes of it: the booking check and the create call refuse with the same code of the page's table
//! (`spec/douyin-scenic-calendar.md` §§2, 3), as often as they are asked, and nothing is written.

use chrono::{Days, NaiveDate};
use douyin_simulator::{OrderMode, OrderState, Person, Purchase};
use serde_json::{Value, json};

use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;

use super::way::{OWN, POOR, Way, accepted_later, answered, on_each, purchase, ticket};

/// An identity card whose check digit is right; made up.
const CARD: &str = "110101199003070011";

/// What is refused, with its code.
struct Case {
    what: &'static str,
    code: i64,
    purchase: Purchase,
}

fn case(what: &'static str, code: i64, purchase: Purchase) -> Case {
    Case { what, code, purchase }
}

fn guest() -> Person {
    Person::new("张三", "13800138000").with_identity_card(CARD)
}

/// Tickets that can be refused, beside those of the stage.
fn special(sku: &'static str, more: Value) -> Offer {
    Offer { product: sku, sku, more, ..Offer::own_number() }
}

fn shut() -> Offer {
    special("SHUT", json!({ "day": { "open": false } }))
}

fn closed_yesterday() -> Offer {
    special("PUNCTUAL", json!({ "day": { "close": { "days_before": 1, "minute_of_day": 0 } } }))
}

fn stopped() -> Offer {
    special("STOPPED", json!({}))
}

fn off_sale() -> Offer {
    special("OFF", json!({ "product": { "on_sale": false } }))
}

fn scarce() -> Offer {
    special("SCARCE", json!({ "day": { "stock": { "limited": 3 } } }))
}

fn by_twos() -> Offer {
    special("TWOS", json!({ "sku": { "minimum_units": 2, "maximum_units": 2 } }))
}

/// Asks for every guest's name, phone and identity card.
fn named() -> Offer {
    let guests = json!({ "collect": "every_guest", "name": true, "phone": true, "documents": ["identity_card"] });
    special("NAMED", json!({ "product": { "guests": guests } }))
}

fn once_a_card() -> Offer {
    let guests = json!({ "collect": "every_guest", "documents": ["identity_card"] });
    let limits = json!([{ "per": "document", "period": "always", "units": 1 }]);
    special("ONCE-A-CARD", json!({ "product": { "guests": guests, "limits": limits } }))
}

fn once_a_phone() -> Offer {
    let limits = json!([{ "per": "phone", "period": "visit_date", "units": 2 }]);
    special("ONCE-A-PHONE", json!({ "product": { "limits": limits } }))
}

fn elsewhere() -> Offer {
    Offer { merchant: "hilltop", connection: "hilltop-douyin", ..special("GARDEN", json!({})) }
}

fn other_day(stage: &Stage, purchase: Purchase, days: u64, later: bool) -> Purchase {
    let today: NaiveDate = stage.day.parse().unwrap();
    let day = if later { today.checked_add_days(Days::new(days)) } else { today.checked_sub_days(Days::new(days)) };
    Purchase { day: day.unwrap().to_string(), ..purchase }
}

/// Refused whatever the guests are called.
fn of_the_product(stage: &Stage) -> Vec<Case> {
    let buy = |offer: &Offer, count| purchase(stage, offer, count);
    let good = || buy(&ticket(OWN), 1);
    let unknown = Purchase { product_out_id: "NOBODY".into(), sku_out_id: "NOBODY".into(), ..good() };
    let mut group_buy = good();
    group_buy.overrides.insert("biz_type".to_owned(), json!(1));
    let garden = Purchase { account_id: "70002".into(), ..stage.purchase(&elsewhere(), 1) };
    vec![
        case("more than is left", 1, buy(&scarce(), 4)),
        case("a product that nobody knows", 2, unknown),
        case("a product off the shelf", 2, buy(&off_sale(), 1)),
        case("a connection that is paused", 2, garden),
        case("a date without a calendar", 4, other_day(stage, good(), 9, true)),
        case("yesterday", 4, other_day(stage, good(), 1, false)),
        case("a closed date", 4, buy(&shut(), 1)),
        case("a date whose sales have ended", 4, buy(&closed_yesterday(), 1)),
        case("a date whose sales were stopped", 4, buy(&stopped(), 1)),
        case("more than an order may hold", 9, buy(&by_twos(), 3)),
        case("fewer than an order must hold", 11, buy(&by_twos(), 1)),
        case("a distributor without credit", 22, buy(&ticket(POOR), 1)),
        case("another price", 23, Purchase { unit_price_fen: 9_999, ..good() }),
        case("another solution's product", 999_999, group_buy),
    ]
}

/// Refused because of who comes.
fn of_the_guests(stage: &Stage) -> Vec<Case> {
    let with = |tourists: Vec<Person>| Purchase { tourists, ..purchase(stage, &named(), 1) };
    let but = |change: fn(&mut Person)| {
        let mut person = guest();
        change(&mut person);
        with(vec![person])
    };
    let mut passport = guest();
    passport.license_type = 6;
    passport.license_id = "E12345678".to_owned();
    let limited = Purchase { tourists: vec![guest()], ..purchase(stage, &once_a_card(), 1) };
    vec![
        case("a document that has its ticket", 7, limited),
        case("a phone that has its tickets", 8, purchase(stage, &once_a_phone(), 1)),
        case("no phone", 12, but(|person| person.phone.clear())),
        case("no document", 13, but(|person| person.license_id.clear())),
        case("no name", 14, but(|person| person.name.clear())),
        case("two guests for one ticket", 15, with(vec![guest(), guest()])),
        case("nobody", 15, with(Vec::new())),
        case("a phone of letters", 19, but(|person| person.phone = "none of yours".to_owned())),
        case("a card with a wrong check digit", 20, but(|person| person.license_id = "110101199003070012".to_owned())),
        case("a document of another kind", 20, with(vec![passport])),
        case("an endless name", 21, but(|person| person.name = "张".repeat(101))),
    ]
}

async fn prepared(stage: &Stage) {
    let offers = [
        shut(),
        closed_yesterday(),
        stopped(),
        off_sale(),
        scarce(),
        by_twos(),
        named(),
        once_a_card(),
        once_a_phone(),
        elsewhere(),
    ];
    for offer in &offers {
        stage.office.offer(offer, &stage.day, 100).await;
    }
    let stop = json!({ "id": "storm", "sku": "STOPPED", "reason": "a storm" });
    let (status, answer) = stage.office.ask("PUT", "/merchants/lakeside/stop-sales/storm", Some(&stop)).await;
    assert_eq!(status, 200, "{answer}");
    stage.office.post("/connections/hilltop-douyin/switch", json!({ "switch": "paused" })).await;
    // What the limits allow is bought before.
    Way::created(stage, &once_a_phone(), 2).await;
    let first = Purchase { tourists: vec![guest()], ..purchase(stage, &once_a_card(), 1) };
    answered(&stage.platform.create_order(&first).await.reply, json!({ "error_code": 0 }));
}

async fn books(stage: &Stage) -> Vec<Value> {
    let mut books = Vec::new();
    for offer in [ticket(OWN), scarce(), named(), once_a_card(), once_a_phone(), elsewhere()] {
        books.push(stage.office.books(&offer, &stage.day).await);
    }
    books
}

#[tokio::test]
async fn each_business_code_is_the_same_in_check_and_create_and_nothing_is_written() {
    on_each(OrderMode::BeforePayment, async |stage| {
        prepared(stage).await;
        let before = books(stage).await;
        let mut refused = Vec::new();
        for Case { what, code, purchase } in of_the_product(stage).into_iter().chain(of_the_guests(stage)) {
            let check = stage.platform.check_booking(&purchase).await;
            assert_eq!(check.error_code(), Some(code), "check, {what}: {}", check.body);
            assert_ne!(check.data()["description"], "", "{what}");
            let made = stage.platform.create_order(&purchase).await;
            assert_eq!(made.reply.error_code(), Some(code), "create, {what}: {}", made.reply.body);
            assert_eq!((made.state, made.reply.attempts), (OrderState::Refused, 1), "{what}: it is final");
            let again = stage.platform.repeat_create(&made.order_id).await.unwrap();
            assert_eq!(again.reply.body, made.reply.body, "{what}: a repeat gets the same answer");
            assert!(stage.office.orders(&made.order_id).await.is_empty(), "{what}");
            refused.push(made.order_id);
        }
        assert_eq!(books(stage).await, before);
        bookable(stage).await;
        paid_all_the_same(stage, &refused[0]).await;
        assert_eq!(books(stage).await, before);
    })
    .await;
}

/// What is asked for is there: 0, also before the guest has named anybody, and still nothing is written.
async fn bookable(stage: &Stage) {
    let good = Purchase { tourists: vec![guest()], ..purchase(stage, &named(), 1) };
    answered(&stage.platform.check_booking(&good).await, json!({ "error_code": 0 }));
    let nobody = Purchase { tourists: Vec::new(), ..good };
    answered(&stage.platform.check_booking_without_guests(&nobody).await, json!({ "error_code": 0 }));
}

/// A refused order that is paid, cancelled and paid back all the same: taken, told to a person, and nothing is made.
async fn paid_all_the_same(stage: &Stage, order: &str) {
    let way = Way::of(stage, order);
    answered(&way.pay().await, accepted_later());
    assert!(stage.office.is_alerted(&["unplaced", order]).await);
    answered(&way.cancel(3).await, json!({ "error_code": 0 }));
    let notice = douyin_simulator::RefundNotice::unasked(153);
    answered(&stage.platform.notify_refund(order, notice).await.unwrap(), json!({ "error_code": 0 }));
    assert!(stage.office.orders(order).await.is_empty());
}
