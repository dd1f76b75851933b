//! A list of commands that a seed decides, with fixed times, ids and keys: the same for every database.

use entrepot_contract::ids::{CodeId, MerchantId, OrderId, RefundId};
use entrepot_contract::intent::{AskRefund, CancelStage, CreateOrder, Intent, RecordRefund, UnitChoice, Wish};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Credential, CredentialKind, Guest, GuestField, Guests, RefundCause, UnitCredentials};
use entrepot_contract::time::Timestamp;
use entrepot_domain::command::{Body, Command, CommandKey, IssueResult, OrderName};
use entrepot_domain::job::JobEnd;
use entrepot_domain::seed::Seed;

use crate::chance::Chance;
use crate::house::{self, MERCHANT, PASS, RIDE, SHOPS, SKUS, id, names};
use crate::plan::Plan;
use crate::world::BEGIN_MS;

/// Commands of one seed after everything was put on sale.
const COMMANDS: u64 = 90;

/// Numbers that channels give their orders.
pub(crate) const NUMBERS: u64 = 12;

/// Where facts go that belong to no merchant yet.
pub(crate) const INBOX: &str = ".inbox";

/// Batches of commands, with the plan they belong to.
#[must_use]
pub fn of(seed: u64) -> (Plan, Vec<Vec<Command>>) {
    let mut chance = Chance::new(seed);
    let plan = Plan::of(&mut chance);
    let mut list =
        List { chance, given: 0, orders: Vec::new(), refunds: Vec::new(), codes: Vec::new(), keys: Vec::new() };
    let mut batches: Vec<Vec<Command>> = Vec::new();
    for body in house::goods(&plan) {
        batches.push(vec![list.command(body)]);
    }
    let mut batch = Vec::new();
    for _ in 0..COMMANDS {
        let body = list.body();
        let inbox = matches!(body, Body::StoreFact { .. });
        let command = list.command(body);
        if inbox {
            batches.push(std::mem::take(&mut batch));
            batches.push(vec![command]);
        } else {
            batch.push(command);
            if list.chance.percent(45) {
                batches.push(std::mem::take(&mut batch));
            }
        }
    }
    batches.push(batch);
    batches.retain(|batch| !batch.is_empty());
    (plan, batches)
}

struct List {
    chance: Chance,
    given: u64,
    /// Orders that a command may have made.
    orders: Vec<(OrderId, u32)>,
    refunds: Vec<(OrderId, RefundId)>,
    codes: Vec<CodeId>,
    keys: Vec<String>,
}

impl List {
    fn seed(&self) -> Seed {
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&self.given.to_be_bytes());
        Seed::new(format!("{:08}", self.given), secret).unwrap()
    }

    fn command(&mut self, body: Body) -> Command {
        let repeats = !self.keys.is_empty() && self.chance.percent(6);
        let key = if repeats {
            let index = self.chance.between(0, self.keys.len() as u64 - 1);
            self.keys[usize::try_from(index).unwrap()].clone()
        } else {
            format!("k{}", self.given)
        };
        self.keys.push(key.clone());
        let job = self.chance.percent(15).then(|| {
            let number = self.chance.between(0, self.given);
            JobEnd { id: id(&format!("J{number:08}-1")), token: 1 }
        });
        let command = Command {
            merchant: id(if matches!(body, Body::StoreFact { .. }) { INBOX } else { MERCHANT }),
            key: CommandKey { scope: "list".to_owned(), kind: body.name().to_owned(), key },
            fingerprint: self.chance.between(0, 1).to_string(),
            at: Timestamp::from_millis(BEGIN_MS + i64::try_from(self.given).unwrap() * 1_000),
            by: "list".to_owned(),
            seed: self.seed(),
            job: job.filter(|_| matches!(body, Body::EndJob { .. } | Body::RecordIssue { .. })),
            body,
        };
        self.given += 1;
        command
    }

    fn number(&mut self) -> (usize, String) {
        let shop = usize::try_from(self.chance.between(0, 1)).unwrap();
        (shop, self.chance.between(1, NUMBERS).to_string())
    }

    fn named(&mut self) -> OrderName {
        let (shop, number) = self.number();
        match self.chance.between(0, 3) {
            0 if !self.orders.is_empty() => OrderName::Own(self.own().0),
            _ => OrderName::Channel(id(SHOPS[shop].1), id(&number)),
        }
    }

    /// An order that may be there.
    fn own(&mut self) -> (OrderId, u32) {
        if self.orders.is_empty() {
            return (id("T0"), 1);
        }
        let index = self.chance.between(0, self.orders.len() as u64 - 1);
        self.orders[usize::try_from(index).unwrap()].clone()
    }

    fn choice(&mut self) -> UnitChoice {
        match self.chance.between(0, 3) {
            0 => UnitChoice::AllLeft,
            1 => UnitChoice::Count(u32::try_from(self.chance.between(0, 3)).unwrap()),
            _ => UnitChoice::Numbers(vec![u16::try_from(self.chance.between(1, 4)).unwrap()]),
        }
    }

    fn body(&mut self) -> Body {
        let at = Timestamp::from_millis(BEGIN_MS);
        match self.chance.between(0, 99) {
            0..=29 => self.create(),
            30..=37 => Body::PayOrder { order: self.named(), paid_at: at },
            38..=39 => Body::CancelOrder { order: self.named(), told: String::new() },
            40..=42 => self.fact(),
            43..=55 => Body::StartIssue { order: self.named(), count: None, names: Default::default(), paid_at: None },
            56..=63 => self.issued(),
            64 => Body::PromiseIssue { order: self.own().0 },
            65..=70 => Body::Redeem { order: self.named(), units: self.choice(), used_at: at },
            71..=77 => self.ask(),
            78..=84 => self.refunded(),
            85..=87 => self.decided(),
            88 => Body::PassDeadlines { order: self.own().0 },
            89 => Body::EndJob { order: self.own().0, note: "ended".to_owned() },
            90 => Body::RecordSupplierCancel { order: self.own().0, refused: Some("used".to_owned()), fee: None },
            _ => self.office(),
        }
    }

    fn create(&mut self) -> Body {
        let (shop, number) = self.number();
        let sku = self.chance.one_of(&SKUS);
        let count = u32::try_from(self.chance.between(1, 4)).unwrap();
        let nights = u32::try_from(self.chance.between(1, u64::from(house::NIGHTS))).unwrap();
        let (visit, days) = house::visit(sku, nights);
        let reserves = sku == PASS && self.chance.percent(60);
        let source_order = reserves.then(|| id(&self.number().1));
        let (visit, days) = if reserves { house::visit(RIDE, 1) } else { (visit, days) };
        let retail: i64 = days.iter().map(|day| house::retail_fen(sku, *day)).sum();
        let paid_at = self.chance.percent(60).then(|| Timestamp::from_millis(BEGIN_MS));
        self.orders.push((self.seed().order(), count));
        let buyer = Guest {
            name: Some(GuestField::Plain("Guest".to_owned())),
            phone: Some(GuestField::Sealed("sealed".to_owned())),
            ..Guest::default()
        };
        Body::CreateOrder {
            connection: id(SHOPS[shop].0),
            intent: Box::new(CreateOrder {
                paid_at,
                source_order,
                ..CreateOrder::new(
                    id(&number),
                    Wish {
                        names: names(sku),
                        count,
                        visit,
                        slot: None,
                        origin_amount: Some(Money::fen(retail * i64::from(count))),
                        pay_amount: None,
                        guests: Guests { buyer: Some(buyer), visitors: Vec::new(), ..Guests::default() },
                        guests_final: true,
                        ..Wish::default()
                    },
                    Timestamp::from_millis(BEGIN_MS),
                )
            }),
            people: Vec::new(),
        }
    }

    fn fact(&mut self) -> Body {
        let (shop, number) = self.number();
        let at = Timestamp::from_millis(BEGIN_MS);
        let intent = if self.chance.percent(70) {
            Intent::PayOrder { order: id(&number), paid_at: at }
        } else {
            let stage = CancelStage::BeforePayment;
            Intent::CancelOrder { order: id(&number), stage, cancelled_at: at }
        };
        Body::StoreFact { application: id(SHOPS[shop].1), order: id(&number), intent: Box::new(intent) }
    }

    fn issued(&mut self) -> Body {
        let (order, count) = self.own();
        let unit = |number| UnitCredentials {
            unit: number,
            credentials: vec![Credential {
                kind: CredentialKind::QrCode,
                value: format!("{order}/{number}"),
                document_kind: None,
            }],
        };
        let result = match self.chance.between(0, 9) {
            0 => IssueResult::Refused { reason: "full".to_owned() },
            1 => IssueResult::Pending { reference: Some(id("S-1")) },
            _ => IssueResult::Issued {
                reference: Some(id("S-2")),
                units: (1..=u16::try_from(count).unwrap()).map(unit).collect(),
            },
        };
        Body::RecordIssue { order, result }
    }

    fn ask(&mut self) -> Body {
        let (order, _) = self.own();
        let (_, number) = self.number();
        self.refunds.push((order.clone(), self.seed().refund()));
        let intent = AskRefund::new(
            id(&number),
            format!("r{}", self.chance.between(0, 30)),
            RefundCause::Guest,
            self.choice(),
            Timestamp::from_millis(BEGIN_MS),
        );
        Body::AskRefund { order: OrderName::Own(order), intent }
    }

    fn refunded(&mut self) -> Body {
        let order = self.named();
        let (_, number) = self.number();
        let intent = RecordRefund::new(
            id(&number),
            format!("r{}", self.chance.between(0, 30)),
            RefundCause::Guest,
            self.choice(),
            Money::fen(100),
            Timestamp::from_millis(BEGIN_MS),
        );
        Body::RecordRefund { order, intent }
    }

    fn decided(&mut self) -> Body {
        if self.refunds.is_empty() {
            return self.office();
        }
        let index = self.chance.between(0, self.refunds.len() as u64 - 1);
        let (order, refund) = self.refunds[usize::try_from(index).unwrap()].clone();
        if self.chance.percent(30) {
            return Body::PromiseRefund { order, refund };
        }
        Body::DecideRefund { order, refund, agree: self.chance.percent(60), reason: None }
    }

    fn office(&mut self) -> Body {
        let (_, _, distributor) = self.chance.one_of(&SHOPS);
        let amount = Money::fen(i64::try_from(self.chance.between(1, 3_000)).unwrap());
        match self.chance.between(0, 7) {
            0 => Body::TopUp { distributor: id(distributor), amount, note: None },
            1 => Body::AdjustCredit {
                distributor: id(distributor),
                amount: Money::fen(-amount.amount_minor),
                note: "corrected".to_owned(),
            },
            2 => Body::SetCreditLimit { distributor: id(distributor), limit: Money::fen(amount.amount_minor * 10) },
            3 => {
                let sku = self.chance.one_of(&SKUS);
                let stock = u32::try_from(self.chance.between(0, 30)).unwrap();
                Body::WriteCalendar { rows: house::rows(sku, stock) }
            }
            4 | 5 => {
                let from = u32::try_from(self.chance.between(0, 40)).unwrap();
                let seed = self.seed();
                self.codes.extend((1..=6).map(|number| seed.code(number)));
                house::add_codes(from, from + 6)
            }
            6 if !self.codes.is_empty() => {
                let index = self.chance.between(0, self.codes.len() as u64 - 1);
                Body::VoidCode { pool: id("pool"), code: self.codes[usize::try_from(index).unwrap()].clone() }
            }
            _ => Body::SetPoolThreshold {
                pool: id("pool"),
                threshold: u32::try_from(self.chance.between(0, 9)).unwrap(),
                expiring_days: None,
            },
        }
    }
}

/// The merchants that the commands are about.
#[must_use]
pub fn merchants() -> [MerchantId; 2] {
    [id(MERCHANT), id(INBOX)]
}
