//! A supplier in a process of its own: the example in Python, in the place of the built-in one at the same gate.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::program;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/python-gate/main.py").canonicalize().unwrap()
}

/// The demo's gate connection through a process with this command.
fn through(command: &[&str]) -> Value {
    json!({
        "plugins": { "python-gate": { "command": command, "timeout_ms": 2000 } },
        "merchants": { "lakeside": { "suppliers": { "lakeside-gate": { "plugin": "python-gate" } } } },
    })
}

fn through_python() -> Value {
    through(&["python3", &script().display().to_string()])
}

/// Bought, issued and given back: what the platform, the office and the gate saw of it. Our own numbers, which differ
/// each time, are called by one name.
async fn story(stage: &Stage) -> Value {
    let offer = Offer::at_the_gate();
    stage.office.offer(&offer, &stage.day, 10).await;
    let made = stage.platform.create_order(&stage.purchase(&offer, 2)).await;
    let ours = stage.office.order(&made.order_id).await["id"].as_str().unwrap().to_owned();
    assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
    let issued = stage.platform.issue(&made.order_id).await.unwrap().data().clone();
    assert_eq!(issued["result"], 1, "{issued}");
    let notice = json!({
        "order_id": made.order_id, "order_out_id": ours, "biz_uniq_key": "R1", "refund_amount": 20_000,
        "refund_time_unix": chrono::Utc::now().timestamp(), "refund_scene": 1,
    });
    assert_eq!(stage.call("notify-refund", &notice).await["error_code"], 0);
    until("the gate has the tickets back", async || {
        let orders = stage.gate.desk.orders();
        (orders.len() == 1 && orders[0].cancelled.len() == 2).then_some(())
    })
    .await;
    let recorded = stage.gate.desk.recorded().into_iter().map(|call| {
        let mut body: Value = serde_json::from_str(&call.body).unwrap_or(Value::Null);
        if let Some(body) = body.as_object_mut() {
            body.remove("key");
        }
        json!({ "method": call.method, "path": call.path, "body": body })
    });
    let told = json!({
        "calls": recorded.collect::<Vec<_>>(),
        "orders": stage.gate.desk.orders(),
        "vouchers": issued["vouchers"].as_array().map(Vec::len),
        "state": stage.office.order(&made.order_id).await["state"],
    });
    stage.office.assert_sound().await;
    serde_json::from_str(&told.to_string().replace(&ours, "OURS")).unwrap()
}

#[tokio::test]
async fn an_order_through_python_is_the_same_as_through_the_built_in_supplier() {
    for kind in databases::kinds() {
        let built_in = story(&Stage::set(kind.give().await).await).await;
        let python = story(&Stage::set_with(kind.give().await, &through_python()).await).await;
        assert_eq!(python, built_in);
        assert_eq!(built_in["vouchers"], 2);
    }
}

/// The processes that run the script as children of that process.
fn children(of: u32) -> Vec<String> {
    let script = script().display().to_string();
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let is_one = |process: &String| {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
        let stat = read("stat");
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let runs = fields.next().is_some_and(|state| !["", "Z", "X"].contains(&state));
        runs && fields.next() == Some(&of.to_string()) && read("cmdline").contains(&script)
    };
    all.filter(is_one).collect()
}

fn is_gone(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|state| state.is_empty() || state.starts_with(['Z', 'X']))
}

#[tokio::test]
async fn a_process_that_is_killed_is_followed_by_another_and_none_outlives_the_server() {
    let mut stage = Stage::set_with(databases::file(), &through_python()).await;
    let offer = Offer::at_the_gate();
    stage.office.offer(&offer, &stage.day, 10).await;
    let [first] = children(stage.server.process()).try_into().unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", &first]).status().unwrap().success());
    let plugin = async || {
        let plugins = stage.office.get("/plugins").await;
        plugins["plugins"].as_array().unwrap().iter().find(|plugin| plugin["id"] == "python-gate").unwrap().clone()
    };
    let is_back = |it: &Value| it["state"] == "open" && it.to_string().contains("its process runs again");
    let again = until("it is open again", async || Some(plugin().await).filter(is_back)).await;
    assert!(again.to_string().contains("its process was ended by signal 9"), "{again}");
    assert!(again["loaded"]["process"]["command"].as_str().unwrap().starts_with("python3 /"), "{again}");
    let bought = stage.platform.buy(&stage.purchase(&offer, 1)).await;
    assert!(bought.issued.is_some_and(|reply| reply.data()["result"] == 1));
    let [second] = children(stage.server.process()).try_into().unwrap();
    stage.server.kill();
    until("it has heard that the server is gone", async || is_gone(&second).then_some(())).await;
    stage.restart();
    let [third] = children(stage.server.process()).try_into().unwrap();
    assert_eq!(stage.server.terminate().code(), Some(0));
    assert!(is_gone(&third), "a server that stops takes it along");
}

#[tokio::test]
async fn another_command_is_taken_by_a_reload_and_one_that_does_not_start_is_refused() {
    let stage = Stage::set_with(databases::file(), &through_python()).await;
    let offer = Offer::at_the_gate();
    stage.office.offer(&offer, &stage.day, 10).await;
    let [first] = children(stage.server.process()).try_into().unwrap();
    stage.configure(&through(&["python3", "-c", "import sys; sys.exit('no gate today')"]));
    let refused = stage.reload();
    assert_eq!(refused.code, 1, "{refused:?}");
    for words in ["plugins.python-gate.command", "ended with code 1", "no gate today"] {
        assert!(refused.err.contains(words), "{words}: {}", refused.err);
    }
    assert!(!is_gone(&first), "the one before serves on");
    assert!(stage.platform.buy(&stage.purchase(&offer, 1)).await.issued.is_some_and(|it| it.data()["result"] == 1));
    stage.configure(&through(&["python3", "-B", &script().display().to_string()]));
    let done = stage.reload();
    assert_eq!(done.json()["opened"], json!(["python-gate/lakeside-gate"]), "{done:?}");
    until("the old one is gone", async || is_gone(&first).then_some(())).await;
    assert!(stage.platform.buy(&stage.purchase(&offer, 1)).await.issued.is_some_and(|it| it.data()["result"] == 1));
    assert_eq!(stage.reload().json()["opened"], json!([]), "what did not change is not opened again");
    stage.office.assert_sound().await;
}

/// What only its card tells: `config check`, a start and a reload ask the same.
#[tokio::test]
async fn what_a_card_does_not_know_is_refused_by_a_check_a_start_and_a_reload_alike() {
    let mut stage = Stage::set_with(databases::file(), &through_python()).await;
    let mut wrong = through_python();
    wrong["merchants"]["lakeside"]["suppliers"]["lakeside-gate"]["settings"] = json!({ "timeout_msec": 5 });
    stage.configure(&wrong);
    let key = "merchants.lakeside.suppliers.lakeside-gate.settings.timeout_msec";
    let refused = stage.reload();
    assert!(refused.code == 1 && refused.err.contains(key), "{refused:?}");
    let checked = program::finish(stage.command(&["config", "check"]), "");
    assert!(checked.code == 2 && checked.err.contains(key), "{checked:?}");
    assert_eq!(stage.server.terminate().code(), Some(0));
    let started = program::finish(stage.command(&["serve"]), "");
    assert!(started.code != 0 && started.err.contains(key), "{started:?}");
}

#[test]
fn it_is_listed_with_its_command_and_a_start_without_it_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("python.json");
    let list = |plugin: &Value| {
        std::fs::write(&config, json!({ "plugins": { "python-gate": plugin } }).to_string()).unwrap();
        let (demo, own) = (program::demo_config().display().to_string(), config.display().to_string());
        program::run(&["plugins", "list", "--json", "--config", &demo, "--config", &own])
    };
    let ended = list(&json!({ "command": ["python3", script()] }));
    assert_eq!(ended.code, 0, "{}", ended.err);
    let rows = ended.json();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == "python-gate").unwrap();
    assert_eq!(row["loaded"], format!("process: python3 {}", script().display()));
    assert_eq!((&row["state"], &row["abi"], &row["kind"]), (&json!("loaded"), &Value::Null, &json!("supplier")));
    assert_eq!(row["settings_schema"]["instance"]["properties"]["timeout_ms"]["maximum"], 30_000);
    let ended = list(&json!({ "command": ["python3", "gone.py"] }));
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains("ended with code 2") && ended.err.contains("gone.py"), "{}", ended.err);
    let ended = list(&json!({ "command": ["no-such-python", "gone.py"] }));
    assert!(ended.err.contains("names a program that is not found in PATH"), "{}", ended.err);
}

/// Without a check file only what needs no partner is checked; the suite itself runs in the plugin's own tests.
#[test]
fn it_is_checked_by_its_command_and_by_its_path() {
    let python = script().display().to_string();
    let ended = program::run(&["plugins", "check", "--json", "--process", "python3", &python]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.out, ended.err);
    let by_command = ended.json();
    assert!(by_command["passed"].as_u64().unwrap() > 0 && by_command["failed"] == 0, "{by_command}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate");
    std::fs::write(&path, format!("#!/bin/sh\nexec python3 {python}\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let shown = path.display().to_string();
    let ended = program::run(&["plugins", "check", &shown, "--json"]);
    assert_eq!(ended.json(), by_command, "{}", ended.err);
    let told = program::run(&["plugins", "check", &shown]).done();
    assert!(told.contains("python-gate is fit to be loaded: supplier"), "{told}");

    let ended = program::run(&["plugins", "check", "--id", "other-gate", "--process", "python3", &python]);
    assert!(ended.code == 1 && ended.err.contains("holds the plugin python-gate"), "{}", ended.err);
    let ended = program::run(&["plugins", "check", "--process", "python3", "gone.py"]);
    assert!(ended.code == 1 && ended.err.contains("ended with code 2"), "{}", ended.err);
}
