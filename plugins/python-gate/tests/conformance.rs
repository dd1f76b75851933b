//! The suite every plugin passes, against the simulated gate's desk: the Python process, and `simple-gate` beside it.

#[path = "../../simple-gate/tests/fixture.rs"]
mod fixture;

use std::path::Path;
use std::sync::Arc;

use entrepot_conformance::Suite;
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_host::transport::child;
use entrepot_host::{ProcessDeclaration, ProcessRules};

#[test]
fn conforms_as_the_same_supplier_in_rust_does() {
    // The process lives on a runtime of its own, as long as the suite asks it.
    let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|fault| panic!("no runtime: {fault}"));
    let declaration = ProcessDeclaration {
        plugin: "python-gate".parse().unwrap_or_else(|fault| panic!("{fault}")),
        program: "python3".to_owned(),
        arguments: vec!["main.py".to_owned()],
        folder: Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(),
        environment: Vec::new(),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let started = runtime.block_on(child::start(declaration, ProcessRules::default(), &clock));
    let process = started.unwrap_or_else(|fault| panic!("{fault}"));
    let python = Suite::of(Arc::clone(&process) as _, fixture::fixture()).run();
    assert!(python.conforms(), "as a process:\n{python}");
    assert!(process.runs() && process.reports().is_empty(), "it went through all of it: {:?}", process.reports());
    let rust = Suite::of(simple_gate::plugin(), fixture::fixture()).run();
    let differences = rust.differences(&python);
    assert!(differences.is_empty(), "the two suppliers differ: {differences:?}");
    runtime.block_on(process.stop());
}
