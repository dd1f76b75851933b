//! What the suite needs for the reference plugins: their partners, behind the suite's words.

use std::sync::Arc;

use bad_plugin::reference::gate::{self, Gate, Offer};
use bad_plugin::reference::{market, signature};
use entrepot_conformance::{Booked, Button, ChannelSide, Fixture, OtherSide, Pressed, Sample};
use entrepot_sdk::contract::calendar::CalendarDay;
use entrepot_sdk::contract::channel::RawRequest;
use entrepot_sdk::contract::ids::{CodeId, ListingId, ProductId, SkuId};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::notice::{CalendarNotice, CodesNotice, PoolCode, ProductNotice, SkuDates, SkuNotice};
use entrepot_sdk::contract::outcome::CalendarCell;
use entrepot_sdk::contract::product::{GuestRequirement, RefundRule, Validity};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use serde_json::{Value, json};

struct AtTheGate(Gate);

impl OtherSide for AtTheGate {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        let rest = request.url.split_once("://").map_or("", |(_, rest)| rest);
        let target = rest.split_once('/').map_or("", |(_, target)| target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let decoded = |text: &str| http::decoded(text).unwrap_or_default();
        let path: Vec<String> = path.split('/').map(decoded).collect();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query: Vec<(String, String)> = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
        let sign = request.headers.iter().find(|(name, _)| name == "x-sign").map_or("", |(_, value)| value);
        let body = request.body.as_deref().unwrap_or_default();
        let (status, answer) = self.0.answer(&request.method, &path, &query, body, sign);
        Ok(HttpResponse { status, headers: Vec::new(), body: answer.to_string() })
    }

    fn booked(&self) -> Vec<Booked> {
        let books = self.0.books();
        let sold = books.orders.values().filter(|order| order.state != "held");
        let money = |cost: &gate::Cost| Some(Money::new(cost.minor, Currency::parse(&cost.currency)?));
        let told = |order: &gate::Order| Booked {
            order: order.order.clone(),
            product: order.product.clone(),
            count: u16::try_from(order.units.len()).unwrap(),
            date: order.date.clone(),
            cost: order.cost.as_ref().and_then(money),
            slot: order.slot.clone(),
        };
        sold.map(told).collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let numbers = self.0.books().orders.get(order).map(|order| order.gone.clone()).unwrap_or_default();
        UsedUnits::Number { numbers }
    }

    fn press(&self, button: &Button) -> Pressed {
        let mut books = self.0.books();
        match button {
            Button::Delay => books.delay = true,
            Button::Issue { order } => books.orders.get_mut(order).unwrap().state = "issued".to_owned(),
            Button::SellOut => books.sold_out = true,
            Button::Use { order, units, at } => {
                let order = books.orders.get_mut(order).unwrap();
                order.used.extend(units);
                order.used_ms = Some(at.millis());
            }
            Button::Audit => books.audit = true,
            Button::Decide { order, agreed } => books.decide(order, *agreed),
            Button::Charge { fee } => books.fee = Some(fee.amount_minor),
            Button::Expire { order } => {
                books.orders.remove(order);
            }
            Button::Offer { date, open, cost, units, slot } => {
                let offer = Offer { open: *open, cost: cost.amount_minor, units: *units, slot: slot.clone() };
                books.offers.insert(date.to_string(), offer);
            }
            Button::Call { order, about } => {
                let body = json!({ "order": order, "about": about }).to_string().into_bytes();
                let sign = signature(gate::SECRET, &[&body]);
                return Pressed::Calls(RawRequest {
                    scene: SceneName::parse("changed").unwrap(),
                    method: "POST".to_owned(),
                    query: String::new(),
                    headers: vec![("x-sign".to_owned(), sign)],
                    body,
                });
            }
        }
        Pressed::Done
    }
}

/// A gate that knows no order.
pub fn fresh() -> Arc<dyn OtherSide> {
    Arc::new(AtTheGate(Gate::default()))
}

pub fn supplier() -> Fixture {
    Fixture::supplier(gate::PRODUCT, fresh)
        .refuses(gate::REFUSED)
        .example("distributor = \"D1\"\ntimeout_ms = 5000\n")
        .bad_setting(json!({"distributor": "D1", "timeout_ms": 1}), "timeout_ms")
        .bad_setting(json!({"distributor": ""}), "distributor")
        .secret("key", gate::SECRET)
}

pub fn pool() -> Fixture {
    Fixture::pool().example("prefix = \"\"").bad_setting(json!({"prefix": "much too long"}), "prefix")
}

fn told(event: OrderEvent) -> Notice {
    Notice::Order(OrderNotice {
        order: OrderId::parse("T20260001").unwrap(),
        channel_order: ChannelOrderId::parse(market::ORDER).unwrap(),
        source_order: None,
        names: ListingNames::default(),
        unit_names: Vec::new(),
        event,
    })
}

fn notices() -> Vec<Notice> {
    let reason = || "no seats".to_owned();
    let qr = || Credential { kind: CredentialKind::QrCode, value: "QR-1".to_owned(), document_kind: None };
    let units = vec![UnitCredentials { unit: 1, credentials: vec![qr()] }];
    let at = Timestamp::from_seconds(1_790_800_000);
    let decision = RefundDecision::Agreed { fee: Some(Money::fen(900)) };
    let listing = ListingId::parse("l1").unwrap();
    let day = CalendarDay {
        sku: SkuId::parse("s1").unwrap(),
        date: Some("2026-10-01".parse().unwrap()),
        retail: Money::fen(18_000),
        settlement: Money::fen(16_000),
        open: true,
        close: None,
        cost: None,
        minimum_units: None,
        maximum_units: None,
        cutoff: None,
        slots: Vec::new(),
    };
    let cells = vec![CalendarCell { day, left: Some(5), slots: Vec::new() }];
    let names = ListingNames::default;
    vec![
        told(OrderEvent::Accepted),
        told(OrderEvent::Refused { reason: reason() }),
        told(OrderEvent::Issued { units }),
        told(OrderEvent::IssueFailed { reason: reason() }),
        told(OrderEvent::RefundDecided { key: "R1".to_owned(), units: vec![1], decision }),
        told(OrderEvent::Redeemed {
            token: "v-1".to_owned(),
            units: vec![1],
            whole: false,
            at,
            shop: None,
            refund_refused: None,
            tickets: Vec::new(),
        }),
        Notice::Calendar(CalendarNotice {
            names: names(),
            skus: vec![SkuDates { listing: listing.clone(), names: names(), cells, gone: Vec::new() }],
            whole: false,
        }),
        Notice::Product(ProductNotice {
            names: names(),
            on_sale: true,
            product: ProductId::parse("p1").unwrap(),
            title: "a product".to_owned(),
            guests: GuestRequirement::default(),
            validity: Validity::default(),
            refund: RefundRule::default(),
            skus: vec![SkuNotice {
                listing,
                names: names(),
                on_sale: true,
                sku: SkuId::parse("s1").unwrap(),
                title: "a SKU".to_owned(),
                persons: 1,
                minimum_units: 1,
                maximum_units: 5,
            }],
        }),
        Notice::Codes(CodesNotice {
            names: names(),
            codes: vec![PoolCode { id: CodeId::parse("C1-0001").unwrap(), credentials: vec![qr()] }],
            expires_at: Some(at),
            earlier: None,
        }),
    ]
}

pub fn channel() -> Fixture {
    let sample = |(scene, intent, said): (&'static str, &'static str, Value)| {
        let order = market::names_an_order(scene).then_some(market::ORDER);
        Sample::new(market::call(scene, &said), intent, order)
    };
    let side = ChannelSide {
        connection_settings: json!({}),
        account: Some(market::ACCOUNT.to_owned()),
        shops: Vec::new(),
        samples: market::calls().into_iter().map(sample).collect(),
        sign: Some(Arc::new(market::sign)),
        notices: notices(),
        other_side: Arc::new(market::answer),
    };
    Fixture::channel(side)
        .example("timeout_ms = 5000")
        .bad_setting(json!({"timeout_ms": 1}), "timeout_ms")
        .secret("key", market::SECRET)
}
