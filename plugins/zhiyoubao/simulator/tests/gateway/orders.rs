//! Order and issue (§3), slots (§6), what the visitor gets (§5), checks (§9).

use zhiyoubao_simulator::{Goods, Refusal};

use crate::support::{ADULT, DOCUMENTS, NAMED, TIMED, bench, code, description, guests, line, order, request, text};

#[test]
fn one_call_books_pays_and_issues() {
    let bench = bench(|_| {});
    bench.desk.set_deposit(20_000);
    let answer = bench.buy("M1", 2);
    assert_eq!(code(&answer), "0", "{answer}");
    assert_eq!(text(&answer, "assistCheckNo").map(str::len), Some(8), "one code for the order");
    assert_eq!(text(&answer, "price"), Some("80.00"));
    assert_eq!(bench.desk.deposit(), Some(4_000));
    assert_eq!(description(&bench.buy("M2", 1)), "备佣金余额不足");
    assert!(bench.desk.order("M2").is_none());
}

#[test]
fn a_number_is_used_once() {
    let bench = bench(|_| {});
    bench.buy("M1", 2);
    let again = bench.buy("M1", 2);
    assert_eq!((code(&again), description(&again)), ("6", "子订单编号已存在！"));
    let other = order("M1", "80.00", &line("M1-2", ADULT, 1, ""));
    let other = bench.raw(&other).body;
    assert_eq!((code(&other), description(&other)), ("6", "订单编号已存在！"));
    let twice = [line("M2-1", ADULT, 1, ""), line("M2-1", ADULT, 1, "")].concat();
    assert_eq!(description(&bench.raw(&order("M2", "160.00", &twice)).body), "子订单编号已存在！");
    let same = order("M3", "80.00", &line("M3", ADULT, 1, ""));
    assert_eq!(code(&bench.raw(&same).body), "0", "a single line may repeat the main number");
    assert_eq!(bench.desk.orders().len(), 2);
}

#[test]
fn orders_that_do_not_add_up_are_refused_without_effect() {
    let bench = bench(|_| {});
    let good = order("M1", "80.00", &line("M1-1", ADULT, 1, ""));
    for (wrong, why) in [
        (good.replace("<orderPrice>80.00", "<orderPrice>80.01"), Refusal::BadAmount),
        (good.replace("<totalPrice>80.00", "<totalPrice>8.00"), Refusal::BadAmount),
        (good.replace("80.00", "79.00"), Refusal::WrongPrice),
        (good.replace("<quantity>1", "<quantity>0"), Refusal::BadAmount),
        (good.replace("<quantity>1", "<quantity>1001"), Refusal::TooMuch),
        (good.replace("2026-03-05", "2026-02-28"), Refusal::BadDate),
        (good.replace("2026-03-05", "2026-3-5"), Refusal::BadDate),
        (good.replace(ADULT, "PST0"), Refusal::UnknownGoods),
        (good.replace("<payMethod>vm", "<payMethod>cash"), Refusal::PayMethodUnknown),
        (good.replace("<linkMobile>19900000001</linkMobile>", ""), Refusal::MissingField),
        (order("M1", "0.00", ""), Refusal::MissingField),
        (order("M1", "4080.00", &line("M1-1", ADULT, 1, "").repeat(51)), Refusal::TooMuch),
    ] {
        let answer = bench.raw(&wrong).body;
        bench.desk.change(|options| assert_eq!(description(&answer), why.description(options), "{why:?}"));
        assert_eq!(code(&answer), "1");
    }
    assert!(bench.desk.orders().is_empty());
    assert_eq!(code(&bench.raw(&good).body), "0");
}

#[test]
fn real_name_goods_need_one_guest_a_ticket() {
    let bench = bench(|_| {});
    let short = order("M1", "240.00", &line("M1-1", NAMED, 3, &guests()));
    assert_eq!(description(&bench.raw(&short).body), "实名信息与数量不符");
    let nameless = order("M1", "160.00", &line("M1-1", NAMED, 2, &guests().replace("<name>钱八</name>", "")));
    assert_eq!(description(&bench.raw(&nameless).body), "实名信息与数量不符");
    let twins = guests().replace(DOCUMENTS[1], DOCUMENTS[0]);
    assert_eq!(
        description(&bench.raw(&order("M1", "160.00", &line("M1-1", NAMED, 2, &twins))).body),
        "实名信息与数量不符"
    );
    assert_eq!(code(&bench.buy_named("M1")), "0");
    assert_eq!(bench.desk.redeem_document(DOCUMENTS[1]), Ok(()));
    assert!(bench.desk.redeem_document(DOCUMENTS[1]).is_err(), "each guest once");
    assert!(bench.desk.redeem_document("999999199001010099").is_err());
    assert_eq!(bench.desk.order("M1").unwrap().checked(), 1);
}

#[test]
fn goods_may_ask_for_the_contacts_document() {
    let bench = bench(|_| {});
    bench.desk.sell(Goods { contact_document: true, ..Goods::new(ADULT) });
    assert_eq!(description(&bench.buy("M1", 1)), "联系人证件号不能为空");
}

#[test]
fn slots_are_listed_taken_and_given_back() {
    let bench = bench(|_| {});
    let ask = |goods: &str, first: &str, last: &str| {
        let body = format!("<goodsCode>{goods}</goodsCode><startDate>{first}</startDate><endDate>{last}</endDate>");
        bench.call("FS_STOCK_REQ", &format!("<queryCondtion>{body}</queryCondtion>"))
    };
    assert_eq!(ask(TIMED, "2026-03-05", "2026-03-06").matches("<fsStock>").count(), 2);
    let slot = "<fsStartTime>09:00</fsStartTime><fsEndTime>11:00</fsEndTime>";
    let buy = |number: &str, more: &str| {
        bench.raw(&order(number, "160.00", &line(&format!("{number}-1"), TIMED, 2, more))).body
    };
    assert_eq!(description(&buy("M1", "")), "分时时段错误");
    assert_eq!(description(&buy("M1", &slot.replace("11:00", "12:00"))), "分时时段错误");
    assert_eq!(code(&buy("M1", slot)), "0");
    assert_eq!(description(&buy("M2", slot)), "分时库存不足");
    let two = [line("M3-1", TIMED, 1, slot), line("M3-2", TIMED, 1, slot)].concat();
    assert_eq!(description(&bench.raw(&order("M3", "160.00", &two)).body), "分时库存不足", "all lines or none");
    assert_eq!(text(&ask(TIMED, "2026-03-05", "2026-03-05"), "stock"), Some("1"));
    bench.about("SEND_CODE_CANCEL_NEW_REQ", "M1");
    let batch = bench.desk.refunds()[0].batch.clone();
    bench.desk.decide(&batch, true).unwrap();
    assert_eq!(bench.desk.goods(TIMED).unwrap().slots[0].stock, 3);
    assert_eq!(description(&ask("PST0", "2026-03-05", "2026-03-05")), "商品编码不存在");
    assert_eq!(description(&ask(TIMED, "2026-03-05", "soon")), "游玩日期错误");
}

#[test]
fn pictures_links_and_messages() {
    let bench = bench(|_| {});
    bench.buy("M1", 2);
    let picture = bench.about("SEND_CODE_IMG_REQ", "M1");
    assert!(text(&picture, "img").is_some_and(|img| img.starts_with("iVBORw0KGgo")), "a PNG");
    let assist = bench.desk.order("M1").unwrap().assist_code;
    for transaction in ["QUERY_IMG_URL_REQ", "QUERY_SHORT_IMG_URL_REQ"] {
        let link = bench.about(transaction, "M1");
        assert!(text(&link, "img").is_some_and(|url| url.starts_with("https://") && url.ends_with(&assist)), "{link}");
        assert_eq!(code(&bench.about(transaction, "M9")), "6");
    }
    let body = "<orderRequest><order><orderCode>M1</orderCode><tplCode>T7</tplCode></order></orderRequest>";
    let sent = bench.call("SEND_SM_REQ", body);
    assert_eq!((code(&sent), text(&sent, "transactionName")), ("0", Some("SEND_SM_RES")));
    bench.about("SEND_SM_REQ", "M1");
    assert_eq!(bench.desk.order("M1").unwrap().messages, ["T7", ""]);
    let own = "<sm><tel>19900000001</tel><msg>see you</msg></sm>";
    assert_eq!(code(&bench.call("SM_REQ", own)), "0");
    assert_eq!(description(&bench.call("SM_REQ", "<sm><tel>19900000001</tel></sm>")), "必填项为空");
}

#[test]
fn checks_are_counted_and_recorded() {
    let bench = bench(|_| {});
    let lines = [line("M1-1", ADULT, 2, ""), line("M1-2", ADULT, 1, "")].concat();
    let issued = bench.raw(&order("M1", "240.00", &lines)).body;
    let assist = text(&issued, "assistCheckNo").unwrap();
    assert_eq!(text(&bench.about("CHECK_STATUS_QUERY_REQ", "M1"), "checkStatus"), Some("un_check"));
    assert_eq!(text(&bench.about("CHECK_STATUS_QUERY_REQ", "M1"), "lastCheckTime"), Some(""));
    bench.pass(3_600_000);
    bench.desk.redeem(assist, 1).unwrap();
    let state = bench.about("CHECK_STATUS_QUERY_REQ", "M1");
    assert_eq!(text(&state, "checkStatus"), Some("checking"));
    assert_eq!(text(&state, "lastCheckTime"), Some("2026-03-01 10:30:00"));
    assert!(bench.desk.redeem(assist, 3).is_err(), "two are left");
    bench.desk.redeem(assist, 2).unwrap();
    let records = bench.about("QUERY_SUB_ORDER_CHECK_RECORD_REQ", "M1");
    assert_eq!(text(&records, "transactionName"), Some("QUERY_SUB_ORDER_CHECK_RECORD_RES"));
    assert_eq!(records.matches("<checkStatus>checked<").count(), 2);
    assert_eq!(records.matches("<subOrderCheckRecord><checkNum>1</checkNum>").count(), 3);
    assert!(bench.desk.redeem("99999999", 1).is_err());
    assert!(bench.desk.redeem(assist, 0).is_err());
    assert!(bench.desk.redeem_line("M1-1", 1).is_err());
}

#[test]
fn guests_show_in_no_debug_output() {
    let bench = bench(|_| {});
    bench.buy_named("M1");
    bench.about("SEND_CODE_CANCEL_NEW_REQ", "M1");
    let answer = bench.raw(&request("QUERY_ORDER_NEW_REQ", ""));
    let desk = &bench.desk;
    let shown = format!("{:?} {:?} {:?} {answer:?}", desk.orders(), desk.refunds(), desk.recorded());
    for secret in ["赵七", "钱八", "19900000001", DOCUMENTS[0], DOCUMENTS[1]] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
