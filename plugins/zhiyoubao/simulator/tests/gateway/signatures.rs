//! The page's vectors (§1, §8), and who is let in.

use sha2::{Digest, Sha256};
use zhiyoubao_simulator::{Ended, Notice, Options, Signature, sign};

use crate::support::{FORM, KEY, PATH, bench, code, description, request};

const V1: &str = "<PWBRequest><transactionName>QUERY_ORDER_NEW_REQ</transactionName><header><application>SendCode</application><requestTime>2026-03-01 09:30:00</requestTime></header><identityInfo><corpCode>DEMOCORP</corpCode><userName>demo</userName></identityInfo><orderRequest><order><orderCode>M20260301000001</orderCode></order></orderRequest></PWBRequest>";
const V2: &str = "<PWBRequest><transactionName>SEND_CODE_REQ</transactionName><header><application>SendCode</application><requestTime>2026-03-01 09:30:00</requestTime></header><identityInfo><corpCode>DEMOCORP</corpCode><userName>demo</userName></identityInfo><orderRequest><order><certificateNo>110101199003070011</certificateNo><linkName>张三</linkName><linkMobile>13800000000</linkMobile><orderCode>M20260301000001</orderCode><orderPrice>160.00</orderPrice><groupNo></groupNo><payMethod>vm</payMethod><ticketOrders><ticketOrder><orderCode>M20260301000001-1</orderCode><credentials><credential><name>张三</name><id>110101199003070011</id></credential><credential><name>李四</name><id>110101199203070024</id></credential></credentials><price>80.00</price><quantity>2</quantity><totalPrice>160.00</totalPrice><occDate>2026-03-05</occDate><goodsCode>PST20260101000001</goodsCode><goodsName>成人票</goodsName><remark></remark></ticketOrder></ticketOrders></order></orderRequest></PWBRequest>";
const ORDER: &str = "M20260301000001";

#[test]
fn the_vectors_of_the_page() {
    assert_eq!((V1.len(), V2.len(), V2.chars().count()), (342, 979, 961));
    let hash: String = Sha256::digest(V2).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "01b0b2efd8a8a22d6ec95b5d485feb593b55a31174ac5fb0d53536862718f450");
    assert_eq!(sign::request_sign(V1, KEY), "5f847b51baa6a0a9c67d783e674e05c0");
    assert_eq!(sign::request_sign(V2, KEY), "7216184e81f55fc3c39c8d0b177591f3");
    assert_eq!(sign::named_sign("order_code", ORDER, KEY), "a8bfe9d1c751efdd067b7e2d61c37591");
    assert_eq!(sign::named_sign("order_no", ORDER, KEY), "a9ba4a6f3264a34bdcc73a0a7f37c8e9");
    assert_eq!(sign::bare_sign(ORDER, KEY), "31be92d8318feeec4562b176cca5ef3d");
}

#[test]
fn notifications_carry_their_parameters_and_signatures() {
    let options = Options::new("DEMOCORP", "demo", KEY);
    let order = ORDER.to_owned();
    let query = |notice: &Notice| {
        let pairs = notice.parameters(&options, Signature::Right);
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    };
    let check_in = Notice::CheckIn { order: order.clone(), total: 2, checked: 1, returned: 0 };
    assert_eq!(
        query(&check_in),
        "order_no=M20260301000001&status=check&total=2&checkNum=1&returnNum=0&sign=a9ba4a6f3264a34bdcc73a0a7f37c8e9"
    );
    let ended = Ended::Cancelled;
    let finish = Notice::Finish { order: order.clone(), ended, total: 2, checked: 0, returned: 2 };
    assert_eq!(
        query(&finish),
        "order_code=M20260301000001&status=cancel&total=2&checkNum=0&returnNum=2&sign=a8bfe9d1c751efdd067b7e2d61c37591"
    );
    let (batch, line) = ("b".repeat(32), "M20260301000001-1".to_owned());
    let refund = Notice::Refund { batch, order, line, approved: false, returned: 1 };
    let shown = query(&refund);
    assert!(
        shown.contains("&orderCode=M20260301000001&subOrderCode=M20260301000001-1&auditStatus=failure&returnNum=1&")
    );
    assert!(shown.ends_with("sign=31be92d8318feeec4562b176cca5ef3d"), "{shown}");
    let unsigned = refund.parameters(&options, Signature::Missing);
    assert!(unsigned.iter().all(|(name, _)| name != "sign"));
}

#[test]
fn the_order_of_the_page_is_issued() {
    let bench = bench(|_| {});
    let answer = bench.raw(V2);
    assert_eq!((answer.status, code(&answer.body)), (200, "0"), "{}", answer.body);
    assert!(answer.body.starts_with("<PWBResponse><transactionName>SEND_CODE_RES</transactionName>"));
    assert_eq!(code(&bench.raw(V1).body), "0");
    assert_eq!(bench.desk.recorded()[1].subject.as_deref(), Some(ORDER));
}

#[test]
fn strangers_and_tampered_messages_are_refused_without_effect() {
    let bench = bench(|_| {});
    let signed = sign::request_form(V2, KEY);
    for (form, why) in [
        (signed.replace("160.00", "160.01"), "签名错误"),
        (sign::request_form(V2, "another key"), "签名错误"),
        (signed.replace("&sign=7216184e", "&sign=7216184E"), "签名错误"),
        (signed.replace("&sign=", "&signature="), "签名错误"),
        (String::new(), "签名错误"),
        (sign::request_form("not XML", KEY), "报文格式错误"),
        (sign::request_form(&V2.replace("SendCode<", "Other<"), KEY), "报文格式错误"),
        (sign::request_form(&V2.replace("DEMOCORP", "OTHER"), KEY), "企业码或用户名错误"),
        (sign::request_form(&request("BATCH_RETURN_TICKET_NUM_NEW_REQ", ""), KEY), "接口不存在"),
    ] {
        let answer = bench.desk.answer("POST", PATH, Some(FORM), form.as_bytes());
        assert_eq!((answer.status, description(&answer.body)), (200, why));
        assert_eq!(code(&answer.body), "1");
        assert!(!answer.body.contains("transactionName"), "error answers have none");
    }
    assert!(bench.desk.orders().is_empty());
}

#[test]
fn only_a_form_post_to_the_endpoint_reaches_the_messages() {
    let bench = bench(|_| {});
    let form = sign::request_form(V2, KEY);
    let status = |method, path, kind, body: &str| bench.desk.answer(method, path, kind, body.as_bytes()).status;
    assert_eq!(status("POST", "/", Some(FORM), &form), 404);
    assert_eq!(status("GET", PATH, Some(FORM), &form), 405);
    assert_eq!(status("POST", PATH, Some("text/xml"), &form), 415);
    assert_eq!(status("POST", PATH, None, &form), 415);
    assert_eq!(status("POST", PATH, Some(FORM), &"x".repeat(256 * 1024 + 1)), 413);
    assert!(bench.desk.orders().is_empty());
    assert_eq!(bench.desk.recorded().len(), 5);
    assert!(bench.desk.recorded().iter().all(|call| call.code.is_none()));
}
