//! Secrets, cache, log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::ApplicationId;
use entrepot_contract::message::Response;
use entrepot_contract::services::{CacheValue, LogLevel, ServiceRequest, ServiceResponse};
use entrepot_contract::supplier::{Booking, SupplierResponse, Wait};
use entrepot_contract::time::Clock;
use entrepot_host::{MemoryCache, SharedCache};
use futures_util::FutureExt;

use crate::support::{Bed, Fake, book, options, scope, supplier};

type Seen = Arc<Mutex<Vec<Result<ServiceResponse, Fault>>>>;

/// Runs the requests one after another inside a call and gives what came of them.
async fn ask(bed: &Bed, seen: &Seen) -> Vec<Result<ServiceResponse, Fault>> {
    let running = match bed.host.instance(&bed.key) {
        Some(running) => running,
        None => bed.open(options()).await,
    };
    running.call(bed.context(1_000), book(), scope("c")).await.unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

fn asking(requests: Vec<ServiceRequest>) -> (Bed, Seen) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let bed = Bed::new(Fake::new(supplier(), move |_, services| {
        let (requests, kept) = (requests.clone(), Arc::clone(&kept));
        async move {
            for request in requests {
                let answer = services.request(request).await;
                kept.lock().unwrap().push(answer);
            }
            Ok(pending())
        }
        .boxed()
    }));
    (bed, seen)
}

fn pending() -> Response {
    Response::Supplier(SupplierResponse::Booking(Booking::Pending { reference: None, wait: Wait::default() }))
}

#[tokio::test]
async fn only_declared_secrets_are_handed_out() {
    let secret = |name: &str| ServiceRequest::Secret { name: name.to_owned() };
    let (bed, seen) = asking(vec![secret("key"), secret("other"), secret("absent")]);
    let answers = ask(&bed, &seen).await;
    assert_eq!(answers[0], Ok(ServiceResponse::Secret(CacheValue("s3cret-value".to_owned()))));
    assert_eq!(answers[1].as_ref().unwrap_err().kind, FaultKind::Invalid);
    assert_eq!(answers[2].as_ref().unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn the_cache_has_one_winner() {
    let swap = |expected, value: &str| ServiceRequest::CacheSwap {
        key: "token".to_owned(),
        expected,
        value: CacheValue(value.to_owned()),
        lives_ms: 1_000,
    };
    let (bed, seen) = asking(vec![
        ServiceRequest::CacheGet { key: "token".to_owned() },
        swap(0, "first"),
        swap(0, "second"),
        ServiceRequest::CacheGet { key: "token".to_owned() },
        ServiceRequest::CacheGet { key: String::new() },
    ]);
    let answers = ask(&bed, &seen).await;
    assert_eq!(answers[0], Ok(ServiceResponse::Cache { found: None }));
    assert!(matches!(answers[1], Ok(ServiceResponse::Swapped { stamp: Some(_) })));
    assert_eq!(answers[2], Ok(ServiceResponse::Swapped { stamp: None }));
    assert!(matches!(&answers[3], Ok(ServiceResponse::Cache { found: Some(cached) }) if cached.value == "first"));
    assert_eq!(answers[4].as_ref().unwrap_err().kind, FaultKind::Invalid);
    bed.clock.advance(1_000);
    assert_eq!(ask(&bed, &seen).await[0], Ok(ServiceResponse::Cache { found: None }), "its life is over");
}

#[tokio::test]
async fn applications_do_not_see_each_others_values() {
    let (bed, _) = asking(vec![]);
    let cache = MemoryCache::new(Arc::clone(&bed.clock) as Arc<dyn Clock>);
    let (one, two) = (ApplicationId::parse("one").unwrap(), ApplicationId::parse("two").unwrap());
    let value = || CacheValue("v".to_owned());
    let stamp = cache.swap(&one, "k", 0, value(), 10).await.unwrap().unwrap();
    assert_eq!(cache.get(&two, "k").await, Ok(None));
    let second = cache.swap(&one, "k", stamp, value(), 10).await.unwrap().unwrap();
    assert_ne!(stamp, second);
    bed.clock.advance(10);
    let third = cache.swap(&one, "k", 0, value(), 10).await.unwrap().unwrap();
    assert!(![stamp, second].contains(&third), "a stamp never comes back");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn log_lines_and_faults_carry_no_secret() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _subscribed = tracing::subscriber::set_default(subscriber);
    let bed = Bed::new(Fake::new(supplier(), |_, services| {
        async move {
            let value = CacheValue("t0ken-value".to_owned());
            let swap = ServiceRequest::CacheSwap { key: "t".to_owned(), expected: 0, value, lives_ms: 1 };
            services.request(swap).await?;
            services.log(LogLevel::Warn, "signed with s3cret-value\nand t0ken-value");
            services.log(LogLevel::Info, &format!("{}s3cret-value", "x".repeat(4_090)));
            Err(Fault::unknown(FaultKind::Internal, "s3cret-value did not work").with_code("E-s3cret-value"))
        }
        .boxed()
    }));
    let running = bed.open(options()).await;
    let fault = running.call(bed.context(1_000), book(), scope("c")).await.unwrap_err();
    assert_eq!((fault.text.as_str(), fault.partner_code.as_deref()), ("*** did not work", Some("E-***")));
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("signed with *** and ***"), "{text}");
    assert!(text.contains("order-1") && text.contains("trace-1") && text.contains("fake-supplier"), "{text}");
    assert!(!text.contains("s3cr") && !text.contains("t0ken"), "{text}");
}
