//! The three families of calls that carry a purchase (B1), each from purchase to its end, with the simulated platform on the
//! other side; and what is the group ticket's own (F2, B15). What is the generic codes' own stands in `generic`.

use douyin_simulator::{
    AfterSale, CancelRule, Event, Family, Fault, IssueWhen, OrderState, Platform, PlatformOptions, Purchase,
    PurchaseState, RefundState, Reservation, ReservationState, Scene,
};
use serde_json::{Value, json};

use crate::matrix::{assert_books, offer, ours};
use crate::play::{self, DAY, DAYS, PHONE};
use crate::world::{DISTRIBUTOR, PAIR, PRICE, SETTLED, World};

/// A connection of that family; Laike shows QR codes.
pub fn of_family(family: &str) -> Value {
    json!({ "settings": { "purchase_family": family, "code_as": "qr_code", "project_name": "Gate" } })
}

fn no_options(_: &mut PlatformOptions) {}

/// A pre-order of the group ticket (B15.1), of so many units.
pub fn promise(order: &str, count: i64) -> Value {
    let item = |at: i64| json!({ "order_item_id": format!("{order}-i{at}"), "sku_id": "17" });
    json!({ "order_id": order, "open_id": "o1", "biz_type": 3, "create_order_time": 1_776_650_400,
        "currency_code": "CNY", "original_amount": PRICE * count,
        "order_item_list": (0..count).map(item).collect::<Vec<_>>(),
        "sku_info_list": [{ "product_id": "5", "sku_id": "17", "sku_out_id": PAIR }],
        "contact_list": [{ "phone": PHONE }] })
}

/// Its issue call (B15.2): the certificates by these ids, valid from and to these nanoseconds.
pub fn issue_promise(order: &str, certificates: &[&str], valid: (i64, i64)) -> Value {
    let row = |(at, id): (usize, &&str)| {
        json!({ "certificate_id": id, "sku_id": "17", "start_time": valid.0, "expire_time": valid.1,
            "order_item_id": format!("{order}-i{at}") })
    };
    json!({ "order_id": order, "open_id": "o1",
        "certificate_info_list": certificates.iter().enumerate().map(row).collect::<Vec<_>>() })
}

/// May 2026 in nanoseconds.
pub const MAY: (i64, i64) = (1_777_564_800_000_000_000, 1_780_243_199_000_000_000);

/// What the distributor has: the balance, what is set aside, and the kinds of all lines of his statement.
pub async fn account(world: &World) -> (i64, i64, Vec<String>) {
    let told = world.get(&format!("/distributors/{DISTRIBUTOR}/statement")).await.ok();
    let number = |name: &str| told["account"][name].as_i64().unwrap_or_else(|| panic!("{told}"));
    let lines = told["lines"].as_array().unwrap_or_else(|| panic!("{told}"));
    let kinds = lines.iter().map(|line| line["kind"].as_str().unwrap_or_default().to_owned()).collect();
    (number("balance_minor"), number("held_minor"), kinds)
}

/// A purchase of that family that has its codes, and a reservation of it; Douyin's numbers.
async fn bought_and_reserved(platform: &Platform, family: Family) -> (String, String) {
    let purchase = Purchase { solution: Purchase::voucher(family).solution, ..offer(CancelRule::AnyTime) };
    let bought = platform.buy(&purchase).await;
    let order = bought.order.clone().unwrap_or_else(|| panic!("{bought:?}"));
    assert_eq!(order.state, OrderState::Issued, "{bought:?}");
    (order.order_id.clone(), reserved(platform, &order.order_id, DAY).await)
}

async fn reserved(platform: &Platform, bought: &str, day: &str) -> String {
    let made = platform.reserve(&Reservation::of(bought, day)).await.unwrap();
    let order = made.order.clone().unwrap_or_else(|| panic!("{made:?}"));
    assert_eq!(order.state, OrderState::Issued, "{made:?}");
    order.order_id
}

/// The same life in each family: bought and issued, reserved and issued; the date given back and another one reserved; a refund
/// refused and another one agreed by a person; its notice. A second one lives to its redemption.
async fn life(world: &World, platform: &Platform, family: Family) {
    let (bought, first) = bought_and_reserved(platform, family).await;
    let voucher = ours(world, &bought).await;
    assert_eq!(world.standing(&voucher).await, "已预约");
    assert_books(world, 2, 2).await;
    let cancelled = platform.cancel_reservation(&first).await.unwrap();
    assert_eq!(cancelled.state, RefundState::Done, "{cancelled:?}");
    assert_eq!(world.standing(&voucher).await, "待预约");
    assert_books(world, 2, 0).await;

    let mut by_hand = play::ticket();
    by_hand["refund"] = json!({ "otherwise": "manual" });
    world.post("/catalogue", json!({ "entries": [{ "product": by_hand }] })).await.ok();
    let second = reserved(platform, &bought, DAY).await;
    let ticket = ours(world, &second).await;
    for agree in [false, true] {
        let asked = platform.guest_refund(&second, AfterSale::Refund).await.unwrap();
        assert_eq!(asked.state, RefundState::Reviewing, "{asked:?}");
        world.decide(&world.waiting(&ticket).await, agree).await.ok();
        world.tick().await;
        let state = platform.reservation_state(&second).unwrap();
        let expected = if agree { ReservationState::RefundPending } else { ReservationState::Issued };
        assert_eq!(state, expected, "agreed: {agree}");
        assert_books(world, 2, 2).await;
    }
    platform.run_deadlines().await;
    world.tick().await;
    assert_eq!(platform.purchase_state(&bought).unwrap(), PurchaseState::Refunded);
    assert_eq!((world.units(&voucher).await, world.units(&ticket).await), ([0, 0, 0, 2], [0, 0, 0, 2]));
    assert_books(world, 0, 0).await;

    let (bought, last) = bought_and_reserved(platform, family).await;
    let ticket = ours(world, &last).await;
    world.at(11, 36_000).await;
    world.redeem(&ticket).await.ok();
    world.tick().await;
    assert_eq!(platform.reservation_state(&last).unwrap(), ReservationState::Redeemed);
    assert_eq!(platform.purchase_state(&bought).unwrap(), PurchaseState::Completed);
    assert_eq!(world.standing(&ours(world, &bought).await).await, "交易完成");
    assert_books(world, 2, 2).await;
    assert_eq!(world.alerts("contradiction").await, Vec::<String>::new());
    assert_eq!(platform.violations(), vec![]);
}

/// Money that goes back unreserved: nobody is asked, whatever the family.
async fn never_reserved(world: &World, platform: &Platform, family: Family) {
    let (owed, left) = (world.owed().await, world.left("QG100", None).await);
    let purchase = Purchase { solution: Purchase::voucher(family).solution, ..offer(CancelRule::AnyTime) };
    let bought = platform.buy(&purchase).await.order.unwrap().order_id;
    assert_eq!(world.owed().await, owed + 2 * SETTLED);
    let said = platform.refund_unreserved(&bought, None).await.unwrap();
    assert_eq!(said.error_code(), Some(0), "{said:?}");
    let asked = |event: &Event| matches!(event, Event::RefundAsked { .. });
    assert!(!platform.events(&bought).unwrap().iter().any(asked), "nobody was asked");
    assert_eq!((world.owed().await, world.left("QG100", None).await), (owed, left));
    assert_eq!(platform.violations(), vec![]);
}

/// F1: create order and issue call of the scenic solution for both orders (B3, B5).
pub async fn f1_from_purchase_to_refund() {
    let (world, platform) = World::with_platform(of_family("scenic"), no_options).await;
    life(&world, &platform, Family::F1).await;
    never_reserved(&world, &platform, Family::F1).await;
    world.end().await;
    // Created before payment: the notice pays, and the codes follow.
    let before =
        json!({ "settings": { "purchase_family": "scenic", "code_as": "qr_code", "order_mode": "before_payment" } });
    let options = |options: &mut PlatformOptions| options.order_mode = douyin_simulator::OrderMode::BeforePayment;
    let (world, platform) = World::with_platform(before, options).await;
    life(&world, &platform, Family::F1).await;
    let (balance, held, kinds) = account(&world).await;
    assert_eq!((balance, held), (-2 * SETTLED, 0));
    assert_eq!(kinds, ["hold", "capture", "refund", "hold", "capture"]);
    world.end().await;
}

/// F2: the pre-order holds, the issue call pays (B15).
pub async fn f2_from_purchase_to_refund() {
    let (world, platform) = World::with_platform(of_family("promise"), no_options).await;
    life(&world, &platform, Family::F2).await;
    never_reserved(&world, &platform, Family::F2).await;
    let (balance, held, kinds) = account(&world).await;
    assert_eq!((balance, held), (-2 * SETTLED, 0));
    assert_eq!(kinds, ["hold", "capture", "refund", "hold", "capture", "hold", "capture", "refund"]);
    world.end().await;
}

/// F3: generic codes (B16); the reservation and its refunds go by F1's calls.
pub async fn f3_from_purchase_to_refund() {
    for phone in [true, false] {
        let mut channel = of_family("generic");
        channel["settings"]["phone_expected"] = json!(phone);
        let options = |options: &mut PlatformOptions| options.group_buy.f3_phone = phone;
        let (world, platform) = World::with_platform(channel, options).await;
        life(&world, &platform, Family::F3).await;
        never_reserved(&world, &platform, Family::F3).await;
        assert_eq!(
            account(&world).await.2,
            ["hold", "capture", "refund", "hold", "capture", "hold", "capture", "refund"]
        );
        world.end().await;
    }
}

/// The issue call comes after the pre-order, after one whose answer was lost, before it, or without one: never an order is made
/// of it, and money that went is taken down (T3).
pub async fn f2_issue_call_after_before_and_without_its_create() {
    let pre_order = || Purchase { solution: Purchase::voucher(Family::F2).solution, ..offer(CancelRule::AnyTime) };
    let (world, platform) = World::with_platform(of_family("promise"), no_options).await;
    platform.inject_for(Scene::CreatePromise, Fault::DropAnswer);
    let order = platform.buy(&pre_order()).await.order.unwrap();
    assert_eq!(
        (order.state, order.assumed_created),
        (OrderState::Issued, true),
        "it timed out, and stood all the same"
    );
    assert_books(&world, 2, 0).await;

    let order = platform.buy_issued(&pre_order(), IssueWhen::Before).await.order.unwrap();
    world.tick().await;
    let events = platform.events(&order.order_id).unwrap();
    assert_eq!(events, [Event::IssueCallback], "promised first, told by the callback");
    assert_books(&world, 4, 0).await;
    let voucher = ours(&world, &order.order_id).await;
    assert_eq!(world.standing(&voucher).await, "待预约");
    reserved(&platform, &order.order_id, DAY).await;
    assert_books(&world, 4, 2).await;
    assert_eq!(world.alerts("unplaced").await, Vec::<String>::new());

    let orphan = platform.buy_issued(&pre_order(), IssueWhen::Without).await.order.unwrap();
    assert_eq!(orphan.state, OrderState::Issuing);
    assert_eq!(world.alerts("unplaced").await.len(), 1, "somebody is told");
    world.pass(601_000).await;
    platform.run_deadlines().await;
    assert_eq!(platform.purchase_state(&orphan.order_id).unwrap(), PurchaseState::Refunded);
    let found = world.get(&format!("/orders?channel_order={}", orphan.order_id)).await.ok();
    assert_eq!(found["orders"], json!([]), "no order is invented");
    // The pre-order that comes at last is over before it began.
    let late = platform.repeat_create(&orphan.order_id).await.unwrap();
    assert_eq!(late.reply.error_code(), Some(999_999), "{late:?}");
    assert_books(&world, 4, 2).await;
    assert_eq!(platform.violations(), vec![]);
    world.end().await;
}

/// B15.2, B15.3: a time of another unit is not understood, and what the callback says stands there letter by letter.
pub async fn f2_nanoseconds_and_the_callback_letter_by_letter() {
    let world = World::with(of_family("promise")).await;
    let seconds = issue_promise("8001", &["12"], (1_777_564_800, 1_780_243_199));
    assert_eq!(world.spi("issue-promise", &seconds).await["error_code"], 100);
    assert_eq!(world.alerts("unplaced").await, Vec::<String>::new(), "what is not understood is not kept");
    let said = world.spi("issue-promise", &issue_promise("8001", &["12"], MAY)).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(0)), "{said}");
    let said = world.spi("create-promise", &promise("8001", 1)).await;
    assert_eq!((&said["error_code"], &said["order_id"]), (&json!(0), &json!("8001")), "{said}");
    let order = said["ext_order_id"].as_str().unwrap();
    world.douyin.fail("groupon/certificate/callback", 2_100_004);
    world.tick().await;
    world.retry_jobs().await;
    world.tick().await;
    let calls = world.douyin.called("/goodlife/v1/trip/scenic/groupon/certificate/callback");
    assert_eq!(calls.len(), 2, "once more after the fault");
    assert_eq!(calls[0].text, calls[1].text);
    let shown = world.get(&format!("/orders/{order}/credentials")).await.ok();
    let code = shown["units"][0]["credentials"][0]["value"].as_str().unwrap();
    // The page's example (B15.3), with our order and our code.
    let page = r#"{"order_id":"8001","result":1,"certificate_info_list":[{"certificate_id":12,"project_list":[{"project_id":"p1","name":"Gate","certificate_list":[{"certificate_no":"A1","ccertificate_type":1}]}]}]}"#;
    assert_eq!(calls[0].text, page.replace("p1", &format!("{order}-1")).replace("A1", code));
    assert_eq!(calls[0].account.as_deref(), Some("70001"), "Rpc-Transit-Life-Account");
    // Asked again, it is answered in the other spelling, and nothing is told twice.
    let said = world.spi("issue-promise", &issue_promise("8001", &["12"], MAY)).await;
    let certificate = json!([{ "certificate_id": "12", "project_list": [{ "project_id": format!("{order}-1"),
        "name": "Gate", "certificate": [{ "certificate_no": code, "certificate_type": 1 }] }] }]);
    assert_eq!((&said["result"], &said["certificate_info"]), (&json!(1), &certificate));
    world.tick().await;
    assert_eq!(world.douyin.called("groupon/certificate/callback").len(), 2);
    world.end().await;
}

/// A certificate whose id is no 64-bit number has no place in the callback: nothing is sent, and somebody is told.
pub async fn f2_an_id_that_is_no_number_is_somebodys() {
    let world = World::with(of_family("promise")).await;
    world.spi("issue-promise", &issue_promise("8001", &["c1"], MAY)).await;
    assert_eq!(world.spi("create-promise", &promise("8001", 1)).await["error_code"], 0);
    world.tick().await;
    assert!(world.douyin.called("groupon/certificate/callback").is_empty(), "{:?}", world.douyin.paths());
    let told = world.alerts("dead_job").await;
    assert!(told.len() == 1 && told[0].contains("64-bit"), "{told:?}");
    assert!(!told[0].contains("c1"), "the fault names no value: {told:?}");
    // The answer to the call itself takes any text.
    let said = world.spi("issue-promise", &issue_promise("8001", &["c1"], MAY)).await;
    assert_eq!((&said["result"], &said["certificate_info"][0]["certificate_id"]), (&json!(1), &json!("c1")), "{said}");
    world.end().await;
}

/// Held at the pre-order, earned by the issue call, given back when the time of the hold ends; an issue call after that fails for
/// good, so that Douyin gives the money back.
pub async fn f2_credit_is_held_captured_or_released() {
    let mut channel = of_family("promise");
    channel["deadlines"] = json!({ "hold_s": 900 });
    let world = World::with(channel).await;
    world.spi("create-promise", &promise("8001", 2)).await;
    assert_eq!(account(&world).await, (-2 * SETTLED, 2 * SETTLED, vec!["hold".to_owned()]));
    assert_eq!(world.left("QG100", None).await, 98);
    let said = world.spi("issue-promise", &issue_promise("8001", &["11", "12"], MAY)).await;
    assert_eq!(said["result"], 1, "{said}");
    assert_eq!(account(&world).await, (-2 * SETTLED, 0, ["hold", "capture"].map(str::to_owned).to_vec()));

    world.spi("create-promise", &promise("8002", 3)).await;
    world.pass(899_000).await;
    assert_eq!((account(&world).await.1, world.left("QG100", None).await), (3 * SETTLED, 95));
    world.pass(1_000).await;
    let (balance, held, kinds) = account(&world).await;
    assert_eq!((balance, held), (-2 * SETTLED, 0));
    assert_eq!(kinds, ["hold", "capture", "hold", "release"]);
    assert_eq!(world.left("QG100", None).await, 98);
    let said = world.spi("issue-promise", &issue_promise("8002", &["13", "14", "15"], MAY)).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(2)), "{said}");
    assert_eq!(world.alerts("paid_after_end").await.len(), 1);
    assert_eq!(account(&world).await, (balance, held, kinds), "nothing is posted for it");
    // Its refund is told, and moves nothing.
    assert_eq!(world.spi("notify-refund", &play::notify("8002", "k1", 3 * PRICE, 155, 3)).await["error_code"], 0);
    assert_books(&world, 2, 0).await;
    world.pass(DAYS).await;
    assert_eq!(account(&world).await.1, 0);
    world.end().await;
}
