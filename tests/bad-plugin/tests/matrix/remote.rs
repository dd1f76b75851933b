//! The same supplier with its partner behind a URL: what a check file says is as good as what a test says.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bad_plugin::reference::gate;
use bad_plugin::spoilt;
use entrepot_conformance::{Button, OtherSide, Pressed, Report, Suite, Verdict, check_file};
use entrepot_sdk::prelude::*;
use serde_json::{Value, json};

use crate::sides;

/// A simulator as a stranger writes it: calls below `/gate`, its control below `/control`.
struct Simulator {
    side: Mutex<Arc<dyn OtherSide>>,
}

impl Simulator {
    /// Starts it on a loopback port; it runs as long as the test.
    fn start() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let simulator = Arc::new(Self { side: Mutex::new(sides::fresh()) });
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let simulator = Arc::clone(&simulator);
                std::thread::spawn(move || simulator.serve(stream));
            }
        });
        url
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let (head, body) = request(&mut stream)?;
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers: Vec<(String, String)> = lines.filter_map(header).collect();
        let (status, answer) = match target.strip_prefix("/control/") {
            Some(path) => self.control(path, &body),
            None => {
                let url = format!("http://gate.test{}", target.strip_prefix("/gate")?);
                let mut call = http::request("any", &method, url).build();
                (call.headers, call.body) = (headers, Some(body));
                let side = Arc::clone(&self.side.lock().unwrap());
                let answer = side.answer(&call).ok()?;
                (answer.status, answer.body)
            }
        };
        write!(stream, "HTTP/1.0 {status} so\r\ncontent-type: application/json\r\n\r\n{answer}").ok()
    }

    fn control(&self, path: &str, body: &str) -> (u16, String) {
        let mut side = self.side.lock().unwrap();
        let told: Value = match path {
            "forget" => {
                *side = sides::fresh();
                json!({})
            }
            "booked" => json!(side.booked()),
            "press" => match serde_json::from_str::<Button>(body).map(|button| side.press(&button)) {
                Ok(Pressed::Done) => json!({}),
                Ok(Pressed::Calls(call)) => json!({ "call": call }),
                _ => return (404, "{}".to_owned()),
            },
            other => match other.strip_prefix("cancelled/") {
                Some(order) => json!(side.cancelled(&http::decoded(order).unwrap())),
                None => return (404, "{}".to_owned()),
            },
        };
        (200, told.to_string())
    }
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).ok()?;
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length?.parse().ok()? {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        if read == 0 {
            return None;
        }
    }
}

fn checked(partner: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check.toml");
    let text = format!(
        "settings = {{ distributor = \"D1\", timeout_ms = 5000 }}\nsecrets = {{ key = \"{}\" }}\n\
         [[bad_settings]]\nsettings = {{ distributor = \"\" }}\nkey = \"distributor\"\n\
         [supplier]\nproduct = \"{}\"\nrefused_product = \"{}\"\n[partner]\n{partner}\n",
        gate::SECRET,
        gate::PRODUCT,
        gate::REFUSED,
    );
    std::fs::write(&file, text).unwrap();
    let prepared = check_file::read(&file).unwrap();
    Suite::of(spoilt::supplier(None), prepared.fixture.clone()).run()
}

fn results(report: &Report) -> BTreeMap<&str, Verdict> {
    report.checks.iter().map(|check| (check.name, check.result)).collect()
}

#[test]
fn a_partner_behind_a_url_is_as_good_as_one_in_the_process() {
    let url = Simulator::start();
    let remote = checked(&format!("url = \"{url}/gate\"\ncontrol = \"{url}/control\""));
    let here = Suite::of(spoilt::supplier(None), sides::supplier()).run();
    assert_eq!(results(&remote), results(&here), "{remote}");
}

#[test]
fn a_partner_that_is_not_there_is_a_failure() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let report = checked(&format!("url = \"{url}\""));
    assert!(report.failed > 100 && !report.conforms(), "{report}");
}
