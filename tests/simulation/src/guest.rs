//! A guest's order as its channel lives it: calls that repeat, overtake each other, come twice, or never come.

use std::sync::Arc;
use std::time::Duration;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::ids::OrderId;
use entrepot_contract::intent::{
    AskRefund, CancelStage, CreateOrder, Intent, IssueOrder, RecordRefund, UnitChoice, Wish,
};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guest as Person, GuestField, Guests, RefundCause, UnitCredentials};
use entrepot_contract::outcome::{Acceptance, Outcome, Reason};
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::CommandKey;
use entrepot_engine::flows::redeem::{Redeem, Shown};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::house::{self, PASS, RIDE, SHOPS, SKUS, id, names};
use crate::ledger::{Answered, ChannelName, Wanted, undecided};
use crate::partners::{Message, READY};
use crate::world::{BEGIN_MS, World};

/// Tries of one chain before the channel gives up.
const TRIES: u32 = 14;

/// One call, as the channel repeats it.
#[derive(Debug, Clone)]
struct Call {
    order: ChannelName,
    scene: &'static str,
    key: String,
    contents: String,
    units: Option<UnitChoice>,
    account: bool,
    intent: Intent,
}

/// A guest with an order.
struct Guest {
    world: Arc<World>,
    order: ChannelName,
    wanted: Wanted,
    /// Calls that go on by themselves.
    beside: Vec<JoinHandle<()>>,
    keys: u32,
    /// Of so many people, which one this is.
    phone: u64,
    /// The voucher order behind a reservation.
    source: Option<String>,
}

/// People who buy.
const PEOPLE: u64 = 6;

/// Lives an order's life.
pub(crate) async fn live(world: Arc<World>, number: u64) {
    let shop = usize::try_from(number % 2).unwrap_or(0);
    let rush = world.plan.rush_ms;
    let (wait, sku, count, nights) = world.chance(|chance| {
        let count = u32::try_from(chance.one_of(&[1, 1, 2, 2, 3, 4])).unwrap_or(1);
        (chance.between(0, rush), chance.one_of(&SKUS), count, 1 + u32::try_from(chance.between(0, 3)).unwrap_or(0))
    });
    pause(wait).await;
    // Two channels number their orders alike.
    let order = (shop, (number / 2).to_string());
    let phone = world.chance(|chance| chance.between(1, PEOPLE));
    let wanted = Wanted { sku, count, nights };
    let mut guest = Guest { world, order, wanted, beside: Vec::new(), keys: 0, phone, source: None };
    guest.live().await;
    for call in guest.beside {
        if let Err(error) = call.await {
            guest.world.breach(format!("a channel's call failed: {error}"));
        }
    }
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_millis(BEGIN_MS - 3_600_000 + seconds * 1_000)
}

impl Guest {
    fn percent(&self, share: u64) -> bool {
        self.world.chance(|chance| chance.percent(share))
    }

    async fn dawdle(&self, most_ms: u64) {
        let wait = self.world.chance(|chance| chance.between(0, most_ms));
        pause(wait).await;
    }

    fn name(&self) -> entrepot_contract::ids::ChannelOrderId {
        id(&self.order.1)
    }

    fn call(&self, scene: &'static str, key: &str, contents: String, intent: Intent) -> Call {
        let account = scene == "create" || self.percent(70);
        let (order, key) = (self.order.clone(), key.to_owned());
        Call { order, scene, key, contents, units: None, account, intent }
    }

    /// Makes a call as channels do: repeated until it is answered, and sometimes by several chains at once.
    async fn make(&mut self, call: Call) -> Option<Outcome> {
        let beside = self.world.chance(|chance| chance.one_of(&[0, 0, 0, 1, 2]));
        for _ in 0..beside {
            let (late, wait) = self.world.chance(|chance| (chance.percent(20), chance.between(0, 2_500)));
            let (world, call) = (self.world.clone(), call.clone());
            self.beside.push(tokio::spawn(async move {
                pause(if late { wait * 12 } else { wait }).await;
                insist(&world, &call).await;
            }));
        }
        insist(&self.world, &call).await
    }

    /// Makes a call that nobody waits for.
    fn make_beside(&mut self, call: Call, within_ms: u64) {
        let wait = self.world.chance(|chance| chance.between(0, within_ms));
        let world = self.world.clone();
        self.beside.push(tokio::spawn(async move {
            pause(wait).await;
            insist(&world, &call).await;
        }));
    }

    fn create(&self, count: u32, paid: bool) -> Call {
        let wanted = Wanted { count, ..self.wanted.clone() };
        let (visit, days) = house::visit(wanted.sku, wanted.nights);
        let retail: i64 = days.iter().map(|day| house::retail_fen(wanted.sku, *day)).sum();
        let intent = Intent::CreateOrder(CreateOrder {
            paid_at: paid.then(|| instant(1)),
            source_order: self.source.as_deref().map(id),
            ..CreateOrder::new(
                self.name(),
                Wish {
                    names: names(if wanted.sku == RIDE { PASS } else { wanted.sku }),
                    count,
                    visit,
                    slot: None,
                    origin_amount: Some(Money::fen(retail * i64::from(count))),
                    pay_amount: None,
                    guests: Guests {
                        buyer: Some(Person {
                            phone: Some(GuestField::Plain(format!("1380000000{}", self.phone))),
                            ..Person::default()
                        }),
                        ..Guests::default()
                    },
                    guests_final: true,
                    ..Wish::default()
                },
                instant(0),
            )
        });
        let contents = format!("{count} of {}", wanted.sku);
        self.world.ledger().wanted.insert((self.order.clone(), contents.clone()), wanted);
        self.call("create", "", contents, intent)
    }

    fn pay(&self) -> Call {
        let intent = Intent::PayOrder { order: self.name(), paid_at: instant(2) };
        self.call("pay", "", String::new(), intent)
    }

    /// A reservation is cancelled by this after payment, too, and not with a refund.
    fn cancel(&self, stage: CancelStage) -> Call {
        let intent = Intent::CancelOrder { order: self.name(), stage, cancelled_at: instant(3) };
        self.call("cancel", "", String::new(), intent)
    }

    /// A call for vouchers; where it is `paying` it says alone that the guest paid.
    fn issue(&self, paying: bool) -> Call {
        let paid_at = paying.then(|| instant(2));
        let intent = Intent::IssueOrder(IssueOrder { paid_at, ..IssueOrder::new(self.name()) });
        self.call("issue", if paying { "paying" } else { "" }, String::new(), intent)
    }

    fn ask(&self, key: &str, units: &UnitChoice) -> Call {
        let intent = Intent::AskRefund(AskRefund::new(
            self.name(),
            key.to_owned(),
            RefundCause::Guest,
            units.clone(),
            instant(4),
        ));
        self.call("ask", key, String::new(), intent)
    }

    fn refunded(&self, key: &str, units: &UnitChoice) -> Call {
        let intent = Intent::RecordRefund(RecordRefund::new(
            self.name(),
            key.to_owned(),
            RefundCause::Guest,
            units.clone(),
            Money::fen(100),
            instant(5),
        ));
        Call { units: Some(units.clone()), ..self.call("refunded", key, String::new(), intent) }
    }

    async fn live(&mut self) {
        let paid_at_once = self.percent(45);
        let before = self.world.chance(|chance| chance.between(0, 99));
        let mut paid = paid_at_once;
        // Facts may come before their order, at the same time, or a moment later.
        let early = match before {
            0..=9 => Some(self.refunded(&format!("{}-early", self.order.1), &UnitChoice::AllLeft)),
            10..=15 => Some(self.cancel(CancelStage::BeforePayment)),
            16..=27 => {
                paid = true;
                Some(self.pay())
            }
            28..=37 => {
                paid = true;
                Some(self.issue(true))
            }
            _ => None,
        };
        if let Some(call) = early {
            if self.percent(35) {
                self.make(call).await;
            } else {
                let within = self.world.chance(|chance| chance.one_of(&[5, 50, 400]));
                self.make_beside(call, within);
                self.dawdle(within).await;
            }
        }
        let create = self.create(self.wanted.count, paid_at_once);
        let made = self.make(create).await;
        if self.percent(8) {
            let other = self.create(self.wanted.count + 1, paid_at_once);
            self.make_beside(other, 20_000);
        }
        let Some(Outcome::Created { order, .. }) = made else { return };
        self.dawdle(4_000).await;
        if !paid_at_once {
            paid |= self.settle().await;
        }
        if paid {
            self.enjoy(&order).await;
        }
    }

    /// An unpaid order is paid, cancelled, both at once, or forgotten.
    async fn settle(&mut self) -> bool {
        let how = self.world.chance(|chance| chance.between(0, 99));
        if matches!(how, 80..=94) {
            let cancel = self.cancel(CancelStage::BeforePayment);
            if how < 88 {
                self.make(cancel).await;
            } else {
                self.make_beside(cancel, 300);
            }
        }
        if matches!(how, 0..=19) {
            let pay = self.issue(true);
            return matches!(self.make(pay).await, Some(Outcome::Issued { .. } | Outcome::Issuing { .. }));
        }
        if matches!(how, 20..=79 | 88..=94) {
            let pay = self.pay();
            let accepted = Some(Outcome::Paid { acceptance: Acceptance::Accepted });
            return self.make(pay).await == accepted;
        }
        false
    }

    async fn enjoy(&mut self, order: &OrderId) {
        if self.percent(12) {
            self.give_back().await;
        }
        if self.wanted.sku == PASS {
            return self.reserve().await;
        }
        self.visit(order).await;
    }

    /// The vouchers are asked for, shown at the gate, given back.
    async fn visit(&mut self, order: &OrderId) {
        let mut units = None;
        if self.percent(90) {
            let issue = self.issue(false);
            if let Some(Outcome::Issued { units: credentials, .. }) = self.make(issue).await {
                units = Some(credentials);
            }
        }
        self.dawdle(8_000).await;
        let rounds = self.world.chance(|chance| chance.between(0, 3));
        for _ in 0..rounds {
            if self.percent(45) {
                self.show(order, units.as_deref()).await;
            } else if self.wanted.sku == RIDE {
                let cancel = self.cancel(CancelStage::AfterPayment);
                self.make(cancel).await;
            } else {
                self.give_back().await;
            }
            self.dawdle(6_000).await;
        }
    }

    /// The holder of a voucher takes a date, and another one when the first was given back.
    async fn reserve(&mut self) {
        let dates = self.world.chance(|chance| chance.between(0, 3));
        for number in 1..=dates {
            let count = if self.percent(70) {
                self.wanted.count
            } else {
                let most = u64::from(self.wanted.count) + 1;
                u32::try_from(self.world.chance(|chance| chance.between(1, most))).unwrap_or(1)
            };
            let mut holder = Guest {
                world: self.world.clone(),
                order: (self.order.0, format!("{}-v{number}", self.order.1)),
                wanted: Wanted { sku: RIDE, count, nights: 1 },
                beside: Vec::new(),
                keys: 0,
                phone: self.phone,
                source: Some(self.order.1.clone()),
            };
            if self.percent(35) {
                let life = tokio::spawn(async move {
                    holder.ride().await;
                    for call in std::mem::take(&mut holder.beside) {
                        // A call that panics is told by whoever made it.
                        let _ = call.await;
                    }
                });
                self.beside.push(life);
            } else {
                holder.ride().await;
                self.beside.append(&mut holder.beside);
            }
            self.dawdle(6_000).await;
            if self.percent(15) {
                self.give_back().await;
            }
        }
    }

    /// A reservation's life: mostly made as paid.
    async fn ride(&mut self) {
        let paid = self.percent(70);
        let create = self.create(self.wanted.count, paid);
        let Some(Outcome::Created { order, .. }) = self.make(create).await else { return };
        self.dawdle(2_000).await;
        if paid || self.settle().await {
            self.visit(&order).await;
        }
    }

    fn choice(&self) -> UnitChoice {
        let count = u64::from(self.wanted.count);
        self.world.chance(|chance| match chance.between(0, 9) {
            0..=4 => UnitChoice::AllLeft,
            5 => UnitChoice::Count(1),
            _ => UnitChoice::Numbers(vec![u16::try_from(chance.between(1, count)).unwrap_or(1)]),
        })
    }

    /// A refund: mostly asked for, sometimes only announced, sometimes announced whatever we say.
    async fn give_back(&mut self) {
        self.keys += 1;
        let key = format!("{}-r{}", self.order.1, self.keys);
        let units = self.choice();
        let mut goes = true;
        if self.percent(80) {
            let ask = self.ask(&key, &units);
            let agreed = matches!(self.make(ask).await, Some(Outcome::RefundAgreed { .. }));
            goes = if agreed { self.percent(85) } else { self.percent(15) };
            self.dawdle(5_000).await;
        }
        if goes {
            let refunded = self.refunded(&key, &units);
            if self.percent(70) {
                self.make(refunded).await;
            } else {
                self.make_beside(refunded, 3_000);
            }
        }
    }

    /// At the gate: by order or by a code, sometimes twice.
    async fn show(&mut self, order: &OrderId, units: Option<&[UnitCredentials]>) {
        let choice = self.choice();
        let index = self.world.chance(|chance| chance.between(0, u64::from(self.wanted.count) - 1));
        let code = units
            .and_then(|units| units.get(usize::try_from(index).unwrap_or(0)))
            .map(|unit| unit.credentials[0].value.clone());
        let shown = match code {
            Some(code) if self.percent(60) => Shown::Code(code),
            _ => Shown::Order(order.clone(), choice),
        };
        let again = self.percent(30);
        let guests = if again { 2 } else { 1 };
        for _ in 0..guests {
            self.keys += 1;
            let key = format!("gate-{}-{}-{}", self.order.0, self.order.1, self.keys);
            for _ in 0..guests {
                let (world, key, shown) = (self.world.clone(), key.clone(), shown.clone());
                self.beside.push(tokio::spawn(async move { redeem(&world, &key, &shown).await }));
            }
        }
    }
}

/// Repeats a call until it is answered; gives up after a while.
async fn insist(world: &World, call: &Call) -> Option<Outcome> {
    for attempt in 0..TRIES {
        let outcome = once(world, call).await;
        if let Some(outcome) = outcome.filter(|outcome| !undecided(outcome)) {
            return Some(outcome);
        }
        let wait = world.chance(|chance| chance.between(200, 1_500));
        pause(wait * u64::from(attempt.min(4) + 1)).await;
    }
    None
}

async fn once(world: &World, call: &Call) -> Option<Outcome> {
    let (node, engine) = world.engine().await;
    let message = Message {
        account: call.account.then(|| "account".to_owned()),
        order: Some(call.order.1.clone()),
        product: None,
        intent: call.intent.clone(),
    };
    let raw = RawRequest {
        scene: id(call.scene),
        method: "POST".to_owned(),
        query: String::new(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: serde_json::to_vec(&message).unwrap_or_default(),
    };
    let application = id(SHOPS[call.order.0].1);
    let inbound = engine.inbound(application, call.scene.to_owned(), raw, id("trace"));
    let answered = tokio::time::timeout(Duration::from_secs(10), inbound).await.ok()?;
    let outcome = read(world, call, &answered.raw?.body)?;
    world.note(format_args!("node {node} answers {} of {:?}: {outcome:?}", call.scene, call.order));
    if !undecided(&outcome) {
        let breach = world.ledger().write(Answered {
            order: call.order.clone(),
            scene: call.scene,
            key: call.key.clone(),
            contents: call.contents.clone(),
            units: call.units.clone(),
            outcome: outcome.clone(),
        });
        if let Some(breach) = breach {
            world.breach(breach);
        }
    }
    Some(outcome)
}

/// The outcome in an answer; the words that the host has ready mean nothing was decided, but for `stored`.
fn read(world: &World, call: &Call, body: &[u8]) -> Option<Outcome> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    match value.get(READY).and_then(Value::as_str) {
        Some("stored") => Some(Outcome::Recorded),
        Some("busy" | "timed out" | "unplaced") => None,
        Some(word) => {
            world.breach(format!("{} of {:?} was answered {word}", call.scene, call.order));
            None
        }
        None => serde_json::from_value(value).ok(),
    }
}

async fn redeem(world: &World, key: &str, shown: &Shown) {
    for _ in 0..6 {
        let (node, engine) = world.engine().await;
        let redeem = Redeem {
            merchant: world.merchant(),
            gate: None,
            shown: shown.clone(),
            key: CommandKey { scope: "gate".to_owned(), kind: "redeem".to_owned(), key: key.to_owned() },
            by: "gate".to_owned(),
        };
        let answer = tokio::time::timeout(Duration::from_secs(10), engine.redeem(redeem)).await;
        if let Ok(Ok(answer)) = answer {
            world.note(format_args!("node {node} answers {key}: {answer:?}"));
            // A code that nobody has is refused before any key is looked at.
            let unknown = matches!(&answer, Answer::Refused(refusal) if refusal.reason == Reason::OrderUnknown);
            if !unknown && let Some(breach) = world.ledger().write_command(key, &answer) {
                world.breach(breach);
            }
            return;
        }
        pause(1_000).await;
    }
}
