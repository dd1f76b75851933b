//! The suite counts what it finds, and is not mistaken for having found what it did not look for. That each check sees
//! its defect is shown by the matrix of `bad-plugin`.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use entrepot_conformance::{Booked, Fixture, OtherSide, Report, Suite, Verdict};
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

struct Somebody {
    trouble: Option<String>,
}

impl OtherSide for Somebody {
    fn answer(&self, _request: &HttpRequest) -> Result<HttpResponse, Fault> {
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: "?".to_owned() })
    }

    fn booked(&self) -> Vec<Booked> {
        Vec::new()
    }

    fn cancelled(&self, _order: &str) -> UsedUnits {
        UsedUnits::Number { numbers: Vec::new() }
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }
}

fn suite_with(trouble: Option<&str>) -> Suite {
    let trouble = trouble.map(str::to_owned);
    let fixture = Fixture::supplier("p", move || Arc::new(Somebody { trouble: trouble.clone() }));
    let fixture = fixture.bad_setting(json!({"x": 1}), "x").secret("token", "careless-token-77");
    Suite::for_supplier(plugin_of_supplier::<Careless>, fixture)
}

fn result(report: &Report, name: &str) -> Verdict {
    let check = report.checks.iter().find(|check| check.name == name);
    check.unwrap_or_else(|| panic!("no check is named {name}")).result
}

#[test]
fn defects_are_found_and_counted() {
    let report = suite_with(None).run();
    for failed in [
        "booking_fills_each_unit",
        "garbage_for_a_booking_is_unknown",
        "server_error_is_unknown",
        "secrets_reach_no_log",
        "secret_headers_are_marked",
    ] {
        assert_eq!(result(&report, failed), Verdict::Failed, "{failed}\n{report}");
    }
    assert_eq!(result(&report, "card_kind_fits_its_capabilities"), Verdict::Passed, "{report}");
    assert_eq!(result(&report, "cancelling_gives_all_units_back"), Verdict::NotDeclared);
    assert_eq!(result(&report, "refusal_is_an_answer"), Verdict::NotRun, "no product is refused here");
    assert!(!report.conforms());
    let counted = report.passed + report.failed + report.not_declared + report.not_run;
    assert_eq!(counted, report.checks.len());
}

#[test]
fn a_failed_check_says_what_to_do() {
    let check = suite_with(None).run_one("redirect_is_no_answer").unwrap();
    assert!(check.why.unwrap().contains("should be unknown"));
    assert!(check.rule.unwrap().contains("no answer to a booking"));
}

#[test]
fn an_other_side_in_trouble_is_not_believed() {
    let check = suite_with(Some("nobody listens there")).run_one("redirect_is_no_answer").unwrap();
    assert_eq!(check.result, Verdict::Failed);
    assert!(check.why.unwrap().contains("nobody listens there"));
}

#[test]
fn a_missing_library_is_a_failure() {
    let fault = suite_with(None).run_library().unwrap_err();
    assert!(fault.contains("cargo xtask libraries"), "{fault}");
}

#[test]
fn nothing_checked_does_not_conform() {
    let nothing = Report { passed: 0, failed: 0, not_declared: 3, not_run: 2, checks: Vec::new() };
    assert!(!nothing.conforms());
}

#[test]
fn the_report_is_told_as_promised() {
    let told = serde_json::to_value(suite_with(None).run()).unwrap();
    assert!(told["passed"].as_u64().unwrap() > 10 && told["failed"].as_u64().unwrap() > 10, "{told}");
    assert!(told["not_declared"].is_u64());
    let first = &told["checks"][0];
    assert_eq!((&first["name"], &first["result"]), (&json!("card_kind_fits_its_capabilities"), &json!("passed")));
}
