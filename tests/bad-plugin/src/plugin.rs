//! The plugin that has the defects. It stands on the contract's own trait, so that it can lie where the SDK's types
//! would not let it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entrepot_sdk::async_trait;
use entrepot_sdk::contract::bounds::TEXT_LIMIT_BYTES;
use entrepot_sdk::contract::capability::{Calls, SupplierCapabilities};
use entrepot_sdk::contract::channel::{RawResponse, ReadyAnswers};
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::manifest::Manifest;
use entrepot_sdk::contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_sdk::contract::outcome::{Reason, Refusal};
use entrepot_sdk::contract::plugin::{Instance, Plugin};
use entrepot_sdk::contract::services::{LogLevel, Services};
use entrepot_sdk::contract::supplier::{Booking, SupplierOrder, SupplierRequest, SupplierResponse};
use entrepot_sdk::settings::{parse, schema_of};
use serde_json::json;

use crate::defect::{Defect, Settings};
use crate::mark;

/// The product that no defect touches.
pub const FINE: &str = "fine";

/// The bad plugin, as a library exports it.
///
/// # Panics
/// When its mark says so.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    assert_ne!(mark(), "panic-at-load", "told to");
    Arc::new(Bad { id: "bad-plugin" })
}

/// The same under another id, for the instance beside it that has to keep answering.
#[must_use]
pub fn healthy() -> Arc<dyn Plugin> {
    Arc::new(Bad { id: "healthy-plugin" })
}

/// The answer of an instance that is not bad, or not yet.
#[must_use]
pub fn answer(reason: &str) -> Response {
    Response::Supplier(SupplierResponse::Booking(Booking::Refused(Refusal::new(Reason::SupplierRefused, reason))))
}

/// A refusal with all of that text: the contract's own constructor would cut it.
fn says(text: String) -> Response {
    let refusal = Refusal { reason: Reason::SupplierRefused, text, zh: None, calendar: Vec::new() };
    Response::Supplier(SupplierResponse::Booking(Booking::Refused(refusal)))
}

/// Its card, with what its mark makes of it.
///
/// # Panics
/// When its mark says so.
#[must_use]
pub fn card(id: &str) -> serde_json::Value {
    let mut card = json!({
        "id": id, "kind": "supplier", "family": "bad", "version": "0.1.0", "contract": {"major": 1, "minor": 0},
        "summary": "Bad on purpose.", "capabilities": {"supplier": SupplierCapabilities::from(Calls::book().inquire(0))},
        "instance_settings": schema_of::<Settings>(), "connection_settings": {"type": "object"},
    });
    match mark() {
        "panic-in-manifest" => panic!("told to"),
        "other-id" => card["id"] = json!("another-plugin"),
        "other-major" => card["contract"]["major"] = json!(99),
        "newer-minor" => card["contract"]["minor"] = json!(77),
        "panic-abort" => card["panic"] = json!("abort"),
        "impossible" => card["capabilities"]["supplier"]["fulfils"] = json!({"by": "magic"}),
        _ => {}
    }
    card
}

struct Bad {
    id: &'static str,
}

#[async_trait]
impl Plugin for Bad {
    fn manifest(&self) -> Manifest {
        serde_json::from_value(card(self.id)).unwrap_or_else(|fault| panic!("the card: {fault}"))
    }

    async fn open(
        &self,
        request: OpenRequest,
        _services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let settings: Settings = parse(&request.settings)?;
        let mut opened = Opened::default();
        match settings.defect {
            Defect::PanicInOpen => panic!("told to"),
            Defect::NeverOpens => std::future::pending().await,
            Defect::StrayAnswers => opened.answers.push(stray()?),
            _ => {}
        }
        Ok((Arc::new(BadInstance(settings)), opened))
    }
}

fn stray() -> Result<ReadyAnswers, Fault> {
    let scene = "stray".parse().map_err(|fault| Fault::invalid(format!("{fault}")))?;
    let raw = || RawResponse::json(b"{}".to_vec());
    let (busy, timed_out, refused, unplaced, malformed) = (raw(), raw(), raw(), raw(), raw());
    Ok(ReadyAnswers { scene, busy, timed_out, refused, unplaced, stored: None, malformed })
}

struct BadInstance(Settings);

/// Panics when it is dropped.
struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        panic!("told to, in a destructor");
    }
}

impl Drop for BadInstance {
    fn drop(&mut self) {
        if self.0.defect == Defect::PanicInDrop {
            drop(Trap);
        }
    }
}

#[async_trait]
impl Instance for BadInstance {
    async fn call(&self, _: CallContext, request: Request, services: Arc<dyn Services>) -> Result<Response, Fault> {
        let (order, inquires) = match request {
            Request::Supplier(SupplierRequest::Book { order }) => (order, false),
            Request::Supplier(SupplierRequest::Inquire { order, .. }) => (order, true),
            other => return Err(Fault::unsupported(other.name())),
        };
        if order.product_code != FINE {
            match self.0.defect {
                Defect::PanicInCall => panic!("told to"),
                Defect::PanicTwice => std::panic::panic_any(Trap),
                Defect::PanicInDrop => drop(Trap),
                Defect::Block => self.hold(&order, || std::thread::sleep(Duration::from_millis(5))),
                Defect::Spin => self.hold(&order, || (0..100_000).for_each(|_| std::hint::spin_loop())),
                Defect::Hang => std::future::pending().await,
                Defect::Huge => return Ok(says("x".repeat(5 * 1024 * 1024))),
                Defect::Longwinded => return Ok(says("x".repeat(TEXT_LIMIT_BYTES + 1))),
                Defect::OtherAnswer => return Ok(Response::Supplier(SupplierResponse::Codes { rows: Vec::new() })),
                Defect::Lie if inquires => return Err(Fault::unsupported("inquire")),
                Defect::Leak => leak(services),
                _ => {}
            }
        }
        Ok(answer(order.order.as_str()))
    }

    async fn close(&self) {
        match self.0.defect {
            Defect::PanicInClose => panic!("told to"),
            Defect::NeverCloses => std::future::pending().await,
            _ => {}
        }
    }
}

impl BadInstance {
    /// Keeps the thread until the file is there.
    fn hold(&self, order: &SupplierOrder, pass_time: impl Fn()) {
        let Some(until) = &self.0.until else { return };
        // That it cannot be written shows in the test, which waits for it.
        let _ = std::fs::write(began(until, order.order.as_str()), "");
        while !until.exists() {
            pass_time();
        }
    }
}

/// The file that says that an order's call holds its thread.
#[must_use]
pub fn began(until: &Path, order: &str) -> std::path::PathBuf {
    until.with_extension(order)
}

fn leak(services: Arc<dyn Services>) {
    Box::leak(vec![1_u8; 64 * 1024].into_boxed_slice());
    std::mem::forget(Arc::clone(&services));
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        services.log(LogLevel::Info, "long after the call");
        std::thread::park();
    });
}
