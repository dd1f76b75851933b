//! What has to agree on both sides of a connection (联调检查), line by line, so that an operator is walked through it: what
//! was found right or wrong, what nobody here can know, and what a person has to agree with the partner. Asking changes
//! nothing on either side.
//!
//! - of a channel: `plugin` (open, first call, account, scopes), `scenes` (calls of the partner), `products`, `calendar`
//!   (prices and stock), `shops`, `followed` (catch-up and comparisons), `duties` (what only a person can see to).
//! - of one that sells pairs: `pairs` (vouchers with what is reserved, their dates and suppliers), `there` (what a person read
//!   in the channel's console beside ours), `sheet` (what is handed over).
//! - `supplier`: of a supplier; `settings`: what both sides set by hand.

mod calendar;
mod duties;
mod followed;
mod pairs;
mod plugin;
mod products;
mod scenes;
mod settings;
mod sheet;
mod shops;
mod supplier;
mod there;

use entrepot_contract::capability::ChannelCapabilities;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ConnectionId, MerchantId, PluginId};
use entrepot_contract::looking::{Look, LookName, Seen};
use entrepot_contract::time::Timestamp;
use entrepot_domain::catalogue::{ChannelRules, ConnectionRules};
use entrepot_domain::said::{Said, said};
use entrepot_engine::directory::Connection;
use entrepot_engine::storage::StorageFault;
use serde::Serialize;

use crate::boot::App;

/// How a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was looked at and is right.
    Ok,
    /// It was looked at and is wrong.
    Wrong,
    /// Nobody here can know, or it did not happen yet.
    NotKnown,
    /// A person has to agree it with the partner.
    ByHand,
}

/// One thing that has to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How it stands.
    pub verdict: Verdict,
    /// What it is about: a listing, a scene, a key.
    pub about: String,
    /// What was found.
    pub text: Said,
    /// What to do; none where nothing has to be done.
    pub advice: Option<Said>,
}

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its name, for programs.
    pub name: &'static str,
    /// Its title, for people.
    pub title: Said,
    /// Its lines, in the order in which one works through them.
    pub lines: Vec<Line>,
}

impl Section {
    fn new(name: &'static str, zh: &str, en: &str) -> Self {
        Self { name, title: said(zh, en), lines: Vec::new() }
    }

    fn line(&mut self, verdict: Verdict, about: &str, text: Said, advice: Option<Said>) {
        self.lines.push(Line { verdict, about: about.to_owned(), text, advice });
    }

    fn ok(&mut self, about: &str, text: Said) {
        self.line(Verdict::Ok, about, text, None);
    }

    fn wrong(&mut self, about: &str, text: Said, advice: Said) {
        self.line(Verdict::Wrong, about, text, Some(advice));
    }

    fn not_known(&mut self, about: &str, text: Said, advice: Option<Said>) {
        self.line(Verdict::NotKnown, about, text, advice);
    }

    fn by_hand(&mut self, about: &str, text: Said) {
        self.line(Verdict::ByHand, about, text, None);
    }
}

/// A connection, looked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which.
    pub connection: ConnectionId,
    /// Whose.
    pub merchant: MerchantId,
    /// Its plugin.
    pub plugin: PluginId,
    /// When.
    pub at: Timestamp,
    /// How many lines are wrong.
    pub wrong: usize,
    /// What was looked at.
    pub sections: Vec<Section>,
}

/// Looks a connection through. Partners are only asked, and what fails there is a line, never a fault.
pub async fn of(app: &App, connection: &Connection) -> Result<Report, StorageFault> {
    let sections = match &connection.rules {
        ConnectionRules::Channel(rules) => channel(app, connection, rules).await?,
        ConnectionRules::Supplier(_) => supplier::sections(app, connection).await?,
    };
    let lines = sections.iter().flat_map(|section| &section.lines);
    Ok(Report {
        connection: connection.id.clone(),
        merchant: connection.merchant.clone(),
        plugin: connection.plugin.clone(),
        at: app.engine.now(),
        wrong: lines.filter(|line| line.verdict == Verdict::Wrong).count(),
        sections,
    })
}

async fn channel(app: &App, connection: &Connection, rules: &ChannelRules) -> Result<Vec<Section>, StorageFault> {
    let instance = app.engine.host().instance(&connection.instance());
    let abilities = instance.and_then(|open| open.manifest().capabilities.channel.clone()).unwrap_or_default();
    let visit = Visit { app, connection, rules, abilities };
    let shops = shops::ask(&visit).await;
    let products = products::ask(&visit).await?;
    let mut sections = vec![
        plugin::section(&visit, shops.as_ref(), &products),
        plugin::scopes(&visit),
        scenes::section(app, connection).await?,
        products::section(&visit, &products).await?,
    ];
    sections.extend(pairs::section(&visit).await?);
    sections.extend(there::section(&visit, &products).await?);
    sections.extend([
        calendar::section(&visit).await?,
        shops::section(&visit, shops.as_ref()),
        settings::channel(app, connection),
        followed::section(&visit).await?,
    ]);
    sections.extend(duties::section(&visit).await?);
    sections.extend(sheet::section(&visit).await?);
    Ok(sections)
}

/// What the sections of a channel look with.
struct Visit<'a> {
    app: &'a App,
    connection: &'a Connection,
    rules: &'a ChannelRules,
    abilities: ChannelCapabilities,
}

impl Visit<'_> {
    fn looks(&self, name: LookName) -> bool {
        self.abilities.looks.contains(&name)
    }

    async fn look(&self, what: Look) -> Result<Seen, Fault> {
        self.app.engine.look_at(self.connection, what).await
    }

    fn key(&self, name: &str) -> String {
        format!("merchants.{}.channels.{}.{name}", self.connection.merchant, self.connection.id)
    }
}

/// What to do about a partner that was asked and did not answer well.
fn advice_on(fault: &Fault) -> Said {
    match fault.kind {
        FaultKind::Unauthenticated => said(
            "核对应用的凭证（credentials）与平台后台一致，以及应用是否已授权该商家账号",
            "compare the application's credentials with the platform's console; is it authorized for this account?",
        ),
        FaultKind::Unavailable | FaultKind::TimedOut => said(
            "核对 base_url 与网络出口；平台可能限制来源 IP",
            "look at base_url and the way out of this network; the platform may know callers by their address",
        ),
        FaultKind::RateLimited | FaultKind::Busy => {
            said("稍后再检查；调用过于频繁", "check again later: there were too many calls")
        }
        FaultKind::Refused => said(
            "平台拒绝了调用：核对能力（scope）是否已开通，再按错误码联系平台",
            "the platform said no: look whether the scope is granted, then ask it about the code",
        ),
        _ => said(
            "查看接口日志中的这次调用，并把平台的请求编号提供给平台",
            "look at this call in the interface log, and give the platform its own id of it",
        ),
    }
}
