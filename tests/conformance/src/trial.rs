//! What one check works with: the plugin, a fresh world, requests to send.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::ids::{OrderId, SceneName};
use entrepot_contract::intent::Intent;
use entrepot_contract::manifest::Manifest;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guest, GuestField, Visit};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::plugin::Plugin;
use entrepot_contract::services::{HttpResponse, Services as _};
use entrepot_contract::supplier::{SupplierOrder, SupplierUnit};
use entrepot_contract::time::{Clock as _, SystemClock, VisitDate};
use entrepot_sdk::testing::{Bench, Seat, World};
use serde_json::Value;

use crate::fixture::{ChannelSide, Fixture, OtherSide, Side, SupplierSide};

/// A guest's name; it must reach no log, no URL and no fault.
pub const GUEST_NAME: &str = "欧阳测试 O'Neil";
/// A guest's phone; the same holds.
pub const GUEST_PHONE: &str = "13800138000";
/// A date of visit.
pub const DATE: &str = "2026-10-01";

/// One check's plugin and fixture.
pub struct Trial {
    /// The plugin, built in or in a library.
    pub plugin: Arc<dyn Plugin>,
    /// What the author brought.
    pub fixture: Fixture,
}

/// An open supplier, its world and its other side.
pub struct Stand {
    /// The instance.
    pub seat: Seat,
    /// The host it sees.
    pub world: Arc<World>,
    /// The supplier's system.
    pub other_side: Arc<dyn OtherSide>,
    /// While set, what the other side did is not answered: the call times out.
    pub losing: Arc<AtomicBool>,
}

impl Trial {
    pub(crate) fn new(plugin: Arc<dyn Plugin>, fixture: Fixture) -> Self {
        Self { plugin, fixture }
    }

    pub(crate) fn manifest(&self) -> Manifest {
        self.plugin.manifest()
    }

    pub(crate) fn supplier_side(&self) -> Result<&SupplierSide, String> {
        match &self.fixture.side {
            Side::Supplier(side) => Ok(side),
            Side::Pool | Side::Channel(_) => Err("the fixture brings no supplier's side".to_owned()),
        }
    }

    pub(crate) fn channel_side(&self) -> Result<&ChannelSide, String> {
        match &self.fixture.side {
            Side::Channel(side) => Ok(side),
            Side::Pool | Side::Supplier(_) => Err("the fixture brings no channel's side".to_owned()),
        }
    }

    /// The example settings.
    pub(crate) fn example(&self) -> Result<Value, String> {
        toml::from_str(self.fixture.example).map_err(|fault| format!("settings.example.toml: {fault}"))
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

    /// A bench with the example settings in that world.
    pub(crate) fn bench(&self, world: &Arc<World>) -> Result<Bench, String> {
        let bench = Bench::new(Arc::clone(&self.plugin)).world(world).settings(self.example()?);
        Ok(match &self.fixture.side {
            Side::Channel(side) => bench.connection(side.connection_settings.clone(), side.account, &side.shops),
            Side::Supplier(_) | Side::Pool => bench,
        })
    }

    /// An instance in that world.
    pub(crate) async fn open(&self, world: &Arc<World>) -> Result<Seat, String> {
        self.bench(world)?.open().await.map_err(|fault| format!("cannot be opened: {fault}"))
    }

    /// An open supplier with a fresh other side.
    pub(crate) async fn stand(&self) -> Result<Stand, String> {
        let other_side = (self.supplier_side()?.other_side)();
        let losing = Arc::new(AtomicBool::new(false));
        let world = self.world();
        let (side, lost) = (Arc::clone(&other_side), Arc::clone(&losing));
        world.other_side(move |request| {
            let answer = side.answer(request);
            if lost.load(Ordering::Acquire) {
                return Err(Fault::unknown(FaultKind::TimedOut, "no answer in time"));
            }
            answer
        });
        Ok(Stand { seat: self.open(&world).await?, world, other_side, losing })
    }

    /// An open supplier whose other side always answers the same.
    pub(crate) async fn stand_before(&self, status: u16, body: &str) -> Result<Stand, String> {
        let stand = self.stand().await?;
        let answer = HttpResponse { status, headers: Vec::new(), body: body.to_owned() };
        stand.world.other_side(move |_| Ok(answer.clone()));
        Ok(stand)
    }

    /// An order of the fixture's product.
    pub(crate) fn order(&self, number: &str, count: u16) -> Result<SupplierOrder, String> {
        let product = self.supplier_side().map_or("any", |side| side.product);
        let date: VisitDate = DATE.parse().map_err(|fault| format!("{fault}"))?;
        let guest = Guest {
            name: Some(GuestField::Plain(GUEST_NAME.to_owned())),
            phone: Some(GuestField::Plain(GUEST_PHONE.to_owned())),
            ..Guest::default()
        };
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
    pub(crate) fn private(&self) -> Vec<&str> {
        let secrets = self.fixture.secrets.iter().map(|(_, value)| *value);
        secrets.chain([GUEST_NAME, GUEST_PHONE]).collect()
    }
}

/// Fails a check unless it holds.
pub(crate) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// The fault of a call that must fail.
pub(crate) fn failed<T: std::fmt::Debug>(what: &str, answer: Result<T, Fault>) -> Result<Fault, String> {
    match answer {
        Ok(answer) => Err(format!("{what} should fail, answered {answer:?}")),
        Err(fault) => Ok(fault),
    }
}

/// The answer of a call that must succeed.
pub(crate) fn fine<T>(what: &str, answer: Result<T, Fault>) -> Result<T, String> {
    answer.map_err(|fault| format!("{what}: {fault}"))
}

/// A call that must be refused as not declared.
pub(crate) fn unsupported<T: std::fmt::Debug>(what: &str, answer: Result<T, Fault>) -> Result<(), String> {
    let fault = failed(what, answer)?;
    let right = fault.kind == FaultKind::Unsupported && fault.effect == Effect::NotDone;
    ensure(right, || format!("{what} should be Unsupported and not done, is {fault}"))
}

/// Any question to a channel, for plugins that are none.
pub(crate) fn some_question() -> Result<(SceneName, Intent, Outcome), String> {
    let scene = SceneName::parse("any").map_err(|fault| fault.to_string())?;
    let event = Intent::Event { event: "any".to_owned(), message: "m1".to_owned(), order: None };
    Ok((scene, event, Outcome::Recorded))
}

/// No private text in any of the texts.
pub(crate) fn keeps_quiet(where_: &str, texts: &[String], private: &[&str]) -> Result<(), String> {
    for (number, text) in private.iter().enumerate() {
        let told = texts.iter().any(|told| told.contains(text));
        ensure(!told, || format!("private text number {number} appears in {where_}"))?;
    }
    Ok(())
}

/// Everything the world's log and URLs hold.
pub(crate) fn traces(world: &World) -> Vec<String> {
    let logs = world.logs().into_iter().map(|(_, text)| text);
    logs.chain(world.sent().into_iter().map(|request| request.url)).collect()
}

/// The deadline that calls of that world have at most, in milliseconds.
pub(crate) fn window_ms(seat: &Seat) -> i64 {
    seat.context().deadline.since(seat.world.now())
}
