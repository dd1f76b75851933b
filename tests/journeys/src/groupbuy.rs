//! A stage that sells group-buy vouchers with online reservation: bought without a day, and reserved by a second order whose
//! tickets are codes of a pool.

use douyin_simulator::{Event, Family, Purchase, Reservation, TEN_MINUTES_MS, VoucherTerms};
use serde_json::{Value, json};

use crate::bought::Bought;
use crate::databases::Given;
use crate::stage::{Stage, in_days};

/// The connection that sells them, and its account.
const CONNECTION: &str = "lakeside-groupbuy";
const ACCOUNT: &str = "70011";
/// What is bought, what is reserved with it, and how Laike names both.
const VOUCHER: &str = "FLASH";
const TICKET: &str = "ENTRY";
const PAIR: &str = "FLASH|ENTRY";
/// The pool behind the tickets.
const POOL: &str = "entry-codes";
/// What one voucher costs its distributor, in fen.
const SETTLED_FEN: i64 = 8_000;
/// How much is on sale of each, and what the distributor may spend, in fen.
const STOCK: i64 = 100;
const CREDIT_FEN: i64 = 10_000_000;
const PRICE_FEN: i64 = 9_900;
/// So far the platform is behind, so that ten minutes can pass for it.
const BEHIND_MS: i64 = TEN_MINUTES_MS + 60_000;

/// A stage with the pair on sale.
pub struct GroupBuy {
    /// Everything else.
    pub stage: Stage,
    family: Family,
}

impl GroupBuy {
    /// Serves, with vouchers that are scenic orders.
    pub async fn set(given: Given) -> Self {
        Self::set_in(Family::F1, given).await
    }

    /// The same with vouchers that come by the group ticket's own calls.
    pub async fn set_with_certificates(given: Given) -> Self {
        Self::set_in(Family::F2, given).await
    }

    async fn set_in(family: Family, given: Given) -> Self {
        let purchase_family = if family == Family::F2 { "promise" } else { "scenic" };
        let connection = json!({
            "deadlines": { "issue_s": TEN_MINUTES_MS / 1000 },
            "settings": { "purchase_family": purchase_family },
        });
        let more = json!({
            // Started again under its own name, a server need not wait until nobody hears of it any more.
            "node": { "id": "n1" },
            "merchants": { "lakeside": { "channels": { (CONNECTION): connection } } },
        });
        let stage = Stage::set_behind(given, &more, BEHIND_MS).await;
        let journey = Self { stage, family };
        journey.furnish().await;
        journey
    }

    async fn furnish(&self) {
        let (day, last) = (&self.stage.day, in_days(60));
        let voucher = json!({
            "id": "flash", "kind": "flash_sale_voucher", "name": "抢购", "on_sale": true,
            "validity": { "on": "window", "from": in_days(-1), "to": last },
            "guests": { "collect": "buyer", "phone": true }, "refund": { "otherwise": "free" }, "reservation": {},
        });
        let ticket = json!({
            "id": "entry", "kind": "ticket", "name": "门票", "on_sale": true, "validity": { "on": "visit_day" },
            "guests": { "collect": "one_guest", "name": true, "phone": true, "documents": ["identity_card"] },
            "refund": { "otherwise": "free" },
        });
        let sku = |id: &str, product: &str, fulfilment: Value| json!({ "sku": { "id": id, "product": product, "name": "adult", "fulfilment": fulfilment } });
        let listing = json!({
            "id": "pair", "connection": CONNECTION, "names": { "sku_out": PAIR },
            "sells": { "pair": { "voucher": VOUCHER, "reservation": TICKET } },
        });
        let number = json!({ "by": "own_number" });
        let codes = json!({ "by": "supplier", "connection": "lakeside-pool", "product_code": POOL });
        let entries = json!({ "entries": [
            { "product": voucher }, { "product": ticket }, sku(VOUCHER, "flash", number), sku(TICKET, "entry", codes),
            { "listing": listing },
        ] });
        let office = &self.stage.office;
        office.post("/merchants/lakeside/catalogue", entries).await;
        let rows = json!({ "rows": [
            { "sku": VOUCHER, "retail_minor": PRICE_FEN, "settlement_minor": SETTLED_FEN, "stock": { "limited": STOCK } },
            { "sku": TICKET, "dates": [day], "retail_minor": PRICE_FEN, "settlement_minor": SETTLED_FEN, "open": true,
              "stock": { "limited": STOCK } },
        ] });
        office.post("/merchants/lakeside/calendar", rows).await;
        let top_up = json!({ "amount_minor": CREDIT_FEN, "note": "journeys" });
        office.post("/merchants/lakeside/distributors/bluebird/top-ups", top_up).await;
    }

    /// So many more codes in the pool; each prefix once.
    pub async fn import(&self, prefix: &str, count: usize) {
        let codes: Vec<Value> = (1..=count).map(|at| json!({ "code": format!("{prefix}-{at:03}") })).collect();
        let path = format!("/merchants/lakeside/pools/{POOL}/codes");
        let report = self.stage.office.post(&path, json!({ "codes": codes })).await;
        assert_eq!(report["added"], count, "{report}");
    }

    /// A purchase of so many, for the simulated platform.
    pub fn purchase(&self, count: u32) -> Purchase {
        Purchase {
            account_id: ACCOUNT.to_owned(),
            product_out_id: PAIR.to_owned(),
            sku_out_id: PAIR.to_owned(),
            unit_price_fen: PRICE_FEN,
            count,
            terms: VoucherTerms::within(&in_days(-1), &in_days(60)),
            ..Purchase::voucher(self.family)
        }
    }

    /// Buys so many.
    pub async fn buy(&self, count: u32) -> Bought {
        let made = self.stage.platform.buy(&self.purchase(count)).await;
        let order = made.order.clone().unwrap_or_else(|| panic!("{made:?}"));
        self.stage.bought(order.order_id).await
    }

    /// What a guest reserves today, of all that he bought.
    pub fn wish(&self, bought: &Bought) -> Reservation {
        Reservation::of(&bought.order, &self.stage.day)
    }

    /// Reserves today, and has the codes asked for.
    pub async fn reserve(&self, bought: &Bought) -> Bought {
        let made = self.stage.platform.reserve(&self.wish(bought)).await.unwrap();
        let order = made.order.clone().unwrap_or_else(|| panic!("{made:?}"));
        self.stage.bought(order.order_id).await
    }

    /// Ten minutes and a little pass for the platform, which is no longer behind then, and it does what is due.
    pub async fn ten_minutes_pass(&self) {
        self.stage.let_pass(BEHIND_MS);
        self.stage.platform.run_deadlines().await;
    }

    /// Whether something of this kind happened to an order at the platform.
    pub fn happened(&self, bought: &Bought, what: impl Fn(&Event) -> bool) -> bool {
        self.stage.platform.events(&bought.order).unwrap().iter().any(what)
    }

    /// An order with everything about it, as the admin API shows it.
    pub async fn shown(&self, bought: &Bought) -> Value {
        self.stage.office.get(&format!("/merchants/lakeside/orders/{}", bought.ours)).await
    }

    /// What its timeline says, in its order, without what is said besides.
    pub async fn story(&self, bought: &Bought) -> Vec<String> {
        let shown = self.shown(bought).await;
        let lines = shown["timeline"].as_array().unwrap().iter();
        lines.map(|line| line["what"].as_str().unwrap().to_owned()).collect()
    }

    /// How it stands for a desk.
    pub async fn standing(&self, bought: &Bought) -> String {
        self.shown(bought).await["standing_zh"].as_str().unwrap_or_default().to_owned()
    }

    /// How many vouchers are sold, how many tickets of today, and what the distributor owes, in vouchers.
    pub async fn books(&self) -> [i64; 3] {
        let sold = async |bucket: &str, dates: &str| {
            let path = format!("/merchants/lakeside/stock?bucket={bucket}{dates}");
            let cell = self.stage.office.get(&path).await["cells"][0].clone();
            assert_eq!(cell["held"], 0, "{cell}");
            cell["sold"].as_i64().unwrap_or_else(|| panic!("{cell}"))
        };
        let day = &self.stage.day;
        let account = self.stage.office.get("/merchants/lakeside/distributors/bluebird/statement").await;
        let owed = CREDIT_FEN - account["account"]["balance_minor"].as_i64().unwrap_or_else(|| panic!("{account}"));
        assert_eq!((&account["account"]["held_minor"], owed % SETTLED_FEN), (&json!(0), 0), "{account}");
        [sold(VOUCHER, "").await, sold(TICKET, &format!("&from={day}&to={day}")).await, owed / SETTLED_FEN]
    }
}
