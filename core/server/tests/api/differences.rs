//! Differences: listed, exported and settled.

use entrepot_domain::difference::{Difference, DifferenceKind};
use entrepot_engine::notes::ComparedDay;
use serde_json::{Value, json};

use crate::house::{House, everywhere};

const PATH: &str = "/merchants/lakeside/differences";
const DAY: &str = "2026-10-01";

async fn found(house: &House, subjects: &[(&str, DifferenceKind)]) {
    let of = ComparedDay {
        merchant: "lakeside".parse().unwrap(),
        connection: "lakeside-douyin".parse().unwrap(),
        day: DAY.parse().unwrap(),
    };
    let difference = |(subject, kind): &(&str, DifferenceKind)| Difference {
        kind: *kind,
        subject: (*subject).to_owned(),
        order: None,
        // Reservation r-8009 is of voucher 8009.
        voucher: subject.strip_prefix("r-").map(|voucher| voucher.parse().unwrap()),
        ours: "=SUM(A1)".to_owned(),
        theirs: "无".to_owned(),
    };
    let storage = house.app.engine.storage();
    storage.found(&of, subjects.iter().map(difference).collect(), house.app.engine.now()).await.unwrap();
}

async fn rows(house: &House, query: &str) -> Vec<Value> {
    house.get(&format!("{PATH}{query}")).await.ok()["differences"].as_array().unwrap().clone()
}

fn settling(note: &str) -> Value {
    json!({ "connection": "lakeside-douyin", "day": DAY, "kind": "amount", "subject": "8001", "note": note })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn differences_are_listed_with_advice_and_leave_as_files() {
    everywhere(async |house| {
        found(house, &[("8001", DifferenceKind::Amount), ("8002", DifferenceKind::MissingHere)]).await;
        let all = rows(house, "").await;
        assert_eq!(all.len(), 2);
        assert_eq!(
            (&all[0]["kind"], &all[0]["subject"], &all[0]["day"]),
            (&json!("amount"), &json!("8001"), &json!(DAY))
        );
        assert!(all[0]["advice_zh"].as_str().unwrap().contains("账单"), "{all:?}");
        assert!(all[0]["advice_en"].is_string() && all[0]["settled_at"].is_null());
        assert!(rows(house, "?connection=hilltop-douyin").await.is_empty());
        assert!(rows(house, "?day=2026-10-02").await.is_empty());
        assert_eq!(rows(house, &format!("?connection=lakeside-douyin&day={DAY}&limit=1")).await.len(), 1);

        let csv = house.get(&format!("{PATH}?format=csv")).await;
        assert_eq!((csv.status, csv.kind.as_str()), (200, "text/csv; charset=utf-8"));
        let text = csv.body.as_str().unwrap();
        assert!(text.starts_with("\u{feff}day,connection,kind,subject,"), "{text}");
        assert!(text.contains(",'=SUM(A1),无,"), "{text}");
        let xlsx = house.get(&format!("{PATH}?format=xlsx")).await;
        assert!(xlsx.status == 200 && xlsx.kind.ends_with("spreadsheetml.sheet"), "{}", xlsx.kind);
        assert!(xlsx.body.as_str().unwrap().starts_with("PK"));
        house.get(&format!("{PATH}?format=pdf")).await.problem(400, "malformed");
        house.get(&format!("{PATH}?day=soon")).await.problem(400, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_is_settled_with_a_note_and_stands_again_when_it_is_found_again() {
    everywhere(async |house| {
        found(house, &[("8001", DifferenceKind::Amount)]).await;
        let path = format!("{PATH}/settle");
        house.post(&path, settling(" ")).await.problem(422, "malformed");
        let mut without = settling("x");
        without.as_object_mut().unwrap().remove("note");
        house.post(&path, without).await.problem(400, "malformed");
        let reader = house.token(json!({ "name": "eyes", "role": "read_only", "merchant": "lakeside" })).await;
        house.with(&reader, "POST", &path, Some(&settling("n"))).await.problem(403, "forbidden");
        assert_eq!(house.with(&reader, "GET", PATH, None).await.ok()["differences"].as_array().unwrap().len(), 1);

        let first = house.repeat("k", "POST", &path, &settling("the bill was corrected")).await.ok();
        assert_eq!(first["settled"], true);
        assert_eq!(house.repeat("k", "POST", &path, &settling("the bill was corrected")).await.ok(), first);
        house.post(&path, settling("another word")).await.problem(404, "not_found");
        assert!(rows(house, "").await.is_empty());
        let settled = rows(house, "?settled=true").await;
        assert_eq!(settled[0]["settled_by"], "console: the bill was corrected");
        let lines = house.audit().await;
        let line = lines.iter().find(|line| line.act == "settled a difference").unwrap();
        assert!(line.subject == "8001" && line.detail.contains("the bill was corrected"), "{line:?}");
        found(house, &[("8001", DifferenceKind::Amount)]).await;
        assert_eq!(rows(house, "").await.len(), 1, "a later comparison finds it again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reservation_stands_under_its_voucher() {
    everywhere(async |house| {
        let kinds = [
            ("8001", DifferenceKind::Amount),
            ("8009", DifferenceKind::Amount),
            ("9000", DifferenceKind::Amount),
            ("r-8001", DifferenceKind::Units),
            ("r-8009", DifferenceKind::State),
        ];
        found(house, &kinds).await;
        let shown = rows(house, "").await;
        let subjects: Vec<&str> = shown.iter().map(|row| row["subject"].as_str().unwrap()).collect();
        assert_eq!(subjects, ["8001", "r-8001", "8009", "r-8009", "9000"]);
        assert_eq!((&shown[1]["voucher"], &shown[0]["voucher"]), (&json!("8001"), &Value::Null));
    })
    .await;
}
