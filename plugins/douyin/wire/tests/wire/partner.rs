//! What plugins share of Douyin as a partner: the settings' shape and each scene's ready answers. What calls mean and outcomes
//! are answered is tested by the plugins, against the pages' examples.

use douyin_wire::partner::ready;
use douyin_wire::partner::scenes::Scene;
use douyin_wire::partner::settings::{BillDate, SharedSettings};
use entrepot_sdk::contract::channel::{RawResponse, ReadyAnswers};
use entrepot_sdk::settings::{parse, schema_of};
use serde_json::{Value, json};

douyin_wire::application_settings! {
    /// A solution with one key of its own.
    pub struct Example {
        /// Its own.
        #[schemars(range(min = 1, max = 9))]
        doors: u8 = 3,
    }
}

/// A plugin's keys and the shared ones stand side by side, and nothing else may.
#[test]
fn settings_are_one_closed_table() {
    let settings: Example = parse(&json!({"doors": 4, "bill_date": "plain"})).unwrap();
    assert_eq!((settings.doors, settings.shared().bill_date), (4, BillDate::Plain));
    assert_eq!((Example::default().doors, Example::default().shared().orders_page_size), (3, 50));
    let (own, shared) = (schema_of::<Example>(), schema_of::<SharedSettings>());
    assert_eq!(own["additionalProperties"], false);
    assert_eq!(own["properties"]["doors"]["maximum"], 9);
    for (key, schema) in shared["properties"].as_object().unwrap() {
        assert_eq!(own["properties"][key], *schema, "{key} is the same for every plugin");
    }
    let fault = |value: Value| parse::<Example>(&value).unwrap_err().text;
    assert!(fault(json!({"dors": 1})).contains("unknown field `dors`"));
    assert_eq!(fault(json!({"accept_old_sign": "no"})), "settings.accept_old_sign: expected a boolean");
    assert!(fault(json!({"order_status_names": {"1": "gone"}})).starts_with("settings.order_status_names.1: "));
}

#[test]
fn what_a_schema_cannot_say_is_checked_with_the_keys_name() {
    SharedSettings::default().check().unwrap();
    let wrong: [(Value, &str); 6] = [
        (json!({"replay_window_ms": 1}), "settings.replay_window_ms: must be 1000 to 86400000"),
        (json!({"verify_success_codes": []}), "settings.verify_success_codes: needs at least one code"),
        (json!({"other_client_keys": [""]}), "settings.other_client_keys: holds an empty key"),
        (json!({"orders_page_size": 101}), "settings.orders_page_size: must be 1 to 100"),
        (json!({"order_status_names": {"x": "paid"}}), "settings.order_status_names: its keys are Douyin's numbers"),
        (json!({"item_status_names": {"x": "paid"}}), "settings.item_status_names: its keys are Douyin's numbers"),
    ];
    for (value, text) in wrong {
        let settings: SharedSettings = parse(&value).unwrap();
        assert_eq!(settings.check().unwrap_err().text, text);
    }
}

fn data(raw: &RawResponse) -> Value {
    serde_json::from_slice::<Value>(&raw.body).unwrap()["data"].clone()
}

/// The scenes of group tickets; the calendar ticket's are tested with it.
#[test]
fn the_ready_answers_speak_each_scenes_words() {
    let expected = [
        // scene, busy, unplaced, stored, malformed
        (Scene::CreatePromise, 100, 2, None, 999_999),
        (Scene::IssuePromise, 100, 100, Some(json!({"error_code": 0, "description": "", "result": 0})), 100),
        (Scene::PreCreateOrder, 20, 1, None, 20),
        (Scene::ApplyCodeRefund, 100, 100, None, 100),
        (Scene::SyncRefund, 100, 100, Some(json!({"error_code": 0, "description": ""})), 100),
        (Scene::QueryOrders, 100, 0, None, 999_999),
    ];
    for (scene, busy, unplaced, stored, malformed) in expected {
        let all = ready::answers(&[scene]);
        let [
            ReadyAnswers {
                busy: is_busy,
                timed_out,
                unplaced: is_unplaced,
                stored: is_stored,
                malformed: is_malformed,
                ..
            },
        ] = all.as_slice()
        else {
            panic!("{scene:?}");
        };
        let code = |raw: &RawResponse| data(raw)["error_code"].clone();
        assert_eq!((code(is_busy), code(timed_out)), (json!(busy), json!(busy)), "{scene:?}");
        assert_eq!(code(is_unplaced), unplaced, "{scene:?}");
        assert_eq!(is_stored.as_ref().map(data), stored, "{scene:?}");
        assert_eq!(code(is_malformed), malformed, "{scene:?}");
        assert_eq!(stored.is_some(), scene.card().fact, "what is stored is a fact: {scene:?}");
    }
}
