//! The gateway on its port, and callbacks over HTTP.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{OriginalUri, State};
use tokio::net::TcpListener;
use zhiyoubao_simulator::{BadAnswer, Fault, Gateway, NoticeKind, Sent, Zhiyoubao, sign};

use crate::support::{ADULT, FORM, KEY, MORNING_MS, code, line, options, order, stock};

async fn gateway(clock: &Arc<AtomicI64>) -> Gateway {
    let gateway = Zhiyoubao::start(options(clock)).await.unwrap();
    stock(&gateway.desk);
    gateway
}

fn buy(gateway: &Gateway, number: &str) -> impl Future<Output = reqwest::Response> + Send + 'static {
    let xml = order(number, "80.00", &line(&format!("{number}-1"), ADULT, 1, ""));
    let form = sign::request_form(&xml, KEY);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(&gateway.url).header("content-type", FORM).body(form);
    async move { request.send().await.unwrap() }
}

#[derive(Clone, Default)]
struct Hook {
    answer: Arc<Mutex<String>>,
    heard: Arc<Mutex<Vec<String>>>,
}

/// A distributor that answers what it is told to. Its server ends with the test's runtime.
async fn hook() -> (Hook, String) {
    async fn hear(State(hook): State<Hook>, OriginalUri(uri): OriginalUri) -> String {
        hook.heard.lock().unwrap().push(uri.to_string());
        hook.answer.lock().unwrap().clone()
    }
    let hook = Hook::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().fallback(hear).with_state(hook.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (hook, url)
}

#[tokio::test]
async fn it_answers_on_loopback() {
    let gateway = gateway(&Arc::new(AtomicI64::new(MORNING_MS))).await;
    let answer = buy(&gateway, "M1").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/xml"));
    assert_eq!(code(&answer.text().await.unwrap()), "0");
    gateway.desk.next_fault(Fault::without_effect(BadAnswer::Redirect("http://elsewhere.example/".to_owned())));
    let moved = buy(&gateway, "M2").await;
    assert_eq!(
        (moved.status().as_u16(), moved.headers()["location"].as_bytes()),
        (302, &b"http://elsewhere.example/"[..])
    );
}

#[tokio::test]
async fn a_held_answer_comes_when_it_is_released_and_a_lost_one_never() {
    let gateway = gateway(&Arc::new(AtomicI64::new(MORNING_MS))).await;
    gateway.desk.next_fault(Fault::after_effect(BadAnswer::Never));
    gateway.desk.next_fault(Fault::after_effect(BadAnswer::Late));
    let lost = tokio::spawn(buy(&gateway, "M1"));
    gateway.desk.called(1).await;
    let held = tokio::spawn(buy(&gateway, "M2"));
    gateway.desk.called(2).await;
    assert!(gateway.desk.order("M2").is_some(), "the effect is there before the answer");
    assert!(!held.is_finished());
    gateway.desk.release_held();
    assert_eq!(code(&held.await.unwrap().text().await.unwrap()), "0");
    assert!(!lost.is_finished());
    lost.abort();
}

#[tokio::test]
async fn callbacks_are_sent_when_asked_and_their_answers_read() {
    let clock = Arc::new(AtomicI64::new(MORNING_MS));
    let gateway = gateway(&clock).await;
    let (hook, url) = hook().await;
    gateway.desk.register(NoticeKind::CheckIn, &url);
    buy(&gateway, "M1").await;
    gateway.desk.redeem_line("M1-1", 1).unwrap();
    assert!(hook.heard.lock().unwrap().is_empty(), "nothing goes out by itself");
    "error".clone_into(&mut hook.answer.lock().unwrap());
    assert!(!gateway.deliver_due().await[0].sent.is_accepted());
    assert!(gateway.deliver_due().await.is_empty(), "the ladder waits");
    clock.fetch_add(60_000, Ordering::Relaxed);
    "success".clone_into(&mut hook.answer.lock().unwrap());
    let done = gateway.deliver_due().await;
    assert_eq!(done[0].sent, Sent::Answered { status: 200, body: "success".to_owned() });
    assert!(done[0].over);
    let heard = hook.heard.lock().unwrap().clone();
    let wanted = "/hook?order_no=M1&status=check&total=1&checkNum=1&returnNum=0&sign=";
    assert!(heard.len() == 2 && heard.iter().all(|uri| uri.starts_with(wanted)), "{heard:?}");
}

#[tokio::test]
async fn nobody_listening_is_a_failure_like_any_other() {
    let gateway = gateway(&Arc::new(AtomicI64::new(MORNING_MS))).await;
    // A port of the system's own range that nobody serves.
    gateway.desk.register(NoticeKind::CheckIn, "http://127.0.0.1:1/hook");
    buy(&gateway, "M1").await;
    gateway.desk.redeem_line("M1-1", 1).unwrap();
    assert_eq!(gateway.deliver_due().await[0].sent, Sent::Unreachable);
    assert_eq!(gateway.desk.outbox().len(), 1);
}

#[tokio::test]
async fn a_long_answer_is_cut_and_no_success() {
    let gateway = gateway(&Arc::new(AtomicI64::new(MORNING_MS))).await;
    let (hook, url) = hook().await;
    gateway.desk.register(NoticeKind::CheckIn, &url);
    buy(&gateway, "M1").await;
    gateway.desk.redeem_line("M1-1", 1).unwrap();
    "success".repeat(10_000).clone_into(&mut hook.answer.lock().unwrap());
    let sent = gateway.deliver_due().await[0].sent.clone();
    assert!(matches!(&sent, Sent::Answered { body, .. } if body.len() == 1_024) && !sent.is_accepted());
}
