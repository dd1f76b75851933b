//! Webhooks: what each form sends, whom an alert reaches, and that a URL is never repeated.

use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::post;
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_domain::alert::{Alert, AlertKind, AlertLevel};
use entrepot_engine::alerting::Teller;
use entrepot_engine::storage::OpenAlert;
use entrepot_server::alerts::Webhooks;
use entrepot_server::config::{Alerts, Language, SecretText, Webhook, WebhookForm, WebhookUrl};
use serde_json::{Value, json};

use crate::house::everywhere_with;

const TOKEN: &str = "TOPSECRET-0123456789abcdef";

/// A robot on loopback: what it was sent, and what it answers.
#[derive(Clone)]
struct Robot {
    base: String,
    sent: Arc<Mutex<Vec<(Uri, Value)>>>,
    arrived: Arc<tokio::sync::Notify>,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Robot {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let answer = (200, json!({ "errcode": 0, "errmsg": "ok" }).to_string());
        let robot = Self { base, sent: Arc::default(), arrived: Arc::default(), answer: Arc::new(Mutex::new(answer)) };
        let router = Router::new().route("/{*path}", post(take)).with_state(robot.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        robot
    }

    fn answers(&self, status: u16, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned());
    }

    fn sent(&self) -> Vec<(Uri, Value)> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    /// What was sent, once something was.
    async fn first(&self) -> Vec<(Uri, Value)> {
        loop {
            let sent = self.sent();
            if !sent.is_empty() {
                return sent;
            }
            self.arrived.notified().await;
        }
    }

    fn url(&self, path: &str) -> WebhookUrl {
        WebhookUrl::parse(&format!("{}/{path}?access_token={TOKEN}", self.base)).unwrap()
    }

    fn webhook(&self, form: WebhookForm) -> Webhook {
        let url = self.url("send");
        Webhook { url, form, secret: None, min_level: AlertLevel::Warning, merchant: None }
    }
}

async fn take(State(robot): State<Robot>, uri: Uri, body: String) -> (StatusCode, String) {
    robot.sent.lock().unwrap().push((uri, serde_json::from_str(&body).unwrap()));
    robot.arrived.notify_one();
    let (status, body) = robot.answer.lock().unwrap().clone();
    (StatusCode::from_u16(status).unwrap(), body)
}

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn webhooks(language: Language, webhooks: Vec<Webhook>) -> (Arc<Webhooks>, Arc<Hand>) {
    let clock = Arc::new(Hand(AtomicI64::new(1_577_808_000_000)));
    (Webhooks::of(&Alerts { language, webhooks }, clock.clone()).unwrap().unwrap(), clock)
}

fn alert(kind: AlertKind, merchant: Option<&str>) -> OpenAlert {
    let text = "swans has 3 codes, 5 are needed".to_owned();
    let alert = Alert { kind, subject: "swans".to_owned(), text, at: Timestamp::from_millis(0) };
    OpenAlert { merchant: merchant.map(|id| id.parse().unwrap()), alert }
}

#[tokio::test]
async fn each_form_is_written_as_its_robot_reads_it() {
    let robot = Robot::start().await;
    let alert = alert(AlertKind::PoolEmpty, Some("lakeside"));
    let (json_form, _) = webhooks(Language::En, vec![robot.webhook(WebhookForm::Json)]);
    robot.answers(204, "");
    json_form.tell(&alert).await.unwrap();
    let expected = json!({
        "merchant": "lakeside", "kind": "pool_empty", "level": "urgent", "title": "A pool has too few codes for an order",
        "subject": "swans", "text": "swans has 3 codes, 5 are needed", "at": "1970-01-01T00:00:00.000Z",
    });
    assert_eq!(robot.sent()[0].1, expected);

    robot.answers(200, r#"{"errcode":0,"errmsg":"ok"}"#);
    let (wecom, _) = webhooks(Language::Zh, vec![robot.webhook(WebhookForm::Wecom)]);
    wecom.tell(&alert).await.unwrap();
    let (uri, body) = robot.sent().remove(0);
    assert_eq!(uri.query().unwrap(), format!("access_token={TOKEN}"));
    let content = "Entrepot [紧急] 码库余量不足，订单无法发码\nlakeside · swans\nswans has 3 codes, 5 are needed";
    assert_eq!(body, json!({ "msgtype": "text", "text": { "content": content } }));

    let signing = Webhook { secret: Some(SecretText::new("this is secret")), ..robot.webhook(WebhookForm::Dingtalk) };
    let (dingtalk, _) = webhooks(Language::Zh, vec![signing]);
    dingtalk.tell(&alert).await.unwrap();
    let (uri, body) = robot.sent().remove(0);
    let sign = "ijHEivi6YiCNPZOq4hZstmvZ3sPfbioAiMhP30ae7W0%3D";
    assert_eq!(uri.query().unwrap(), format!("access_token={TOKEN}&timestamp=1577808000000&sign={sign}"));
    assert_eq!(body["text"]["content"], content);
}

#[tokio::test]
async fn an_alert_reaches_those_it_is_for_and_below_all_levels_counts_as_told() {
    let robot = Robot::start().await;
    let hill = Webhook {
        url: robot.url("hill"),
        merchant: Some("hilltop".parse().unwrap()),
        min_level: AlertLevel::Notice,
        ..robot.webhook(WebhookForm::Json)
    };
    let (webhooks, _) = webhooks(Language::En, vec![robot.webhook(WebhookForm::Json), hill]);
    let paths = || robot.sent().iter().map(|(uri, _)| uri.path().to_owned()).collect::<Vec<_>>();
    webhooks.tell(&alert(AlertKind::HoldEnding, Some("lakeside"))).await.unwrap();
    assert!(paths().is_empty());
    webhooks.tell(&alert(AlertKind::HoldEnding, Some("hilltop"))).await.unwrap();
    assert_eq!(paths(), ["/hill"]);
    webhooks.tell(&alert(AlertKind::PoolLow, Some("hilltop"))).await.unwrap();
    let mut both = paths();
    both.sort();
    assert_eq!(both, ["/hill", "/send"]);
    webhooks.tell(&alert(AlertKind::UnknownScene, None)).await.unwrap();
    assert_eq!(paths(), ["/send"]);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn failures_are_told_again_to_those_who_missed_it_and_never_with_the_url() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());

    let (good, bad) = (Robot::start().await, Robot::start().await);
    let all = vec![good.webhook(WebhookForm::Dingtalk), bad.webhook(WebhookForm::Wecom)];
    let (webhooks, clock) = webhooks(Language::Zh, all);
    let alert = alert(AlertKind::PoolEmpty, Some("lakeside"));
    let mut faults = Vec::new();
    for (status, answer, word) in [
        (200, format!(r#"{{"errcode":93000,"errmsg":"invalid webhook url {TOKEN}"}}"#), "errcode 93000"),
        (500, String::new(), "found 500"),
        (302, String::new(), "found 302"),
        (200, "<html>".to_owned(), "errcode"),
        (200, "x".repeat(100_000), "longer than"),
    ] {
        bad.answers(status, &answer);
        let fault = webhooks.tell(&alert).await.unwrap_err();
        assert!(fault.starts_with("alerts.webhooks[1]: ") && fault.contains(word), "{fault}");
        faults.push(fault);
        // It is left alone for a while: nothing is sent.
        let calls = bad.sent().len();
        faults.push(webhooks.tell(&alert).await.unwrap_err());
        assert_eq!((calls, bad.sent().len()), (1, 0));
        clock.0.fetch_add(60_000, Ordering::Relaxed);
    }
    assert_eq!(good.sent().len(), 1, "who was told is not told again");
    bad.answers(200, r#"{"errcode":0,"errmsg":"ok"}"#);
    webhooks.tell(&alert).await.unwrap();
    assert_eq!((good.sent().len(), bad.sent().len()), (0, 1));
    // Raised anew, it is a new one for both.
    webhooks.tell(&alert).await.unwrap();
    assert_eq!((good.sent().len(), bad.sent().len()), (1, 1));

    let gone = Webhook {
        url: WebhookUrl::parse(&format!("http://127.0.0.1:1/{TOKEN}")).unwrap(),
        ..good.webhook(WebhookForm::Json)
    };
    let (nobody, _) = self::webhooks(Language::Zh, vec![gone]);
    faults.push(nobody.tell(&alert).await.unwrap_err());
    for fault in &faults {
        tracing::error!(fault, "nobody could be told");
        assert!(!fault.contains(TOKEN) && !fault.contains("127.0.0.1"), "{fault}");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("nobody could be told") && !log.contains(TOKEN), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_running_server_tells_and_what_failed_stays_to_be_told() {
    let robot = Robot::start().await;
    robot.answers(500, "");
    let url = format!("{}/ops?token={TOKEN}", robot.base);
    let values = json!({ "alerts": { "language": "en", "webhooks": [{ "url": url, "form": "json" }] } });
    everywhere_with(values, async |house| {
        robot.sent();
        robot.answers(500, "");
        house.furnish().await;
        let least = json!({ "name": "Bluebird", "warn_below_minor": 990_000 });
        house.put("/merchants/lakeside/distributors/bluebird", least).await.ok();
        house.sell("1001", "boat", 2).await;
        let told = async || {
            let found = house.get("/alerts").await.ok();
            let low = found["alerts"].as_array().unwrap().iter().find(|one| one["kind"] == "credit_low").cloned();
            low.unwrap_or_else(|| panic!("{found}"))["told_at"].clone()
        };
        let sent = tokio::time::timeout(std::time::Duration::from_secs(20), robot.first()).await.expect("an alert");
        assert_eq!((&sent[0].1["kind"], &sent[0].1["subject"]), (&json!("credit_low"), &json!("bluebird")));
        assert_eq!(told().await, Value::Null);

        // A minute later somebody takes it again, and this time it is told.
        robot.answers(200, "");
        let storage = house.app.engine.storage();
        let later = house.app.clock.now().plus_millis(61_000);
        let taken = storage.take_alerts(later, 20, 1_000).await.unwrap();
        let low = taken.iter().find(|one| one.alert.kind == AlertKind::CreditLow).unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(later.millis())));
        let teller = Webhooks::of(&house.app.running().config.alerts, clock).unwrap().unwrap();
        teller.tell(low).await.unwrap();
        storage.alert_told(low, later).await.unwrap();
        assert!(told().await.is_string());
        assert!(storage.take_alerts(later.plus_millis(90_000), 20, 1_000).await.unwrap().is_empty());
    })
    .await;
}
