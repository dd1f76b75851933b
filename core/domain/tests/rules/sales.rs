//! An order is made: what the catalogue, the stock and the guests' data allow.

use entrepot_contract::calendar::SalesClose;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guest, GuestField, Guests, OrderState, UnitState, Visit};
use entrepot_contract::outcome::{Acceptance, Reason};
use entrepot_contract::product::{Collect, DocumentKind, ProductKind, Validity};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CalendarRow};
use proptest::prelude::*;

use crate::world::*;

fn create_with(change: impl FnOnce(&mut entrepot_contract::intent::CreateOrder)) -> Body {
    let mut intent = creation("1", "own", 2, None);
    change(&mut intent);
    Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
}

#[test]
fn an_unpaid_order_holds_stock_and_credit_and_a_payment_makes_both_final() {
    let mut world = World::new();
    let answer = world.ok(create("1", "gated", 2, None));
    assert!(matches!(answer, Answer::Created { acceptance: None, .. }));
    assert_eq!((world.cell("gate").held, world.cell("gated").held), (2, 2));
    assert_eq!((world.account().balance_minor, world.account().held_minor), (-2 * SETTLEMENT, 2 * SETTLEMENT));
    let answer = world.ok(pay("1"));
    assert!(matches!(answer, Answer::Paid { acceptance: Acceptance::Accepted, .. }));
    assert_eq!((world.cell("gate").held, world.cell("gate").sold), (0, 2));
    assert_eq!((world.account().balance_minor, world.account().held_minor), (-2 * SETTLEMENT, 0));
    assert!(world.order("1").hold_until().is_none());
}

#[test]
fn stock_is_taken_whole_or_not_at_all() {
    let mut world = World::new();
    world.ok(calendar("gated", "gated", 1));
    world.no_because(Reason::SoldOut, create("1", "gated", 2, None));
    assert_eq!((world.cell("gate").held, world.cell("gated").held), (0, 0));
    assert_eq!(world.account().sequence, 0);
    world.ok(create("2", "own", 10, None));
    let text = world.no_because(Reason::SoldOut, create("3", "gated", 1, None));
    assert!(text.contains("0 left, 1 asked for"), "{text}");
}

#[test]
fn the_channels_price_has_to_be_ours_where_it_is_compared() {
    let mut world = World::new();
    let wrong = || create_with(|intent| intent.wish.origin_amount = Some(Money::fen(1)));
    let text = world.no_because(Reason::PriceDiffers, wrong());
    assert!(text.contains("0.01 CNY") && text.contains("20.00 CNY"), "{text}");
    world.channel("shop", |rules| rules.price_check = false);
    world.ok(wrong());
    let mut world = World::new();
    world.ok(create_with(|intent| intent.wish.origin_amount = None));
    assert_eq!(world.order("1").retail, Money::fen(2 * RETAIL));
}

#[test]
fn sales_end_at_the_cut_off_of_the_venue() {
    let mut world = World::new();
    let mut row = CalendarRow { day: day("own"), stock: None };
    row.day.close = Some(SalesClose { days_before: 1, minute_of_day: 18 * 60 });
    world.ok(Body::WriteCalendar { rows: vec![row] });
    world.at("2026-09-30T09:59:59Z");
    world.ok(create("1", "own", 1, None));
    world.at("2026-09-30T10:00:00Z");
    world.no_because(Reason::DateClosed, create("2", "own", 1, None));
    world.at("2026-10-01T15:59:59Z");
    world.ok(create("3", "gated", 1, None));
    world.at("2026-10-01T16:00:00Z");
    world.no_because(Reason::DateClosed, create("4", "gated", 1, None));
}

#[test]
fn what_is_not_on_sale_is_refused_with_its_reason() {
    let mut world = World::new();
    world.no_because(Reason::OffSale, create("1", "unknown", 1, None));
    world.no_because(Reason::TooFewUnits, create("2", "own", 0, None));
    world.no_because(Reason::TooManyUnits, create("3", "own", 11, None));
    world.no_because(Reason::TooManyUnits, create("4", "pooled", u32::MAX, None));
    world.no_because(Reason::DateClosed, create_with(|intent| intent.wish.visit = None));
    let far = Visit { arrive: date("2026-10-02"), leave: date("2026-10-02") };
    let mut intent = creation("5", "own", 1, None);
    intent.wish.visit = Some(far);
    world.no_because(
        Reason::DateClosed,
        Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() },
    );
    world.channel("shop", |rules| rules.selling = false);
    world.no_because(Reason::Paused, create("6", "own", 1, None));
    world.channel("shop", |rules| rules.selling = true);
    world.supplier("gate", |rules| rules.selling = false);
    world.no_because(Reason::Paused, create("8", "gated", 1, None));
    world.supplier("gate", |rules| rules.selling = true);
    world.product("own", |product| product.on_sale = false);
    world.no_because(Reason::OffSale, create("7", "own", 1, None));
}

#[test]
fn the_settlement_price_is_the_distributors_own_where_he_has_one() {
    let mut world = World::new();
    let prices = [(id("own"), Money::fen(750))].into();
    let distributor = entrepot_domain::catalogue::Distributor {
        id: id("dist"),
        name: "D".to_owned(),
        prices,
        warn_below_minor: None,
    };
    world.ok(Body::PutCatalogue { entries: vec![entrepot_domain::command::CatalogueEntry::Distributor(distributor)] });
    world.sold("1", "own", 2);
    assert_eq!(world.account().balance_minor, -1500);
    assert!(world.order("1").units.iter().all(|unit| unit.captured_minor == 750));
}

#[test]
fn a_stay_takes_every_night_and_pays_for_each() {
    let mut world = World::new();
    world.product("own", |product| product.kind = ProductKind::RoomStay);
    let row = |text: &str, retail| {
        let mut day = day("own");
        (day.date, day.retail) = (Some(date(text)), Money::fen(retail));
        let key = entrepot_contract::calendar::StockKey { date: day.date, ..cell("gate") };
        CalendarRow { day, stock: Some((key, entrepot_contract::calendar::Capacity::Limited(1))) }
    };
    world.ok(Body::WriteCalendar { rows: vec![row("2026-10-02", 1500)] });
    let stay = |number: &str, leave: &str| {
        let mut intent = creation(number, "own", 1, None);
        intent.wish.visit = Some(Visit { arrive: date(DAY), leave: date(leave) });
        intent.wish.origin_amount = Some(Money::fen(2500));
        Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
    };
    world.ok(stay("1", "2026-10-03"));
    assert_eq!(world.order("1").stock.len(), 2);
    assert_eq!(world.order("1").terms.settlement, Money::fen(2 * SETTLEMENT));
    world.no_because(Reason::SoldOut, stay("2", "2026-10-03"));
    world.no_because(Reason::DateClosed, stay("3", "2026-10-04"));
    world.no_because(Reason::DateClosed, stay("4", DAY));
}

fn guest(name: Option<&str>, phone: Option<&str>, document: Option<&str>) -> Guest {
    let field = |text: Option<&str>| text.map(|text| GuestField::Plain(text.to_owned()));
    Guest {
        name: field(name),
        phone: field(phone),
        document: field(document),
        document_kind: document.map(|_| DocumentKind::IdentityCard),
    }
}

#[test]
fn guests_are_checked_by_the_products_rule() {
    let mut world = World::new();
    world.product("own", |product| {
        product.guests.collect = Collect::EveryGuest;
        product.guests.name = true;
        product.guests.documents = vec![DocumentKind::IdentityCard];
    });
    world.sku("own", |sku| sku.persons_per_unit = 2);
    let good = || guest(Some("张三"), None, Some("110101199003070011"));
    let with = |visitors: Vec<Guest>| {
        create_with(|intent| intent.wish.guests = Guests { buyer: None, visitors, ..Guests::default() })
    };
    world.no_because(Reason::GuestsMismatch, with(vec![good(); 3]));
    let last = |guest| with(vec![good(), good(), good(), guest]);
    world.no_because(Reason::NameMissing, last(guest(None, None, Some("110101199003070011"))));
    world.no_because(Reason::DocumentMissing, last(guest(Some("张三"), None, None)));
    world.no_because(Reason::DocumentMalformed, last(guest(Some("张三"), None, Some("110101199003070012"))));
    world.no_because(Reason::PhoneMalformed, last(guest(Some("张三"), Some("abc"), Some("110101199003070011"))));
    world.no_because(Reason::NameMalformed, last(guest(Some(" "), None, Some("110101199003070011"))));
    let mut passport = good();
    passport.document_kind = Some(DocumentKind::Passport);
    world.no_because(Reason::DocumentMalformed, last(passport));
    let mut sealed = good();
    sealed.document = Some(GuestField::Sealed("whatever".to_owned()));
    world.ok(last(sealed));
}

#[test]
fn one_key_gives_one_order_and_another_content_is_refused() {
    let mut world = World::new();
    let first = world.give_as("1", "a", "channel", create("1", "own", 2, None));
    assert!(matches!(first, Answer::Created { .. }));
    assert_eq!(world.give_as("1", "a", "channel", create("1", "own", 2, None)), first);
    let Answer::Refused(refusal) = world.give_as("1", "b", "channel", create("1", "own", 3, None)) else {
        panic!("taken");
    };
    assert_eq!(refusal.reason, Reason::KeyConflict);
    world.no_because(Reason::KeyConflict, create("1", "own", 2, None));
    assert_eq!((world.orders.len(), world.cell("gate").held), (1, 2));
}

#[test]
fn an_unpaid_order_ends_when_its_hold_runs_out_and_not_before() {
    let mut world = World::new();
    let Answer::Created { order, .. } = world.ok(create("1", "own", 2, None)) else { panic!() };
    let expire = || Body::PassDeadlines { order: order.clone() };
    world.pass(899_999);
    world.ok(expire());
    assert_eq!(world.order("1").state, OrderState::Created);
    world.pass(1);
    world.ok(expire());
    assert_eq!(world.order("1").state, OrderState::Cancelled);
    assert_eq!(world.order("1").count(UnitState::Refunded), 2);
    assert_eq!((world.cell("gate").held, world.account().balance_minor), (0, 0));
    world.ok(expire());
    assert_eq!(world.account().sequence, 2);
}

#[test]
fn paying_after_the_end_is_answered_with_a_refusal_to_accept() {
    let mut world = World::new();
    world.ok(create("1", "own", 2, None));
    world.ok(cancel("1"));
    let answer = world.ok(pay("1"));
    assert!(matches!(answer, Answer::Paid { acceptance: Acceptance::Refused, .. }));
    assert_eq!(world.alerts_of("paid_after_end"), 1);
    assert_eq!((world.cell("gate").sold, world.account().balance_minor), (0, 0));
}

#[test]
fn terms_are_those_of_the_sale() {
    let mut world = World::new();
    world.product("own", |product| product.validity = Validity::DaysAfterVisit { days: 2 });
    world.sold("1", "own", 1);
    world.product("own", |product| product.validity = Validity::VisitDay);
    assert_eq!(world.order("1").terms.usable, Some((date(DAY), date("2026-10-03"))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122), ..ProptestConfig::default() })]

    #[test]
    fn a_cell_never_sells_more_than_it_has(capacity in 0_u32..20, counts in prop::collection::vec(1_u32..6, 1..12)) {
        let mut world = World::new();
        world.ok(calendar("own", "gate", capacity));
        let mut left = capacity;
        for (number, count) in counts.iter().enumerate() {
            let answer = world.give(create(&number.to_string(), "own", *count, None));
            prop_assert_eq!(matches!(answer, Answer::Created { .. }), *count <= left);
            if *count <= left {
                left -= count;
            }
        }
        prop_assert_eq!(world.cell("gate").left(), Some(left));
    }
}

#[test]
fn a_date_with_time_slots_is_sold_by_them_alone() {
    let mut world = World::new();
    let slot = |name: &str, cost, cutoff| entrepot_contract::calendar::DaySlot {
        slot: entrepot_contract::reading::Slot {
            id: name.to_owned(),
            starts: "09:00".to_owned(),
            ends: "12:00".to_owned(),
        },
        cost,
        cutoff,
    };
    let over = Some(world.now.plus_millis(-1));
    let slots = vec![slot("am", Some(Money::fen(650)), None), slot("pm", None, None), slot("night", None, over)];
    let slotted = entrepot_contract::calendar::CalendarDay { slots, cost: Some(Money::fen(700)), ..day("own") };
    let key = |name: &str| entrepot_contract::calendar::StockKey { slot: Some(name.to_owned()), ..cell("gate") };
    let rows = ["am", "pm", "night"].map(|name| CalendarRow {
        day: slotted.clone(),
        stock: Some((key(name), entrepot_contract::calendar::Capacity::Limited(1))),
    });
    world.ok(Body::WriteCalendar { rows: rows.to_vec() });
    let buy = |number: &str, slot: Option<&str>| {
        let mut intent = creation(number, "own", 1, None);
        intent.wish.slot = slot.map(str::to_owned);
        Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
    };
    let text = world.no_because(Reason::DateClosed, buy("1", None));
    assert!(text.contains("is sold by time slot, and the call names none"), "{text}");
    let text = world.no_because(Reason::DateClosed, buy("1", Some("dawn")));
    assert!(text.contains("has no time slot dawn"), "{text}");
    let text = world.no_because(Reason::DateClosed, buy("1", Some("night")));
    assert!(text.contains("takes no more bookings"), "{text}");
    world.ok(buy("1", Some("am")));
    world.no_because(Reason::SoldOut, buy("2", Some("am")));
    world.ok(buy("2", Some("pm")));
    assert_eq!(world.order("1").terms.cost, Some(Money::fen(650)), "the slot's own cost");
    assert_eq!(world.order("2").terms.cost, Some(Money::fen(700)), "the date's, where the slot has none");
    assert_eq!((world.order("1").stock.len(), &world.order("1").stock[0].key), (1, &key("am")));
}

#[test]
fn what_a_channel_calls_an_order_and_its_units_is_kept() {
    use entrepot_contract::listing::UnitNames;
    let mut world = World::new();
    let item = |name: &str| UnitNames { item: Some(name.to_owned()), ..UnitNames::default() };
    let text = world.no_because(Reason::Malformed, create_with(|intent| intent.unit_names = vec![item("i-1")]));
    assert!(text.contains("2 units are asked for, 1 of them are named"), "{text}");
    world.ok(create_with(|intent| {
        intent.paid_at = Some(entrepot_contract::time::Timestamp::from_millis(1));
        intent.unit_names = vec![item("i-1"), item("i-2")];
        intent.reference = Some("N-9".to_owned());
    }));
    let order = world.order("1");
    assert_eq!((order.reference.as_deref(), &order.unit_names), (Some("N-9"), &vec![item("i-1"), item("i-2")]));
    // Its certificates have names of their own, and a second name may come late.
    let named = |name: &str| UnitNames { certificate: Some(name.to_owned()), ..item("i") };
    let names = entrepot_domain::command::ChannelNames {
        reference: Some("N-10".to_owned()),
        units: vec![named("c-1"), named("c-2")],
    };
    world.ok(Body::StartIssue { order: name("1"), count: None, names, paid_at: None });
    let order = world.order("1");
    assert_eq!((order.reference.as_deref(), &order.unit_names), (Some("N-10"), &vec![named("c-1"), named("c-2")]));
    let names = entrepot_domain::command::ChannelNames { reference: None, units: vec![named("c-1")] };
    world.ok(Body::StartIssue { order: name("1"), count: None, names, paid_at: None });
    assert_eq!(world.alerts_of("contradiction"), 1);
    assert_eq!((world.order("1").reference.as_deref(), world.order("1").unit_names.len()), (Some("N-10"), 2));
}

#[test]
fn more_people_than_the_units_admit_do_not_fit() {
    let mut world = World::new();
    world.sku("own", |sku| sku.persons_per_unit = 2);
    let text = world.no_because(Reason::GuestsMismatch, create_with(|intent| intent.wish.people = Some(5)));
    assert!(text.contains("5 people come, 2 units of own admit 4"), "{text}");
    world.ok(create_with(|intent| intent.wish.people = Some(4)));
}

#[test]
fn a_channel_that_prices_a_night_otherwise_is_refused_where_prices_are_checked() {
    let mut world = World::new();
    let night =
        |day: &str, fen| entrepot_contract::intent::Night { date: date(day), price: Money::fen(fen), markup: None };
    let buy = |night| create_with(|intent| intent.wish.nights = vec![night]);
    let text = world.no_because(Reason::PriceDiffers, buy(night(DAY, RETAIL + 1)));
    assert!(text.contains("the calendar says"), "{text}");
    world.no_because(Reason::PriceDiffers, buy(night("2031-01-01", RETAIL)));
    world.ok(buy(night(DAY, RETAIL)));
}
