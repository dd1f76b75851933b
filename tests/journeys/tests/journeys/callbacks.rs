//! What a gateway calls out: repeated, out of order, forged, about others' orders. Its signature covers an order number
//! and nothing else (`spec/supplier-zhiyoubao.md` §8), so nothing of it is believed before it was asked.

use std::collections::BTreeSet;

use douyin_simulator::{OrderState, RefundNotice, RefundState};
use zhiyoubao_simulator::{Ended, Notice, Sent, Signature, Transaction};

use entrepot_journeys::bought::Bought;
use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::scenic::Scenic;
use entrepot_journeys::wait::until;

/// Far more than a gateway would send.
const REPEATS: u32 = 100;

/// How often a word stands in an order's story.
async fn told(scenic: &Scenic, bought: &Bought, what: &str) -> usize {
    let story = scenic.story(bought).await;
    story.as_array().unwrap().iter().filter(|event| event["what"] == what).count()
}

#[tokio::test]
async fn a_hundred_callbacks_in_the_wrong_order_count_once() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let (desk, platform) = (&scenic.gateway.desk, &scenic.stage.platform);
        let bought = scenic.buy(3).await;
        let code = scenic.there(&bought).assist_code;
        let key = scenic.ask_refund(&bought, Some(vec![2])).await;
        desk.redeem(&code, 1).unwrap();
        desk.decide(&desk.refunds()[0].batch, true).unwrap();
        desk.redeem(&code, 1).unwrap();
        let kinds: BTreeSet<_> = desk.outbox().iter().map(|callback| callback.kind).collect();
        assert_eq!(kinds.len(), 3, "use, refund and the order's end");
        for callback in desk.outbox() {
            desk.repeat_callback(callback.id, REPEATS).unwrap();
        }
        desk.reverse_callbacks();
        assert!(scenic.deliver().await.len() > 3 * REPEATS as usize);
        scenic.stage.until_refund(&bought, &key, RefundState::Agreed).await;
        scenic.stage.until_units(&bought, "redeemed", 2).await;
        assert!(platform.notify_refund(&bought.order, RefundNotice::of(&key, 1)).await.unwrap().is_ok());
        scenic.stage.until_state(&bought, "completed").await;
        until("the platform is told", async || {
            (platform.order(&bought.order)?.state == OrderState::Used).then_some(())
        })
        .await;
        assert_eq!(
            (scenic.stage.units(&bought, "redeemed").await, scenic.stage.units(&bought, "refunded").await),
            (2, 1)
        );
        let order = platform.order(&bought.order).unwrap();
        let verified: usize = order.units.iter().map(|unit| unit.verify_ids.len()).sum();
        assert_eq!(verified, 2, "each use is told once: {order:?}");
        assert_eq!(told(&scenic, &bought, "refund agreed").await, 1);
        assert_eq!((desk.refunds().len(), scenic.calls(Transaction::Return, &bought)), (1, 1));
        assert!(scenic.calls(Transaction::CheckStatus, &bought) < 3 * REPEATS as usize, "questions are put together");
        assert_eq!(platform.violations(), []);
        scenic.stage.office.assert_sound().await;
    }
}

/// Claims about an order, none of them true.
fn lies(order: &str) -> [Notice; 3] {
    let (order, total) = (order.to_owned(), 2);
    [
        Notice::CheckIn { order: order.clone(), total, checked: 2, returned: 0 },
        Notice::Finish { order: order.clone(), ended: Ended::Cancelled, total, checked: 0, returned: 2 },
        Notice::Refund { batch: "0".repeat(32), line: format!("{order}-1"), order, approved: true, returned: 2 },
    ]
}

#[tokio::test]
async fn what_is_not_signed_is_refused_and_asks_nobody() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let bought = scenic.buy(2).await;
        let before = scenic.gateway.desk.recorded().len();
        for notice in lies(&bought.ours) {
            for signature in [Signature::Wrong, Signature::Missing] {
                scenic.gateway.desk.forge(&notice, signature).unwrap();
            }
        }
        let sent = scenic.gateway.deliver_due().await;
        assert_eq!(sent.len(), 6);
        for delivery in sent {
            assert!(!delivery.sent.is_accepted(), "{delivery:?}");
        }
        assert_eq!(scenic.gateway.desk.recorded().len(), before);
        assert_eq!(scenic.stage.office.order(&bought.order).await["state"], "issued");
    }
}

#[tokio::test]
async fn a_lie_that_is_well_signed_is_only_a_reason_to_ask() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let bought = scenic.buy(2).await;
        for notice in lies(&bought.ours) {
            scenic.gateway.desk.forge(&notice, Signature::Right).unwrap();
        }
        assert_eq!(scenic.deliver().await.len(), 3);
        until("the gateway was asked", async || (scenic.calls(Transaction::CheckStatus, &bought) > 0).then_some(()))
            .await;
        // Whatever the platform asks is answered with what the gateway says.
        let asked = scenic.stage.platform.query(&bought.order).await.unwrap();
        assert_eq!(asked.data()["used_voucher_quantity"], 0, "{asked:?}");
        assert_eq!(scenic.stage.units(&bought, "available").await, 2);
        assert_eq!(scenic.stage.platform.order(&bought.order).unwrap().state, OrderState::Issued);
        scenic.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn nobody_tells_anything_about_orders_of_others() {
    for given in databases::all().await {
        let scenic = Scenic::set(given).await;
        let stage = &scenic.stage;
        let elsewhere = Offer { merchant: "hilltop", connection: "hilltop-douyin", ..Offer::own_number() };
        let beside = Offer::at_the_gate();
        let mut others = Vec::new();
        for offer in [&elsewhere, &beside] {
            stage.office.offer(offer, &stage.day, 10).await;
            let bought = stage.platform.buy(&stage.purchase(offer, 2)).await;
            others.push(scenic.stage.bought(bought.order.unwrap().order_id).await);
        }
        let before = scenic.gateway.desk.recorded().len();
        for other in &others {
            for notice in lies(&other.ours) {
                scenic.gateway.desk.forge(&notice, Signature::Right).unwrap();
            }
        }
        // Taken, so that it does not come for ever; a person is told, once for each order.
        assert_eq!(scenic.deliver().await.len(), 6);
        assert_eq!(scenic.gateway.desk.recorded().len(), before, "the gateway is not asked about them");
        for other in &others {
            assert_eq!(stage.office.order(&other.order).await["state"], "issued");
            assert!(stage.office.is_alerted(&["unplaced", &other.ours]).await);
        }
        let story = stage.office.get(&format!("/merchants/hilltop/orders/{}", others[0].ours)).await;
        assert!(!story.to_string().contains("scenic"), "{story}");
    }
}

#[tokio::test]
async fn callbacks_that_nobody_heard_are_made_up_for_by_asking() {
    for given in databases::all().await {
        let mut scenic = Scenic::set(given).await;
        let bought = scenic.buy(1).await;
        scenic.gateway.desk.redeem(&scenic.there(&bought).assist_code, 1).unwrap();
        let address = scenic.stage.server.url.clone();
        assert_eq!(scenic.stage.server.terminate().code(), Some(0));
        let sent = scenic.gateway.deliver_due().await;
        assert!(sent.iter().all(|delivery| delivery.sent == Sent::Unreachable), "{sent:?}");
        scenic.stage.restart();
        // The gateway knows one address, and the server has another one now: only asking helps.
        assert_ne!(scenic.stage.server.url, address);
        let asked = scenic.stage.platform.query(&bought.order).await.unwrap();
        assert_eq!(asked.data()["used_voucher_quantity"], 1, "{asked:?}");
        scenic.stage.until_state(&bought, "completed").await;
    }
}
