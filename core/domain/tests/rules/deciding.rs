//! A person decides a refund while there is time: afterwards the channel has done so by itself.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::RefundState;
use entrepot_contract::outcome::Reason;
use entrepot_domain::command::Body;
use entrepot_domain::decide::decides_itself_at;

use crate::world::*;

fn waiting() -> World {
    let mut world = World::new();
    world.channel("shop", |rules| (rules.refund_by_rule, rules.times.audit_ms) = (false, Some(86_400_000)));
    world.issued("1", "own", 2);
    world.ok(ask("1", "r", UnitChoice::AllLeft, world.now));
    world
}

fn decide(world: &World, agree: bool) -> Body {
    let refund = world.refunds.values().next().unwrap();
    Body::DecideRefund { order: refund.order.clone(), refund: refund.id.clone(), agree, reason: None }
}

#[test]
fn until_the_last_moment_and_not_after() {
    for agree in [true, false] {
        let mut world = waiting();
        let refund = world.refunds.keys().next().unwrap().clone();
        assert_eq!(decides_itself_at(world.order("1"), &refund), Some(world.now.plus_millis(86_400_000)));
        world.pass(86_400_000);
        let late = decide(&world, agree);
        let refusal = world.no(late);
        assert_eq!(refusal.reason, Reason::StateForbids);
        assert!(refusal.text.contains("the channel has decided by itself"), "{}", refusal.text);
        assert!(refusal.zh.unwrap().contains("平台已自行处理"));
        assert_eq!(world.refunds[&refund].state, RefundState::Waiting, "nothing is overwritten");
        world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
        assert_eq!(world.refunds[&refund].state, RefundState::Done);
        let mut world = waiting();
        world.pass(86_399_999);
        let early = decide(&world, agree);
        world.ok(early);
    }
}

#[test]
fn where_the_channel_waits_for_ever_there_is_always_time() {
    let mut world = World::new();
    world.channel("shop", |rules| (rules.refund_by_rule, rules.times.audit_ms) = (false, None));
    world.issued("1", "own", 1);
    world.ok(ask("1", "r", UnitChoice::AllLeft, world.now));
    world.pass(365 * 86_400_000);
    let yes = decide(&world, true);
    world.ok(yes);
}
