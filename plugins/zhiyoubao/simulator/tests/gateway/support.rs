//! A distributor for these tests: writes requests by hand, reads answers by text.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use zhiyoubao_simulator::{Answer, Desk, Goods, Options, sign};

pub const KEY: &str = "0123456789ABCDEF0123456789ABCDEF";
pub const PATH: &str = "/boss/service/code.htm";
pub const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
pub const ADULT: &str = "PST20260101000001";
pub const NAMED: &str = "PST20260101000002";
pub const TIMED: &str = "PFT20260101000003";
/// 2026-03-01 09:30:00 in China.
pub const MORNING_MS: i64 = 1_772_328_600_000;
/// Documents of nobody, with valid check digits.
pub const DOCUMENTS: [&str; 2] = ["999999199001010016", "999999199001010024"];

/// A desk and the hand on its clock.
pub struct Bench {
    pub desk: Arc<Desk>,
    pub clock: Arc<AtomicI64>,
}

pub fn options(clock: &Arc<AtomicI64>) -> Options {
    let clock = Arc::clone(clock);
    let mut options = Options::new("DEMOCORP", "demo", KEY);
    options.now = Arc::new(move || clock.load(Ordering::Relaxed));
    options
}

pub fn stock(desk: &Desk) {
    desk.sell(Goods::new(ADULT).priced(8_000));
    desk.sell(Goods::new(NAMED).real_name());
    let slots = Goods::new(TIMED).slot("2026-03-05", "09:00", "11:00", 3).slot("2026-03-06", "09:00", "11:00", 5);
    desk.sell(slots);
}

pub fn bench(change: impl FnOnce(&mut Options)) -> Bench {
    let clock = Arc::new(AtomicI64::new(MORNING_MS));
    let mut options = options(&clock);
    change(&mut options);
    let desk = Arc::new(Desk::new(options));
    stock(&desk);
    Bench { desk, clock }
}

/// A request's XML.
pub fn request(transaction: &str, body: &str) -> String {
    format!(
        "<PWBRequest><transactionName>{transaction}</transactionName>\
         <header><application>SendCode</application><requestTime>2026-03-01 09:30:00</requestTime></header>\
         <identityInfo><corpCode>DEMOCORP</corpCode><userName>demo</userName></identityInfo>{body}</PWBRequest>"
    )
}

/// A line of an order: sub-order number, goods, tickets at 80.00 and what else it holds.
pub fn line(number: &str, goods: &str, quantity: u32, more: &str) -> String {
    format!(
        "<ticketOrder><orderCode>{number}</orderCode><price>80.00</price><quantity>{quantity}</quantity>\
         <totalPrice>{}.00</totalPrice><occDate>2026-03-05</occDate><goodsCode>{goods}</goodsCode>\
         <goodsName>成人票</goodsName>{more}</ticketOrder>",
        80 * quantity
    )
}

pub fn order(number: &str, price: &str, lines: &str) -> String {
    let body = format!(
        "<orderRequest><order><linkName>赵七</linkName><linkMobile>19900000001</linkMobile>\
         <orderCode>{number}</orderCode><orderPrice>{price}</orderPrice><payMethod>vm</payMethod>\
         <ticketOrders>{lines}</ticketOrders></order></orderRequest>"
    );
    request("SEND_CODE_REQ", &body)
}

pub fn guests() -> String {
    let [first, second] = DOCUMENTS;
    format!(
        "<credentials><credential><name>赵七</name><id>{first}</id></credential>\
         <credential><name>钱八</name><id>{second}</id></credential></credentials>"
    )
}

impl Bench {
    pub fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    pub fn raw(&self, xml: &str) -> Answer {
        self.desk.answer("POST", PATH, Some(FORM), sign::request_form(xml, KEY).as_bytes())
    }

    pub fn call(&self, transaction: &str, body: &str) -> String {
        self.raw(&request(transaction, body)).body
    }

    /// A call whose body is a main order number.
    pub fn about(&self, transaction: &str, number: &str) -> String {
        let body = format!("<orderRequest><order><orderCode>{number}</orderCode></order></orderRequest>");
        self.call(transaction, &body)
    }

    /// Orders adult tickets as `{number}-1`.
    pub fn buy(&self, number: &str, quantity: u32) -> String {
        let lines = line(&format!("{number}-1"), ADULT, quantity, "");
        self.raw(&order(number, &format!("{}.00", 80 * quantity), &lines)).body
    }

    /// Orders two named tickets as `{number}-1`.
    pub fn buy_named(&self, number: &str) -> String {
        self.raw(&order(number, "160.00", &line(&format!("{number}-1"), NAMED, 2, &guests()))).body
    }

    pub fn give_back(&self, line: &str, count: u32, key: &str, documents: &str) -> String {
        let body = format!(
            "<orderRequest><returnTicket><orderCode>{line}</orderCode><returnNum>{count}</returnNum>\
             <thirdReturnCode>{key}</thirdReturnCode><idCards>{documents}</idCards></returnTicket></orderRequest>"
        );
        self.call("RETURN_TICKET_NUM_NEW_REQ", &body)
    }

    pub fn refund_state(&self, batch: &str) -> String {
        let body = format!("<orderRequest><order><retreatBatchNo>{batch}</retreatBatchNo></order></orderRequest>");
        self.call("QUERY_RETREAT_STATUS_REQ", &body)
    }
}

/// The text of the first element of this name.
pub fn text<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

pub fn code(xml: &str) -> &str {
    text(xml, "code").unwrap_or_default()
}

pub fn description(xml: &str) -> &str {
    text(xml, "description").unwrap_or_default()
}
