//! The simulated platform as a program, for callers in other languages: `tests/official-sdk` talks to it.
//!
//! It first writes one line of JSON: where its OpenAPI listens, the application's key and secret, and what was bought
//! beforehand. Each line read from standard input is then answered with one line of JSON: the calls seen since the
//! line before, and every rule broken so far. It ends when standard input does. Whoever answers its SPIs is the
//! smallest middleware that can be: it accepts, and issues at once what has more than one copy.
// Its standard output is how it is used.
#![allow(clippy::print_stdout)]

use axum::body::Bytes;
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use axum::{Router, routing::post};
use douyin_simulator::{Call, LaikeProduct, Order, Platform, PlatformOptions, Purchase};
use serde_json::{Value, json};
use std::error::Error;
use std::io::BufRead;

/// Invented, as everything here.
const KEY: &str = "awtestkey000001";
const SECRET: &str = "0123456789abcdef0123456789ABCDEF";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = PlatformOptions::new(KEY, SECRET, "app");
    // As the official npm SDK types them.
    options.longs_as_text = true;
    // A bill right after the redemption: nobody waits an hour here.
    options.ledger_delay_ms = 0;
    let platform = Platform::start(options).await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    platform.set_target(&format!("http://{}", listener.local_addr()?));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(post(answer))).await });

    let issued = bought(&platform, 2).await?;
    let waiting = bought(&platform, 1).await?;
    let product = platform.list_in_laike(LaikeProduct::sample());
    let begin = json!({
        "base_url": platform.openapi_base(),
        "client_key": KEY,
        "client_secret": SECRET,
        "account_id": issued.purchase.account_id,
        "poi_id": issued.purchase.poi_id,
        "product_id": product.product_id,
        "product_out_id": product.product_out_id,
        "issued": describe(&issued),
        "waiting": describe(&waiting),
    });
    println!("{begin}");
    let mut told = 0;
    // Blocks this thread only: the runtime's workers serve.
    for line in std::io::stdin().lock().lines() {
        line?;
        let calls = platform.calls();
        let new: Vec<Value> = calls.iter().skip(told).map(seen).collect();
        told = calls.len();
        let broken: Vec<String> = platform.violations().into_iter().map(|one| one.rule).collect();
        println!("{}", json!({"calls": new, "violations": broken}));
    }
    Ok(())
}

async fn bought(platform: &Platform, count: u32) -> Result<Order, String> {
    let purchase = Purchase { count, ..Purchase::sample() };
    let order = platform.buy(&purchase).await.order;
    order.ok_or_else(|| format!("the order of {count} copies was refused by this program's own answers"))
}

fn describe(order: &Order) -> Value {
    let certificates: Vec<&str> = order.units.iter().map(|unit| unit.certificate_id.as_str()).collect();
    let codes: Vec<&str> =
        order.units.iter().filter_map(|unit| unit.voucher.as_ref()).filter_map(|one| one.first_code()).collect();
    json!({
        "order_id": order.order_id,
        "order_out_id": order.order_out_id,
        "sku_id": order.purchase.sku_id,
        "sku_out_id": order.purchase.sku_out_id,
        "copies": order.units.len(),
        "pay_amount": order.purchase.pay_amount_fen(),
        "certificates": certificates,
        "codes": codes,
    })
}

fn seen(call: &Call) -> Value {
    json!({
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "body": call.body,
        "headers": call.headers,
        "error_code": call.error_code,
        "logid": call.logid,
    })
}

/// The other side of the SPIs (`spec/douyin-scenic-calendar.md` §§2, 3 and 11).
async fn answer(uri: Uri, body: Bytes) -> impl IntoResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let out_id = format!("T{}", body["order_id"].as_str().unwrap_or_default());
    let copies = body["copies"].as_u64().unwrap_or(0);
    let voucher =
        |n| json!({"entrance": {"project_id": format!("{out_id}-{n}"), "qrcodes": [format!("QR-{out_id}-{n}")]}});
    let data = match uri.path().rsplit('/').next().unwrap_or_default() {
        "create-order" => {
            let accept = json!({"confirm_mode": 1, "confirm_result": 1});
            json!({"error_code": 0, "order_out_id": out_id, "confirm_info": accept})
        }
        // Issued later, by the callback.
        "issue-certificate" if copies == 1 => json!({"error_code": 0, "result": 0}),
        "issue-certificate" => {
            let vouchers: Vec<Value> = (1..=copies).map(voucher).collect();
            json!({"error_code": 0, "result": 1, "vouchers": vouchers})
        }
        _ => json!({"error_code": 0, "description": "success"}),
    };
    ([(header::CONTENT_TYPE, "application/json")], json!({"data": data}).to_string())
}
