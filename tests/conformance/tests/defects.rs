//! The suite finds what it is there to find.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use entrepot_conformance::{Booked, Fixture, OtherSide, Report, Side, Suite, SupplierSide, Verdict};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use serde_json::json;

/// Books once at a partner that answers nothing readable, says "not done", and logs its secret.
struct Careless {
    token: Secret,
}

#[async_trait]
impl Supplier for Careless {
    type Settings = NoSettings;

    fn card() -> Card<SupplierCapabilities> {
        Card {
            id: "careless",
            family: "tests",
            version: "1",
            summary: "Does it wrong.",
            capabilities: Calls::book().into(),
            secrets: vec!["token"],
            scenes: vec![],
            clear_fields: vec![],
        }
    }

    async fn open(context: &OpenContext, _settings: NoSettings) -> Result<Self, Fault> {
        Ok(Self { token: context.secret("token").await? })
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        call.log(LogLevel::Info, self.token.expose());
        let request = http::post("book", "http://partner.test").header("x-token", self.token.expose());
        let response = call.http(request.json(&order.order).build()).await?;
        assert_ne!(response.status, 500, "a plugin that panics fails checks, not the suite");
        Err(Fault::not_done(FaultKind::Garbled, "whatever"))
    }
}

struct Nobody;

impl OtherSide for Nobody {
    fn answer(&self, _request: &HttpRequest) -> Result<HttpResponse, Fault> {
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: "?".to_owned() })
    }

    fn booked(&self) -> Vec<Booked> {
        Vec::new()
    }

    fn cancelled(&self, _order: &str) -> UsedUnits {
        UsedUnits::Number { numbers: Vec::new() }
    }
}

fn suite() -> Suite {
    let fixture = Fixture {
        example: "",
        bad_settings: vec![(json!({"x": 1}), "x")],
        secrets: vec![("token", "careless-token-77")],
        side: Side::Supplier(SupplierSide { product: "p", refused_product: None, other_side: || Arc::new(Nobody) }),
    };
    Suite::for_supplier(plugin_of_supplier::<Careless>, fixture)
}

fn result(report: &Report, name: &str) -> Verdict {
    let check = report.checks.iter().find(|check| check.name == name);
    check.unwrap_or_else(|| panic!("no check is named {name}")).result
}

#[test]
fn defects_are_found_and_counted() {
    let report = suite().run_built_in();
    for failed in [
        "booking_fills_each_unit",
        "garbage_for_a_booking_is_unknown",
        "server_error_is_unknown",
        "secrets_and_guests_stay_out_of_sight",
        "secret_headers_are_marked",
    ] {
        assert_eq!(result(&report, failed), Verdict::Failed, "{failed}\n{report}");
    }
    assert_eq!(result(&report, "manifest_is_sane"), Verdict::Passed, "{report}");
    assert_eq!(result(&report, "cancelling_gives_all_units_back"), Verdict::NotDeclared);
    assert!(!report.conforms());
    assert_eq!(report.passed + report.failed + report.not_declared, report.checks.len());
}

#[test]
fn names_are_distinct() {
    let report = suite().run_built_in();
    let mut names: Vec<&str> = report.checks.iter().map(|check| check.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), report.checks.len());
}

#[test]
fn a_missing_library_is_a_failure() {
    let fault = suite().run_library().unwrap_err();
    assert!(fault.contains("cargo xtask libraries"), "{fault}");
}

#[test]
fn nothing_checked_does_not_conform() {
    let nothing = Report { passed: 0, failed: 0, not_declared: 3, checks: Vec::new() };
    assert!(!nothing.conforms());
}
