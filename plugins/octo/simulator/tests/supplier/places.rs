//! Whatever is asked in whatever order: the places left and the places of live bookings are the capacity.

use chrono::TimeDelta;
use octo_simulator::Desk;
use octo_simulator::options::LapsedHolds;
use serde_json::{Value, json};

use crate::support::*;

const CAPACITY: usize = 6;

/// A small generator, so that the same calls come in the same order each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn units(&mut self) -> Vec<&'static str> {
        (0..=self.roll(4)).map(|_| if self.roll(2) == 0 { "adult" } else { "youth" }).collect()
    }
}

fn slot(hour: u64) -> String {
    format!("boat.boat-day.20260305T{}", if hour == 0 { "0900" } else { "1400" })
}

fn step(desk: &Desk, dice: &mut Dice) {
    let number = u32::try_from(dice.roll(12)).unwrap();
    let uuid = uuid(number);
    match dice.roll(8) {
        0..=2 => {
            let slot = slot(dice.roll(2));
            let _ = post(desk, "/bookings", &body(number, ("boat", "boat-day", &slot), &dice.units()));
        }
        3 => drop(confirm(desk, &uuid)),
        4 => drop(cancel(desk, &uuid)),
        5 => {
            let items: Vec<Value> = dice.units().iter().map(|unit| json!({"unitId": unit})).collect();
            let _ = patch(desk, &uuid, &json!({"availabilityId": slot(dice.roll(2)), "unitItems": items}));
        }
        6 => drop(desk.redeem_units(&uuid, &[0])),
        _ => desk.advance(TimeDelta::minutes(7)),
    }
}

#[test]
fn places_always_add_up() {
    let mut sold_out = 0;
    for seed in 0..10 {
        let desk = desk_with(|options| {
            options.lapsed_holds = LapsedHolds::Forgotten;
            options.embed_catalogue = false;
        });
        desk.set_capacity("boat", "boat-day", "2026-03-05", 6).unwrap();
        let mut dice = Dice(seed);
        for _ in 0..120 {
            step(&desk, &mut dice);
            let body = json!({"productId": "boat", "optionId": "boat-day", "localDate": "2026-03-05"});
            let listed = ok(&get(&desk, "/bookings?localDate=2026-03-05"));
            let listed = listed.as_array().unwrap();
            let slots = ok(&post(&desk, "/availability", &body));
            for slot in slots.as_array().unwrap() {
                let live = listed.iter().filter(|booking| {
                    booking["availabilityId"] == slot["id"]
                        && matches!(booking["status"].as_str(), Some("ON_HOLD" | "CONFIRMED" | "REDEEMED"))
                });
                let taken: usize = live.map(|booking| booking["unitItems"].as_array().unwrap().len()).sum();
                assert!(taken <= CAPACITY, "oversold in run {seed}");
                assert_eq!(slot["vacancies"], json!(CAPACITY - taken), "run {seed}");
                sold_out += usize::from(taken == CAPACITY);
            }
        }
    }
    assert!(sold_out > 50, "the limit is reached: {sold_out}");
}
