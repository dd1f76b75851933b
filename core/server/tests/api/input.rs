//! Bad input, at every endpoint of the table: a problem that is the caller's, and nothing changed.

use entrepot_server::api::{Endpoint, endpoints};
use serde_json::{Value, json};

use crate::house::{House, everywhere};

/// A path of the table, with things that are there.
fn path_of(endpoint: &Endpoint) -> String {
    let places = [
        ("{merchant}", "lakeside"),
        ("{connection}", "lakeside-douyin"),
        ("{product}", "lake"),
        ("{sku}", "boat"),
        ("{listing}", "boat"),
        ("{distributor}", "bluebird"),
        ("{pool}", "swans"),
        ("{code}", "C-none"),
        ("{order}", "T-none"),
        ("{refund}", "R-none"),
        ("{job}", "J-none"),
        ("{token}", "K-none"),
        ("{stop}", "fog"),
    ];
    let path = places.into_iter().fold(endpoint.path.to_owned(), |path, (place, with)| path.replace(place, with));
    assert!(!path.contains('{'), "{path}");
    path
}

async fn everything(house: &House) -> Vec<Value> {
    let mut found = Vec::new();
    for path in [
        "/merchants/lakeside/catalogue",
        "/merchants/lakeside/calendar?sku=boat&from=2099-01-01&to=2099-12-31",
        "/merchants/lakeside/distributors",
        "/merchants/lakeside/distributors/bluebird/statement",
        "/merchants/lakeside/pools",
        "/merchants/lakeside/orders",
        "/merchants/lakeside/refunds",
        "/merchants/lakeside/jobs",
        "/connections",
        "/tokens",
    ] {
        found.push(house.get(path).await.ok());
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_sent_gives_a_server_error_or_a_change() {
    everywhere(async |house| {
        house.furnish().await;
        let before = everything(house).await;
        let audit = house.audit().await.len();
        let deep = "[".repeat(100_000);
        let bodies: Vec<Vec<u8>> = vec![
            Vec::new(),
            b"{".to_vec(),
            b"null".to_vec(),
            b"7".to_vec(),
            b"[]".to_vec(),
            b"\"text\"".to_vec(),
            b"{}".to_vec(),
            b"\xff\xfe\x00".to_vec(),
            b"{\"nonsense\": 1}".to_vec(),
            b"{\"amount_minor\": 99999999999999999999999999}".to_vec(),
            b"{\"amount_minor\": 1e999}".to_vec(),
            b"{\"limit_minor\": \"1\", \"threshold\": \"1\", \"switch\": 1, \"agree\": 1, \"name\": 1}".to_vec(),
            deep.into_bytes(),
        ];
        for endpoint in endpoints().iter().filter(|endpoint| endpoint.body.is_some()) {
            let path = path_of(endpoint);
            for body in &bodies {
                let got = house.bytes(endpoint.method.as_str(), &path, "application/json", body).await;
                let text = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
                assert!((400..500).contains(&got.status), "{} {path} {text}: {got:?}", endpoint.method);
                got.refused();
            }
        }
        assert_eq!(everything(house).await, before);
        assert_eq!(house.audit().await.len(), audit);
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_are_refused() {
    everywhere(async |house| {
        let large = serde_json::to_vec(&json!({ "name": "x".repeat(2 << 20) })).unwrap();
        for endpoint in endpoints().iter().filter(|endpoint| endpoint.body.is_some()) {
            let path = path_of(endpoint);
            // Files of codes and whole calendars are long.
            if path.ends_with("/codes") || path.ends_with("/calendar") {
                continue;
            }
            let got = house.bytes(endpoint.method.as_str(), &path, "application/json", &large).await;
            got.problem(413, "too_large");
        }
        let larger = vec![b'x'; (16 << 20) + 1];
        let got = house.bytes("POST", "/merchants/lakeside/calendar", "application/json", &larger).await;
        got.problem(413, "too_large");
        let larger = vec![b'x'; (64 << 20) + 1];
        let got = house.bytes("POST", "/merchants/lakeside/pools/swans/codes", "text/csv", &larger).await;
        got.problem(413, "too_large");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_are_read_strictly() {
    everywhere(async |house| {
        house.furnish().await;
        for endpoint in endpoints().iter().filter(|endpoint| !endpoint.query.is_empty() && !endpoint.writes()) {
            let path = path_of(endpoint);
            for query in ["limit=-1", "limit=x", "limit=99999999999", "colour=red", "from=yesterday", "after=%00"] {
                house.get(&format!("{path}?{query}")).await.refused();
            }
        }
        for (path, query) in [
            ("orders", "arrive=2099-02-30"),
            ("orders", "arrive=0000-00-00"),
            ("calendar", "sku=boat&from=99999-01-01&to=2099-01-01"),
            ("calendar", "sku=boat&from=2099-02-01&to=2099-01-01"),
            ("calendar", "from=2099-02-01&to=2099-02-01"),
        ] {
            house.get(&format!("/merchants/lakeside/{path}?{query}")).await.refused();
        }
    })
    .await;
}
