//! What goes wrong while opening and closing.

use entrepot_host::State;
use serde_json::{Value, json};

use crate::stage::{START, Stage, key};

async fn refused(stage: &Stage, settings: Value) -> String {
    stage.open("bad-plugin", "bad", settings).await.err().unwrap().to_string()
}

#[tokio::test]
async fn settings_are_refused_at_their_key_without_their_value() {
    let stage = Stage::with("bad-plugin", "none");
    let text = refused(&stage, json!({"defect": "n0nsense", "until": 7})).await;
    assert!(text.starts_with("the settings of bad-plugin/bad do not fit: "), "{text}");
    assert!(text.contains("defect: ") && text.contains("until: ") && !text.contains("n0nsense"), "{text}");
    let text = refused(&stage, json!({"defct": "none"})).await;
    assert!(text.contains("defct"), "{text}");
}

#[tokio::test]
async fn an_opening_that_fails_is_named_and_the_others_open() {
    let stage = Stage::with("bad-plugin", "none");
    let cases = [("panic_in_open", "panicked at"), ("stray_answers", "has answers for the scene stray")];
    for (defect, expected) in cases {
        let text = refused(&stage, json!({"defect": defect})).await;
        assert!(text.contains("bad-plugin/bad did not open") && text.contains(expected), "{text}");
        assert_eq!(stage.troubles("bad-plugin", "bad"), [("it is not open".to_owned(), START)]);
        assert_eq!(stage.status("bad-plugin", "bad").reports.last().unwrap().text, text);
    }
    let twin = stage.open("bad-plugin", "twin", json!({})).await.unwrap();
    assert_eq!(stage.book(&twin, "any").await.unwrap(), "o1");
    let mended = stage.open("bad-plugin", "bad", json!({})).await.unwrap();
    assert_eq!(stage.book(&mended, "any").await.unwrap(), "o1");
    assert_eq!(stage.troubles("bad-plugin", "bad"), []);
}

/// The host's time runs by itself here: nothing else is waited for.
#[tokio::test(start_paused = true)]
async fn an_opening_without_an_end_is_given_up() {
    let stage = Stage::with("bad-plugin", "none");
    let text = refused(&stage, json!({"defect": "never_opens"})).await;
    assert!(text.contains("bad-plugin/bad did not open: no answer within"), "{text}");
    assert_eq!(stage.status("bad-plugin", "bad").state, State::Failed);
}

#[tokio::test]
async fn closing_ends_whatever_the_plugin_does() {
    let stage = Stage::with("bad-plugin", "none");
    for defect in ["panic_in_close", "never_closes", "panic_in_drop", "leak"] {
        let running = stage.open("bad-plugin", "bad", json!({"defect": defect})).await.unwrap();
        assert_eq!(stage.book(&running, "fine").await.unwrap(), "o1");
        assert!(stage.host.close(&key("bad-plugin", "bad")).await);
        assert_eq!(stage.status("bad-plugin", "bad").state, State::Closed, "{defect}");
        assert_eq!(stage.troubles("bad-plugin", "bad"), []);
    }
    let again = stage.open("bad-plugin", "bad", json!({})).await.unwrap();
    assert_eq!(stage.book(&again, "any").await.unwrap(), "o1");
}
