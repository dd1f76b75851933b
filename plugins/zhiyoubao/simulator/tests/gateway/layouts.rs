//! The traps of answers: layouts, fen and yuan, missing names (§§2, 4, 5, 9).

use zhiyoubao_simulator::{CheckLayout, ImageElement, LineList, QueryLayout, Refusal, ThirdCode, Transaction};

use crate::support::{bench, code, description, text};

#[test]
fn an_order_stands_under_the_root_or_under_order_response() {
    let bench = bench(|_| {});
    bench.buy("M1", 2);
    let direct = bench.about("QUERY_ORDER_NEW_REQ", "M1");
    assert!(direct.contains("<description>成功</description><order>"), "{direct}");
    bench.desk.change(|options| options.query_layout = QueryLayout::OrderResponse);
    assert!(bench.about("QUERY_ORDER_NEW_REQ", "M1").contains("<orderResponse><order>"));
    assert!(bench.about("QUERY_ORDER_REQ", "M1").contains("<scenicOrders><scenicOrder>"), "the old query");
    bench.desk.change(|options| options.line_list = LineList::ScenicOrders);
    assert!(bench.buy("M2", 1).contains("<scenicOrders><scenicOrder>"));
}

#[test]
fn beside_ticket_third_code_a_querys_money_is_in_fen() {
    let bench = bench(|_| {});
    bench.buy("M1", 2);
    for (third_code, scenic, ticket, price) in [
        (ThirdCode::Scenic, Some("M1-1"), None, "80.00"),
        (ThirdCode::Ticket, None, Some("M1-1"), "8000"),
        (ThirdCode::Both, Some("M1-1"), Some("M1-1"), "8000"),
        (ThirdCode::Absent, None, None, "80.00"),
    ] {
        bench.desk.change(|options| options.third_code = third_code);
        let shown = bench.about("QUERY_ORDER_NEW_REQ", "M1");
        assert_eq!((text(&shown, "scenicThirdCode"), text(&shown, "ticketThirdCode")), (scenic, ticket));
        assert_eq!(text(&shown, "price"), Some(price), "{third_code:?}");
        let issued = bench.buy(&format!("N{third_code:?}"), 1);
        assert_eq!(text(&issued, "price"), Some("80.00"), "an issue answer stays in yuan");
    }
}

#[test]
fn order_codes_are_theirs_ours_or_missing() {
    let bench = bench(|options| options.seed = 34_567_889);
    let issued = bench.buy("M1", 1);
    assert_eq!(text(&issued, "orderCode"), Some("201234567890"), "theirs");
    bench.desk.change(|options| (options.our_order_code, options.line_order_code) = (true, false));
    let shown = bench.about("QUERY_ORDER_NEW_REQ", "M1");
    assert_eq!(text(&shown, "orderCode"), Some("M1"));
    assert_eq!(shown.matches("<orderCode>").count(), 1, "{shown}");
}

#[test]
fn check_queries_vary() {
    let bench = bench(|options| {
        options.check_layout = CheckLayout::Data;
        (options.check_suffix, options.need_without_returned) = (true, true);
        options.audit = zhiyoubao_simulator::AuditMode::Approve;
    });
    bench.buy("M1", 2);
    bench.give_back("M1-1", 1, "R1", "");
    let state = bench.about("CHECK_STATUS_QUERY_REQ", "M1");
    assert!(state.contains("<data><subOrders><subOrder><orderCode>M1-1_1</orderCode><needCheckNum>1<"), "{state}");
}

#[test]
fn pictures_vary() {
    let bench = bench(|options| (options.image_element, options.image_per_ticket) = (ImageElement::Image, true));
    bench.buy("M1", 2);
    assert_eq!(bench.about("SEND_CODE_IMG_REQ", "M1").matches("<image>").count(), 2);
    bench.desk.change(|options| options.image_element = ImageElement::Url);
    assert!(text(&bench.about("SEND_CODE_IMG_REQ", "M1"), "url").is_some());
}

#[test]
fn code_6_means_three_things() {
    let bench = bench(|options| options.unknown_order_text = "订单号不存在".to_owned());
    bench.buy("M1", 1);
    bench.about("SEND_CODE_CANCEL_NEW_REQ", "M1");
    let batch = bench.desk.refunds()[0].batch.clone();
    let answers = [bench.buy("M1", 1), bench.about("QUERY_ORDER_NEW_REQ", "M9"), bench.refund_state(&batch)];
    assert!(answers.iter().all(|answer| code(answer) == "6"));
    let texts: Vec<_> = answers.iter().map(|answer| description(answer)).collect();
    assert_eq!(texts, ["子订单编号已存在！", "订单号不存在", "等待审核中"]);
}

#[test]
fn error_answers_may_name_their_transaction() {
    let bench = bench(|options| options.name_in_errors = true);
    assert_eq!(text(&bench.about("QUERY_ORDER_NEW_REQ", "M9"), "transactionName"), Some("QUERY_ORDER_NEW_RES"));
    bench.desk.change(|options| options.long_cancel_name = true);
    bench.buy("M1", 1);
    let cancelled = bench.about("SEND_CODE_CANCEL_NEW_REQ", "M1");
    assert_eq!(text(&cancelled, "transactionName"), Some("SEND_CODE_CANCEL_NEW_RES"));
}

#[test]
fn a_new_order_may_stay_invisible_for_a_while() {
    let bench = bench(|options| options.visible_after_ms = 3_000);
    bench.buy("M1", 1);
    assert_eq!(description(&bench.about("QUERY_ORDER_NEW_REQ", "M1")), "订单不存在");
    assert_eq!(description(&bench.buy("M1", 1)), "子订单编号已存在！", "it is there all the same");
    bench.pass(3_000);
    assert_eq!(code(&bench.about("QUERY_ORDER_NEW_REQ", "M1")), "0");
}

#[test]
fn names_and_codes_are_those_of_the_page() {
    for transaction in Transaction::ALL {
        assert_eq!(Transaction::of_name(transaction.name()), Some(transaction));
        assert!(transaction.answer_name(true).ends_with("_RES"));
    }
    assert_eq!(Transaction::of_name("SEND_CODE_RES"), None);
    let bench = bench(|options| options.failure_code = 99);
    bench.desk.change(|options| {
        let sixes: Vec<_> = Refusal::ALL.into_iter().filter(|refusal| refusal.code(options) == 6).collect();
        assert_eq!(sixes.len(), 4);
        assert!(Refusal::ALL.iter().all(|refusal| [6, 99].contains(&refusal.code(options))));
    });
}
