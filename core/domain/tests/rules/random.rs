//! Random commands: the invariants hold after each of them, and what comes out is what the model says.

use entrepot_contract::intent::{CancelStage, Intent, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{OrderState, UnitState};
use entrepot_contract::product::{RefundFee, RefundOtherwise, RefundRule, RefundStep, Validity};
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::{Body, IssueResult};
use proptest::prelude::*;

use crate::model::{Asked, Fate, Model, Sale, Stage, buckets};
use crate::world::*;

const SKUS: [&str; 3] = ["own", "gated", "pooled"];
const FEE: i64 = 100;

#[derive(Debug, Clone)]
enum Act {
    Create { number: u8, sku: usize, count: u32, paid: bool },
    Pay(u8),
    Cancel(u8),
    PaidBefore(u8),
    EndedBefore(u8),
    Issue(u8),
    Supplier { number: u8, says: u8 },
    Redeem { number: u8, units: UnitChoice },
    Ask { number: u8, key: u8, units: UnitChoice, fee: Option<i64> },
    Decide { number: u8, key: u8, agree: bool },
    Refund { number: u8, key: u8, units: UnitChoice },
    Expire(u8),
    Pass(i64),
    TopUp(i64),
    Limit(i64),
    Adjust(i64),
    Stock { sku: usize, capacity: u32 },
    Codes(u8),
}

fn choice() -> impl Strategy<Value = UnitChoice> {
    prop_oneof![
        Just(UnitChoice::AllLeft),
        (0_u32..4).prop_map(UnitChoice::Count),
        prop::collection::vec(0_u16..6, 0..4).prop_map(UnitChoice::Numbers),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let number = 0_u8..6;
    let key = 0_u8..3;
    prop_oneof![
        6 => (number.clone(), 0_usize..3, 1_u32..5, any::<bool>())
            .prop_map(|(number, sku, count, paid)| Act::Create { number, sku, count, paid }),
        4 => number.clone().prop_map(Act::Pay),
        1 => number.clone().prop_map(Act::Cancel),
        1 => number.clone().prop_map(Act::PaidBefore),
        1 => number.clone().prop_map(Act::EndedBefore),
        5 => number.clone().prop_map(Act::Issue),
        4 => (number.clone(), 0_u8..6).prop_map(|(number, says)| Act::Supplier { number, says }),
        4 => (number.clone(), choice()).prop_map(|(number, units)| Act::Redeem { number, units }),
        3 => (number.clone(), key.clone(), choice(), prop::option::of(0_i64..300))
            .prop_map(|(number, key, units, fee)| Act::Ask { number, key, units, fee }),
        2 => (number.clone(), key.clone(), any::<bool>())
            .prop_map(|(number, key, agree)| Act::Decide { number, key, agree }),
        4 => (number.clone(), key, choice()).prop_map(|(number, key, units)| Act::Refund { number, key, units }),
        1 => number.prop_map(Act::Expire),
        1 => (0_i64..1_000_000).prop_map(Act::Pass),
        1 => (1_i64..5_000).prop_map(Act::TopUp),
        1 => (0_i64..20_000).prop_map(Act::Limit),
        1 => (-3_000_i64..3_000).prop_map(Act::Adjust),
        1 => (0_usize..3, 0_u32..15).prop_map(|(sku, capacity)| Act::Stock { sku, capacity }),
        2 => (1_u8..5).prop_map(Act::Codes),
    ]
}

struct Run {
    world: World,
    model: Model,
    code: u32,
}

impl Run {
    fn new() -> Self {
        let mut world = World::new();
        for sku in SKUS {
            world.product(sku, |product| {
                product.validity = Validity::Window { from: date("2026-01-01"), to: date("2026-12-31") };
                let step = RefundStep { hours_before_visit: 0, fee: RefundFee::Fixed(FEE) };
                product.refund = RefundRule { steps: vec![step], otherwise: RefundOtherwise::Never, partial: true };
            });
        }
        let capacity = [("gate", 10), ("gated", 10), ("pooled", 10)].into();
        let model = Model { capacity, limit: 100_000, ..Model::default() };
        Self { world, model, code: 0 }
    }

    fn number(number: u8) -> String {
        format!("o{number}")
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Create { number, sku, count, paid } => self.create(*number, SKUS[*sku], *count, *paid),
            Act::Pay(number) => self.pay(*number),
            Act::Cancel(number) => self.cancel(*number),
            Act::PaidBefore(number) => self.paid_before(*number),
            Act::EndedBefore(number) => self.ended_before(*number),
            Act::Issue(number) => self.issue(*number),
            Act::Supplier { number, says } => self.supplier(*number, *says),
            Act::Redeem { number, units } => self.redeem(*number, units),
            Act::Ask { number, key, units, fee } => self.ask(*number, *key, units, *fee),
            Act::Decide { number, key, agree } => self.decide(*number, *key, *agree),
            Act::Refund { number, key, units } => self.refund(*number, *key, units),
            Act::Expire(number) => self.expire(*number),
            Act::Pass(millis) => self.world.pass(*millis),
            Act::TopUp(amount) => self.top_up(*amount),
            Act::Limit(limit) => self.limit(*limit),
            Act::Adjust(amount) => self.adjust(*amount),
            Act::Stock { sku, capacity } => self.stock(SKUS[*sku], *capacity),
            Act::Codes(count) => self.codes(*count),
        }
        self.compare();
    }

    fn create(&mut self, number: u8, sku: &'static str, count: u32, paid: bool) {
        let expected = self.model.may_buy(number, sku, count);
        let paid_at = paid.then_some(self.world.now);
        let answer = self.world.give(create(&Self::number(number), sku, count, paid_at));
        assert_eq!(matches!(answer, Answer::Created { .. }), expected, "{answer:?}");
        if !expected {
            return;
        }
        let paid = paid || self.model.paid_before.contains(&number);
        let sale = Sale {
            sku,
            stage: if paid { Stage::Accepted } else { Stage::Unpaid },
            units: vec![Fate::Open; usize::try_from(count).unwrap()],
            captured: if paid { i64::from(count) * SETTLEMENT } else { 0 },
            back: 0,
            hold_until: self.world.now.millis() + 900_000,
            refunds: std::collections::BTreeMap::new(),
        };
        self.model.sales.insert(number, sale);
    }

    fn pay(&mut self, number: u8) {
        self.world.give(pay(&Self::number(number)));
        if let Some(sale) = self.model.sales.get_mut(&number).filter(|sale| sale.stage == Stage::Unpaid) {
            sale.stage = Stage::Accepted;
            sale.captured = i64::try_from(sale.units.len()).unwrap() * SETTLEMENT;
        }
    }

    fn cancel(&mut self, number: u8) {
        self.world.give(cancel(&Self::number(number)));
        if let Some(sale) = self.model.sales.get_mut(&number).filter(|sale| sale.stage == Stage::Unpaid) {
            sale.end_unpaid();
        }
    }

    fn paid_before(&mut self, number: u8) {
        let name = Self::number(number);
        let intent = Intent::PayOrder { order: id(&name), paid_at: Timestamp::from_millis(9) };
        if self.world.ok(fact(&name, intent)) == Answer::Stored {
            self.model.paid_before.push(number);
        }
    }

    fn ended_before(&mut self, number: u8) {
        let name = Self::number(number);
        let stage = CancelStage::BeforePayment;
        let intent = Intent::CancelOrder { order: id(&name), stage, cancelled_at: Timestamp::from_millis(9) };
        if self.world.ok(fact(&name, intent)) == Answer::Stored {
            self.model.ended_before.push(number);
        }
    }

    fn issue(&mut self, number: u8) {
        let answer = self.world.give(start_issue(&Self::number(number)));
        let codes = &mut self.model.codes;
        let Some(sale) = self.model.sales.get_mut(&number) else {
            assert!(matches!(answer, Answer::Refused(_)));
            return;
        };
        let waits = sale.sku == "pooled" && sale.stage == Stage::Issuing;
        if sale.stage != Stage::Accepted && !waits {
            return;
        }
        let count = u32::try_from(sale.units.iter().filter(|fate| **fate != Fate::Back).count()).unwrap();
        match sale.sku {
            "own" => sale.stage = Stage::Issued,
            "gated" => sale.stage = Stage::Issuing,
            _ if *codes >= count => {
                *codes -= count;
                sale.stage = Stage::Issued;
            }
            _ => {
                assert!(matches!(answer, Answer::OutOfCodes { .. }));
                sale.stage = Stage::Issuing;
            }
        }
    }

    fn supplier(&mut self, number: u8, says: u8) {
        let Some(sale) = self.model.sales.get_mut(&number).filter(|sale| sale.sku == "gated") else { return };
        let order = self.world.order(&Self::number(number)).id.clone();
        let result = match says {
            0 => IssueResult::Refused { reason: "full".to_owned() },
            1 => IssueResult::Pending { reference: Some(id("S")) },
            _ => {
                let count = u32::try_from(sale.units.len()).unwrap();
                IssueResult::Issued { reference: None, units: tickets(&order, count) }
            }
        };
        if sale.stage == Stage::Issuing {
            sale.stage = match says {
                0 => Stage::Failed,
                1 => Stage::Issuing,
                _ => Stage::Issued,
            };
        }
        self.world.ok(Body::RecordIssue { order, result });
    }

    /// The units a choice means, out of those that are free; none: it is refused.
    fn chosen(free: &[usize], units: &UnitChoice) -> Option<Vec<usize>> {
        let chosen = match units {
            UnitChoice::AllLeft => free.to_vec(),
            UnitChoice::Unknown(_) | UnitChoice::Named(_) => return None,
            UnitChoice::Count(count) => free.get(..usize::try_from(*count).unwrap())?.to_vec(),
            UnitChoice::Numbers(numbers) => {
                let named: std::collections::BTreeSet<u16> = numbers.iter().copied().collect();
                let units: Option<Vec<usize>> =
                    named.into_iter().map(|number| usize::from(number).checked_sub(1)).collect();
                let units = units?;
                if !units.iter().all(|unit| free.contains(unit)) {
                    return None;
                }
                units
            }
        };
        (!chosen.is_empty()).then_some(chosen)
    }

    fn redeem(&mut self, number: u8, units: &UnitChoice) {
        let answer = self.world.give(redeem(&Self::number(number), units.clone(), self.world.now));
        let used = match self.model.sales.get_mut(&number) {
            Some(sale) if sale.stage == Stage::Issued && !sale.refunds.values().any(|asked| asked.live) => {
                let chosen = Self::chosen(&sale.open(), units);
                for unit in chosen.iter().flatten() {
                    sale.units[*unit] = Fate::Used;
                }
                sale.close();
                chosen.is_some()
            }
            _ => false,
        };
        assert_eq!(matches!(answer, Answer::Redeemed { .. }), used, "{answer:?}");
    }

    fn ask(&mut self, number: u8, key: u8, units: &UnitChoice, fee: Option<i64>) {
        let mut intent = question(&Self::number(number), &key.to_string(), units.clone(), self.world.now);
        intent.fee = fee.map(Money::fen);
        let answer = self.world.give(Body::AskRefund { order: name(&Self::number(number)), intent });
        let Some(sale) = self.model.sales.get_mut(&number) else {
            assert!(matches!(answer, Answer::Refused(_)));
            return;
        };
        if sale.refunds.contains_key(&key) {
            return;
        }
        let called = sale.sku == "gated" && matches!(sale.stage, Stage::Issued | Stage::Issuing);
        let asked = match Self::chosen(&sale.free(), units) {
            None => Asked { units: Vec::new(), live: false, done: false, waits: false, fee: None, channel_fee: fee },
            Some(units) => {
                let own = i64::try_from(units.len()).unwrap() * FEE;
                let kept = fee.map_or(own, |fee| fee.min(own));
                Asked { units, live: true, done: false, waits: called, fee: Some(kept), channel_fee: fee }
            }
        };
        let Answer::Refund { standing, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(matches!(standing, RefundStanding::Refused { .. }), !asked.live);
        assert_eq!(standing == RefundStanding::Waiting, asked.waits);
        sale.refunds.insert(key, asked);
    }

    fn decide(&mut self, number: u8, key: u8, agree: bool) {
        let Some(asked) = self.model.sales.get_mut(&number).and_then(|sale| sale.refunds.get_mut(&key)) else { return };
        let order = self.world.order(&Self::number(number)).id.clone();
        let mine = |refund: &&entrepot_contract::order::Refund| refund.order == order && refund.key == key.to_string();
        let refund = self.world.refunds.values().find(mine).unwrap().id.clone();
        if asked.waits {
            (asked.waits, asked.live) = (false, agree);
        }
        self.world.give(Body::DecideRefund { order, refund, agree, reason: None });
    }

    fn refund(&mut self, number: u8, key: u8, units: &UnitChoice) {
        let name = Self::number(number);
        self.world.give(refunded(&name, &key.to_string(), units.clone(), self.world.now));
        let Some(sale) = self.model.sales.get_mut(&number) else { return };
        let before = sale.refunds.get(&key).cloned();
        if before.as_ref().is_some_and(|asked| asked.done) {
            return;
        }
        let mut asked = before.unwrap_or(Asked {
            units: Vec::new(),
            live: false,
            done: false,
            waits: false,
            fee: None,
            channel_fee: None,
        });
        let gone = Self::gone(sale, &asked.units, units);
        let own = FEE * i64::try_from(gone.len()).unwrap();
        let (went, of) = (i64::try_from(gone.len()).unwrap(), i64::try_from(asked.units.len()).unwrap());
        let agreed = asked.fee.map(|fee| if went < of { fee * went / of } else { fee });
        let fee = agreed.unwrap_or(asked.channel_fee.map_or(own, |channel| channel.min(own)));
        (asked.live, asked.done, asked.waits) = (false, true, false);
        asked.units.clone_from(&gone);
        sale.refunds.insert(key, asked);
        if sale.stage == Stage::Unpaid {
            sale.end_unpaid();
        } else {
            sale.give_back(&gone, fee);
        }
    }

    fn gone(sale: &Sale, asked: &[usize], units: &UnitChoice) -> Vec<usize> {
        let open = sale.open();
        let wanted: Vec<usize> = match units {
            UnitChoice::Numbers(numbers) => {
                let once: std::collections::BTreeSet<u16> = numbers.iter().copied().collect();
                once.into_iter().filter_map(|number| usize::from(number).checked_sub(1)).collect()
            }
            UnitChoice::AllLeft if asked.is_empty() => open.clone(),
            UnitChoice::AllLeft => asked.to_vec(),
            UnitChoice::Unknown(_) | UnitChoice::Named(_) => open.clone(),
            UnitChoice::Count(count) => {
                let count = usize::try_from(*count).unwrap();
                if asked.len() == count {
                    return asked.iter().filter(|unit| open.contains(unit)).copied().collect();
                }
                let free = sale.free();
                let rank = |unit: &usize| (!asked.contains(unit), !free.contains(unit));
                let mut ranked = open.clone();
                ranked.sort_by_key(|unit| match rank(unit) {
                    (false, _) => (0, asked.iter().position(|other| other == unit).unwrap()),
                    (true, false) => (1, usize::MAX - unit),
                    (true, true) => (2, usize::MAX - unit),
                });
                ranked.truncate(count);
                ranked
            }
        };
        wanted.into_iter().filter(|unit| open.contains(unit)).collect()
    }

    fn expire(&mut self, number: u8) {
        let Some(sale) = self.model.sales.get_mut(&number) else { return };
        if sale.stage == Stage::Unpaid && sale.hold_until <= self.world.now.millis() {
            sale.end_unpaid();
        }
        let order = self.world.order(&Self::number(number)).id.clone();
        self.world.ok(Body::PassDeadlines { order });
    }

    fn top_up(&mut self, amount: i64) {
        self.world.ok(Body::TopUp { distributor: id("dist"), amount: Money::fen(amount), note: None });
        self.model.funded += amount;
    }

    fn limit(&mut self, limit: i64) {
        let body = Body::SetCreditLimit { distributor: id("dist"), limit: Money::fen(limit) };
        let done = !matches!(self.world.give(body), Answer::Refused(_));
        assert_eq!(done, self.model.balance() + limit >= 0);
        if done {
            self.model.limit = limit;
        }
    }

    fn adjust(&mut self, amount: i64) {
        let body = Body::AdjustCredit { distributor: id("dist"), amount: Money::fen(amount), note: String::new() };
        let refused = matches!(self.world.give(body), Answer::Refused(_));
        let short = amount < 0 && self.model.balance() + self.model.limit < -amount;
        assert_eq!(refused, amount == 0 || short);
        if !refused {
            self.model.funded += amount;
        }
    }

    fn stock(&mut self, sku: &'static str, capacity: u32) {
        let bucket = *buckets(sku).last().unwrap();
        let expected = self.model.taken(bucket) <= capacity;
        let done = !matches!(self.world.give(calendar(sku, bucket, capacity)), Answer::Refused(_));
        assert_eq!(done, expected);
        if done {
            self.model.capacity.insert(bucket, capacity);
        }
    }

    fn codes(&mut self, count: u8) {
        let texts: Vec<String> = (0..u32::from(count)).map(|number| format!("C{}", self.code + number)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        // Every second import brings its last code again.
        self.code += if self.code.is_multiple_of(2) { u32::from(count) } else { u32::from(count) - 1 };
        if let Answer::CodesAdded { added, .. } = self.world.ok(codes("codes-a", &texts)) {
            self.model.codes += added;
        }
    }

    /// The world and the model tell the same.
    fn compare(&self) {
        for bucket in ["gate", "gated", "pooled"] {
            let cell = self.world.cell(bucket);
            assert_eq!(cell.held + cell.sold, self.model.taken(bucket), "{bucket}");
        }
        let account = self.world.account();
        assert_eq!((account.balance_minor, account.held_minor), (self.model.balance(), self.model.held()));
        if let Some(pool) = self.world.pools.get(&id("codes-a")) {
            assert_eq!(pool.available, self.model.codes);
        }
        assert_eq!(self.world.orders.len(), self.model.sales.len());
        for (number, sale) in &self.model.sales {
            let order = self.world.order(&Self::number(*number));
            let fates: Vec<Fate> = order
                .units
                .iter()
                .map(|unit| match unit.state {
                    UnitState::Redeemed => Fate::Used,
                    UnitState::Refunded => Fate::Back,
                    UnitState::Available | UnitState::Reserved | UnitState::Unknown => Fate::Open,
                })
                .collect();
            assert_eq!(fates, sale.units, "{number}");
            let stage = match order.state {
                OrderState::Created => Stage::Unpaid,
                OrderState::Paid | OrderState::Accepted => Stage::Accepted,
                OrderState::Issuing => Stage::Issuing,
                OrderState::Issued => Stage::Issued,
                OrderState::Refused => Stage::Failed,
                OrderState::Completed | OrderState::Refunded | OrderState::Cancelled => Stage::Over,
            };
            assert_eq!(stage, sale.stage, "{number}");
            let credentials = self.world.credentials.contains_key(&order.id);
            assert!(credentials || !matches!(stage, Stage::Issued), "{number} is issued without credentials");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122), ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_in_whatever_order(acts in prop::collection::vec(act(), 1..80)) {
        let mut run = Run::new();
        for act in &acts {
            run.act(act);
        }
    }
}
