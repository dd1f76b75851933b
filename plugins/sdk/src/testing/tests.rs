//! Recordings: written, read, played, and what is wrong with them.

use std::sync::Arc;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::services::{HttpRequest, HttpResponse, ServiceRequest, ServiceResponse, Services};
use serde_json::json;

use super::World;
use super::recording::{self, MASK};
use crate::{Secret, http};

const KEY: &str = "k\"ey/53cret";

async fn send(world: &Arc<World>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    match world.request(ServiceRequest::Http(request)).await? {
        ServiceResponse::Http(response) => Ok(response),
        other => panic!("{other:?}"),
    }
}

fn requests(key: &str, sign: &str) -> Vec<HttpRequest> {
    let url = "http://partner.test/tickets";
    vec![
        http::post("book", url)
            .bearer(&Secret::new(key))
            .json(&json!({"count": 2, "sign": sign, "key": [key]}))
            .build(),
        http::post("book", url).form(&[("xml", &format!("<key>{key}</key>")), ("SIGN", sign)]).build(),
        http::get("ask", format!("{url}?key={}&sign={sign}&page=2", http::segment(key))).build(),
        http::post("say", url).body("text/plain", format!("key is {key}")).build(),
    ]
}

fn answer(request: &HttpRequest) -> Result<HttpResponse, Fault> {
    let ok = |body: String| Ok(HttpResponse { status: 200, headers: Vec::new(), body });
    match request.api.as_str() {
        "book" => ok(json!({"tickets": ["T1"], "token": KEY}).to_string()),
        "ask" => ok("{ \"spaced\": 80.00 }".to_owned()),
        _ => Err(Fault::unknown(FaultKind::TimedOut, format!("nobody took {KEY}"))),
    }
}

async fn recorded() -> String {
    let world = World::new();
    world.secret("key", KEY).hide(&["sign"]).other_side(answer);
    for request in requests(KEY, "one-signature") {
        let _ = send(&world, request).await;
    }
    recording::text(&world.recorded())
}

#[tokio::test]
async fn what_was_recorded_is_played_to_another_secret() {
    let text = recorded().await;
    let world = World::new();
    world.secret("key", "another").hide(&["sign"]).script(recording::parse("r.jsonl", &text).unwrap());
    let mut bodies = Vec::new();
    for request in requests("another", "another-signature") {
        bodies.push(send(&world, request).await.map(|response| response.body));
    }
    world.assert_script_played();
    let token = json!({"tickets": ["T1"], "token": MASK}).to_string();
    assert_eq!(bodies[0].as_ref().unwrap(), &token);
    assert_eq!(bodies[2].as_ref().unwrap(), "{ \"spaced\": 80.00 }", "bytes are kept");
    assert_eq!(bodies[3].as_ref().unwrap_err().kind, FaultKind::TimedOut);
}

#[tokio::test]
async fn a_recording_holds_no_secret() {
    let text = recorded().await;
    let quoted = json!(KEY).to_string();
    for hidden in [KEY, quoted.trim_matches('"'), &http::segment(KEY), "53cret", "one-signature", "authorization"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    assert!(text.contains("page=2") && text.contains("\"count\":2"), "{text}");
}

#[tokio::test]
async fn another_call_than_the_recorded_one_is_told() {
    let recorded =
        r#"{"request":{"method":"POST","url":"http://p/t","json":{"guests":[{"name":"A"}]}},"answer":{"status":200}}"#;
    let form =
        r#"{"request":{"method":"POST","url":"http://p/t","form":[["a","1"],["b","2"]]},"answer":{"status":200}}"#;
    for (recorded, request, complaint) in [
        (recorded, http::get("x", "http://p/t"), "expected POST http://p/t, found GET http://p/t"),
        (recorded, http::post("x", "http://p/t").json(&json!({"guests": [{"name": "B"}]})), "at guests[0].name"),
        (recorded, http::post("x", "http://p/t"), "its JSON differs"),
        (form, http::post("x", "http://p/t").form(&[("b", "2")]), "its form differs"),
    ] {
        let world = World::new();
        world.script(recording::parse("r.jsonl", recorded).unwrap());
        let fault = send(&world, request.build()).await.unwrap_err();
        assert!(fault.text.contains(complaint), "{}", fault.text);
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.assert_script_played()));
        assert!(played.is_err(), "a wrong call counts as played");
    }
    let world = World::new();
    world.script(recording::parse("r.jsonl", form).unwrap());
    send(&world, http::post("x", "http://p/t").form(&[("b", "2"), ("a", "1")]).build()).await.unwrap();
    world.assert_script_played();
}

#[test]
fn a_faulty_recording_says_where() {
    let ok = r#"{"request":{"method":"GET","url":"u"},"answer":{"status":200}}"#;
    for (text, at) in [
        ("", "r.jsonl: it holds no exchange"),
        ("# nothing\n\n", "r.jsonl: it holds no exchange"),
        (
            &format!("{ok}\n# next\n{{\"request\":{{\"method\":\"GET\"}}}}"),
            "r.jsonl, line 3: request: missing field `url`",
        ),
        (&format!("{ok}\nnot json"), "r.jsonl, line 2: "),
        (r#"{"request":{"method":"GET","url":"u"}}"#, "line 1: say what came back"),
        (
            r#"{"request":{"method":"GET","url":"u","json":1,"text":"1"},"answer":{"status":200}}"#,
            "line 1: request: say its body once",
        ),
        (
            r#"{"request":{"method":"GET","url":"u"},"answer":{"status":200,"json":1,"text":"1"}}"#,
            "line 1: answer: say its body once",
        ),
        (r#"{"request":{"method":"GET","url":"u"},"answer":{"status":"200"}}"#, "line 1: answer.status: "),
        (
            r#"{"request":{"method":"GET","url":"u","boddy":1},"answer":{"status":200}}"#,
            "line 1: request.boddy: unknown field",
        ),
    ] {
        let fault = recording::parse("r.jsonl", text).unwrap_err().to_string();
        assert!(fault.contains(at), "{text}: {fault}");
    }
    assert!(recording::load("no/such.jsonl").unwrap_err().to_string().starts_with("no/such.jsonl: cannot be read"));
}
