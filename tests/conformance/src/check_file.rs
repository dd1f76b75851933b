//! A check file: everything that the suite needs of a plugin, as TOML, for `entrepot plugins check --config FILE`.
//!
//! ```toml
//! [settings]                     # the instance's settings, as in settings.example.toml
//! timeout_ms = 5000
//!
//! [secrets]                      # made up; the suite looks for them where they must not be
//! token = "made-up-token-5f3a9c1e77"
//!
//! [[bad_settings]]               # what has to be refused, and the key that the fault has to name
//! settings = { timeout_ms = 1 }
//! key = "timeout_ms"
//!
//! [supplier]                     # for suppliers that are called
//! product = "adult"
//! refused_product = "refused"
//!
//! [partner]                      # a simulator: one that runs …
//! url = "http://127.0.0.1:9000"
//! control = "http://127.0.0.1:9000/control"
//! # … or one to start: its first line is {"url": "…", "control": "…"}; it is stopped when the checks are done.
//! # command = ["python3", "simulator.py"]
//! ```
//!
//! A channel has `[channel]` (`settings`, `account`, `shops`), one `[[samples]]` (`scene`, `method`, `query`, `headers`,
//! `body`, `intent`, `order`) a call, and `[[notices]]` as the contract writes them. What the partner's simulator has to
//! offer is told in [`crate::remote`].

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::SceneName;
use entrepot_contract::notice::Notice;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fixture::{ChannelSide, Fixture, Sample, Side, SupplierSide};
use crate::remote::{Address, Remote};
use crate::side::OtherSide;

/// How long a simulator may take until it says where it listens.
const START_LIMIT: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckFile {
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    bad_settings: Vec<BadSetting>,
    supplier: Option<SupplierPart>,
    channel: Option<ChannelPart>,
    #[serde(default)]
    samples: Vec<SamplePart>,
    #[serde(default)]
    notices: Vec<Notice>,
    partner: Option<PartnerPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadSetting {
    settings: Value,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SupplierPart {
    product: String,
    refused_product: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelPart {
    #[serde(default)]
    settings: Map<String, Value>,
    account: Option<String>,
    #[serde(default)]
    shops: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplePart {
    scene: SceneName,
    method: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    intent: String,
    order: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartnerPart {
    url: Option<String>,
    control: Option<String>,
    command: Option<Vec<String>>,
}

/// Where a simulator says it listens.
#[derive(Deserialize)]
struct Listening {
    url: String,
    control: Option<String>,
}

/// What a check file says, with the simulator it started. The simulator is stopped when this is dropped.
pub struct Prepared {
    /// What the suite needs.
    pub fixture: Fixture,
    _simulator: Option<Simulator>,
}

struct Simulator(Child);

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads a check file and starts the simulator that it names.
///
/// # Errors
/// What is wrong, with the file, its line or key, and what to do.
pub fn read(path: &Path) -> Result<Prepared, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|fault| format!("{shown}: {fault}"))?;
    let file: CheckFile = toml::from_str(&text).map_err(|fault| format!("{shown}: {fault}"))?;
    let (listening, simulator) = partner(&file, path)?;
    let side = side(&file, listening.as_ref()).map_err(|fault| format!("{shown}: {fault}"))?;
    let base_url = listening.map_or_else(|| Fixture::bare().base_url, |partner| partner.url);
    let fixture = Fixture {
        settings: Ok(Value::Object(file.settings)),
        bad_settings: file.bad_settings.into_iter().map(|bad| (bad.settings, bad.key)).collect(),
        secrets: file.secrets.into_iter().collect(),
        base_url: base_url.trim_end_matches('/').to_owned(),
        side,
    };
    Ok(Prepared { fixture, _simulator: simulator })
}

fn partner(file: &CheckFile, path: &Path) -> Result<(Option<Listening>, Option<Simulator>), String> {
    let Some(partner) = &file.partner else { return Ok((None, None)) };
    match (&partner.url, &partner.command) {
        (Some(url), None) => Ok((Some(Listening { url: url.clone(), control: partner.control.clone() }), None)),
        (None, Some(command)) => {
            let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
            let (listening, simulator) = start(command, &folder)?;
            Ok((Some(listening), Some(simulator)))
        }
        _ => Err(format!("{}: [partner] has either url or command", path.display())),
    }
}

/// Starts a simulator in the check file's folder and waits for its first line.
fn start(command: &[String], folder: &PathBuf) -> Result<(Listening, Simulator), String> {
    let [program, arguments @ ..] = command else { return Err("partner.command: empty".to_owned()) };
    let mut started = Command::new(program);
    started.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    if !folder.as_os_str().is_empty() {
        started.current_dir(folder);
    }
    let mut child = started.spawn().map_err(|fault| format!("partner.command: {program}: {fault}"))?;
    let out = child.stdout.take();
    let simulator = Simulator(child);
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        if let Some(out) = out {
            let _ = BufReader::new(out).read_line(&mut line);
        }
        // Nobody waits any more when the time is over.
        let _ = tell.send(line);
    });
    let line = told.recv_timeout(START_LIMIT).map_err(|_| {
        format!("partner.command: {program} did not say within {} s where it listens", START_LIMIT.as_secs())
    })?;
    let expected = "partner.command: its first line has to be {\"url\": \"http://127.0.0.1:PORT\", \"control\": \"…\"}";
    let listening = serde_json::from_str(&line).map_err(|fault| format!("{expected}: {fault}"))?;
    Ok((listening, simulator))
}

fn side(file: &CheckFile, partner: Option<&Listening>) -> Result<Side, String> {
    let remote = match partner {
        None => None,
        Some(partner) => {
            let control = partner.control.clone();
            let control = control.unwrap_or_else(|| format!("{}/control", partner.url.trim_end_matches('/')));
            Some(Address::parse(&control).map_err(|fault| format!("partner.control: {fault}"))?)
        }
    };
    match (&file.supplier, &file.channel) {
        (Some(_), Some(_)) => Err("a plugin is a supplier or a channel: [supplier] or [channel]".to_owned()),
        (Some(supplier), None) => {
            let control = remote.ok_or("[supplier] needs a [partner]")?;
            let other_side = Arc::new(move || Ok(Arc::new(Remote::fresh(control.clone())?) as Arc<dyn OtherSide>));
            let refused_product = supplier.refused_product.clone();
            Ok(Side::Supplier(SupplierSide {
                product: supplier.product.clone(),
                refused_product,
                calendar_product: None,
                other_side,
            }))
        }
        (None, Some(channel)) => Ok(Side::Channel(Box::new(of_channel(file, channel, remote)))),
        (None, None) => Ok(Side::Pool),
    }
}

fn of_channel(file: &CheckFile, channel: &ChannelPart, control: Option<Address>) -> ChannelSide {
    let sample = |part: &SamplePart| Sample {
        raw: RawRequest {
            scene: part.scene.clone(),
            method: part.method.clone(),
            query: part.query.clone(),
            headers: part.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
            body: part.body.clone().into_bytes(),
        },
        intent: part.intent.clone(),
        order: part.order.clone(),
    };
    let signer = control.clone().filter(|control| Remote::of(control.clone()).signs());
    ChannelSide {
        connection_settings: Value::Object(channel.settings.clone()),
        account: channel.account.clone(),
        shops: channel.shops.clone(),
        samples: file.samples.iter().map(sample).collect(),
        sign: signer.map(|control| {
            let remote = Remote::of(control);
            Arc::new(move |raw: RawRequest| remote.signed(raw)) as _
        }),
        notices: file.notices.clone(),
        other_side: match control {
            Some(control) => Arc::new(move |request| Remote::of(control.clone()).answer(request)),
            None => Arc::new(|_| Err(Fault::not_done(FaultKind::Unavailable, "the check file names no [partner]"))),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("check.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn refused(text: &str) -> String {
        let (_folder, path) = written(text);
        read(&path).err().unwrap()
    }

    #[test]
    fn faults_name_their_place() {
        assert!(refused("[settngs]").contains("settngs"));
        assert!(refused("[supplier]\nproduct = \"a\"").contains("needs a [partner]"));
        assert!(refused("[partner]").contains("either url or command"));
        assert!(refused("[supplier]\nproduct = \"a\"\n[partner]\nurl = \"https://a\"").contains("http://"));
        assert!(refused("[partner]\ncommand = [\"no-such-program-4711\"]").contains("no-such-program-4711"));
    }

    #[test]
    fn settings_and_secrets_are_read() {
        let (_folder, path) =
            written("[settings]\na = 1\n[secrets]\nkey = \"k\"\n[[bad_settings]]\nsettings = {}\nkey = \"a\"");
        let fixture = read(&path).unwrap().fixture;
        assert_eq!(fixture.settings.unwrap()["a"], 1);
        assert_eq!((fixture.secrets.len(), fixture.bad_settings.len()), (1, 1));
    }
}
