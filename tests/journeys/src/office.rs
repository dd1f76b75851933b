//! An operator's program: the admin API.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

static KEYS: AtomicU64 = AtomicU64::new(0);

/// An HTTP client without any proxy.
pub fn http() -> reqwest::Client {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(30));
    client.build().unwrap()
}

/// An idempotency key that this run has not used.
pub fn new_key() -> String {
    format!("journeys-{}-{}", std::process::id(), KEYS.fetch_add(1, Ordering::Relaxed))
}

/// The API of one server, with a token for it.
#[derive(Clone)]
pub struct Office {
    /// The client.
    pub http: reqwest::Client,
    /// Where the API begins.
    pub base: String,
    /// The bearer token.
    pub token: String,
}

/// A ticket on sale.
#[derive(Clone)]
pub struct Offer {
    /// Whose.
    pub merchant: &'static str,
    /// The channel connection that sells it.
    pub connection: &'static str,
    /// The product's id, here and at the channel.
    pub product: &'static str,
    /// The SKU's id, here and at the channel; its bucket, too.
    pub sku: &'static str,
    /// Where its credentials come from.
    pub fulfilment: Value,
    /// The product's refund rule.
    pub refund: Value,
    /// What the catalogue says otherwise or besides, of its `product`, `sku` and `day`.
    pub more: Value,
}

/// What one ticket costs the guest.
pub const RETAIL_FEN: i64 = 10_000;

/// What one ticket costs us at its supplier.
pub const COST_FEN: i64 = 6_000;

impl Offer {
    /// Sold by lakeside with Entrepot's own numbers.
    pub fn own_number() -> Self {
        let (merchant, connection) = ("lakeside", "lakeside-douyin");
        let fulfilment = json!({ "by": "own_number" });
        let free = json!({ "hours_before_visit": -24, "fee": "free" });
        let refund = json!({ "steps": [free], "otherwise": "manual", "partial": true });
        Self { merchant, connection, product: "DAY", sku: "DAY-ADULT", fulfilment, refund, more: json!({}) }
    }

    /// The same, but a person decides every refund.
    pub fn with_a_person() -> Self {
        let refund = json!({ "steps": [], "otherwise": "manual", "partial": true });
        Self { product: "CARE", sku: "CARE-ADULT", refund, ..Self::own_number() }
    }

    /// Booked at the ticket gate.
    pub fn at_the_gate() -> Self {
        let fulfilment = json!({ "by": "supplier", "connection": "lakeside-gate", "product_code": "BOAT" });
        Self { product: "BOAT", sku: "BOAT-ADULT", fulfilment, ..Self::own_number() }
    }

    /// Codes of a pool.
    pub fn from_the_pool() -> Self {
        let fulfilment = json!({ "by": "supplier", "connection": "lakeside-pool", "product_code": "summer" });
        Self { product: "POOL", sku: "POOL-ADULT", fulfilment, ..Self::own_number() }
    }

    /// Its product, as a catalogue has it.
    pub fn product_entry(&self, on_sale: bool) -> Value {
        json!({
            "id": self.product, "merchant": self.merchant, "kind": "ticket", "name": self.product, "on_sale": on_sale,
            "refund": self.refund,
        })
    }

    /// Its listing.
    pub fn listing_entry(&self, on_sale: bool) -> Value {
        json!({
            "id": format!("{}-listing", self.sku), "connection": self.connection, "sells": { "one": self.sku },
            "names": { "product_out": self.product, "sku_out": self.sku }, "on_sale": on_sale,
        })
    }
}

impl Office {
    /// The API of the server at this URL.
    pub fn new(url: &str, token: &str) -> Self {
        Self { http: http(), base: format!("{url}/api/v1"), token: token.to_owned() }
    }

    /// One request under a new key: status and body.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.try_ask(method, path, &new_key(), body).await.unwrap()
    }

    /// One request under this key, to a server that may be gone before it has answered.
    pub async fn try_ask(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let mut request = request.header("idempotency-key", key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// What is at a path.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Does what has to be done.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask("POST", path, Some(&body)).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// Puts a ticket on sale for one day, with this many in stock, and gives the distributor credit.
    pub async fn offer(&self, offer: &Offer, day: &str, stock: u32) {
        let merchant = offer.merchant;
        let mut sku = json!({
            "id": offer.sku, "product": offer.product, "name": "adult", "buckets": [offer.sku],
            "fulfilment": offer.fulfilment,
        });
        let (mut product, listing) = (offer.product_entry(true), offer.listing_entry(true));
        lay_over(&mut product, &offer.more["product"]);
        lay_over(&mut sku, &offer.more["sku"]);
        let entries = json!({ "entries": [{ "product": product }, { "sku": sku }, { "listing": listing }] });
        self.post(&format!("/merchants/{merchant}/catalogue"), entries).await;
        let mut days = json!({
            "sku": offer.sku, "from": day, "to": day, "retail_minor": RETAIL_FEN, "settlement_minor": 8_000,
            "cost_minor": COST_FEN, "open": true, "stock": { "limited": stock },
        });
        lay_over(&mut days, &offer.more["day"]);
        self.post(&format!("/merchants/{merchant}/calendar"), days).await;
        if merchant == "lakeside" {
            let top_up = json!({ "amount_minor": 10_000_000, "note": "journeys" });
            self.post("/merchants/lakeside/distributors/bluebird/top-ups", top_up).await;
        }
    }

    /// Our orders of one number of the channel's, at every merchant.
    pub async fn orders(&self, channel_order: &str) -> Vec<Value> {
        let mut found = Vec::new();
        for merchant in ["lakeside", "hilltop"] {
            let path = format!("/merchants/{merchant}/orders?channel_order={channel_order}");
            found.extend(self.get(&path).await["orders"].as_array().unwrap().clone());
        }
        found
    }

    /// The one order of a number.
    pub async fn order(&self, channel_order: &str) -> Value {
        let mut found = self.orders(channel_order).await;
        assert_eq!(found.len(), 1, "{channel_order}: {found:?}");
        found.remove(0)
    }

    /// What business is recorded, to see whether something moved.
    pub async fn books(&self, offer: &Offer, day: &str) -> Value {
        let (merchant, sku) = (offer.merchant, offer.sku);
        json!({
            "orders": self.get(&format!("/merchants/{merchant}/orders?limit=500")).await,
            "calendar": self.get(&format!("/merchants/{merchant}/calendar?sku={sku}&from={day}&to={day}")).await,
            "distributors": self.get(&format!("/merchants/{merchant}/distributors")).await,
            "pools": self.get(&format!("/merchants/{merchant}/pools")).await,
            "jobs": self.get(&format!("/merchants/{merchant}/jobs")).await,
        })
    }

    /// Whether somebody was told about something.
    pub async fn is_alerted(&self, words: &[&str]) -> bool {
        let alerts = self.get("/alerts").await;
        let alerts = alerts["alerts"].as_array().unwrap().clone();
        alerts.iter().any(|alert| words.iter().all(|word| alert.to_string().contains(word)))
    }

    /// Stock, ledger, codes and orders agree.
    pub async fn assert_sound(&self) {
        for merchant in ["lakeside", "hilltop"] {
            let found = self.get(&format!("/merchants/{merchant}/invariants")).await;
            let findings = found["invariants"].as_array().unwrap();
            assert!(!findings.is_empty() && findings.iter().all(|one| one["held"] == true), "{merchant}: {found}");
        }
    }
}

/// Fields laid over others.
fn lay_over(under: &mut Value, over: &Value) {
    for (name, value) in over.as_object().into_iter().flatten() {
        under[name] = value.clone();
    }
}
