//! Tickets of a supplier that speaks OCTO: kept while the guest pays, confirmed when tickets are asked for, given back in
//! part and whole, used at its gate (`spec/supplier-octo.md` §4).

use chrono::TimeDelta;
use douyin_simulator::{OrderState, RefundAsk, RefundState};
use octo_simulator::{Call, Fault, Status, samples};

use entrepot_journeys::bought::Bought;
use entrepot_journeys::databases;
use entrepot_journeys::harbour::Harbour;
use entrepot_journeys::stage::{in_days, today};
use entrepot_journeys::wait::until;

#[tokio::test]
async fn units_are_kept_while_the_guest_pays_and_confirmed_into_tickets() {
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        let bought = harbour.order(2).await;
        let held = harbour.until_there(&bought, Status::OnHold).await;
        assert_eq!((held.items.len(), harbour.calls(Call::Confirm, &bought)), (2, 0));
        harbour.pay(&bought).await;
        harbour.stage.until_state(&bought, "issued").await;
        let there = harbour.there(&bought);
        assert_eq!((there.status, &there.uuid), (Status::Confirmed, &held.uuid), "what was held is what is confirmed");
        assert_eq!((harbour.calls(Call::Reserve, &bought), harbour.calls(Call::Confirm, &bought)), (1, 1));
        let codes: Vec<&str> = there.items.iter().map(|item| item.code.as_deref().unwrap()).collect();
        until("the platform shows a ticket for each unit", async || {
            let shown = harbour.stage.platform.order(&bought.order)?;
            let own = |at: usize| format!("{:?}", shown.units[at].voucher).contains(codes[at]);
            (codes[0] != codes[1] && own(0) && own(1)).then_some(())
        })
        .await;
        let story = harbour.story(&bought).await.to_string();
        assert!(!codes.iter().any(|code| story.contains(code)), "{story}");
        assert_eq!(harbour.stage.platform.violations(), []);
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn an_order_that_nobody_pays_gives_its_hold_up() {
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        let bought = harbour.order(2).await;
        harbour.until_there(&bought, Status::OnHold).await;
        assert!(harbour.stage.platform.cancel(&bought.order, 1).await.unwrap().is_ok());
        harbour.until_there(&bought, Status::Cancelled).await;
        harbour.stage.until_state(&bought, "cancelled").await;
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_part_goes_back_then_the_rest_while_the_guest_waits() {
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        let bought = harbour.buy(3).await;
        let codes: Vec<_> = harbour.there(&bought).items.iter().map(|item| item.code.clone()).collect();
        let part = harbour.refund(&bought, Some(vec![1])).await;
        assert_eq!(part.state, RefundState::Done, "{:?}", part.reply);
        let there = harbour.there(&bought);
        let left: Vec<_> = there.items.iter().map(|item| item.code.clone()).collect();
        assert_eq!((there.status, left), (Status::Confirmed, vec![codes[0].clone(), codes[2].clone()]));
        assert_eq!((harbour.calls(Call::Update, &bought), harbour.calls(Call::Cancel, &bought)), (1, 0));
        harbour.stage.until_units(&bought, "refunded", 1).await;
        let rest = harbour.refund(&bought, Some(vec![0, 2])).await;
        assert_eq!(rest.state, RefundState::Done, "{:?}", rest.reply);
        harbour.until_there(&bought, Status::Cancelled).await;
        harbour.stage.until_state(&bought, "refunded").await;
        assert_eq!((harbour.calls(Call::Update, &bought), harbour.calls(Call::Cancel, &bought)), (1, 1));
        assert_eq!(harbour.stage.platform.violations(), []);
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_asked_about_and_done_once() {
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        let bought = harbour.buy(2).await;
        harbour.supplier.desk.next_fault_on(Call::Cancel, Fault::HangAfter);
        let asked = harbour.stage.platform.apply_refund(&bought.order, RefundAsk::user()).await.unwrap();
        harbour.stage.until_refund(&bought, &asked.key, RefundState::Agreed).await;
        assert_eq!(harbour.calls(Call::Cancel, &bought), 1);
        assert_eq!(harbour.bookings(&bought)[0].status, Status::Cancelled);
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_confirmation_whose_answer_was_lost_is_asked_about_and_never_given_twice() {
    let lost = [
        Fault::HangAfter,
        Fault::ServerErrorAfter,
        Fault::GatewayTimeout,
        Fault::Html,
        Fault::EmptyBody,
        Fault::Truncated,
        Fault::OtherBooking,
    ];
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        for fault in lost {
            let bought = harbour.order(1).await;
            harbour.until_there(&bought, Status::OnHold).await;
            harbour.supplier.desk.next_fault_on(Call::Confirm, fault);
            harbour.pay(&bought).await;
            harbour.stage.until_state(&bought, "issued").await;
            assert_eq!(harbour.calls(Call::Confirm, &bought), 1, "{fault:?}");
            assert!(harbour.calls(Call::Get, &bought) > 0, "{fault:?}: it was asked about");
        }
        let bookings = harbour.supplier.desk.bookings();
        assert_eq!(bookings.iter().filter(|it| it.status == Status::Confirmed).count(), lost.len());
        assert_eq!(bookings.len(), lost.len());
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_reservation_whose_answer_was_lost_is_found_and_made_once() {
    for given in databases::all().await {
        let harbour = Harbour::set_on(given, &in_days(3), false).await;
        for fault in [Fault::HangAfter, Fault::Html, Fault::Truncated] {
            harbour.supplier.desk.next_fault_on(Call::Reserve, fault);
            let bought = harbour.order(2).await;
            harbour.pay(&bought).await;
            harbour.stage.until_state(&bought, "issued").await;
            let bookings = harbour.bookings(&bought);
            assert_eq!((bookings.len(), bookings[0].items.len()), (1, 2), "{fault:?}");
            assert_eq!(harbour.calls(Call::Confirm, &bought), 1, "{fault:?}");
        }
        harbour.stage.office.assert_sound().await;
    }
}

/// A hold that ran out before anybody paid.
async fn late(harbour: &Harbour) -> Bought {
    let bought = harbour.order(2).await;
    harbour.until_there(&bought, Status::OnHold).await;
    harbour.supplier.desk.advance(TimeDelta::hours(2));
    harbour.until_there(&bought, Status::Expired).await;
    bought
}

#[tokio::test]
async fn a_hold_that_ran_out_is_made_anew_once_when_the_guest_pays_late() {
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        let bought = late(&harbour).await;
        harbour.pay(&bought).await;
        harbour.stage.until_state(&bought, "issued").await;
        let there = harbour.there(&bought);
        assert_eq!((there.status, there.items.len()), (Status::Confirmed, 2));
        let all = harbour.bookings(&bought);
        assert_eq!(all.iter().filter(|booking| booking.status == Status::Expired).count(), 1);
        assert_eq!(all.len(), 2);
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_hold_that_ran_out_on_a_day_that_sold_out_since_is_told_to_a_person() {
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        let bought = late(&harbour).await;
        harbour.supplier.desk.sell_out(samples::MUSEUM, samples::MUSEUM_DAY, &harbour.day).unwrap();
        harbour.pay(&bought).await;
        until("somebody is told", async || {
            harbour.stage.office.is_alerted(&["issue_refused", &bought.ours, "sold out"]).await.then_some(())
        })
        .await;
        assert_eq!(harbour.bookings(&bought).iter().filter(|it| !it.status.ended()).count(), 0);
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn what_is_sold_out_there_is_never_sold_here() {
    for given in databases::all().await {
        let harbour = Harbour::set(given).await;
        harbour.supplier.desk.sell_out(samples::MUSEUM, samples::MUSEUM_DAY, &harbour.day).unwrap();
        let bought = harbour.order(1).await;
        // The hold is refused before anybody pays, and the order ends.
        harbour.stage.until_state(&bought, "cancelled").await;
        let story = harbour.story(&bought).await.to_string();
        assert!(story.contains("the supplier keeps nothing: the supplier is sold out"), "{story}");
        assert_eq!(harbour.supplier.desk.bookings().len(), 0);
        harbour.supplier.desk.reopen(samples::MUSEUM, samples::MUSEUM_DAY, &harbour.day).unwrap();
        harbour.buy(1).await;
        harbour.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_ticket_used_at_the_suppliers_gate_is_seen_here_with_and_without_its_notice() {
    for given in databases::all().await {
        let harbour = Harbour::set_on(given, &today(), true).await;
        harbour.register().await;
        let platform = &harbour.stage.platform;
        let bought = harbour.buy(2).await;
        let there = harbour.there(&bought);
        let _ = harbour.supplier.desk.take_notices();
        harbour.supplier.desk.redeem(there.items[0].code.as_deref().unwrap()).unwrap();
        assert_eq!(harbour.deliver().await, [200]);
        harbour.stage.until_units(&bought, "redeemed", 1).await;
        until("the platform is told of one", async || {
            (platform.order(&bought.order)?.state == OrderState::PartUsed).then_some(())
        })
        .await;
        // The second notice is lost: whoever asks hears it all the same.
        harbour.supplier.desk.redeem(there.items[1].code.as_deref().unwrap()).unwrap();
        assert_eq!(harbour.supplier.desk.take_notices().len(), 1);
        let asked = platform.query(&bought.order).await.unwrap();
        assert_eq!(asked.data()["used_voucher_quantity"], 2, "{asked:?}");
        harbour.stage.until_state(&bought, "completed").await;
        until("the platform is told of both", async || {
            (platform.order(&bought.order)?.state == OrderState::Used).then_some(())
        })
        .await;
        assert_eq!(platform.violations(), []);
        harbour.stage.office.assert_sound().await;
    }
}
