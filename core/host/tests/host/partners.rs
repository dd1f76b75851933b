//! HTTP: partners that answer, hang, break off, redirect and talk too much.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::{any, post as on_post};
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::manifest::ApiRate;
use entrepot_contract::message::Response;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::services::{HttpRequest, HttpResponse, ServiceRequest, ServiceResponse};
use entrepot_contract::supplier::{Booking, SupplierResponse};
use entrepot_host::{Direction, OpenOptions};
use futures_util::FutureExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{Bed, Fake, book, options, post, scope, supplier};

/// A plugin that sends one request and gives the partner's answer as the reason of a refusal.
fn sending(request: HttpRequest) -> Fake {
    Fake::new(supplier(), move |_, services| {
        let request = ServiceRequest::Http(request.clone());
        async move {
            match services.request(request).await? {
                ServiceResponse::Http(HttpResponse { status, body, .. }) => {
                    let reason = format!("{status} {body}");
                    Ok(Response::Supplier(SupplierResponse::Booking(Booking::Refused(Refusal::new(
                        Reason::Other,
                        reason,
                    )))))
                }
                other => Err(Fault::garbled(format!("{other:?}"))),
            }
        }
        .boxed()
    })
}

fn reason(result: Result<Response, Fault>) -> String {
    match result {
        Ok(Response::Supplier(SupplierResponse::Booking(Booking::Refused(refusal)))) => refusal.text,
        other => format!("{other:?}"),
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn allowing(address: SocketAddr) -> OpenOptions {
    OpenOptions { allow_hosts: vec![address.to_string()], ..options() }
}

async fn send(request: HttpRequest, options: OpenOptions) -> (Result<Response, Fault>, Bed) {
    let bed = Bed::new(sending(request));
    let running = bed.open(options).await;
    let result = running.call(bed.context(20_000), book(), scope("c")).await;
    (result, bed)
}

#[tokio::test]
async fn an_exchange_is_answered_and_logged_without_what_nobody_may_see() {
    let answer = r#"{"code":0,"order_id":"8001","name":"zhang","echo":"s3cret-value"}"#;
    let router =
        Router::new().route("/orders", on_post(async move || ([(header::CONTENT_TYPE, "application/json")], answer)));
    let address = serve(router).await;
    let mut request = post(
        format!("http://{address}/orders?sign=abc&id=9"),
        r#"{"order_id":"8001","phone":"13800000000","code":"s3cret-value","token":"h3ader-value"}"#,
    );
    request.headers.push(("X-Token".to_owned(), "h3ader-value".to_owned()));
    request.secret_headers.push("x-token".to_owned());
    let (result, bed) = send(request, allowing(address)).await;
    assert_eq!(reason(result), format!("200 {answer}"), "the plugin sees everything");
    let entry = bed.log.entries().pop().unwrap();
    assert_eq!((entry.direction, entry.status, entry.fault.clone()), (Direction::Outbound, Some(200), None));
    assert_eq!(entry.url, format!("http://{address}/orders?sign=***&id=***"));
    assert_eq!((entry.connection.unwrap().as_str(), entry.order.unwrap().as_str()), ("c", "order-1"));
    assert_eq!((entry.trace.as_str(), entry.api.as_str(), entry.method.as_str()), ("trace-1", "push", "POST"));
    let sent: serde_json::Value = serde_json::from_str(&entry.request_body).unwrap();
    assert_eq!(
        (sent["order_id"].as_str(), sent["phone"].as_str(), sent["code"].as_str()),
        (Some("8001"), Some("<text 11>"), Some("***"))
    );
    let received: serde_json::Value = serde_json::from_str(&entry.response_body).unwrap();
    assert_eq!((received["code"].as_i64(), received["name"].as_str()), (Some(0), Some("<text 5>")));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let followed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&followed);
    let router = Router::new()
        .route("/a", any(async || (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/b")], "")))
        .route("/b", any(async move || count.fetch_add(1, Ordering::SeqCst).to_string()));
    let address = serve(router).await;
    let (result, _) = send(post(format!("http://{address}/a"), "{}"), allowing(address)).await;
    assert_eq!(reason(result), "307 ");
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let router = Router::new().route("/", any(async || "x".repeat(5 * 1024 * 1024)));
    let address = serve(router).await;
    for (method, effect) in [("POST", Effect::Unknown), ("GET", Effect::NotDone)] {
        let request = HttpRequest { method: method.to_owned(), body: None, ..post(format!("http://{address}/"), "") };
        let fault = send(request, allowing(address)).await.0.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, effect));
    }
}

#[tokio::test]
async fn a_partner_that_cannot_be_reached_got_nothing() {
    // Nobody listens on port 1.
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let (result, bed) = send(post(format!("http://{address}/?key=s3cret-value"), "{}"), allowing(address)).await;
    let fault = result.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, Effect::NotDone));
    assert!(!fault.text.contains("s3cret"), "{}", fault.text);
    assert_eq!(bed.log.entries()[0].fault, Some(fault.text));
}

/// Accepts, reads a part of the request, says so, and then drops the connection or keeps it without a word.
async fn rude(keep: bool) -> (SocketAddr, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, heard) = mpsc::channel(8);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut part = [0; 4096];
            let _ = socket.read(&mut part).await;
            let _ = told.send(()).await;
            if keep {
                kept.push(socket);
            }
        }
    });
    (address, heard)
}

#[tokio::test]
async fn a_connection_that_breaks_after_sending_leaves_the_effect_unknown() {
    let (address, _heard) = rude(false).await;
    for (method, effect) in [("POST", Effect::Unknown), ("GET", Effect::NotDone)] {
        let request = HttpRequest { method: method.to_owned(), body: None, ..post(format!("http://{address}/"), "") };
        let fault = send(request, allowing(address)).await.0.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, effect), "{fault}");
    }
}

#[tokio::test]
async fn a_partner_that_does_not_answer_leaves_the_effect_unknown() {
    let (address, _heard) = rude(true).await;
    for (method, effect) in [("POST", Effect::Unknown), ("GET", Effect::NotDone)] {
        let request =
            HttpRequest { method: method.to_owned(), timeout_ms: 50, ..post(format!("http://{address}/"), "{}") };
        let (result, bed) = send(request, allowing(address)).await;
        let fault = result.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::TimedOut, effect), "{fault}");
        assert_eq!(bed.log.entries()[0].status, None);
    }
}

#[tokio::test]
async fn an_exchange_whose_call_is_given_up_is_logged_all_the_same() {
    let (address, mut heard) = rude(true).await;
    let bed = Bed::new(sending(post(format!("http://{address}/"), "{}")));
    let running = bed.open(allowing(address)).await;
    let call = running.call(bed.context(20_000), book(), scope("c"));
    tokio::select! {
        biased;
        _ = heard.recv() => {}
        result = call => assert!(result.is_err(), "nobody answers"),
    }
    let entry = &bed.log.entries()[0];
    assert!(entry.fault.as_ref().unwrap().contains("given up"), "{entry:?}");
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_never_called() {
    let (address, mut heard) = rude(false).await;
    for allowed in [vec![], vec!["127.0.0.1".to_owned()], vec!["127.0.0.1:1".to_owned()]] {
        let options = OpenOptions { allow_hosts: allowed, ..options() };
        let (result, bed) = send(post(format!("http://{address}/"), "{}"), options).await;
        let fault = result.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
        assert!(fault.text.contains(&address.to_string()) && fault.text.contains("allow-list"), "{}", fault.text);
        assert!(bed.log.entries().is_empty());
    }
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn a_quota_is_kept_per_interface_and_fills_with_the_clock() {
    let address = serve(Router::new().route("/", any(async || "ok"))).await;
    let bed = Bed::new(sending(post(format!("http://{address}/"), "{}")));
    let api_limits = vec![ApiRate::per_second("push", 2)];
    let running = bed.open(OpenOptions { api_limits, ..allowing(address) }).await;
    let call = || running.call(bed.context(20_000), book(), scope("c"));
    assert_eq!(reason(call().await), "200 ok");
    assert_eq!(reason(call().await), "200 ok");
    let fault = call().await.unwrap_err();
    assert_eq!((fault.kind, fault.effect, fault.retry_after_ms), (FaultKind::RateLimited, Effect::NotDone, Some(500)));
    bed.clock.advance(500);
    assert_eq!(reason(call().await), "200 ok");
    assert!(call().await.is_err());
}

#[tokio::test]
async fn a_cards_rate_holds_and_the_configuration_wins() {
    let address = serve(Router::new().route("/", any(async || "ok"))).await;
    let one = ApiRate { api: "push".to_owned(), calls: 1, per_ms: 60_000 };
    let waits = async |api_limits: Vec<ApiRate>| {
        let mut fake = sending(post(format!("http://{address}/"), "{}"));
        fake.manifest.rates = vec![one.clone()];
        let bed = Bed::new(fake);
        let running = bed.open(OpenOptions { api_limits, ..allowing(address) }).await;
        let call = || running.call(bed.context(20_000), book(), scope("c"));
        assert!(call().await.is_ok());
        call().await.err().map(|fault| (fault.kind, fault.retry_after_ms))
    };
    assert_eq!(waits(vec![]).await, Some((FaultKind::RateLimited, Some(60_000))));
    assert_eq!(waits(vec![ApiRate::per_second("pull", 1)]).await, Some((FaultKind::RateLimited, Some(60_000))));
    assert_eq!(waits(vec![ApiRate::per_second("push", 1)]).await, Some((FaultKind::RateLimited, Some(1_000))));
    assert_eq!(waits(vec![ApiRate::per_second("push", 2)]).await, None);
}

#[tokio::test]
async fn nothing_is_sent_when_the_calls_time_is_over() {
    let (address, mut heard) = rude(true).await;
    let request = HttpRequest { timeout_ms: 0, ..post(format!("http://{address}/"), "{}") };
    let fault = send(request, allowing(address)).await.0.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::TimedOut, Effect::NotDone));
    assert!(heard.try_recv().is_err());
}
