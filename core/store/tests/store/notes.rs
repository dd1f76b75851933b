//! Notes and differences on both databases: the same words as in memory.

use entrepot_contract::ids::{ConnectionId, OrderId};
use entrepot_contract::time::{Clock, SystemClock, Timestamp};
use entrepot_domain::answer::Answer;
use entrepot_domain::difference::{Difference, DifferenceKind};
use entrepot_engine::notes::{ComparedDay, DifferenceFilter, DifferenceName, NoteKind, Notes};
use serde_json::json;
use std::time::Duration;

use crate::databases;
use crate::world::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + millis)
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_written_over_taken_away_and_first_only_once() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let kind = NoteKind::ToldDate;
        let many = (0..1_203).map(|number| (format!("l/{number:04}"), Some(json!({"n": number})))).collect();
        storage.note("shop", kind, many, at(1)).await.unwrap();
        storage.note("other", kind, vec![("l/0000".to_owned(), Some(json!(1)))], at(1)).await.unwrap();
        let changes = vec![("l/0000".to_owned(), Some(json!("new"))), ("l/0001".to_owned(), None)];
        storage.note("shop", kind, changes, at(2)).await.unwrap();
        let notes = storage.notes("shop", kind).await.unwrap();
        assert_eq!(notes.len(), 1_202);
        assert_eq!((&notes[0].body, notes[0].at, notes[1].subject.as_str()), (&json!("new"), at(2), "l/0002"));
        assert!(storage.notes("shop", NoteKind::CatchUp).await.unwrap().is_empty());
        let first = async |id: &str| storage.first_note("app", NoteKind::Message, id, at(2), at(3)).await.unwrap();
        assert_eq!([first("m1").await, first("m1").await, first("m2").await], [true, false, true]);
        let later = async |since| storage.first_note("app", NoteKind::Message, "m1", at(since), at(9)).await.unwrap();
        assert_eq!([later(3).await, later(4).await, later(9).await], [false, true, false], "an old one is new again");
        storage.note("app", NoteKind::Message, vec![("m1".to_owned(), Some(json!(null)))], at(3)).await.unwrap();
        storage.forget_notes(NoteKind::Message, at(4)).await.unwrap();
        assert!(first("m1").await, "what was forgotten is new");
        assert_eq!(storage.notes("shop", kind).await.unwrap().len(), 1_202, "other kinds stay");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_a_time_come_in_order_with_their_refunds() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, entrepot_contract::product::Fulfilment::OwnNumber, 10, 100_000).await;
        let before = SystemClock.now();
        let mut made = Vec::new();
        for number in ["c1", "c2", "c3"] {
            let Answer::Created { order, .. } = done(give(&engine, create(number, 1, true)).await) else { panic!() };
            made.push(order);
        }
        engine.stop(Duration::from_secs(5)).await;
        made.sort();
        let connection: ConnectionId = CHANNEL.parse().unwrap();
        let time = (before.plus_millis(-1_000), SystemClock.now().plus_millis(1_000));
        let found = storage.orders_made(&merchant(), &connection, time, None).await.unwrap();
        let ids: Vec<OrderId> = found.iter().map(|made| made.order.id.clone()).collect();
        assert_eq!(ids, made);
        let rest = storage.orders_made(&merchant(), &connection, time, Some(&made[0])).await.unwrap();
        assert_eq!(rest.len(), 2);
        let earlier = (before.plus_millis(-9_000), before.plus_millis(-1_000));
        assert!(storage.orders_made(&merchant(), &connection, earlier, None).await.unwrap().is_empty());
        let other: ConnectionId = GATE.parse().unwrap();
        assert!(storage.orders_made(&merchant(), &other, time, None).await.unwrap().is_empty());
    }
}

fn difference(kind: DifferenceKind, subject: &str, theirs: &str) -> Difference {
    Difference {
        kind,
        subject: subject.to_owned(),
        order: None,
        voucher: None,
        ours: "1".to_owned(),
        theirs: theirs.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_stands_until_it_is_gone_or_settled() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let of = ComparedDay { merchant: merchant(), connection: CHANNEL.parse().unwrap(), day: day() };
        let two = vec![difference(DifferenceKind::Amount, "c1", "2"), difference(DifferenceKind::Bill, "c2", "3")];
        storage.found(&of, two, at(1)).await.unwrap();
        storage.found(&of, vec![difference(DifferenceKind::Amount, "c1", "4")], at(2)).await.unwrap();
        let read = async |settled| {
            let filter = DifferenceFilter { settled, connection: Some(of.connection.clone()), ..Default::default() };
            storage.differences(&merchant(), &filter).await.unwrap()
        };
        let standing = read(false).await;
        assert_eq!(standing.len(), 1);
        assert_eq!(
            (standing[0].difference.theirs.as_str(), standing[0].found_at, standing[0].seen_at),
            ("4", at(1), at(2))
        );
        let gone = read(true).await.into_iter().find(|one| one.difference.kind == DifferenceKind::Bill).unwrap();
        assert_eq!((gone.settled_at, gone.settled_by.as_deref()), (Some(at(2)), Some("gone")));
        let name = DifferenceName { of: of.clone(), kind: DifferenceKind::Amount, subject: "c1".to_owned() };
        assert!(storage.settle(&name, "wang: agreed with the channel", at(3)).await.unwrap());
        assert!(!storage.settle(&name, "wang", at(4)).await.unwrap(), "it does not stand any more");
        assert!(read(false).await.is_empty());
        // It comes back: a new one, found now.
        storage.found(&of, vec![difference(DifferenceKind::Amount, "c1", "4")], at(5)).await.unwrap();
        assert_eq!(read(false).await[0].found_at, at(5));
        let other_day = DifferenceFilter { day: day().plus_days(1), ..Default::default() };
        assert!(storage.differences(&merchant(), &other_day).await.unwrap().is_empty());
    }
}
