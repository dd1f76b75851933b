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

#[test]
fn a_built_in_is_checked_by_its_id() {
    let ended = program::run(&["plugins", "check", "code-pool", "--json"]);
    let report = ended.json();
    let count = |key: &str| report[key].as_u64().unwrap_or_else(|| panic!("{key}: {report}"));
    assert_eq!((ended.code, count("failed")), (0, 0), "{report}");
    let checks = report["checks"].as_array().unwrap();
    let all = count("passed") + count("not_declared") + count("not_run");
    assert_eq!(usize::try_from(all).unwrap(), checks.len());
    assert!(checks.iter().all(|check| check["name"].is_string() && check["result"].is_string()));
}

#[test]
fn a_check_says_what_is_wrong_with_a_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check.toml");
    // The example's settings are not what the file says: code-pool shows codes in no such way.
    fs::write(&file, "[settings]\nshow_as = \"barcode\"\n").unwrap();
    let file = file.display().to_string();
    let ended = program::run(&["plugins", "check", "code-pool", "--config", &file]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("FAILED       example_settings_open"), "{ended:?}");
    fs::write(folder.path().join("check.toml"), "[settngs]").unwrap();
    let ended = program::run(&["plugins", "check", "code-pool", "--config", &file]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(format!("{}{}", ended.out, ended.err).contains("settngs"), "{ended:?}");
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
        assert_eq!(report["duplicates"]["in_pool"].as_array().map(Vec::len), Some(1), "{report}");
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

#[tokio::test]
async fn a_file_of_used_tickets_is_redeemed_and_what_is_wrong_comes_back_to_be_corrected() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let bought = stage.platform.buy(&stage.purchase(&offer, 3)).await.order.unwrap();
        let ours = stage.office.order(&bought.order_id).await["id"].as_str().unwrap().to_owned();
        let folder = stage.given.folder.path();
        let (file, errors) = (folder.join("used.csv"), folder.join("refused.csv"));
        fs::write(&file, format!("order,units,code\n{ours},1,\n{ours},9,\n,,NOBODY-0001\n")).unwrap();
        let redeem = |file: &std::path::Path, more: &[&str]| {
            let mut command = stage.command(&["redeem", "--merchant", "lakeside", "--json"]);
            command.arg("--file").arg(file).args(more);
            program::finish(command, "")
        };
        let tried = redeem(&file, &["--dry-run"]);
        assert_eq!((tried.code, &tried.json()["redeemed"]), (1, &json!(1)), "{tried:?}");
        let done = redeem(&file, &["--errors", errors.to_str().unwrap()]);
        let report = done.json();
        assert_eq!((done.code, &report["redeemed"], &report["lines"]), (1, &json!(1), &json!(3)), "{done:?}");
        assert!(!done.out.contains("NOBODY") && !done.err.contains("NOBODY"), "{done:?}");
        let written = fs::read_to_string(&errors).unwrap();
        assert!(written.starts_with("order,units,code,fault\n") && written.contains("NOBODY-0001"), "{written}");
        assert_eq!(written.lines().count(), 3, "{written}");
        // It is not overwritten by the next run, and the file again does nothing twice.
        assert_eq!(redeem(&file, &["--errors", errors.to_str().unwrap()]).code, 1);
        assert_eq!(redeem(&file, &[]).json()["used_before"], 1);
        // Corrected, it is given again as it is.
        let corrected =
            written.lines().filter(|line| !line.contains("NOBODY")).map(|line| line.replace(",9,", ",2;3,"));
        fs::write(&errors, corrected.collect::<Vec<_>>().join("\n")).unwrap();
        let none = folder.join("none.csv");
        let rest = redeem(&errors, &["--errors", none.to_str().unwrap()]);
        assert!(!none.exists(), "there was nothing to write");
        assert_eq!((rest.code, &rest.json()["redeemed"]), (0, &json!(1)), "{rest:?}");
        assert_eq!(stage.office.order(&bought.order_id).await["state"], "completed");
        stage.office.assert_sound().await;
    }
}
