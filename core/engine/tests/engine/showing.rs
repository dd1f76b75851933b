//! What a channel is shown when it asks: orders as they stand, and the dates of a pair.

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::intent::change::OrderFilter;
use entrepot_contract::intent::{Intent, PullCalendar};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::order::UnitState;
use entrepot_contract::outcome::{OrderShown, Outcome, Reason, Standing};
use entrepot_domain::command::{Body, CatalogueEntry};

use crate::house::*;

async fn show(house: &House, filter: OrderFilter) -> Vec<OrderShown> {
    let answer = house.call("query", Intent::ShowOrders(filter)).await;
    let Ok(Outcome::Orders { orders }) = answer else { panic!("{answer:?}") };
    orders
}

fn names(numbers: &[&str]) -> OrderFilter {
    OrderFilter::Names { orders: numbers.iter().map(|number| id(number)).collect() }
}

#[tokio::test(start_paused = true)]
async fn orders_are_shown_in_the_order_of_their_names_and_unknown_ones_are_left_out() {
    let house = House::new().await;
    house.create("1", "own", 1, false).await.unwrap();
    house.issued("2", "own", 2).await;
    house.sold("3", "own", 1).await;
    house.call("refunded", refunded("3", "r")).await.unwrap();
    let shown = show(&house, names(&["3", "nobody", "2", "1", "2"])).await;
    let told: Vec<_> = shown.iter().map(|one| (one.channel_order.as_str(), one.standing)).collect();
    assert_eq!(told, [("3", Standing::GivenBack), ("2", Standing::Issued), ("1", Standing::Held)]);
    let (back, issued, held) = (&shown[0], &shown[1], &shown[2]);
    assert_eq!((back.units[0].state, back.ended_at.is_some()), (UnitState::Refunded, true));
    assert_eq!((issued.credentials.len(), issued.names.product.as_deref()), (2, Some("own")));
    assert_eq!((held.hold_until.is_some(), held.paid_at, held.credentials.len()), (true, None, 0));
    assert_eq!((issued.visit.unwrap().arrive.to_string(), issued.ended_at), (DAY.to_owned(), None));
    let own = OrderFilter::Own { order: issued.order.to_string() };
    let shown = show(&house, own).await;
    assert_eq!((shown.len(), shown.first()), (1, Some(issued)));
    assert_eq!(show(&house, OrderFilter::Own { order: "no number of ours".to_owned() }).await, []);
    assert_eq!(show(&house, names(&[])).await, []);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_paid_ran_out() {
    let house = House::new().await;
    house.create("1", "own", 1, false).await.unwrap();
    house.clock.jump(900_000);
    house.engine.tick().await;
    let shown = show(&house, names(&["1"])).await;
    assert_eq!((shown[0].standing, shown[0].ended_at.is_some()), (Standing::Expired, true));
}

#[tokio::test(start_paused = true)]
async fn another_applications_orders_are_not_shown() {
    let house = House::new().await;
    let order = house.issued("1", "own", 1).await;
    for filter in [names(&["1"]), OrderFilter::Own { order: order.to_string() }] {
        let answer = house.call_through("app2", "query", Some("account"), Intent::ShowOrders(filter)).await;
        assert_eq!(answer, Ok(Outcome::Orders { orders: Vec::new() }));
    }
}

#[tokio::test(start_paused = true)]
async fn more_names_than_are_shown_at_once_are_refused() {
    let house = House::new().await;
    let orders: Vec<ChannelOrderId> = (0..101).map(|number| id(&number.to_string())).collect();
    let answer = house.call("query", Intent::ShowOrders(OrderFilter::Names { orders })).await;
    let Ok(Outcome::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!(refusal.reason, Reason::Malformed);
    assert!(refusal.text.contains("at most 100") && refusal.text.contains("101"), "{}", refusal.text);
}

#[tokio::test(start_paused = true)]
async fn a_pull_may_name_what_is_reserved_with_a_voucher() {
    let house = House::new().await;
    let pair = Listing {
        id: id("pair"),
        connection: id("shop"),
        sells: Sells::Pair { voucher: id("gated"), reservation: id("own") },
        names: ListingNames { product_out: Some("gated|own".to_owned()), ..ListingNames::default() },
        on_sale: true,
        allotment: None,
        safety_stock: 0,
        there: None,
    };
    house.done(Body::PutCatalogue { entries: vec![CatalogueEntry::Listing(pair)] }).await;
    let day = DAY.parse().unwrap();
    let asked =
        ListingNames { product: Some("7001".to_owned()), product_out: Some("own".to_owned()), ..Default::default() };
    let pull = async |pull: PullCalendar| house.call("query", Intent::PullCalendar(pull)).await.unwrap();
    let Outcome::Calendar { skus } = pull(PullCalendar::new(asked.clone(), day, day)).await else { panic!() };
    assert_eq!(skus[0].names, ListingNames { sku_out: Some("own".to_owned()), ..asked.clone() });
    assert_eq!((skus.len(), skus[0].days.len(), skus[0].days[0].left), (1, 1, Some(STOCK)));
    assert_eq!(skus[0].days[0].day.sku, id("own"));
    let sku =
        |out: &str| ListingNames { sku: Some("s1".to_owned()), sku_out: Some(out.to_owned()), ..Default::default() };
    let named = PullCalendar { skus: vec![sku("other"), sku("own")], ..PullCalendar::new(asked.clone(), day, day) };
    let Outcome::Calendar { skus } = pull(named).await else { panic!() };
    assert_eq!((skus.len(), skus[0].names.sku.as_deref()), (1, Some("s1")));
    // The first half has no dates to pull, and what nobody sells has none either.
    for other in ["gated", "nobody"] {
        let names = ListingNames { product_out: Some(other.to_owned()), ..ListingNames::default() };
        let answer = pull(PullCalendar::new(names, day, day)).await;
        assert!(matches!(&answer, Outcome::Refused(refusal) if refusal.reason == Reason::OffSale), "{answer:?}");
    }
}
