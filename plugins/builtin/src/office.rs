//! How a journey uses the admin API, as an operator's program would.

use std::sync::atomic::{AtomicU64, Ordering};

use entrepot_sdk::demo::Stage;
use serde_json::{Value, json};

/// What a ticket costs the merchant at its supplier, in fen.
pub const COST_FEN: i64 = 6_000;

/// An operator's program.
pub struct Office {
    http: reqwest::Client,
    base: String,
    token: String,
    run: String,
    keys: AtomicU64,
}

/// What a merchant's till shows at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Till {
    /// Units held, sold and left of one SKU on one date.
    pub stock: (i64, i64, Option<i64>),
    /// The distributor's balance and what is set aside, in minor units; none without a distributor.
    pub credit: Option<(i64, i64)>,
}

impl Till {
    /// What changed since an earlier moment, for people.
    #[must_use]
    pub fn since(&self, before: &Self) -> String {
        let mut told = Vec::new();
        let mut tell = |name: &str, then: i64, now: i64| {
            if then != now {
                told.push(format!("{name} {then} → {now}"));
            }
        };
        tell("held", before.stock.0, self.stock.0);
        tell("sold", before.stock.1, self.stock.1);
        if let (Some(then), Some(now)) = (before.stock.2, self.stock.2) {
            tell("left", then, now);
        }
        let credit = match (before.credit, self.credit) {
            (Some(then), Some(now)) if then != now => {
                format!(
                    "credit: {} (set aside {}) → {} (set aside {})",
                    yuan(then.0),
                    yuan(then.1),
                    yuan(now.0),
                    yuan(now.1)
                )
            }
            _ => "credit: as it was".to_owned(),
        };
        let stock = if told.is_empty() { "as it was".to_owned() } else { told.join(", ") };
        format!("stock: {stock}; {credit}")
    }
}

fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
}

impl Office {
    /// An office for a stage. `run` marks this run, so that its keys meet none of an earlier one.
    pub fn new(stage: &Stage, run: &str) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(20))
            .build()
            .map_err(|fault| fault.to_string())?;
        Ok(Self {
            http,
            base: format!("{}/api/v1", stage.entrepot_url),
            token: stage.admin_token.clone(),
            run: run.to_owned(),
            keys: AtomicU64::new(0),
        })
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        self.send("GET", path, None).await
    }

    /// Changes something, under a key of its own.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        let method_named = reqwest::Method::from_bytes(method.as_bytes()).map_err(|fault| fault.to_string())?;
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        let mut request = self
            .http
            .request(method_named, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("idempotency-key", format!("demo-{}-{path}-{number}", self.run));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|fault| format!("{method} {path}: {fault}"))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|fault| format!("{method} {path}: {fault}"))?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        let why = value["detail"].as_str().unwrap_or(&text);
        Err(format!("{method} {path}: {status}: {why}"))
    }

    /// Stock of a SKU on a date, and the distributor's account.
    pub async fn till(&self, merchant: &str, sku: &str, day: &str, distributor: Option<&str>) -> Result<Till, String> {
        let calendar = self.get(&format!("/merchants/{merchant}/calendar?sku={sku}&from={day}&to={day}")).await?;
        let stock = &calendar["days"][0]["stock"];
        let number = |name: &str| stock[name].as_i64().unwrap_or(0);
        let credit = match distributor {
            None => None,
            Some(name) => {
                let all = self.get(&format!("/merchants/{merchant}/distributors")).await?;
                let found = all["distributors"].as_array().into_iter().flatten().find(|one| one["id"] == name);
                let account = found.ok_or_else(|| format!("merchant {merchant} has no distributor {name}"))?;
                let amount = |name: &str| account["account"][name].as_i64().unwrap_or(0);
                Some((amount("balance_minor"), amount("held_minor")))
            }
        };
        Ok(Till { stock: (number("held"), number("sold"), stock["left"].as_i64()), credit })
    }

    /// One order of ours, by the channel's number.
    pub async fn order(&self, merchant: &str, channel_order: &str) -> Result<Value, String> {
        let found = self.get(&format!("/merchants/{merchant}/orders?channel_order={channel_order}")).await?;
        let order = found["orders"][0].clone();
        if order.is_null() { Err(format!("merchant {merchant} has no order {channel_order}")) } else { Ok(order) }
    }

    /// A ticket that is sold by date, with one SKU and one listing.
    pub async fn offer(&self, merchant: &str, offer: &Offer<'_>) -> Result<(), String> {
        let product = json!({
            "id": offer.product, "merchant": merchant, "kind": "ticket", "name": offer.name, "on_sale": true,
            "refund": { "steps": [{ "hours_before_visit": -24, "fee": "free" }], "otherwise": "manual", "partial": true },
        });
        let sku = json!({
            "id": offer.sku, "product": offer.product, "name": "adult", "buckets": [offer.sku],
            "fulfilment": offer.fulfilment,
        });
        let listing = json!({
            "id": format!("{}-listing", offer.sku), "connection": offer.connection, "sells": { "one": offer.sku },
            "names": { "product_out": offer.product, "sku_out": offer.sku },
        });
        let entries = json!({ "entries": [{ "product": product }, { "sku": sku }, { "listing": listing }] });
        self.send("POST", &format!("/merchants/{merchant}/catalogue"), Some(entries)).await?;
        // Whatever an earlier run sold stays sold: this one adds ten.
        let before = self.till(merchant, offer.sku, offer.day, None).await.unwrap_or_default();
        let stock = before.stock.0 + before.stock.1 + 10;
        let days = json!({
            "sku": offer.sku, "from": offer.day, "to": offer.day, "retail_minor": offer.retail_fen,
            "settlement_minor": offer.settlement_fen, "cost_minor": COST_FEN, "open": true, "stock": { "limited": stock },
        });
        self.send("POST", &format!("/merchants/{merchant}/calendar"), Some(days)).await?;
        Ok(())
    }
}

/// A ticket on sale.
pub struct Offer<'a> {
    /// The product's id, here and at the channel.
    pub product: &'a str,
    /// The SKU's id, here and at the channel.
    pub sku: &'a str,
    /// For people.
    pub name: &'a str,
    /// The channel connection it is sold through.
    pub connection: &'a str,
    /// Where tickets come from.
    pub fulfilment: Value,
    /// The date on sale.
    pub day: &'a str,
    /// What a guest pays, in fen.
    pub retail_fen: i64,
    /// What a distributor owes, in fen.
    pub settlement_fen: i64,
}
