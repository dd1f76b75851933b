//! The examples of scenic spec §2 to §16, and the tolerances of §1.4.

use douyin_wire::answer::{
    ConfirmInfo, CreateOrderAnswer, IssueVoucherAnswer, PayNoticeAnswer, QueryOrderAnswer, RefundApplyAnswer,
};
use douyin_wire::calendar::{
    BatchSaveCalendar, CalendarFault, CalendarItem, CalendarTerms, ProductRef, PullCalendar, PullCalendarAnswer,
    SaveCalendar, SkuCalendar, SpecificationRef,
};
use douyin_wire::codes::SpiCode;
use douyin_wire::envelope::spi_answer;
use douyin_wire::issue::IssueVoucher;
use douyin_wire::kinds::{
    AfterSaleType, ApplySource, BizType, CancelType, CodeOrderType, CrowdType, LicenseType, OrderType, PromiseBizType,
    RefundScene, SendingInfo, SyncAfterSaleType, VoucherStatus,
};
use douyin_wire::number::{Fen, Id, Int};
use douyin_wire::order::{CanBuy, CancelNotice, CreateOrder, OurOrderIdConflict, PayNotice, QueryOrder};
use douyin_wire::person::Private;
use douyin_wire::refund::{RefundApply, RefundNotice};
use douyin_wire::time::{Day, seconds};
use douyin_wire::trade::OrderRecord;
use douyin_wire::voucher::{Credential, Voucher, VoucherItem};
use serde::Serialize;
use serde_json::{Value, from_value, json, to_value};

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn fen(amount: i64) -> Fen {
    Fen::new(amount).unwrap()
}

fn answered<T: Serialize>(description: &str, payload: &T) -> Value {
    serde_json::from_slice(&spi_answer(SpiCode::SUCCESS, description, payload).unwrap()).unwrap()
}

#[test]
fn can_buy_reads_the_example_and_nothing_at_all() {
    let call: CanBuy = from_value(json!({"account_id":"70001","product_out_id":"P1","sku_out_id":"P1-ADULT","biz_type":2,
        "count":2,"book_start_day":"2026-10-01","book_end_day":"2026-10-01","amount":{"origin_amount":20000,"pay_amount":18000}}))
    .unwrap();
    assert_eq!(
        (call.account_id, call.count, call.biz_type),
        (Some(id("70001")), Some(Int(2)), Some(BizType::Calendar))
    );
    assert_eq!(call.book_start_day, Some(Day::parse("2026-10-01").unwrap()));
    assert_eq!(call.amount.as_ref().map(|amount| (amount.pay_amount.get(), amount.currency())), Some((18000, "CNY")));
    assert_eq!(from_value::<CanBuy>(json!({})).unwrap(), CanBuy::default());
}

#[test]
fn absent_null_and_blank_are_the_same() {
    let blank = json!({"account_id":"","poi_id":null,"count":"","biz_type":"","book_start_day":"","tourists":null,
        "buyer":{"name":"","license_type":null,"age":null},"amount":null,"brand_new":{"x":[1.5]}});
    let call: CanBuy = from_value(blank).unwrap();
    assert_eq!(call, CanBuy { buyer: Some(Default::default()), ..CanBuy::default() });
    assert!(from_value::<CanBuy>(json!({"book_start_day":"2026-02-30"})).is_err());
    assert!(from_value::<CanBuy>(json!({"amount":{"origin_amount":-1,"pay_amount":1}})).is_err());
}

#[test]
fn create_reads_numbers_as_ids_and_hides_people() {
    let call: CreateOrder = from_value(json!({"order_id":1000000000000000001_u64,"sku_id":1800,"count":"2","biz_type":"2",
        "book_start_day":"2026-10-01","book_end_day":"2026-10-01","create_order_time_unix":"1790000000",
        "amount":{"origin_amount":"20000","pay_amount":18000},
        "buyer":{"name":"UOwV1M23gYhaMjPTUENkGg==","phone":13800138000_u64,"age":30,"license_type":99},
        "traveler_info":{"total_num":2,"diff_target_crowd":true,"crowd_list":[{"crowd_type":14,"traveler_num":2}]},
        "refund_rule":{"refund_type":3,"refund_details":[{"refund_fee":500,"refund_fee_type":2,"refund_time":"3600"}]},
        "ticket_rule":{"url_type":1,"code_sending_info":[1,"3",77],"code_type":2},
        "appointment_cancel_rule":{"cancel_type":4,"cancel_detail_list":[{"max_cancel_time":{"day":1,"hour":20,"minute":0}}]},
        "remark_info":{"question_and_answer_list":[{"question":"q","answers":["a"]}]},
        "item_order_infos":[{"item_order_id":"1"},{"item_order_id":2}]}))
    .unwrap();
    assert_eq!((call.order_id.as_str(), call.sku_id.as_str()), ("1000000000000000001", "1800"));
    assert_eq!(seconds(call.create_seconds.unwrap()).unwrap().get(), 1_790_000_000_000);
    let buyer = call.buyer.as_ref().unwrap();
    assert_eq!(buyer.phone.as_ref().map(Private::reveal), Some("13800138000"));
    assert_eq!(buyer.license_type, Some(LicenseType::Other(99)));
    assert_eq!(call.traveler_info.as_ref().unwrap().crowd_list[0].crowd_type, Some(CrowdType::AdultWithChild));
    let rule = call.ticket_rule.as_ref().unwrap();
    assert_eq!(rule.code_sending_info, [SendingInfo::IdentityCard, SendingInfo::QrCode, SendingInfo::Other(77)]);
    assert_eq!(call.item_order_infos.len(), 2);
    let shown = format!("{call:?}");
    assert!(!shown.contains("13800138000") && !shown.contains("UOwV1M23") && !shown.contains("30)"), "{shown}");
}

#[test]
fn create_wants_what_every_source_wants() {
    let whole = json!({"order_id":"1","sku_id":"2","count":1,"amount":{"origin_amount":1,"pay_amount":1}});
    assert!(from_value::<CreateOrder>(whole.clone()).is_ok());
    for field in ["order_id", "sku_id", "count", "amount"] {
        let mut cut = whole.clone();
        cut.as_object_mut().unwrap().remove(field);
        assert!(from_value::<CreateOrder>(cut).unwrap_err().to_string().contains(field));
    }
}

#[test]
fn our_order_id_is_found_under_each_name() {
    for name in ["order_out_id", "out_order_id", "third_order_id"] {
        let call: QueryOrder = from_value(json!({"order_id":"1", name:"T1"})).unwrap();
        assert_eq!(call.our_order.get(), Ok(Some(&id("T1"))));
    }
    let read = |body: Value| from_value::<QueryOrder>(body).unwrap().our_order.get().map(|found| found.cloned());
    assert_eq!(read(json!({"order_id":"1","order_out_id":"T1","out_order_id":"T1"})), Ok(Some(id("T1"))));
    assert_eq!(read(json!({"order_id":"1","order_out_id":"","out_order_id":5})), Ok(Some(id("5"))));
    assert_eq!(read(json!({"order_id":1_u64 << 60})), Ok(None));
    assert_eq!(read(json!({"order_id":"1","order_out_id":"T1","out_order_id":"T2"})), Err(OurOrderIdConflict));
}

#[test]
fn notices_read_their_examples() {
    let pay: PayNotice = from_value(
        json!({"order_id":"1000000000000000001","order_out_id":"T20260001","pay_time_unix":1790000060,"x":1.5}),
    )
    .unwrap();
    assert_eq!(pay.pay_seconds, Int(1_790_000_060));
    let cancel: CancelNotice =
        from_value(json!({"order_id":"1","cancel_type":2,"cancel_order_time_unix":1790000600})).unwrap();
    assert_eq!((cancel.cancel_type, cancel.our_order.get()), (CancelType::AfterPayment, Ok(None)));
    let apply: RefundApply =
        from_value(json!({"order_id":"1000000000000000001","order_out_id":"T20260001","biz_uniq_key":"R1",
        "apply_source":101,"apply_refund_time_unix":1790001000,"refund_fee_amount":900}))
        .unwrap();
    assert_eq!((apply.apply_source, apply.refund_key), (Some(ApplySource::User), id("R1")));
    assert_eq!(apply.refund_fee_amount, Some(fen(900)));
    let notice: RefundNotice = from_value(json!({"order_id":"1","out_order_id":"T1","biz_uniq_key":7,"refund_amount":"900",
        "refund_time_unix":1790001000,"refund_scene":12345,"refund_count":"1",
        "vouchers":[{"entrance":{"project_id":"T1-1","status":2,"qrcodes":null},"projects":null},{"projects":[{"name":"x"}]}]}))
    .unwrap();
    assert_eq!(notice.refund_scene, Some(RefundScene::Other(12345)));
    assert_eq!(notice.vouchers[0].items().next().unwrap().status, Some(VoucherStatus::Refunded));
    assert_eq!(notice.vouchers[1].items().count(), 1);
}

/// Group-buy B8's page has no fee, and B16.2 does not say whether the people of a copy are there.
#[test]
fn the_other_solutions_leave_fields_out() {
    let apply: RefundApply = from_value(json!({"order_id":"9001","out_order_id":"R-9001","biz_uniq_key":"k1",
        "after_sale_type":2,"apply_source":101,"apply_refund_time_unix":1777700000}))
    .unwrap();
    assert_eq!((apply.refund_fee_amount, apply.after_sale_type), (None, Some(AfterSaleType::CancelBooking)));
    let issue: IssueVoucher = from_value(json!({"order_id":"8001","copies":2,"open_id":"o1"})).unwrap();
    assert_eq!((issue.people_per_copy, issue.copies), (None, Some(Int(2))));
    let record: OrderRecord = from_value(json!({"order_id":"9001","source_order_id":8001})).unwrap();
    assert_eq!(record.source_order_id, Some(id("8001")));
}

/// One name, other numbers: each call has its own.
#[test]
fn the_same_number_means_another_thing_elsewhere() {
    assert_eq!(BizType::from_code(2), BizType::Calendar);
    assert_eq!(PromiseBizType::from_code(2), PromiseBizType::Presale);
    assert_eq!(OrderType::from_code(21), OrderType::Other(21));
    assert_eq!(CodeOrderType::from_code(21), CodeOrderType::Group);
    assert_eq!(AfterSaleType::from_code(3), AfterSaleType::Other(3));
    assert_eq!(SyncAfterSaleType::from_code(3), SyncAfterSaleType::RefundOnly);
}

#[test]
fn issue_reads_both_places_of_the_sku() {
    let call: IssueVoucher = from_value(json!({"order_id":1,"count":1,"copies":2,"start_time":1790000000,"expire_time":"1790086400",
        "sku":{"sku_name":"n","sku_id":"18"},"third_sku_id":"P1","sku_id":"other",
        "tourists":[{"name":"Z","id_card":"110101199003070011","credential_type":"1"}],
        "amount":{"original_amount":20000,"ticket_amount":100,"merchant_ticket_amount_details":[{"funder_type":2,"amount":5}]}}))
    .unwrap();
    assert_eq!((call.sku_id(), call.third_sku_id()), (Some(&id("18")), Some(&id("P1"))));
    assert_eq!((call.people_per_copy, call.copies), (Some(Int(1)), Some(Int(2))));
    assert_eq!(call.tourists[0].document_no.as_ref().map(Private::reveal), Some("110101199003070011"));
    assert!(!format!("{call:?}").contains("110101"));
}

#[test]
fn answers_write_the_examples() {
    let create = CreateOrderAnswer { order_out_id: id("T20260001"), confirm_info: Some(ConfirmInfo::ACCEPT) };
    assert_eq!(
        answered("success", &create),
        json!({"data":{"error_code":0,"description":"success","order_out_id":"T20260001","confirm_info":{"confirm_mode":1,"confirm_result":1}}})
    );
    let pay = PayNoticeAnswer { confirm_info: Some(ConfirmInfo::LATER) };
    assert_eq!(answered("", &pay), json!({"data":{"error_code":0,"description":"","confirm_info":{"confirm_mode":2}}}));
    assert_eq!(
        answered("", &RefundApplyAnswer::accept(fen(900))),
        json!({"data":{"error_code":0,"description":"","audit_refund_result":1,"refund_fee_amount":900}})
    );
    assert_eq!(
        answered("", &IssueVoucherAnswer::issuing()),
        json!({"data":{"error_code":0,"description":"","result":0}})
    );
}

#[test]
fn vouchers_write_the_examples() {
    let entrance = |project: &str, qr: &str| VoucherItem { qr_codes: vec![qr.into()], ..VoucherItem::new(id(project)) };
    let mut first = entrance("T20260001-1", "QR-1");
    first.credentials =
        vec![Credential { credential_type: LicenseType::IdentityCard, credential_no: "110101199003070011".into() }];
    let vouchers = [first, entrance("T20260001-2", "QR-2")]
        .map(|item| Voucher { entrance: Some(item), ..Voucher::default() })
        .to_vec();
    assert_eq!(
        answered("success", &IssueVoucherAnswer::issued(vouchers)),
        json!({"data":{"error_code":0,"description":"success","result":1,"vouchers":[
            {"entrance":{"project_id":"T20260001-1","qrcodes":["QR-1"],"credentials":[{"credential_type":1,"credential_no":"110101199003070011"}]}},
            {"entrance":{"project_id":"T20260001-2","qrcodes":["QR-2"]}}]}})
    );
    let used = VoucherItem { status: Some(VoucherStatus::Used), ..VoucherItem::new(id("T20260001-1")) };
    let query = QueryOrderAnswer {
        order_out_id: id("T20260001"),
        total_voucher_quantity: 2,
        used_voucher_quantity: 1,
        vouchers: vec![Voucher { entrance: Some(used), ..Voucher::default() }],
    };
    assert_eq!(answered("", &query)["data"]["vouchers"], json!([{"entrance":{"project_id":"T20260001-1","status":1}}]));
}

fn terms() -> CalendarTerms {
    CalendarTerms {
        origin_amount: fen(10000),
        actual_amount: fen(9000),
        settle_amount: None,
        stock_qty: Int(500),
        status: Int(1),
    }
}

#[test]
fn the_calendar_is_pulled_and_written() {
    let call: PullCalendar = from_value(json!({"account_id":70001,"product_out_id":"P1","start_date":"2026-10-01",
        "end_date":"2026-10-02","ticket_specifications":[{"sku_out_id":"P1-ADULT"}]}))
    .unwrap();
    assert_eq!(call.ticket_specifications[0].sku_out_id, Some(id("P1-ADULT")));
    let item = CalendarItem::of_dates(&[call.start_date, call.end_date], terms());
    let which = SpecificationRef { sku_id: None, sku_out_id: Some(id("P1-ADULT")) };
    let answer = PullCalendarAnswer {
        ticket_sku_and_calendar: vec![SkuCalendar { ticket_specification: which, calendar_list: vec![item] }],
    };
    assert_eq!(
        answered("", &answer)["data"]["ticket_sku_and_calendar"],
        json!([{"ticket_specification":{"sku_out_id":"P1-ADULT"},"calendar_list":[{"calendar_type":3,
            "calendar_value":{"value_list":["2026-10-01","2026-10-02"]},"origin_amount":10000,"actual_amount":9000,
            "stock_qty":500,"status":1}]}])
    );
}

/// Scenic §14, §15: the pages' examples.
#[test]
fn the_calendar_is_published() {
    let days = |texts: &[&str]| texts.iter().map(|text| Day::parse(text).unwrap()).collect::<Vec<_>>();
    let product = || ProductRef { product_id: None, product_out_id: Some(id("P1")) };
    let which = || SpecificationRef { sku_id: None, sku_out_id: Some(id("P1-ADULT")) };
    let save = SaveCalendar {
        account_id: id("70001"),
        product: product(),
        ticket_specification: which(),
        calendars: vec![CalendarItem::of_dates(&days(&["2026-10-01", "2026-10-02"]), terms())],
    };
    assert_eq!(
        to_value(&save).unwrap(),
        json!({"account_id":"70001","product_out_id":"P1","ticket_specification":{"sku_out_id":"P1-ADULT"},"calendars":[{"calendar_type":3,"calendar_value":{"value_list":["2026-10-01","2026-10-02"]},"origin_amount":10000,"actual_amount":9000,"stock_qty":500,"status":1}]})
    );
    let later = CalendarTerms { actual_amount: fen(9500), stock_qty: Int(420), ..terms() };
    let batch = BatchSaveCalendar {
        account_id: id("70001"),
        product: product(),
        ticket_sku_and_calendar: vec![SkuCalendar {
            ticket_specification: which(),
            calendar_list: vec![CalendarItem::of_dates(&days(&["2026-10-01"]), later)],
        }],
    };
    assert_eq!(
        to_value(&batch).unwrap(),
        json!({"account_id":"70001","product_out_id":"P1","ticket_sku_and_calendar":[{"ticket_specification":{"sku_out_id":"P1-ADULT"},"calendar_list":[{"calendar_type":3,"calendar_value":{"value_list":["2026-10-01"]},"origin_amount":10000,"actual_amount":9500,"stock_qty":420,"status":1}]}]})
    );
}

/// Scenic §14, §16: the four types; 2026-10-01 is a Thursday.
#[test]
fn every_type_of_calendar_item_is_understood() {
    let day = |text: &str| Day::parse(text).unwrap();
    let read = |kind: i64, value: Value| {
        let item: CalendarItem = from_value(json!({"calendar_type": kind, "calendar_value": value,
            "origin_amount": "10000", "actual_amount": 9000, "stock_qty": "5", "status": 1, "settle_amount": ""}))
        .unwrap();
        let days = item.days(day("2026-10-01"), day("2026-10-07"))?;
        Ok::<_, CalendarFault>(days.iter().map(|day| day.date().format("%d").to_string()).collect::<Vec<_>>().join(" "))
    };
    let range = || json!({"start_date":"2026-10-02","end_date":"2026-10-05","value_list":[],"exclude_date_list":["2026-10-03"]});
    assert_eq!(read(1, range()), Ok("02 04 05".to_owned()));
    assert_eq!(read(1, json!({"value_list":null,"end_date":""})), Ok("01 02 03 04 05 06 07".to_owned()));
    assert_eq!(read(2, json!({"value_list":["1","5"]})), Ok("01 02 05 06 07".to_owned()), "Monday to Friday");
    assert_eq!(read(2, json!({"value_list":[]})), Ok("01 02 03 04 05 06 07".to_owned()));
    assert_eq!(read(3, json!({"value_list":["2026-10-09","2026-10-01","2026-10-09"]})), Ok("01 09".to_owned()));
    assert_eq!(read(4, json!({"value_list":[6,"7"]})), Ok("03 04".to_owned()), "Saturday and Sunday");
    assert_eq!(read(5, json!({})), Err(CalendarFault::Type(5)));
    assert_eq!(read(3, json!({"value_list":["1"]})), Err(CalendarFault::Value));
    assert_eq!(read(4, json!({"value_list":["8"]})), Err(CalendarFault::Value));
    assert_eq!(read(1, json!({"start_date":"2026-10-08"})), Err(CalendarFault::Order));
    assert_eq!(read(1, json!({"start_date":"2016-01-01"})), Err(CalendarFault::TooMany));
}
