//! What scripts and monitors rely on.

use entrepot_journeys::databases;
use entrepot_journeys::office::http;
use entrepot_journeys::program;
use entrepot_journeys::serving::Server;
use entrepot_journeys::stage::Stage;

#[tokio::test]
async fn the_demos_configuration_serves_with_overrides_of_the_environment() {
    for given in databases::all().await {
        let own = |name: &str| {
            let mut command = program::command(&[name, "--config"]);
            command.arg(program::demo_config());
            command.env("ENTREPOT_DATABASE__URL", &given.url);
            command.env("ENTREPOT_HTTP__LISTEN", "127.0.0.1:0");
            command.env("ENTREPOT_APPLICATIONS__DOUYIN-DEMO__BASE_URL", "http://127.0.0.1:9");
            command
        };
        program::finish(own("migrate"), "").done();
        assert!(program::finish(own("migrate"), "").done().contains("0 changes"));
        let server = Server::start(own("serve"));
        let http = http();
        let look = async |path: &str| {
            let answer = http.get(format!("{}{path}", server.url)).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert_eq!(look("/healthz").await.0, 200);
        assert_eq!(look("/readyz").await.0, 200);
        let (status, metrics) = look("/metrics").await;
        assert_eq!(status, 200);
        assert!(metrics.contains("entrepot_"), "{metrics}");
        let (status, document) = look("/api/v1/openapi.json").await;
        assert!(status == 200 && document.contains("\"openapi\""), "{document}");
        assert_eq!(look("/api/v1/merchants").await.0, 401);
    }
}

#[test]
fn routes_are_told_with_the_partners_own_names() {
    let config = program::demo_config().display().to_string();
    let ended = program::run(&["routes", "--json", "--config", &config]);
    let rows = ended.json();
    let rows = rows.as_array().unwrap();
    for row in rows {
        let mut names: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["action", "application", "method", "path", "plugin", "scene"]);
    }
    // spec/douyin-scenic-calendar.md §0
    let actions = [
        "scenic_spot.order.can_buy",
        "scenic_spot.order.create_order",
        "scenic_spot.order.pay_notify",
        "scenic_spot.order.cancel_notify",
        "scenic_spot.order.refund_apply",
        "scenic_spot.order.refund_notify",
        "scenic_spot.order.query_order",
        "fulfilment.order.tripartite_code",
    ];
    // Vouchers come by the same calls: which plugin a call is for, its account says.
    for (action, plugin) in actions.iter().flat_map(|it| [(it, "douyin-calendar"), (it, "douyin-groupbuy")]) {
        let found: Vec<_> = rows.iter().filter(|row| row["action"] == *action && row["plugin"] == plugin).collect();
        assert_eq!(found.len(), 1, "{action} of {plugin}");
        assert_eq!(found[0]["method"], "POST");
        assert!(found[0]["path"].as_str().unwrap().starts_with("/in/douyin-demo/"), "{}", found[0]);
    }
    assert!(rows.iter().any(|row| row["path"] == "/in/douyin-demo/webhook"));
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_well_and_leaves_nothing_behind() {
    for given in databases::all().await {
        let mut stage = Stage::set(given).await;
        if let Some(note) = stage.note_file() {
            assert!(note.is_file());
        }
        let status = stage.server.terminate();
        assert_eq!(status.code(), Some(0), "{}", stage.server.log());
        if let Some(note) = stage.note_file() {
            assert!(!note.exists(), "{} is still there", note.display());
        }
    }
}

#[tokio::test]
async fn two_servers_do_not_share_a_file() {
    let stage = Stage::set(databases::file()).await;
    let second = program::finish(stage.command(&["serve"]), "");
    assert_ne!(second.code, 0);
    assert!(second.err.contains(&stage.server.url), "{}", second.err);
    assert_eq!(stage.office.get("/merchants").await["merchants"].as_array().map(Vec::len), Some(2));
}
