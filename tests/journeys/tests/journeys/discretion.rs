//! What must stand nowhere: guests, secrets, codes.

use std::fs;

use douyin_simulator::Person;
use serde_json::json;

use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::signed::{CLIENT_SECRET, Signed};
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

const NAME: &str = "欧阳测试";
const PHONE: &str = "13912345678";
const DOCUMENT: &str = "110101199003070011";
const CODE: &str = "SECRET-CODE-4711";

#[tokio::test]
async fn neither_log_nor_file_tells_of_guests_secrets_or_codes() {
    for given in databases::all().await {
        let mut stage = Stage::set(given).await;
        let offer = Offer::from_the_pool();
        let codes = json!({ "codes": [{ "code": CODE }] });
        stage.office.post("/merchants/lakeside/pools/summer/codes", codes).await;
        stage.office.offer(&offer, &stage.day, 10).await;
        let mut purchase = stage.purchase(&offer, 1);
        purchase.buyer = Person::new(NAME, PHONE);
        purchase.tourists = vec![Person::new(NAME, PHONE).with_identity_card(DOCUMENT)];
        let bought = stage.platform.buy(&purchase).await;
        assert!(bought.issued.as_ref().is_some_and(|reply| reply.data()["result"] == 1), "{:?}", bought.issued);
        let order = bought.order.unwrap();
        // The same guest where nothing can be understood, or believed.
        let mut body = stage.create_body(&offer, "8000000000000000001", 1);
        body["buyer"] = json!({ "name": NAME, "phone": PHONE, "license_type": 1, "license_id": DOCUMENT });
        body["count"] = json!("many");
        stage.call("create-order", &body).await;
        let mut forged = Signed::of("create-order", &body);
        forged.sign = None;
        assert_eq!(stage.send(&forged).await.0, 401);
        let wrong = json!({ "code": CODE, "guest": NAME });
        assert_eq!(stage.office.ask("POST", "/merchants/lakeside/redemptions", Some(&wrong)).await.0, 400);
        stage.office.post("/merchants/lakeside/redemptions", json!({ "code": CODE })).await;
        until("the platform is told", async || {
            let state = stage.platform.order(&order.order_id).map(|order| order.state);
            (state == Some(douyin_simulator::OrderState::Used)).then_some(())
        })
        .await;
        let ours = stage.office.order(&order.order_id).await;
        let id = ours["id"].as_str().unwrap();
        let guests = stage.office.get(&format!("/merchants/lakeside/orders/{id}/guests")).await;
        assert!(guests.to_string().contains(NAME), "who may see guests sees them: {guests}");
        let exchanges = stage.office.get(&format!("/merchants/lakeside/orders/{id}/interface-log")).await;
        let token = stage.office.token.clone();
        assert_eq!(stage.server.terminate().code(), Some(0));
        let log = stage.server.log();
        assert!(log.contains("DEBUG") || log.contains("\"debug\""), "the log is at level debug: {log}");
        for secret in [NAME, PHONE, DOCUMENT, CODE, CLIENT_SECRET, "demo-gate-token", token.as_str()] {
            assert!(!log.contains(secret), "the log tells {secret}");
            assert!(!exchanges.to_string().contains(secret), "the interface log tells {secret}");
        }
        if let Some(file) = &stage.given.file {
            let folder = file.parent().unwrap();
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if !path.file_name().unwrap().to_string_lossy().starts_with("test.db") {
                    continue;
                }
                let bytes = fs::read(&path).unwrap();
                for secret in [NAME, PHONE, DOCUMENT, CODE, CLIENT_SECRET, token.as_str()] {
                    let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                    assert!(!found, "{} tells {secret}", path.display());
                }
            }
        }
    }
}
