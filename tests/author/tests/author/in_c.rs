//! A plugin without Rust.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::Path;
use std::process::Command;

use entrepot_author::hosted::{Hosted, ask, order};
use entrepot_contract::fault::FaultKind;
use entrepot_contract::supplier::SupplierRequest;
use serde_json::json;

#[tokio::test]
async fn a_plugin_in_c_is_loaded_opened_and_called() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join(format!("{DLL_PREFIX}minimal_c{DLL_SUFFIX}"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("minimal.c");
    let compiled = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-o"])
        .args([&library, &source])
        .output()
        .unwrap_or_else(|fault| panic!("cc, the C compiler, cannot be run ({fault}): install one, gcc or clang"));
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let hosted = Hosted::load("minimal-c", &library);
    assert_eq!(hosted.card()["summary"], "One ticket at a time, from a plugin in C.");
    let running = hosted.open(None, &[]).await;
    let booked = ask(&running, SupplierRequest::Book { order: order("T1", 1) }).await.unwrap();
    assert_eq!(booked["units"], json!([{"unit": 1, "credentials": [{"kind": "qr_code", "value": "C-1"}]}]));
    let undeclared = ask(&running, SupplierRequest::Inquire { order: order("T1", 1), memo: None }).await;
    assert_eq!(undeclared.unwrap_err().kind, FaultKind::Unsupported);
}
