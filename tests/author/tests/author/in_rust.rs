//! The guide, followed word for word in an empty folder outside of this repository, to a supplier that sells tickets of a
//! system that nobody here has heard of.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use entrepot_author::checkout;
use entrepot_author::guide::{Step, steps};
use entrepot_author::hosted::{Hosted, ask, order};
use entrepot_author::shell::{Shell, empty_folder, strangers_target};
use entrepot_author::turnstile::{KEY, Turnstile};
use entrepot_contract::supplier::SupplierRequest;
use entrepot_journeys::office::Offer;
use entrepot_journeys::serving::Server;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::{databases, office};
use serde_json::json;

/// Where the page's configuration expects the partner.
const PARTNER: &str = "http://127.0.0.1:9300";
/// What the author writes himself: the supplier, and the partner as its description has it.
const WRITTEN: &[(&str, &str)] = &[("lib.rs", "src/lib.rs"), ("fake.rs", "tests/fake/mod.rs")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guide_leads_from_nothing_to_a_supplier_that_sells() {
    let folder = empty_folder("author");
    checkout::copy_to(&folder.join("entrepot"));
    let before = checkout::contents(&folder.join("entrepot"));
    let turnstile = Turnstile::start().await;
    let mut shell = Shell::at(&folder);
    follow(&mut shell, &turnstile).await;
    a_setting_that_will_not_do(&mut shell);
    let crate_folder = shell.folder.clone();
    let unchanged = checkout::contents(&folder.join("entrepot")) == before;
    assert!(unchanged, "a plugin that is a library edits no file outside of its folder");
    a_channel(&folder);
    let library = optimised(&crate_folder);
    in_a_host(&library, &turnstile).await;
    in_a_server(&library, &turnstile).await;
    fs::remove_dir_all(&folder).unwrap();
}

/// Every command and file of the guide, in order.
async fn follow(shell: &mut Shell, turnstile: &Turnstile) {
    let mut tests = 0;
    let mut served = false;
    for step in steps() {
        let line = match step {
            Step::File { name, text } => {
                assert!(text.contains(PARTNER) && text.contains(KEY), "{name} names another partner: {text}");
                fs::write(shell.folder.join(name), text.replace(PARTNER, &turnstile.url)).unwrap();
                continue;
            }
            Step::Command(line) => line,
        };
        match line.as_str() {
            // Between the first and the second run of the suite the guide says what to write.
            "cargo test" => {
                tests += 1;
                if tests == 2 {
                    write(&shell.folder);
                }
                let out = shell.does(&line);
                assert!(out.contains("test conforms ... ok"), "{out}");
            }
            line if line.starts_with("entrepot serve ") => {
                serve(shell, line).await;
                served = true;
            }
            line => {
                let said = shell.does(line);
                if line.starts_with("entrepot plugins new ") {
                    assert!(said.contains("supplier-acme/src/lib.rs"), "{said}");
                    let target = shell.folder.join("supplier-acme/target");
                    std::os::unix::fs::symlink(strangers_target(), target).unwrap();
                }
                if line.starts_with("entrepot plugins list ") {
                    assert!(said.contains("libsupplier_acme"), "{said}");
                }
            }
        }
    }
    assert_eq!((tests, served), (2, true), "the guide runs the suite twice and a server");
}

/// The author's own work.
fn write(crate_folder: &Path) {
    for (written, place) in WRITTEN {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("written").join(written)).unwrap();
        let place = crate_folder.join(place);
        assert!(place.is_file(), "the generator wrote no {}", place.display());
        let lines = text.lines().count();
        assert!(lines < 200, "{written} has {lines} lines; a useful supplier has fewer than 200");
        fs::write(place, text).unwrap();
    }
}

/// The server starts with the library and is ready.
async fn serve(shell: &Shell, line: &str) {
    let mut command = shell.command(&format!("exec {line}"));
    command.env("ENTREPOT_HTTP__LISTEN", "127.0.0.1:0");
    let server = Server::start(command);
    let ready = office::http().get(format!("{}/readyz", server.url)).send().await.unwrap();
    let (status, text) = (ready.status().as_u16(), ready.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
}

/// The library's own schema is what the configuration is checked against.
fn a_setting_that_will_not_do(shell: &mut Shell) {
    let text = fs::read_to_string(shell.folder.join("entrepot.toml")).unwrap();
    fs::write(shell.folder.join("wrong.toml"), text.replace("timeout_ms = 5000", "timeout_ms = 50")).unwrap();
    let ended = shell.run("entrepot config check --config wrong.toml");
    let told = "merchants.lakeside.suppliers.lakeside-acme.settings.timeout_ms";
    assert!(ended.code == 2 && ended.err.contains(told), "{} {}", ended.code, ended.err);
}

/// A channel is begun in the same way, and passes as it is written; the crates it needs are there already.
fn a_channel(folder: &Path) {
    let mut shell = Shell::at(folder);
    let said = shell.does("entrepot plugins new channel-acme --kind channel --sdk entrepot");
    assert!(said.contains("channel-acme/src/lib.rs"), "{said}");
    shell.folder = folder.join("channel-acme");
    std::os::unix::fs::symlink(strangers_target(), shell.folder.join("target")).unwrap();
    let out = shell.does("cargo test");
    assert!(out.contains("test conforms ... ok"), "{out}");
}

/// The same crate, built with optimisation while the host is built without. The suite is left out, because it would be
/// optimised, too.
fn optimised(crate_folder: &Path) -> PathBuf {
    let manifest = crate_folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let (before, after) = text.split_once("[dev-dependencies]\n").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    fs::write(&manifest, format!("{before}{after}")).unwrap();
    let mut shell = Shell::at(crate_folder);
    shell.does("cargo build --release --example supplier-acme");
    strangers_target().join(format!("release/examples/{DLL_PREFIX}supplier_acme{DLL_SUFFIX}"))
}

/// Over HTTP, from a host of this test.
async fn in_a_host(library: &Path, turnstile: &Turnstile) {
    let hosted = Hosted::load("supplier-acme", library);
    let running = hosted.open(Some(&turnstile.url), &[("token", KEY)]).await;
    let booked = ask(&running, SupplierRequest::Book { order: order("H1", 2) }).await.unwrap();
    assert_eq!(booked["booking"], "issued", "{booked}");
    let again = ask(&running, SupplierRequest::Inquire { order: order("H1", 2), memo: None }).await.unwrap();
    assert_eq!(again, booked);
    let (units, key) = (vec![2], "K1".to_owned());
    let cancelled = ask(&running, SupplierRequest::Cancel { order: order("H1", 2), units, key }).await.unwrap();
    assert_eq!(cancelled["cancellation"], "done", "{cancelled}");
    let there = &turnstile.orders()["H1"];
    assert_eq!((there.tickets.len(), there.returned.iter().copied().collect::<Vec<_>>()), (2, vec![2]));
}

/// From a guest at the simulated platform to the partner and back.
async fn in_a_server(library: &Path, turnstile: &Turnstile) {
    let supplier =
        json!({"plugin": "supplier-acme", "base_url": turnstile.url, "credentials": {"token": KEY}, "settings": {}});
    let more = json!({
        // Below the stage's short leases.
        "plugins": {"supplier-acme": {"library": library, "timeout_ms": 2_000}},
        "merchants": {"lakeside": {"suppliers": {"lakeside-acme": supplier}}},
    });
    let stage = Stage::set_with(databases::file(), &more).await;
    let fulfilment = json!({"by": "supplier", "connection": "lakeside-acme", "product_code": "adult"});
    let offer = Offer { fulfilment, ..Offer::own_number() };
    stage.office.offer(&offer, &stage.day, 10).await;
    let made = stage.platform.create_order(&stage.purchase(&offer, 2)).await;
    assert!(made.reply.is_ok(), "{:?}", made.reply);
    assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
    let issued = stage.platform.issue(&made.order_id).await.unwrap();
    assert!(issued.is_ok(), "{issued:?}");
    let ours = stage.office.order(&made.order_id).await;
    assert_eq!(ours["state"], "issued", "{ours}");
    let orders = turnstile.orders();
    let (_, there) = orders.iter().find(|(number, _)| *number != "H1").unwrap();
    assert_eq!((there.goods.as_str(), &there.day, there.tickets.len()), ("adult", &stage.day, 2));
    let shown = issued.data()["vouchers"].to_string();
    assert!(there.tickets.iter().all(|ticket| shown.contains(ticket.as_str())), "{shown}");
    stage.office.assert_sound().await;
}
