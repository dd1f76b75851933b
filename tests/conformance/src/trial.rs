//! What one check works with: the plugin, a fresh world, orders to send, and how to say what went wrong.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::ids::{OrderId, SceneName};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::manifest::Manifest;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guest, GuestField, Visit};
use entrepot_contract::outcome::Outcome as CoreOutcome;
use entrepot_contract::plugin::Plugin;
use entrepot_contract::services::Services as _;
use entrepot_contract::supplier::{SupplierOrder, SupplierUnit};
use entrepot_contract::time::{Clock as _, SystemClock, Timestamp, VisitDate};
use entrepot_sdk::http::segment;
use entrepot_sdk::testing::{Bench, Seat, World};
use serde_json::Value;

use crate::fixture::{ChannelSide, Fixture, Side, SupplierSide};
use crate::side::OtherSide;
use crate::suite::{Outcome, Stop};

/// A guest's name; it must reach no log, no URL and no fault.
pub const GUEST_NAME: &str = "欧阳测试 O'Neil";
/// A guest's phone; the same holds.
pub const GUEST_PHONE: &str = "13800138000";
/// How far ahead the date of visit is: a partner sells no past dates, and some no far ones.
const DAYS_AHEAD: i64 = 30;

/// One check's plugin and fixture.
pub struct Trial {
    /// The plugin, however it is reached.
    pub plugin: Arc<dyn Plugin>,
    /// What the author brought.
    pub fixture: Fixture,
    /// The other sides that were made for it.
    sides: Mutex<Vec<Arc<dyn OtherSide>>>,
}

impl Trial {
    pub(crate) fn new(plugin: Arc<dyn Plugin>, fixture: Fixture) -> Self {
        Self { plugin, fixture, sides: Mutex::default() }
    }

    pub(crate) fn manifest(&self) -> Manifest {
        self.plugin.manifest()
    }

    pub(crate) fn supplier_side(&self) -> Outcome<&SupplierSide> {
        match &self.fixture.side {
            Side::Supplier(side) => Ok(side),
            _ => Err(Stop::NotRun(
                "it needs a supplier's other side: [supplier] and [partner] of a check file".to_owned(),
            )),
        }
    }

    pub(crate) fn channel_side(&self) -> Outcome<&ChannelSide> {
        match &self.fixture.side {
            Side::Channel(side) => Ok(side),
            _ => Err(Stop::NotRun("it needs a channel's calls: [channel] and [[samples]] of a check file".to_owned())),
        }
    }

    /// A fresh other side, whose troubles are this check's.
    pub(crate) fn other_side(&self) -> Outcome<Arc<dyn OtherSide>> {
        let side = (self.supplier_side()?.other_side)()?;
        self.sides.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&side));
        Ok(side)
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        let sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        sides.iter().find_map(|side| side.trouble())
    }

    /// The example settings.
    pub(crate) fn example(&self) -> Outcome<Value> {
        Ok(self.fixture.settings.clone()?)
    }

    /// A world with the secrets. Its clock shows the machine's time, which is what a library reads.
    pub(crate) fn world(&self) -> Arc<World> {
        let world = World::new();
        world.set_now(SystemClock.now());
        for (name, value) in &self.fixture.secrets {
            world.secret(name, value);
        }
        world
    }

    /// A world whose secrets are others, of the same length.
    pub(crate) fn world_of_another(&self) -> Arc<World> {
        let world = self.world();
        for (name, value) in &self.fixture.secrets {
            world.secret(name, &value.chars().rev().collect::<String>());
        }
        world
    }

    /// A bench with the example settings in that world.
    pub(crate) fn bench(&self, world: &Arc<World>) -> Outcome<Bench> {
        let base_url = Some(self.fixture.base_url.clone());
        let bench = Bench::new(Arc::clone(&self.plugin)).world(world).settings(self.example()?);
        let bench = bench.opening(|open| open.base_url = base_url);
        Ok(match &self.fixture.side {
            Side::Channel(side) => {
                let shops: Vec<&str> = side.shops.iter().map(String::as_str).collect();
                bench.connection(side.connection_settings.clone(), side.account.as_deref(), &shops)
            }
            _ => bench,
        })
    }

    /// An instance in that world.
    pub(crate) async fn open(&self, world: &Arc<World>) -> Outcome<Seat> {
        match self.bench(world)?.open().await {
            Ok(seat) => Ok(seat),
            Err(fault) if matches!(self.fixture.side, Side::Nobody) => {
                Err(Stop::NotRun(format!("without a check file it cannot be opened: {fault}")))
            }
            Err(fault) => Err(Stop::Failed(format!("cannot be opened: {fault}"))),
        }
    }

    /// An order of the fixture's product.
    pub(crate) fn order(&self, number: &str, count: u16) -> Outcome<SupplierOrder> {
        let product = self.supplier_side().map_or("any", |side| &side.product);
        let date = visit_day()?;
        let guest = guest();
        let unit = |number| SupplierUnit { number, guests: vec![guest.clone()], gone: false };
        Ok(SupplierOrder {
            order: OrderId::parse(number).map_err(|fault| fault.to_string())?,
            reference: None,
            product_code: product.to_owned(),
            units: (1..=count).map(unit).collect(),
            visit: Some(Visit { arrive: date, leave: date }),
            slot: None,
            buyer: Some(guest.clone()),
            unit_cost: Some(Money::fen(8_000)),
        })
    }

    /// Texts that must stay out of logs, URLs and faults.
    pub(crate) fn private(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.secrets().into_iter().map(str::to_owned).collect();
        texts.extend(guests_texts());
        texts
    }

    pub(crate) fn secrets(&self) -> Vec<&str> {
        self.fixture.secrets.iter().map(|(_, value)| value.as_str()).collect()
    }
}

pub(crate) fn guest() -> Guest {
    Guest {
        name: Some(GuestField::Plain(GUEST_NAME.to_owned())),
        phone: Some(GuestField::Plain(GUEST_PHONE.to_owned())),
        ..Guest::default()
    }
}

/// What is said of guests, also as a URL would say it.
pub(crate) fn guests_texts() -> Vec<String> {
    vec![GUEST_NAME.to_owned(), GUEST_PHONE.to_owned(), segment(GUEST_NAME)]
}

pub(crate) fn date(text: &str) -> Outcome<VisitDate> {
    Ok(text.parse().map_err(|fault| format!("{fault}"))?)
}

/// The date of visit, some weeks from the machine's today.
pub(crate) fn visit_day() -> Outcome<VisitDate> {
    let then = SystemClock.now().plus_millis(DAYS_AHEAD * 86_400_000);
    date(&then.to_utc().date_naive().to_string())
}

pub(crate) fn whole(count: u16) -> Vec<u16> {
    (1..=count).collect()
}

/// Fails a check unless it holds.
pub(crate) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Stop::Failed(why())) }
}

/// Ends a check as failed.
pub(crate) fn fail<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Stop::Failed(why.into()))
}

/// Ends a check as not run.
pub(crate) fn not_run<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Stop::NotRun(why.into()))
}

/// The fault of a call that must fail.
pub(crate) fn failed<T: Debug>(what: &str, answer: Result<T, Fault>) -> Outcome<Fault> {
    match answer {
        Ok(answer) => fail(format!("{what} should fail, answered {answer:?}")),
        Err(fault) => Ok(fault),
    }
}

/// The answer of a call that must succeed.
pub(crate) fn fine<T>(what: &str, answer: Result<T, Fault>) -> Outcome<T> {
    answer.map_err(|fault| Stop::Failed(format!("{what}: {fault}")))
}

/// The fault of a call that certainly had no effect.
pub(crate) fn not_done(what: &str, fault: &Fault) -> Outcome {
    ensure(fault.effect == Effect::NotDone, || format!("{what}: should be not done, is {fault}"))
}

/// The fault of a call whose effect nobody knows.
pub(crate) fn unknown(what: &str, fault: &Fault) -> Outcome {
    ensure(fault.effect == Effect::Unknown, || format!("{what}: the effect should be unknown, is {fault}"))
}

/// A call that must be refused as not declared.
pub(crate) fn unsupported<T: Debug>(what: &str, answer: Result<T, Fault>) -> Outcome {
    let fault = failed(what, answer)?;
    let right = fault.kind == FaultKind::Unsupported && fault.effect == Effect::NotDone;
    ensure(right, || format!("{what} should be Unsupported and not done, is {fault}"))
}

/// A fault of one of these kinds, without effect.
pub(crate) fn refused(what: &str, fault: &Fault, kinds: &[FaultKind]) -> Outcome {
    let right = kinds.contains(&fault.kind) && fault.effect == Effect::NotDone;
    ensure(right, || format!("{what}: should be {kinds:?} and not done, is {fault}"))
}

/// Any question to a channel, for plugins that are none.
pub(crate) fn some_question() -> Outcome<(SceneName, Intent, CoreOutcome)> {
    let scene = SceneName::parse("any").map_err(|fault| fault.to_string())?;
    let event = Intent::Event {
        event: "any".to_owned(),
        message: "m1".to_owned(),
        order: None,
        names: ListingNames::default(),
    };
    Ok((scene, event, CoreOutcome::Recorded))
}

/// No private text in any of the texts.
pub(crate) fn keeps_quiet<T: AsRef<str>>(where_: &str, texts: &[String], private: &[T]) -> Outcome {
    for (number, text) in private.iter().enumerate() {
        let told = texts.iter().any(|told| told.contains(text.as_ref()));
        ensure(!told, || format!("private text number {number} appears in {where_}"))?;
    }
    Ok(())
}

/// Lines that the world's log holds.
pub(crate) fn lines(world: &World) -> Vec<String> {
    world.logs().into_iter().map(|(_, text)| text).collect()
}

/// URLs that were called.
pub(crate) fn urls(world: &World) -> Vec<String> {
    world.sent().into_iter().map(|request| request.url).collect()
}

/// What a fault says, with the partner's code.
pub(crate) fn text_of(fault: &Fault) -> String {
    format!("{fault} {:?}", fault.partner_code)
}

/// A call's task, joined.
pub(crate) async fn joined<T>(task: tokio::task::JoinHandle<T>) -> Outcome<T> {
    task.await.map_err(|_| Stop::Failed("the plugin panicked".to_owned()))
}

/// The world's time in whole seconds: what partners tell.
pub(crate) fn trial_time(world: &World) -> Timestamp {
    Timestamp::from_seconds(world.now().millis() / 1_000)
}
