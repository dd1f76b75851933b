//! What becomes of a row.
#![allow(clippy::unwrap_used)]

use entrepot_sdk::prelude::*;
use entrepot_sdk::testing::Bench;
use serde_json::json;

#[test]
fn a_password_is_a_second_credential() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let prepared = runtime.block_on(async {
        let bench = Bench::new(code_pool::plugin()).settings(json!({"show_as": "voucher_number"}));
        let row = CodeRow { line: 2, code: " A1 ".to_owned(), password: Some("p1".to_owned()) };
        bench.open().await?.prepare_codes(vec![row]).await
    });
    let credentials = prepared.unwrap().remove(0).result.unwrap();
    let told: Vec<_> = credentials.iter().map(|credential| (credential.kind, credential.value.as_str())).collect();
    assert_eq!(told, [(CredentialKind::VoucherNumber, "A1"), (CredentialKind::Password, "p1")]);
}
