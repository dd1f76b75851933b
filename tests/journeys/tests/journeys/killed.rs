//! Killed at any point, the next start goes on with nothing lost and nothing doubled.

use douyin_simulator::{OrderState, Purchase};
use simple_gate_simulator::Fault;

use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

#[tokio::test]
async fn every_acknowledged_order_is_there_after_a_kill() {
    const BUYERS: usize = 8;
    for given in databases::all().await {
        let mut stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 100_000).await;
        let buyers: Vec<_> = (0..BUYERS)
            .map(|_| tokio::spawn(buy_until_nobody_answers(stage.platform.clone(), stage.purchase(&offer, 1))))
            .collect();
        until("forty orders that were answered", async || (stage.platform.exchanges().len() >= 40).then_some(())).await;
        stage.server.kill();
        let mut acknowledged = Vec::new();
        for buyer in buyers {
            acknowledged.extend(buyer.await.unwrap());
        }
        assert!(acknowledged.len() >= 20, "{}", acknowledged.len());
        stage.restart();
        for (order, ours) in &acknowledged {
            assert_eq!(&stage.office.order(order).await["id"], ours.as_str());
        }
        // A create whose answer nobody heard may have happened or not: repeated, it has happened once.
        for order in stage.platform.orders() {
            let again = stage.platform.repeat_create(&order.order_id).await.unwrap();
            assert!(again.reply.is_ok(), "{:?}", again.reply);
            let ours = stage.office.order(&order.order_id).await;
            assert_eq!(again.reply.data()["order_out_id"], ours["id"]);
            if let Some((_, before)) = acknowledged.iter().find(|(id, _)| id == &order.order_id) {
                assert_eq!(ours["id"], before.as_str(), "another answer than before");
            }
        }
        let day = &stage.day;
        let path = format!("/merchants/lakeside/calendar?sku={}&from={day}&to={day}", offer.sku);
        let stock = stage.office.get(&path).await["days"][0]["stock"].clone();
        let counted = stock["held"].as_u64().unwrap() + stock["sold"].as_u64().unwrap();
        assert_eq!(counted, u64::try_from(stage.platform.orders().len()).unwrap(), "{stock}");
        stage.office.assert_sound().await;
    }
}

/// Orders and pays, until nobody answers any more: what was acknowledged.
async fn buy_until_nobody_answers(platform: douyin_simulator::Platform, purchase: Purchase) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    loop {
        let made = platform.create_order(&purchase).await;
        let Some(ours) = made.reply.data()["order_out_id"].as_str().filter(|_| made.reply.is_ok()) else {
            return acknowledged;
        };
        acknowledged.push((made.order_id.clone(), ours.to_owned()));
        if !platform.pay(&made.order_id).await.unwrap().is_ok() {
            return acknowledged;
        }
    }
}

#[tokio::test]
async fn a_booking_whose_outcome_nobody_knows_is_finished_once() {
    for given in databases::all().await {
        let mut stage = Stage::set(given).await;
        let offer = Offer::at_the_gate();
        stage.office.offer(&offer, &stage.day, 10).await;
        let made = stage.platform.create_order(&stage.purchase(&offer, 2)).await;
        assert!(made.reply.is_ok(), "{:?}", made.reply);
        assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
        stage.gate.desk.next_fault(Fault::HangAfterEffect);
        let (platform, order) = (stage.platform.clone(), made.order_id.clone());
        let issuing = tokio::spawn(async move { platform.issue(&order).await });
        until("the booking reaches the gate", async || (!stage.gate.desk.orders().is_empty()).then_some(())).await;
        stage.server.kill();
        let _ = issuing.await.unwrap();
        stage.restart();
        // A job or a repeated issue call, whichever is first.
        until("the order has its vouchers", async || {
            let state = stage.office.order(&made.order_id).await["state"].clone();
            (state == "issued").then_some(())
        })
        .await;
        let reply = stage.platform.issue(&made.order_id).await.unwrap();
        assert_eq!(reply.data()["result"], 1, "{:?}", reply);
        assert_eq!(stage.platform.order(&made.order_id).map(|order| order.state), Some(OrderState::Issued));
        let booked = stage.gate.desk.orders();
        assert_eq!(booked.len(), 1, "{booked:?}");
        assert_eq!((booked[0].count, booked[0].cancelled.len()), (2, 0));
        let shown = reply.data()["vouchers"].to_string();
        assert!(booked[0].tickets.iter().all(|ticket| shown.contains(ticket.as_str())), "{shown}");
        let posts = stage.gate.desk.recorded().iter().filter(|call| call.method == "POST").count();
        assert_eq!(posts, 1, "it asks before it books again: {:?}", stage.gate.desk.recorded());
        stage.office.assert_sound().await;
    }
}
