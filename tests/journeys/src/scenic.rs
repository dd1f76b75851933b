//! A stage with a scenic area: tickets of the Zhiyoubao gateway, whose audits, gates and callbacks the test decides.

use douyin_simulator::{RefundAsk, RefundState};
use serde_json::{Value, json};
use zhiyoubao_simulator::{Callback, Delivery, Gateway, Goods, NoticeKind, Options, Order, Transaction, Zhiyoubao};

use crate::bought::Bought;
use crate::databases::Given;
use crate::office::{COST_FEN, Offer};
use crate::stage::Stage;

/// The demo's published key at the gateway.
pub const PRIVATE_KEY: &str = "0123456789ABCDEF0123456789ABCDEF";

/// The supplier connection of the demo.
pub const CONNECTION: &str = "lakeside-scenic";

/// The goods that are agreed with the gateway.
pub const GOODS: &str = "PST20260101000001";

/// A stage with the gateway behind it.
pub struct Scenic {
    /// Everything else.
    pub stage: Stage,
    /// The simulated gateway.
    pub gateway: Gateway,
    /// The ticket on sale.
    pub offer: Offer,
}

impl Scenic {
    /// Serves, with a ticket on sale and the three callbacks registered.
    pub async fn set(given: Given) -> Self {
        let gateway = Zhiyoubao::start(Options::new("DEMOCORP", "demo", PRIVATE_KEY)).await.unwrap();
        gateway.desk.sell(Goods::new(GOODS).priced(COST_FEN));
        let supplier = json!({
            "base_url": gateway.url,
            "settings": { "timeout_ms": 1_000, "audit_poll_ms": 1_000 },
        });
        let more = json!({ "merchants": { "lakeside": { "suppliers": { (CONNECTION): supplier } } } });
        let stage = Stage::set_with(given, &more).await;
        let fulfilment = json!({ "by": "supplier", "connection": CONNECTION, "product_code": GOODS });
        let offer = Offer { product: "SCENIC", sku: "SCENIC-ADULT", fulfilment, ..Offer::own_number() };
        stage.office.offer(&offer, &stage.day, 100).await;
        for (kind, scene) in
            [(NoticeKind::CheckIn, "checked"), (NoticeKind::Finish, "finished"), (NoticeKind::Refund, "refunded")]
        {
            gateway.desk.register(kind, &format!("{}/in/{CONNECTION}/{scene}", stage.server.url));
        }
        Self { stage, gateway, offer }
    }

    /// Buys so many and waits until the tickets are there.
    pub async fn buy(&self, count: u32) -> Bought {
        let bought = self.stage.platform.buy(&self.stage.purchase(&self.offer, count)).await;
        let issued = bought.issued.as_ref().is_some_and(|reply| reply.data()["result"] == 1);
        assert!(issued, "{bought:?}");
        assert_eq!(self.stage.platform.violations(), []);
        self.stage.bought(bought.order.unwrap().order_id).await
    }

    /// The order as the gateway has it.
    pub fn there(&self, bought: &Bought) -> Order {
        self.gateway.desk.order(&bought.ours).unwrap()
    }

    /// How often a transaction was called for an order, by any of its numbers.
    pub fn calls(&self, transaction: Transaction, bought: &Bought) -> usize {
        let name = transaction.name();
        let about =
            |subject: &Option<String>| subject.as_ref().is_some_and(|subject| subject.starts_with(&bought.ours));
        let calls = self.gateway.desk.recorded();
        calls.iter().filter(|call| call.transaction == name && about(&call.subject)).count()
    }

    /// Asks for a refund of these places, which the gateway's audit keeps open; its key.
    pub async fn ask_refund(&self, bought: &Bought, places: Option<Vec<usize>>) -> String {
        let asked = self.stage.platform.apply_refund(&bought.order, RefundAsk { units: places, ..RefundAsk::user() });
        let asked = asked.await.unwrap();
        assert_eq!(asked.state, RefundState::Reviewing, "{:?}", asked.reply);
        asked.key
    }

    /// Sends what the gateway has to tell; everything is taken.
    pub async fn deliver(&self) -> Vec<Delivery> {
        let sent = self.gateway.deliver_due().await;
        assert!(sent.iter().all(|delivery| delivery.sent.is_accepted()), "{sent:?}");
        sent
    }

    /// The callbacks that wait are never sent.
    pub fn lose_callbacks(&self) -> Vec<Callback> {
        let lost = self.gateway.desk.outbox();
        for callback in &lost {
            self.gateway.desk.lose_callback(callback.id).unwrap();
        }
        lost
    }

    /// What happened to an order, as people read it.
    pub async fn story(&self, bought: &Bought) -> Value {
        let found = self.stage.office.get(&format!("/merchants/lakeside/orders/{}", bought.ours)).await;
        found["timeline"].clone()
    }
}
