//! What can go wrong with one call.

use zhiyoubao_simulator::{BadAnswer, Fault, Pace, Refusal, Transaction};

use crate::support::{Bench, bench, code, description, text};

fn after(bench: &Bench, answer: BadAnswer) {
    bench.desk.next_fault(Fault::after_effect(answer));
}

#[test]
fn an_answer_may_be_lost_with_or_without_effect() {
    let bench = bench(|_| {});
    let issue = |number: &str| {
        let lines = crate::support::line(&format!("{number}-1"), crate::support::ADULT, 1, "");
        bench.raw(&crate::support::order(number, "80.00", &lines))
    };
    after(&bench, BadAnswer::Never);
    assert_eq!(issue("M1").pace, Pace::Never);
    assert!(bench.desk.order("M1").is_some());
    bench.desk.next_fault(Fault::without_effect(BadAnswer::Never));
    assert_eq!(issue("M2").pace, Pace::Never);
    assert!(bench.desk.order("M2").is_none());
    after(&bench, BadAnswer::Status(502));
    assert_eq!(issue("M3").status, 502);
    assert!(bench.desk.order("M3").is_some());
    assert_eq!(bench.desk.faults_waiting(), 0);
    assert_eq!(issue("M4").pace, Pace::Now);
}

#[test]
fn an_answer_may_be_no_answer() {
    let bench = bench(|_| {});
    for (number, bad, holds) in [
        ("M1", BadAnswer::Html, "<br>"),
        ("M2", BadAnswer::Garbage, "<<<&&"),
        ("M3", BadAnswer::Truncated, "<PWBResponse>"),
        ("M4", BadAnswer::Empty, ""),
    ] {
        after(&bench, bad.clone());
        let body = bench.buy(number, 1);
        assert!(body.contains(holds) && !body.contains("</PWBResponse>"), "{bad:?}");
        assert!(bench.desk.order(number).is_some(), "{bad:?}");
    }
    after(&bench, BadAnswer::Oversize);
    assert!(bench.buy("M5", 1).len() > 4 * 1024 * 1024 - 3);
    after(&bench, BadAnswer::Redirect("http://elsewhere.example/".to_owned()));
    let moved = bench.raw(&crate::support::request("QUERY_ORDER_NEW_REQ", ""));
    assert_eq!((moved.status, moved.location.as_deref()), (302, Some("http://elsewhere.example/")));
}

#[test]
fn an_answer_may_be_anothers() {
    let bench = bench(|_| {});
    let right = bench.buy("M1", 1);
    after(&bench, BadAnswer::OtherOrder);
    let other = bench.about("QUERY_ORDER_NEW_REQ", "M1");
    assert_eq!(code(&other), "0");
    assert_eq!(text(&other, "scenicThirdCode"), Some("XM1-1"));
    assert_ne!(text(&other, "assistCheckNo"), text(&right, "assistCheckNo"));
    assert_ne!(text(&other, "linkName"), text(&right, "linkName"));
    after(&bench, BadAnswer::OtherTransaction);
    assert_eq!(text(&bench.about("QUERY_ORDER_NEW_REQ", "M1"), "transactionName"), Some("SEND_SM_RES"));
    after(&bench, BadAnswer::OtherTransaction);
    assert_eq!(text(&bench.about("SEND_SM_REQ", "M1"), "transactionName"), Some("SEND_CODE_RES"));
}

#[test]
fn every_refusal_can_be_pressed() {
    let bench = bench(|_| {});
    for refusal in Refusal::ALL {
        bench.desk.next_fault(Fault::refuse(refusal));
        let answer = bench.buy("M1", 1);
        bench.desk.change(|options| {
            let wanted = (&*refusal.code(options).to_string(), refusal.description(options));
            assert_eq!((code(&answer), description(&answer)), wanted);
        });
    }
    assert!(bench.desk.orders().is_empty());
    after(&bench, BadAnswer::Code(42, "<机构> & 其他".to_owned()));
    let lie = bench.buy("M1", 1);
    assert_eq!((code(&lie), description(&lie)), ("42", "&lt;机构&gt; &amp; 其他"));
    assert!(bench.desk.order("M1").is_some(), "refused in words only");
}

#[test]
fn a_fault_may_wait_for_its_transaction() {
    let bench = bench(|_| {});
    let of = |transaction, code| {
        let fault = Fault::without_effect(BadAnswer::Code(code, String::new()));
        bench.desk.next_fault_of(transaction, fault);
    };
    of(Transaction::Cancel, 7);
    of(Transaction::QueryOrder, 8);
    of(Transaction::Cancel, 9);
    assert_eq!(code(&bench.buy("M1", 1)), "0");
    let asked = ["SEND_CODE_CANCEL_NEW_REQ", "SEND_CODE_CANCEL_NEW_REQ", "QUERY_ORDER_NEW_REQ"];
    let codes = asked.map(|transaction| code(&bench.about(transaction, "M1")).to_owned());
    assert_eq!(codes, ["7", "9", "8"]);
    assert_eq!(code(&bench.about("QUERY_ORDER_NEW_REQ", "M1")), "0");
}
