//! Cancel, partial return, audit, re-schedule (§7).

use zhiyoubao_simulator::{AuditMode, Ended, GuestState, Notice, RefundState, RepeatedReturn};

use crate::support::{Bench, DOCUMENTS, bench, code, description, line, order, text};

fn cancel(bench: &Bench, number: &str) -> String {
    bench.about("SEND_CODE_CANCEL_NEW_REQ", number)
}

#[test]
fn code_0_of_a_cancellation_is_not_yet_a_refund() {
    let bench = bench(|_| {});
    bench.desk.set_deposit(16_000);
    bench.buy("M1", 2);
    let answer = cancel(&bench, "M1");
    assert_eq!((code(&answer), text(&answer, "transactionName")), ("0", Some("SEND_CODE_CANCEL_RES")));
    let batch = text(&answer, "retreatBatchNo").unwrap();
    assert!(batch.len() == 32 && batch.bytes().all(|byte| byte.is_ascii_hexdigit()), "{batch}");
    let waiting = bench.refund_state(batch);
    assert_eq!((code(&waiting), description(&waiting)), ("6", "等待审核中"));
    assert_eq!(bench.desk.deposit(), Some(0));
    assert!(bench.desk.redeem_line("M1-1", 1).is_err(), "tickets in audit do not admit");
    bench.desk.decide(batch, true).unwrap();
    let done = bench.refund_state(batch);
    assert_eq!((code(&done), description(&done)), ("0", "审核完成"));
    assert_eq!(bench.desk.deposit(), Some(16_000));
    assert_eq!(bench.desk.order("M1").unwrap().ended, Some(Ended::Cancelled));
    assert!(bench.desk.decide(batch, false).is_err(), "decided once");
}

#[test]
fn a_rejection_leaves_the_tickets_valid_whatever_its_code() {
    for rejected_code in [0, 7] {
        let bench = bench(|options| options.rejected_code = rejected_code);
        bench.buy("M1", 2);
        let answer = cancel(&bench, "M1");
        let batch = text(&answer, "retreatBatchNo").unwrap();
        bench.desk.decide(batch, false).unwrap();
        let state = bench.refund_state(batch);
        assert_eq!((code(&state), description(&state)), (&*rejected_code.to_string(), "审核未通过"));
        let order = bench.desk.order("M1").unwrap();
        assert_eq!((order.returned(), order.ended), (0, None));
        assert_eq!(code(&cancel(&bench, "M1")), "0", "it may be asked again");
        let batch = bench.desk.refunds()[1].batch.clone();
        bench.desk.decide(&batch, false).unwrap();
        bench.desk.redeem_line("M1-1", 2).unwrap();
    }
}

#[test]
fn automatic_audits_take_their_time_on_the_clock() {
    for (audit, state) in [(AuditMode::Approve, RefundState::Approved), (AuditMode::Reject, RefundState::Rejected)] {
        let bench = bench(|options| (options.audit, options.audit_delay_ms) = (audit, 60_000));
        bench.buy("M1", 1);
        cancel(&bench, "M1");
        bench.pass(59_999);
        assert_eq!(bench.desk.refunds()[0].state, RefundState::Waiting);
        bench.pass(1);
        assert_eq!(bench.desk.refunds()[0].state, state);
    }
}

#[test]
fn a_part_goes_by_sub_order_and_own_number() {
    let bench = bench(|options| options.audit = AuditMode::Approve);
    bench.buy("M1", 3);
    let answer = bench.give_back("M1-1", 1, "R1", "");
    assert_eq!(text(&answer, "transactionName"), Some("RETURN_TICKET_NUM_NEW_RES"));
    assert_eq!(text(&answer, "retreatBatchNo").map(str::len), Some(32));
    assert_eq!(bench.desk.order("M1").unwrap().returned(), 1);
    assert_eq!(description(&bench.give_back("M1-1", 3, "R2", "")), "可退数量不足");
    assert_eq!(description(&bench.give_back("M1-1", 0, "R2", "")), "订单金额错误");
    assert_eq!(code(&bench.give_back("M1", 1, "R2", "")), "6", "the main number names no line");
    bench.desk.redeem_line("M1-1", 1).unwrap();
    assert_eq!(code(&bench.give_back("M1-1", 1, "R2", "")), "0");
    assert_eq!(bench.desk.order("M1").unwrap().ended, Some(Ended::Checked), "one was checked");
}

#[test]
fn named_tickets_go_back_by_document() {
    let bench = bench(|_| {});
    bench.buy_named("M1");
    let [first, second] = DOCUMENTS;
    for wrong in ["", "999999199001010032", &format!("{first},{second}"), &format!("{first},999999199001010032")] {
        assert_eq!(description(&bench.give_back("M1-1", 1, "R1", wrong)), "退票证件号错误");
    }
    assert_eq!(code(&bench.give_back("M1-1", 1, "R1", second)), "0");
    assert!(bench.desk.redeem_document(second).is_err());
    assert_eq!(description(&bench.give_back("M1-1", 1, "R2", second)), "退票证件号错误");
    bench.desk.redeem_document(first).unwrap();
    let batch = bench.desk.refunds()[0].batch.clone();
    bench.desk.decide(&batch, true).unwrap();
    let states: Vec<_> = bench.desk.order("M1").unwrap().lines[0].guests.iter().map(|guest| guest.state).collect();
    assert_eq!(states, [GuestState::Checked, GuestState::Returned]);
}

#[test]
fn what_was_checked_is_not_refunded() {
    let bench = bench(|options| options.admit_during_audit = true);
    bench.buy("M1", 2);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    assert_eq!(description(&cancel(&bench, "M1")), "已检票，不能退票");
    bench.buy_named("M2");
    let answer = bench.give_back("M2-1", 1, "R1", DOCUMENTS[0]);
    let batch = text(&answer, "retreatBatchNo").unwrap();
    bench.desk.redeem_document(DOCUMENTS[0]).unwrap();
    bench.desk.decide(batch, true).unwrap();
    assert_eq!(bench.desk.refunds()[0].state, RefundState::Rejected, "used while it was audited");
    bench.desk.redeem_document(DOCUMENTS[1]).unwrap();
    assert_eq!(bench.desk.order("M2").unwrap().checked(), 2);
}

#[test]
fn a_cancellation_gives_back_what_is_left_of_all_lines() {
    let bench = bench(|_| {});
    let lines = [line("M1-1", crate::support::ADULT, 2, ""), line("M1-2", crate::support::ADULT, 1, "")].concat();
    bench.raw(&order("M1", "240.00", &lines));
    bench.give_back("M1-1", 1, "R1", "");
    cancel(&bench, "M1");
    let asked: Vec<_> = bench.desk.refunds()[1].lines.iter().map(|line| (line.line.clone(), line.count)).collect();
    assert_eq!(asked, [("M1-1".to_owned(), 1), ("M1-2".to_owned(), 1)]);
    for refund in bench.desk.refunds() {
        bench.desk.decide(&refund.batch, true).unwrap();
    }
    let told: Vec<_> = bench.desk.notices();
    assert_eq!(told.len(), 4, "one a line, and the end: {told:?}");
    assert!(matches!(told[3], Notice::Finish { ended: Ended::Cancelled, total: 3, checked: 0, returned: 3, .. }));
}

#[test]
fn a_repeated_cancellation_is_an_option() {
    let strict = bench(|_| {});
    let kind = bench(|options| options.repeated_return = RepeatedReturn::SameBatch);
    for bench in [&strict, &kind] {
        bench.buy("M1", 2);
        bench.buy("M2", 2);
    }
    let first = [cancel(&strict, "M1"), strict.give_back("M2-1", 1, "R1", "")];
    let second = [cancel(&strict, "M1"), strict.give_back("M2-1", 1, "R1", "")];
    assert!(first.iter().all(|answer| code(answer) == "0"));
    assert!(second.iter().all(|answer| description(answer) == "退票申请已存在"));
    assert_eq!(cancel(&kind, "M1"), cancel(&kind, "M1"));
    assert_eq!(kind.give_back("M2-1", 1, "R1", ""), kind.give_back("M2-1", 1, "R1", ""));
    assert_eq!(kind.desk.refunds().len(), 2);
}

#[test]
fn the_old_names_give_no_batch_number() {
    let bench = bench(|_| {});
    bench.buy("M1", 2);
    let answer = bench.about("SEND_CODE_CANCEL_REQ", "M1");
    assert_eq!((code(&answer), text(&answer, "retreatBatchNo")), ("0", None));
    assert_eq!(bench.desk.refunds().len(), 1, "the refund is there all the same");
}

#[test]
fn orders_and_batches_that_nobody_knows() {
    let bench = bench(|_| {});
    let answer = cancel(&bench, "M9");
    assert_eq!((code(&answer), description(&answer)), ("6", "订单不存在"));
    let state = bench.refund_state("0123");
    assert_eq!((code(&state), description(&state)), ("1", "退单批次号不存在"), "not 6: that would mean waiting");
}

#[test]
fn another_date_for_untouched_lines() {
    let bench = bench(|_| {});
    bench.buy("M1", 2);
    let endorse = |date: &str| {
        let body = format!("<subOrderCode>M1-1</subOrderCode><newOccDate>{date}</newOccDate>");
        bench.call("ORDER_ENDORSE_REQ", &format!("<orderRequest><endorse>{body}</endorse></orderRequest>"))
    };
    let answer = endorse("2026-03-09");
    assert_eq!((code(&answer), text(&answer, "transactionName")), ("0", Some("ORDER_ENDORSE_RES")));
    assert_eq!(text(&bench.about("QUERY_ORDER_NEW_REQ", "M1"), "occDate"), Some("2026-03-09"));
    assert_eq!(description(&endorse("2026-02-28")), "游玩日期错误");
    bench.desk.redeem_line("M1-1", 1).unwrap();
    assert_eq!(description(&endorse("2026-03-10")), "不能改签");
}

#[test]
fn the_operator_may_take_an_order_back() {
    let bench = bench(|_| {});
    bench.desk.set_deposit(16_000);
    bench.buy("M1", 2);
    bench.desk.withdraw("M1").unwrap();
    assert!(bench.desk.withdraw("M1").is_err());
    assert_eq!(bench.desk.deposit(), Some(16_000));
    let told = bench.desk.notices();
    assert!(matches!(told.as_slice(), [Notice::Finish { ended: Ended::Cancelled, .. }]), "{told:?}");
}

#[test]
fn orders_paid_at_the_gate_have_calls_of_their_own() {
    let bench = bench(|_| {});
    bench.desk.set_deposit(0);
    let spot = order("M1", "80.00", &line("M1-1", crate::support::ADULT, 1, "")).replace(">vm<", ">spot<");
    assert_eq!(code(&bench.raw(&spot).body), "0", "no deposit is needed");
    assert_eq!(text(&bench.about("QUERY_SPOT_ORDER_REQ", "M1"), "payMethod"), Some("spot"));
    assert_eq!(code(&bench.about("CANCEL_SPOT_ORDER_REQ", "M1")), "0");
    bench.desk.set_deposit(8_000);
    bench.buy("M2", 1);
    assert_eq!(code(&bench.about("QUERY_SPOT_ORDER_REQ", "M2")), "6");
    assert_eq!(code(&bench.about("CANCEL_SPOT_ORDER_REQ", "M2")), "6");
}
