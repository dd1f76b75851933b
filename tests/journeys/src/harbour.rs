//! A stage with a museum at the harbour: tickets of a supplier that speaks OCTO, which keeps units before it books them.

use chrono::NaiveTime;
use douyin_simulator::{RefundAsk, RefundReply};
use octo_simulator::{Booking, Call, Notice, Options, Running, Status, Supplier, samples};
use serde_json::{Value, json};

use crate::bought::Bought;
use crate::databases::Given;
use crate::office::Offer;
use crate::stage::{Stage, in_days};
use crate::wait::until;

/// The supplier connection.
pub const CONNECTION: &str = "harbour-museum";

/// What is sold there: product, option and unit.
pub const GOODS: &str = "museum/museum-day/adult";

const KEY: &str = "made-up-reseller-key";

/// Days ahead at which the supplier still takes tickets back: until a day before.
const AHEAD: i64 = 3;

/// A stage with the supplier behind it.
pub struct Harbour {
    /// Everything else.
    pub stage: Stage,
    /// The simulated supplier.
    pub supplier: Running,
    /// The ticket on sale.
    pub offer: Offer,
    /// The day of the visits.
    pub day: String,
}

impl Harbour {
    /// Serves, with tickets on sale that can be given back.
    pub async fn set(given: Given) -> Self {
        Self::set_on(given, &in_days(AHEAD), true).await
    }

    /// The same for another day, and with or without a hold while an order waits for its payment.
    pub async fn set_on(given: Given, day: &str, holds: bool) -> Self {
        let mut options = Options::new(KEY);
        for option in options.catalogue.iter_mut().filter(|it| it.id == samples::MUSEUM).flat_map(|it| &mut it.options)
        {
            // Open whenever the test runs.
            option.schedule.opening_hours = vec![(NaiveTime::MIN, NaiveTime::from_hms_opt(23, 59, 59).unwrap())];
            option.schedule.booking_cutoff_minutes = 0;
        }
        let supplier = Supplier::start(options).await.unwrap();
        let connection = json!({
            "plugin": "octo-supplier",
            "base_url": supplier.url,
            "credentials": { "api_key": KEY },
            "settings": { "currency": "CNY", "capabilities_answered": true, "timeout_ms": 1_000, "pending_poll_ms": 1_000 },
            "hold": holds,
        });
        let more = json!({ "merchants": { "lakeside": { "suppliers": { (CONNECTION): connection } } } });
        let stage = Stage::set_with(given, &more).await;
        let fulfilment = json!({ "by": "supplier", "connection": CONNECTION, "product_code": GOODS });
        let offer = Offer { product: "MUSEUM", sku: "MUSEUM-ADULT", fulfilment, ..Offer::own_number() };
        stage.office.offer(&offer, day, 100).await;
        Self { stage, supplier, offer, day: day.to_owned() }
    }

    fn purchase(&self, count: u32) -> douyin_simulator::Purchase {
        douyin_simulator::Purchase { day: self.day.clone(), ..self.stage.purchase(&self.offer, count) }
    }

    /// Buys so many; the tickets are in the answer.
    pub async fn buy(&self, count: u32) -> Bought {
        let bought = self.stage.platform.buy(&self.purchase(count)).await;
        let issued = bought.issued.as_ref().is_some_and(|reply| reply.data()["result"] == 1);
        assert!(issued, "{bought:?}");
        assert_eq!(self.stage.platform.violations(), []);
        self.stage.bought(bought.order.unwrap().order_id).await
    }

    /// Places an order that nobody has paid.
    pub async fn order(&self, count: u32) -> Bought {
        let created = self.stage.platform.create_order(&self.purchase(count)).await;
        assert!(created.reply.is_ok(), "{:?}", created.reply);
        self.stage.bought(created.order_id).await
    }

    /// Pays, and has the tickets asked for, whatever is answered.
    pub async fn pay(&self, bought: &Bought) {
        let paid = self.stage.platform.pay(&bought.order).await.unwrap();
        assert!(paid.is_ok(), "{paid:?}");
        self.stage.platform.issue(&bought.order).await.unwrap();
    }

    /// The bookings of an order, as the supplier has them.
    pub fn bookings(&self, bought: &Bought) -> Vec<Booking> {
        let mut all = self.supplier.desk.bookings();
        all.retain(|booking| booking.reseller_reference.as_deref() == Some(&bought.ours));
        all
    }

    /// The one booking of an order that is not over.
    pub fn there(&self, bought: &Bought) -> Booking {
        let mut alive = self.bookings(bought);
        alive.retain(|booking| !booking.status.ended());
        assert_eq!(alive.len(), 1, "{alive:?}");
        alive.remove(0)
    }

    /// Waits until a booking of the order stands so at the supplier.
    pub async fn until_there(&self, bought: &Bought, wanted: Status) -> Booking {
        until(&format!("the supplier has it {}", wanted.word()), async || {
            self.bookings(bought).into_iter().find(|booking| booking.status == wanted)
        })
        .await
    }

    /// How often a call was made about an order's bookings.
    pub fn calls(&self, call: Call, bought: &Bought) -> usize {
        let uuids: Vec<String> = self.bookings(bought).into_iter().map(|booking| booking.uuid).collect();
        let about = |path: &str, body: &str| {
            uuids
                .iter()
                .any(|uuid| path.contains(uuid.as_str()) || (call == Call::Reserve && body.contains(uuid.as_str())))
        };
        let recorded = self.supplier.desk.recorded();
        let of = recorded.iter().filter(|it| it.call == Some(call) && about(&it.request.path, &it.request.body));
        of.count()
    }

    /// Gives these places back, all of them where none is named; the guest waits for the supplier's yes.
    pub async fn refund(&self, bought: &Bought, places: Option<Vec<usize>>) -> RefundReply {
        let ask = RefundAsk { units: places, ..RefundAsk::user() };
        self.stage.platform.refund(&bought.order, ask).await.unwrap()
    }

    /// The supplier writes down where its notices go (`spec/supplier-octo.md` §6).
    pub async fn register(&self) {
        let url = format!("{}/in/{CONNECTION}/booking_update", self.stage.server.url);
        let request = self.stage.office.http.post(format!("{}/webhooks", self.supplier.url)).bearer_auth(KEY);
        let request = request.header("octo-capabilities", "octo/webhooks").header("content-type", "application/json");
        let body = json!({ "url": url, "event": "booking_update" });
        let answer = request.body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// Sends the notices that wait; the status of each answer.
    pub async fn deliver(&self) -> Vec<u16> {
        let mut statuses = Vec::new();
        for Notice { url, body } in self.supplier.desk.take_notices() {
            let request = self.stage.office.http.post(url).header("content-type", "application/json");
            statuses.push(request.body(body.to_string()).send().await.unwrap().status().as_u16());
        }
        statuses
    }

    /// What happened to an order, as people read it.
    pub async fn story(&self, bought: &Bought) -> Value {
        let found = self.stage.office.get(&format!("/merchants/lakeside/orders/{}", bought.ours)).await;
        found["timeline"].clone()
    }
}
