//! The command line, beside a server that runs and without one.

use std::fs;

use serde_json::json;
use simple_gate_simulator::Fault;

use entrepot_journeys::databases;
use entrepot_journeys::office::{Offer, Office};
use entrepot_journeys::program;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

#[test]
fn a_configuration_with_three_faults_is_told_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faulty.toml");
    let text = "[http]\nlisen = \"127.0.0.1:0\"\n\n[jobs]\nworkers = \"many\"\n\n\
                [merchants.lakeside.channels.lakeside-douyin]\napplication = \"douyin-dmeo\"\n";
    fs::write(&file, text).unwrap();
    let demo = program::demo_config().display().to_string();
    let ended = program::run(&["config", "check", "--config", &demo, "--config", &file.display().to_string()]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let told = format!("{}{}", ended.out, ended.err);
    for words in ["faulty.toml", "lisen", "listen", "workers", "many", "douyin-dmeo", "douyin-demo"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(program::run(&["config", "check", "--config", &demo]).code, 0);
}

#[test]
fn plugins_are_listed_with_what_scripts_read() {
    let rows = program::run(&["plugins", "list", "--json"]).json();
    let rows = rows.as_array().unwrap();
    for id in ["douyin-calendar", "code-pool", "simple-gate"] {
        let row = rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("{id} is not listed"));
        for key in ["kind", "version", "abi", "contract", "loaded", "state", "capabilities", "settings_schema"] {
            assert!(row.get(key).is_some(), "{id} has no {key}");
        }
        assert_eq!(row["loaded"], "built-in");
    }
}

#[tokio::test]
async fn codes_are_imported_beside_a_server_and_without_one() {
    for given in databases::all().await {
        let mut stage = Stage::set(given).await;
        let file = stage.given.folder.path().join("codes.csv");
        let import = |stage: &Stage, codes: &[&str]| {
            fs::write(&file, format!("code\n{}\n", codes.join("\n"))).unwrap();
            let mut command = stage.command(&["codes", "import", "--json", "--pool", "summer"]);
            command.args(["--merchant", "lakeside"]).arg(&file);
            program::finish(command, "").json()
        };
        let report = import(&stage, &["SUN-0001", "SUN-0002"]);
        assert_eq!(report["added"], 2, "{report}");
        assert_eq!(stage.server.terminate().code(), Some(0));
        let report = import(&stage, &["SUN-0002", "SUN-0003"]);
        assert_eq!(report["added"], 1, "{report}");
        assert_eq!(report["duplicates"]["in_file"].as_array().map(Vec::len), Some(1), "{report}");
        stage.restart();
        let pools = stage.office.get("/merchants/lakeside/pools").await;
        assert!(pools.to_string().contains("summer"), "{pools}");
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_token_works_until_it_is_revoked() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let mut create = stage.command(&["tokens", "create", "--name", "anna", "--role", "operator"]);
        create.args(["--merchant", "lakeside"]);
        let token = program::finish(create, "").done().trim().to_owned();
        let anna = Office::new(&stage.server.url, &token);
        assert_eq!(anna.ask("GET", "/merchants/lakeside/orders", None).await.0, 200);
        let elsewhere = anna.ask("GET", "/merchants/hilltop/orders", None).await.0;
        assert!(elsewhere == 403 || elsewhere == 404, "{elsewhere}");
        assert_eq!(anna.ask("GET", "/tokens", None).await.0, 403);
        let list = program::finish(stage.command(&["tokens", "list", "--json"]), "").json();
        assert!(!list.to_string().contains(&token));
        let id = list.as_array().unwrap().iter().find(|row| row["name"] == "anna").unwrap()["id"].clone();
        program::finish(stage.command(&["tokens", "revoke", id.as_str().unwrap()]), "").done();
        assert_eq!(anna.ask("GET", "/merchants/lakeside/orders", None).await.0, 401);
    }
}

#[tokio::test]
async fn a_guest_is_let_in_by_a_code_on_standard_input() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::from_the_pool();
        let codes = json!({ "codes": [{ "code": "SUN-0001" }, { "code": "SUN-0002" }] });
        stage.office.post("/merchants/lakeside/pools/summer/codes", codes).await;
        stage.office.offer(&offer, &stage.day, 10).await;
        let bought = stage.platform.buy(&stage.purchase(&offer, 1)).await;
        let order = bought.order.unwrap();
        assert!(bought.issued.is_some_and(|reply| reply.data()["result"] == 1));
        let code = if order.units[0].voucher.as_ref().is_some_and(|v| format!("{v:?}").contains("SUN-0001")) {
            "SUN-0001"
        } else {
            "SUN-0002"
        };
        let redeem = || {
            let mut command = stage.command(&["redeem", "--code", "-"]);
            command.args(["--merchant", "lakeside"]);
            program::finish(command, &format!("{code}\n"))
        };
        redeem().done();
        assert_eq!(redeem().code, 1, "the same code again");
        let ours = stage.office.order(&order.order_id).await;
        let show = stage.command(&["orders", "show", ours["id"].as_str().unwrap()]);
        let story = program::finish(show, "").done();
        assert!(story.contains("redeemed") && !story.contains(code), "{story}");
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_command_beside_a_server_leaves_it_its_jobs() {
    for given in databases::all().await {
        let stage = Stage::set_with(given, &json!({ "node": { "id": "node-1" } })).await;
        let offer = Offer::at_the_gate();
        stage.office.offer(&offer, &stage.day, 10).await;
        let made = stage.platform.create_order(&stage.purchase(&offer, 1)).await;
        assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
        stage.gate.desk.next_fault(Fault::HangAfterEffect);
        let (platform, order) = (stage.platform.clone(), made.order_id.clone());
        let issuing = tokio::spawn(async move { platform.issue(&order).await });
        until("the booking reaches the gate", async || (!stage.gate.desk.orders().is_empty()).then_some(())).await;
        // It is given the same configuration, with the server's id.
        program::finish(stage.command(&["tokens", "list", "--json"]), "").json();
        assert_eq!(stage.gate.desk.recorded().len(), 1, "only the server asks: {:?}", stage.gate.desk.recorded());
        issuing.await.unwrap().unwrap();
    }
}
