//! Callbacks waiting: what is due when, the ladder, and the operator's mischief (§8).

use zhiyoubao_simulator::{AuditMode, CheckCount, Desk, Ended, Notice, NoticeKind, Sent, Signature};

use crate::support::{Bench, bench};

const HOOK: &str = "http://distributor.example/hook";

fn hooked(change: impl FnOnce(&mut zhiyoubao_simulator::Options)) -> Bench {
    let bench = bench(change);
    for (kind, path) in [(NoticeKind::CheckIn, "check"), (NoticeKind::Finish, "finish"), (NoticeKind::Refund, "refund")]
    {
        bench.desk.register(kind, &format!("{HOOK}/{path}"));
    }
    bench
}

fn answered(body: &str) -> Sent {
    Sent::Answered { status: 200, body: body.to_owned() }
}

fn urls(desk: &Desk) -> Vec<String> {
    desk.outbox().into_iter().map(|callback| callback.url).collect()
}

#[test]
fn checks_refunds_and_the_end_are_told() {
    let bench = hooked(|options| options.audit = AuditMode::Approve);
    bench.buy("M1", 3);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    bench.give_back("M1-1", 1, "R1", "");
    bench.desk.redeem_line("M1-1", 1).unwrap();
    let urls = urls(&bench.desk);
    assert!(urls[0].contains("/check?order_no=M1&status=check&total=3&checkNum=1&returnNum=0&sign="), "{urls:?}");
    assert!(urls[1].contains("&orderCode=M1&subOrderCode=M1-1&auditStatus=success&returnNum=1&sign="), "{urls:?}");
    assert!(urls[2].contains("&checkNum=1&returnNum=1&"), "an increment: {urls:?}");
    assert!(urls[3].contains("/finish?order_code=M1&status=success&total=3&checkNum=2&returnNum=1&"), "{urls:?}");
    assert_eq!(urls.len(), 4);
}

#[test]
fn the_older_forms_are_options() {
    let bench = hooked(|options| {
        options.check_count = CheckCount::Total;
        options.finish_parameter = "order_no".to_owned();
        options.cancel_word = "cancle".to_owned();
        options.refund_parameter = "order_Code".to_owned();
        options.audit = AuditMode::Approve;
    });
    bench.buy("M1", 3);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    bench.desk.redeem_line("M1-1", 1).unwrap();
    assert!(urls(&bench.desk)[1].contains("&checkNum=2&"), "a total");
    bench.buy("M2", 1);
    bench.about("SEND_CODE_CANCEL_NEW_REQ", "M2");
    let urls = urls(&bench.desk);
    assert!(urls[2].contains("&order_Code=M2&"), "{urls:?}");
    let sign = zhiyoubao_simulator::sign::named_sign("order_no", "M2", crate::support::KEY);
    assert!(urls[3].contains("?order_no=M2&status=cancle&") && urls[3].ends_with(&sign), "{urls:?}");
}

#[test]
fn without_a_url_nothing_waits() {
    let bench = bench(|_| {});
    bench.buy("M1", 1);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    assert!(bench.desk.outbox().is_empty());
    assert_eq!(bench.desk.notices().len(), 2);
    bench.desk.register(NoticeKind::CheckIn, &format!("{HOOK}?tenant=7"));
    let claim = Notice::CheckIn { order: "M 1&".to_owned(), total: 1, checked: 1, returned: 0 };
    bench.desk.forge(&claim, Signature::Right).unwrap();
    assert!(urls(&bench.desk)[0].starts_with(&format!("{HOOK}?tenant=7&order_no=M+1%26&status=check&")));
}

#[test]
fn only_the_bare_word_ends_the_ladder() {
    let bench = hooked(|options| options.retry_delays_ms = vec![10, 20, 30, 40, 50]);
    bench.buy("M1", 2);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    let id = bench.desk.outbox()[0].id;
    let refused = Sent::Answered { status: 500, body: "success".to_owned() };
    for (sent, delay_ms) in [
        (answered("failure"), 10),
        (answered("success\n"), 20),
        (answered("{\"status\":\"success\"}"), 30),
        (refused, 40),
        (Sent::TimedOut, 50),
    ] {
        assert!(!bench.desk.settle(id, sent).unwrap().over);
        bench.pass(delay_ms - 1);
        assert!(bench.desk.due().is_empty());
        bench.pass(1);
        assert_eq!(bench.desk.due().len(), 1);
    }
    let last = bench.desk.settle(id, answered("success")).unwrap();
    assert_eq!((last.over, last.sent.is_accepted(), last.callback.attempts), (true, true, 6));
    assert!(bench.desk.outbox().is_empty());
    assert!(bench.desk.settle(id, answered("success")).is_err());
}

#[test]
fn the_ladder_has_an_end() {
    let bench = hooked(|options| options.retry_delays_ms = vec![10]);
    bench.buy("M1", 2);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    let id = bench.desk.outbox()[0].id;
    assert!(!bench.desk.settle(id, Sent::Unreachable).unwrap().over);
    let last = bench.desk.settle(id, Sent::Unreachable).unwrap();
    assert!(last.over && !last.sent.is_accepted());
    assert!(bench.desk.outbox().is_empty());
    assert_eq!(bench.desk.deliveries().len(), 2);
}

#[test]
fn callbacks_repeat_change_places_wait_and_get_lost() {
    let bench = hooked(|_| {});
    bench.buy("M1", 1);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    let [check, finish] = bench.desk.outbox().try_into().unwrap();
    bench.desk.reverse_callbacks();
    assert_eq!(urls(&bench.desk), [finish.url.clone(), check.url.clone()]);
    bench.desk.settle(check.id, answered("success")).unwrap();
    bench.desk.repeat_callback(check.id, 3).unwrap();
    assert_eq!(urls(&bench.desk).iter().filter(|url| **url == check.url).count(), 3, "word for word");
    bench.desk.postpone_callback(finish.id, 5_000).unwrap();
    assert_eq!(bench.desk.due().len(), 3);
    bench.desk.lose_callback(finish.id).unwrap();
    bench.pass(5_000);
    assert_eq!(bench.desk.due().len(), 3);
    assert!(bench.desk.repeat_callback(99, 1).is_err());
    assert!(bench.desk.lose_callback(99).is_err());
    assert!(bench.desk.postpone_callback(99, 1).is_err());
}

#[test]
fn a_well_signed_claim_can_be_untrue() {
    let bench = hooked(|_| {});
    bench.buy("M1", 2);
    bench.desk.redeem_line("M1-1", 1).unwrap();
    let order = "M1".to_owned();
    let claim = Notice::Finish { order: order.clone(), ended: Ended::Cancelled, total: 2, checked: 0, returned: 2 };
    for signature in [Signature::Right, Signature::Wrong, Signature::Missing] {
        bench.desk.forge(&claim, signature).unwrap();
    }
    let sign = zhiyoubao_simulator::sign::named_sign("order_code", &order, crate::support::KEY);
    let urls = urls(&bench.desk);
    assert!(urls[1].contains("status=cancel") && urls[1].ends_with(&sign));
    assert!(urls[2].contains("&sign=") && !urls[2].ends_with(&sign));
    assert!(!urls[3].contains("sign="));
    let order = bench.desk.order("M1").unwrap();
    assert_eq!((order.ended, order.returned()), (None, 0), "the truth is as it was");
    assert_eq!(bench.desk.notices().len(), 1, "a forgery is no notice of the gateway");
}
