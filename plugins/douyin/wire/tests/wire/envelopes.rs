//! Common spec §4, §5, §7.4; scenic spec §2, §10.

use douyin_wire::codes::{QueryCode, RefusalCode, SpiCode};
use douyin_wire::envelope::{ApiAnswer, EnvelopeFault, item_results, spi_answer, spi_plain};
use douyin_wire::faults::{FAULTS, FaultClass, classify};
use douyin_wire::goods::TicketPage;
use serde_json::{Value, json};

fn parse(body: Value) -> Result<ApiAnswer, (Option<i64>, FaultClass, bool)> {
    ApiAnswer::parse(200, body.to_string().as_bytes()).map_err(|fault| (fault.code, fault.class, fault.unclear))
}

fn value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn spi_answers_have_one_shape() {
    let body = spi_answer(SpiCode::SUCCESS, "success", &json!({"order_out_id": "T1"})).unwrap();
    assert_eq!(value(&body), json!({"data": {"error_code": 0, "description": "success", "order_out_id": "T1"}}));
    let body = spi_plain(RefusalCode::PriceDiffers.into(), RefusalCode::PriceDiffers.text());
    assert_eq!(value(&body), json!({"data": {"error_code": 23, "description": "价格不一致"}}));
    assert_eq!(spi_answer(SpiCode::CALL_AGAIN, "", &()).unwrap(), spi_plain(SpiCode::CALL_AGAIN, ""));
    assert_eq!(spi_answer(SpiCode::SUCCESS, "", &[1]), Err(EnvelopeFault::NotAnObject));
    let own = json!({"error_code": 7});
    assert_eq!(spi_answer(SpiCode::SUCCESS, "", &own), Err(EnvelopeFault::Reserved("error_code")));
    assert_eq!(SpiCode::new(1_000_000), None);
    assert_eq!(SpiCode::new(999_999).map(SpiCode::get), Some(999_999));
}

#[test]
fn refusal_codes_are_the_table() {
    let codes: Vec<u32> = RefusalCode::ALL.iter().map(|code| code.code()).collect();
    let expected: Vec<u32> = (1..=15).chain(19..=23).chain([100, 999_999]).collect();
    assert_eq!(codes, expected);
    for code in RefusalCode::ALL {
        assert_eq!(RefusalCode::from_code(code.code()), Some(*code));
        assert!(!code.name().is_empty() && !code.text().is_empty());
        assert_eq!(code.is_final(), code.code() != 100);
    }
    for absent in [0, 16, 17, 18, 24, 101] {
        assert_eq!(RefusalCode::from_code(absent), None);
    }
    assert_eq!(SpiCode::from(QueryCode::NoSuchOrder).get(), 2);
}

#[test]
fn a_good_answer_gives_data_and_logid() {
    let answer = parse(json!({
        "data": {"error_code": 0, "description": "success", "order_id": "1"},
        "extra": {"error_code": 0, "sub_error_code": 0, "logid": "L1", "now": 1733565760},
    }))
    .unwrap();
    assert_eq!(answer.data["order_id"], "1");
    assert_eq!((answer.logid.as_deref(), answer.now), (Some("L1"), Some(1_733_565_760)));
    assert!(parse(json!({"data": {"error_code": "0"}})).is_ok());
    assert!(parse(json!({"err_no": 0, "data": {}})).is_ok());
}

/// Scenic §20: one call answers with a list.
#[test]
fn a_list_is_an_answer_when_the_outer_code_is_there() {
    let answer = parse(json!({"data": [{"product_id": "1", "code": "0"}], "extra": {"error_code": 0}})).unwrap();
    assert_eq!(answer.data[0]["code"], "0");
    assert_eq!(parse(json!({"data": []})), Err((None, FaultClass::Retry, true)));
    let refused = parse(json!({"data": [], "extra": {"error_code": 2100005}}));
    assert_eq!(refused, Err((Some(2_100_005), FaultClass::Refused, false)));
}

#[test]
fn a_payload_that_cannot_be_read_is_named_and_not_repeated() {
    let answer =
        parse(json!({"data": {"error_code": 0, "tickets": [{"product_id": true, "product_name": "bluebird"}]},
        "extra": {"error_code": 0, "logid": "L1"}}))
        .unwrap();
    let fault = answer.read::<TicketPage>("ticket_query").unwrap_err();
    assert!(fault.text.starts_with("ticket_query: data.tickets[0].product_id "), "{}", fault.text);
    assert!(fault.text.ends_with("logid L1") && !fault.text.contains("bluebird"), "{}", fault.text);
}

#[test]
fn every_level_can_fail() {
    let refused = |code| Err((Some(code), FaultClass::Refused, false));
    assert_eq!(parse(json!({"data": {"error_code": 2100005}})), refused(2_100_005));
    assert_eq!(parse(json!({"data": {"error_code": "2100005"}})), refused(2_100_005));
    assert_eq!(parse(json!({"data": {"error_code": 0}, "extra": {"error_code": 2119001}})), refused(2_119_001));
    assert_eq!(parse(json!({"data": {"error_code": 0}, "err_no": 28001007})), refused(28_001_007));
    let base = json!({"data": {"error_code": 0}, "BaseResp": {"StatusCode": 5}});
    assert_eq!(parse(base), Err((Some(5), FaultClass::Retry, true)));
    // A listed code wins over an unlisted one of a higher level.
    let both = json!({"data": {"error_code": 7}, "extra": {"error_code": 2190008}});
    assert_eq!(parse(both), Err((Some(2_190_008), FaultClass::RefreshToken, false)));
}

#[test]
fn no_clear_answer_is_unclear() {
    let unclear = Err((None, FaultClass::Retry, true));
    assert_eq!(parse(json!({})), unclear);
    assert_eq!(parse(json!({"data": {}})), unclear);
    assert_eq!(parse(json!({"extra": {"error_code": 0}})), unclear);
    assert_eq!(parse(json!({"data": {"error_code": true}})), unclear);
    assert_eq!(parse(json!({"data": {"error_code": 0.5}})), unclear);
    assert_eq!(parse(json!([])), unclear);
    let at = |status: u16, body: &[u8]| {
        let fault = ApiAnswer::parse(status, body).unwrap_err();
        (fault.class, fault.unclear)
    };
    assert_eq!(at(200, b""), (FaultClass::Retry, true));
    assert_eq!(at(502, b"<html>"), (FaultClass::Retry, true));
    assert_eq!(at(429, b""), (FaultClass::BackOff, false));
    assert_eq!(at(404, b""), (FaultClass::Operator, false));
    assert_eq!(at(500, br#"{"data":{"error_code":0}}"#), (FaultClass::Retry, true));
    assert_eq!(at(401, br#"{"data":{"error_code":2190002}}"#), (FaultClass::RefreshToken, false));
}

#[test]
fn a_business_error_is_judged_by_its_sub_code() {
    assert_eq!(classify(3_000_001, None), (FaultClass::Retry, false));
    assert_eq!(classify(3_000_001, Some(2_034_000_910)), (FaultClass::Refused, false));
    assert_eq!(classify(2_100_004, Some(2_034_000_910)), (FaultClass::Retry, false));
    assert_eq!(classify(28_004_123, None), (FaultClass::Refused, false));
    assert_eq!(classify(3_000_009, None), (FaultClass::Refused, false), "too late stays too late");
    assert_eq!(classify(424_242, None), (FaultClass::Retry, true));
    let body = json!({
        "data": {"error_code": 3000001, "description": "biz"},
        "extra": {"error_code": 3000001, "description": "biz", "sub_error_code": 2034000910, "sub_description": "late", "logid": "L"},
    });
    let fault = ApiAnswer::parse(200, body.to_string().as_bytes()).unwrap_err();
    assert_eq!((fault.sub_code, fault.text.as_str()), (Some(2_034_000_910), "biz; late"));
    assert_eq!((fault.class, fault.logid.as_deref()), (FaultClass::Refused, Some("L")));
}

#[test]
fn the_code_table_is_ordered_and_without_overlap() {
    assert!(FAULTS.windows(2).all(|pair| pair[0].last < pair[1].first));
    assert!(FAULTS.iter().all(|row| row.first <= row.last && !row.meaning.is_empty()));
}

#[test]
fn items_are_judged_one_by_one() {
    let data = json!({"verify_results": [{"result": 0}, {"result": "1208", "msg": "done"}, {"msg": "?"}]});
    let items = item_results(&data, "verify_results", "result").unwrap();
    assert_eq!(items.iter().map(|item| item.code).collect::<Vec<_>>(), [Some(0), Some(1208), None]);
    assert_eq!(items.iter().map(|item| item.is_done()).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!((items[1].index, items[1].text.as_str()), (1, "done"));
    assert_eq!(item_results(&data, "results", "code"), None);
}
