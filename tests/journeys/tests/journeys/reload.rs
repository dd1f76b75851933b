//! Another configuration without a restart: what is under way ends as it began, what comes next is served by the new one.

use douyin_simulator::Purchase;
use serde_json::{Value, json};
use simple_gate_simulator::{Fault, SimpleGate};

use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::program;
use entrepot_journeys::signed::{CLIENT_KEY, Signed, life_sign};
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

/// A second connection of lakeside's on the same application, which the demo's configuration does not have.
fn second_channel() -> Value {
    json!({ "merchants": { "lakeside": { "channels": { "lakeside-second": {
        "plugin": "douyin-calendar", "application": "douyin-demo", "account_id": "70003",
        "settings": { "order_mode": "before_payment" },
    } } } } })
}

/// The gate with other settings.
fn gate_settings(settings: Value) -> Value {
    json!({ "merchants": { "lakeside": { "suppliers": { "lakeside-gate": { "settings": settings } } } } })
}

async fn connection(stage: &Stage, id: &str) -> Option<Value> {
    let all = stage.office.get("/connections").await;
    all["connections"].as_array().unwrap().iter().find(|one| one["id"] == id).cloned()
}

#[tokio::test]
async fn a_call_in_flight_is_answered_by_the_old_instance_and_the_next_by_the_new() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::at_the_gate();
        stage.office.offer(&offer, &stage.day, 10).await;
        let made = stage.platform.create_order(&stage.purchase(&offer, 1)).await;
        assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
        stage.gate.desk.next_fault(Fault::HoldAfterEffect);
        let (platform, order) = (stage.platform.clone(), made.order_id.clone());
        let issuing = tokio::spawn(async move { platform.issue(&order).await });
        until("the booking reaches the gate", async || (!stage.gate.desk.orders().is_empty()).then_some(())).await;
        // The instances of the channel, too: one has decoded the call, and has to encode the answer.
        let mut more = gate_settings(json!({ "product_prefix": "NEW-" }));
        more["applications"] = json!({ "douyin-demo": { "limits": { "anything": { "per_second": 5 } } } });
        stage.configure(&more);
        let done = stage.reload();
        assert_eq!(done.code, 0, "{done:?}");
        let changed =
            json!(["douyin-calendar/douyin-demo", "douyin-groupbuy/douyin-demo", "simple-gate/lakeside-gate"]);
        assert_eq!((&done.json()["opened"], &done.json()["closing"]), (&changed, &changed), "only what changed");
        stage.gate.desk.let_go();
        let reply = issuing.await.unwrap().unwrap();
        assert_eq!(reply.data()["result"], 1, "the call under way got its answer: {reply:?}");
        let calls: Vec<String> = stage.gate.desk.recorded().into_iter().map(|call| call.method).collect();
        assert_eq!(calls, ["POST"], "it was neither repeated nor asked about");
        assert_eq!(stage.gate.desk.orders()[0].product, "BOAT", "in the words of the settings before");
        let bought = stage.platform.buy(&stage.purchase(&offer, 1)).await;
        assert!(bought.issued.is_some_and(|reply| reply.data()["result"] == 1));
        let products: Vec<String> = stage.gate.desk.orders().into_iter().map(|order| order.product).collect();
        assert!(products.contains(&"NEW-BOAT".to_owned()), "{products:?}");
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn credentials_and_addresses_change_without_a_restart() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::at_the_gate();
        stage.office.offer(&offer, &stage.day, 10).await;
        let moved = SimpleGate::start("another-token").await.unwrap();
        let gate = json!({ "base_url": moved.url, "credentials": { "token": "another-token" } });
        stage.configure(&json!({ "merchants": { "lakeside": { "suppliers": { "lakeside-gate": gate } } } }));
        let done = stage.reload();
        assert_eq!(done.json()["opened"], json!(["simple-gate/lakeside-gate"]), "{done:?}");
        let bought = stage.platform.buy(&stage.purchase(&offer, 1)).await;
        assert!(bought.issued.is_some_and(|reply| reply.data()["result"] == 1));
        assert_eq!((moved.desk.orders().len(), stage.gate.desk.orders().len()), (1, 0));
        assert_eq!(stage.reload().json()["opened"], json!([]), "what did not change is not opened again");
    }
}

#[tokio::test]
async fn a_job_of_the_old_instance_goes_on_through_the_new_one() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::at_the_gate();
        stage.office.offer(&offer, &stage.day, 10).await;
        let made = stage.platform.create_order(&stage.purchase(&offer, 1)).await;
        assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
        // Nobody ever answers: the old instance gives up, and the job asks again, through the new one.
        stage.gate.desk.next_fault(Fault::HangAfterEffect);
        let (platform, order) = (stage.platform.clone(), made.order_id.clone());
        let issuing = tokio::spawn(async move { platform.issue(&order).await });
        until("the booking reaches the gate", async || (!stage.gate.desk.orders().is_empty()).then_some(())).await;
        stage.configure(&gate_settings(json!({ "timeout_ms": 1500 })));
        assert_eq!(stage.reload().code, 0);
        until("the order has its vouchers", async || {
            (stage.office.order(&made.order_id).await["state"] == "issued").then_some(())
        })
        .await;
        let _ = issuing.await.unwrap();
        assert_eq!(stage.gate.desk.orders().len(), 1);
        let posts = stage.gate.desk.recorded().iter().filter(|call| call.method == "POST").count();
        assert_eq!(posts, 1, "it asks before it books again: {:?}", stage.gate.desk.recorded());
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_faulty_configuration_is_refused_whole_and_the_one_before_serves_on() {
    // Built in only: a library that the command line names stands above what the files say of it.
    for kind in databases::kinds() {
        let given = kind.give().await;
        let stage = Stage::set(given).await;
        let offer = Offer::at_the_gate();
        stage.office.offer(&offer, &stage.day, 50).await;
        let fingerprint = async || stage.office.get("/nodes").await["nodes"][0]["fingerprint"].clone();
        let before =
            until("the node tells of itself", async || Some(fingerprint().await).filter(Value::is_string)).await;
        let with = |fault: Value| {
            // Each brings a connection that is right, too: nothing of a refused configuration is in force.
            let mut all = second_channel();
            for (name, value) in fault.as_object().unwrap() {
                merge(&mut all, json!({ name: value }));
            }
            all
        };
        let channel =
            |change: Value| json!({ "merchants": { "lakeside": { "channels": { "lakeside-douyin": change } } } });
        let faults: Vec<(&str, Value, &[&str])> = vec![
            ("an unknown key", with(json!({ "http": { "lisen": "x" } })), &["more.json", "http.lisen"]),
            (
                "refused settings",
                with(gate_settings(json!({ "timeout_ms": 5 }))),
                &["more.json", "lakeside-gate", "timeout_ms"],
            ),
            (
                "a built-in from a library",
                with(json!({ "plugins": { "simple-gate": { "library": program::binary() } } })),
                &["more.json", "plugins.simple-gate.library", "restart"],
            ),
            (
                "an instance that does not open",
                with(json!({ "merchants": { "lakeside": { "suppliers": {
                    "bare-gate": { "plugin": "simple-gate", "base_url": "http://127.0.0.1:9" }
                } } } })),
                &["more.json", "bare-gate"],
            ),
            (
                "another account",
                with(channel(json!({ "account_id": "79999" }))),
                &["more.json", "lakeside-douyin", "79999"],
            ),
            (
                "a library that is not there",
                with(json!({ "plugins": { "other": { "library": "/nowhere.so" } } })),
                &["more.json", "plugins.other.library"],
            ),
            (
                "the listen address",
                with(json!({ "http": { "max_connections": 7 } })),
                &["more.json", "http.max_connections", "restart"],
            ),
            (
                "the guests' key",
                with(json!({ "security": { "guest_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" } })),
                &["security.guest_key", "restart"],
            ),
        ];
        for (what, more, words) in &faults {
            stage.configure(more);
            let (status, problem) = stage.office.ask("POST", "/configuration/reload", None).await;
            assert_eq!((status, &problem["reason"]), (422, &json!("configuration_refused")), "{what}: {problem}");
            for word in *words {
                assert!(problem.to_string().contains(word), "{what} does not say {word}: {problem}");
            }
            assert!(!problem.to_string().contains("AAECAwQ"), "{what} shows a secret: {problem}");
        }
        stage.configure_raw("{ \"http\": ");
        let ended = stage.reload();
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.err.contains("more.json"), "{ended:?}");
        assert_eq!(stage.office.ask("POST", "/configuration/reload", None).await.0, 422, "no JSON");
        assert!(connection(&stage, "lakeside-second").await.is_none(), "nothing of it is in force");
        assert_eq!(fingerprint().await, before);
        let bought = stage.platform.buy(&stage.purchase(&offer, 1)).await;
        assert!(bought.issued.is_some_and(|reply| reply.data()["result"] == 1), "the one before serves on");
        // An id whose configuration was refused names nothing yet.
        let mut other = second_channel();
        other["merchants"]["lakeside"]["channels"]["lakeside-second"]["account_id"] = json!("70004");
        stage.configure(&other);
        assert_eq!(stage.reload().code, 0);
        assert_eq!(connection(&stage, "lakeside-second").await.unwrap()["account"], "70004");
        stage.office.assert_sound().await;
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[tokio::test]
async fn a_connection_is_added_drained_and_removed_once_its_orders_have_ended() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        stage.configure(&second_channel());
        let done = stage.reload();
        assert_eq!((done.code, &done.json()["added"]), (0, &json!(["lakeside-second"])), "{done:?}");
        assert_eq!(done.json()["opened"], json!([]), "its application's instance is open and did not change");
        let offer =
            Offer { connection: "lakeside-second", product: "SECOND", sku: "SECOND-ADULT", ..Offer::own_number() };
        stage.office.offer(&offer, &stage.day, 10).await;
        let purchase = Purchase { account_id: "70003".to_owned(), ..stage.purchase(&offer, 1) };
        let bought = stage.platform.buy(&purchase).await;
        let order = bought.order.unwrap();
        assert!(bought.issued.is_some_and(|reply| reply.data()["result"] == 1));
        stage.configure(&json!({}));
        let refused = stage.reload();
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains("lakeside-second") && refused.err.contains("1 open order"), "{}", refused.err);
        assert!(connection(&stage, "lakeside-second").await.is_some());
        let draining = json!({ "switch": "draining" });
        stage.office.post("/connections/lakeside-second/switch", draining).await;
        assert!(!stage.platform.create_order(&purchase).await.reply.is_ok(), "it takes no new sales");
        assert_eq!(stage.reload().code, 1, "its order is still open");
        refund(&stage, &order.order_id).await;
        assert_eq!(stage.office.order(&order.order_id).await["state"], "refunded");
        // Whatever the channel is still to be told goes out first.
        let done =
            until("the connection is removed", async || Some(stage.reload()).filter(|ended| ended.code == 0)).await;
        assert_eq!(done.json()["removed"], json!(["lakeside-second"]));
        assert!(connection(&stage, "lakeside-second").await.is_none());
        // Its id still names what it named.
        let mut other = second_channel();
        other["merchants"]["lakeside"]["channels"]["lakeside-second"]["account_id"] = json!("70004");
        stage.configure(&other);
        assert_eq!(stage.reload().code, 1);
        stage.office.assert_sound().await;
    }
}

/// The channel gives the guest the money back, and says so.
async fn refund(stage: &Stage, order: &str) {
    let ours = stage.office.order(order).await["id"].clone();
    let notice = json!({
        "order_id": order, "order_out_id": ours, "biz_uniq_key": "R1", "refund_amount": 10_000,
        "refund_time_unix": chrono_now(), "refund_scene": 1,
    });
    let told = stage.call("notify-refund", &notice).await;
    assert_eq!(told["error_code"], 0, "{told}");
}

fn chrono_now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn a_supplier_that_is_switched_off_takes_no_new_orders_and_gives_the_old_ones() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::at_the_gate();
        stage.office.offer(&offer, &stage.day, 10).await;
        let made = stage.platform.create_order(&stage.purchase(&offer, 1)).await;
        assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
        stage.office.post("/connections/lakeside-gate/switch", json!({ "switch": "draining" })).await;
        assert_eq!(connection(&stage, "lakeside-gate").await.unwrap()["selling"], false);
        assert!(!stage.platform.create_order(&stage.purchase(&offer, 1)).await.reply.is_ok());
        let reply = stage.platform.issue(&made.order_id).await.unwrap();
        assert_eq!(reply.data()["result"], 1, "an order that is there goes on: {reply:?}");
        stage.office.post("/connections/lakeside-gate/switch", json!({ "switch": "on" })).await;
        assert!(stage.platform.create_order(&stage.purchase(&offer, 1)).await.reply.is_ok());
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_signal_reloads() {
    for given in databases::all().await {
        let mut stage = Stage::set(given).await;
        // With an application of its own: its paths are there at once, and gone with it.
        let mut more = second_channel();
        more["applications"] = json!({ "douyin-other": {
            "family": "douyin", "base_url": stage.platform.openapi_base(),
            "credentials": { "client_key": CLIENT_KEY, "client_secret": "another-secret" },
        } });
        more["merchants"]["lakeside"]["channels"]["lakeside-second"]["application"] = json!("douyin-other");
        let create = stage.create_body(&Offer::own_number(), "1000000000000000009", 1);
        let mut call = Signed::of("check-booking", &create);
        call.application = "douyin-other".to_owned();
        assert_eq!(stage.send(&call).await.0, 404, "nobody knows it");
        stage.configure(&more);
        stage.server.hang_up();
        until("the new connection is there", async || connection(&stage, "lakeside-second").await).await;
        assert_ne!(stage.send(&call).await.1["data"]["error_code"], 0, "another secret than its own");
        call.sign = Some(life_sign("another-secret", &call.query, &call.body));
        let (status, answer) = stage.send(&call).await;
        assert!(status == 200 && answer["data"]["error_code"].is_number(), "it is heard: {status} {answer}");
        stage.configure_raw("{");
        stage.server.hang_up();
        let mut log = String::new();
        until("the log says that it was refused", async || {
            log = stage.server.log();
            log.contains("the new configuration was refused").then_some(())
        })
        .await;
        assert!(log.contains("more.json"), "{log}");
        assert!(connection(&stage, "lakeside-second").await.is_some(), "the one before keeps running");
        assert_eq!(stage.server.terminate().code(), Some(0));
    }
}

#[tokio::test]
async fn only_an_administrator_reloads() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let mut create = stage.command(&["tokens", "create", "--name", "anna", "--role", "operator"]);
        create.args(["--merchant", "lakeside"]);
        let token = program::finish(create, "").done().trim().to_owned();
        let anna = entrepot_journeys::office::Office::new(&stage.server.url, &token);
        assert_eq!(anna.ask("POST", "/configuration/reload", None).await.0, 403);
    }
}

#[tokio::test]
async fn a_plugin_that_need_not_be_there_does_not_stop_the_start() {
    // Built in only: a library that the command line names stands above what the files say of it.
    for kind in databases::kinds() {
        let given = kind.give().await;
        // Something that is no library: it is there, and cannot be loaded.
        let library = given.folder.path().join("not_a_library.so");
        std::fs::write(&library, "nothing").unwrap();
        let plugin = |required: bool| json!({ "plugins": { "simple-gate": { "library": library, "required": required, "timeout_ms": 2000 } } });
        let stage = Stage::set_with(given, &plugin(false)).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let bought = stage.platform.buy(&stage.purchase(&offer, 1)).await;
        assert!(bought.issued.is_some_and(|reply| reply.data()["result"] == 1), "the others work");
        assert_eq!(connection(&stage, "lakeside-gate").await.unwrap()["selling"], false);
        let gate = Offer::at_the_gate();
        stage.office.offer(&gate, &stage.day, 10).await;
        assert!(!stage.platform.create_order(&stage.purchase(&gate, 1)).await.reply.is_ok(), "and it sells nothing");
        stage.configure(&plugin(true));
        let refused = stage.reload();
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains("not_a_library.so"), "{}", refused.err);
    }
}
