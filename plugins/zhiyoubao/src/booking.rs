//! Order and issue in one call, and the query that follows an unclear one (§§3, 4).

use entrepot_sdk::contract::order::{Guest, GuestField};
use entrepot_sdk::prelude::*;
use entrepot_sdk::{money, xml};

use crate::answer::{Answer, count};
use crate::envelope::order_code;
use crate::settings::ZhiyoubaoSettings;
use crate::{Zhiyoubao, line_number, main_number};

/// Already exists, does not exist, waits for its audit: which of them, the transaction tells (§2).
pub(crate) const CODE_SIX: i32 = 6;

impl Zhiyoubao {
    /// Books, pays from the deposit and issues.
    pub(crate) async fn place(&self, call: &Call<()>, order: &SupplierOrder) -> Result<Booking, Fault> {
        let sale = Sale::of(order)?;
        let answer = self
            .transact(call, "SEND_CODE_REQ", &["SEND_CODE_RES"], |envelope| {
                envelope.within("orderRequest", |body| sale.write(order, &self.settings, body));
            })
            .await?;
        match answer.code() {
            Some(0) => issued(order, &answer),
            // Our number was used before, by us: its order is ours (§2).
            Some(CODE_SIX) => match self.query(call, order).await? {
                Booking::NotFound => Err(Fault::unknown(
                    FaultKind::Garbled,
                    "the gateway says the order exists, and does not know it when asked",
                )),
                Booking::Cancelled => {
                    Ok(Booking::Refused(Refusal::new(Reason::StateForbids, "the order was given back before")))
                }
                booking => Ok(booking),
            },
            _ => Ok(Booking::Refused(answer.refusal())),
        }
    }

    /// What became of the order?
    pub(crate) async fn query(&self, call: &Call<()>, order: &SupplierOrder) -> Result<Booking, Fault> {
        let names = ["QUERY_ORDER_NEW_RES", "QUERY_ORDER_RES", "QUERY_SPOT_ORDER_RES"];
        let number = main_number(order);
        let question = self.settings.pay_method.query();
        let answer = self.transact(call, question, &names, |envelope| order_code(envelope, number)).await?;
        match answer.code() {
            Some(0) => issued(order, &answer),
            Some(CODE_SIX) if answer.text().contains("不存在") => Ok(Booking::NotFound),
            // A question that is refused says nothing about the order.
            _ => Err(Fault::unknown(FaultKind::Refused, answer.refusal().text)),
        }
    }
}

/// An order as the gateway wants it, with all that may be missing checked before anything is sent.
struct Sale {
    price: String,
    total: String,
    name: String,
    phone: String,
    document: String,
    /// Name and document of each ticket; empty for goods without real names.
    tickets: Vec<(String, String)>,
    date: VisitDate,
}

impl Sale {
    fn of(order: &SupplierOrder) -> Result<Self, Fault> {
        let cost = order.unit_cost.ok_or_else(|| {
            Fault::invalid(format!("order {}: Zhiyoubao asks for the agreed price; give the SKU a cost", order.order))
        })?;
        let total = cost.times(order.count().into()).map_err(|fault| Fault::invalid(fault.to_string()))?;
        let date = order
            .visit
            .ok_or_else(|| Fault::invalid(format!("order {}: Zhiyoubao asks for a date of visit", order.order)))?;
        let contact = order.buyer.as_ref().or_else(|| order.guests().next());
        let contact = contact.ok_or_else(|| missing(order, "a contact"))?;
        Ok(Self {
            price: yuan(cost)?,
            total: yuan(total)?,
            name: readable(&contact.name).ok_or_else(|| missing(order, "the contact's name"))?,
            phone: readable(&contact.phone).ok_or_else(|| missing(order, "the contact's phone"))?,
            document: readable(&contact.document).unwrap_or_default(),
            tickets: tickets(order)?,
            date: date.arrive,
        })
    }

    fn write(&self, order: &SupplierOrder, settings: &ZhiyoubaoSettings, body: &mut xml::Writer) {
        body.within("order", |main| {
            main.text("certificateNo", &self.document);
            main.text("linkName", &self.name);
            main.text("linkMobile", &self.phone);
            main.text("orderCode", main_number(order));
            main.text("orderPrice", &self.total);
            main.text("groupNo", "");
            main.text("payMethod", settings.pay_method.word());
            main.text_if("src", &settings.source);
            main.text_if("subSrc", &settings.sub_source);
            main.within("ticketOrders", |lines| lines.within("ticketOrder", |line| self.write_line(order, line)));
        });
    }

    fn write_line(&self, order: &SupplierOrder, line: &mut xml::Writer) {
        line.text("orderCode", &line_number(order));
        if !self.tickets.is_empty() {
            line.within("credentials", |credentials| {
                for (name, document) in &self.tickets {
                    credentials.within("credential", |credential| {
                        credential.text("name", name);
                        credential.text("id", document);
                    });
                }
            });
        }
        line.text("price", &self.price);
        line.text("quantity", &order.count().to_string());
        line.text("totalPrice", &self.total);
        line.text("occDate", &self.date.to_string());
        line.text("goodsCode", &order.product_code);
        // A shown name is asked for; the code is the one name that both sides know.
        line.text("goodsName", &order.product_code);
        if let Some((start, end)) = order.slot.as_deref().and_then(|slot| slot.split_once('-')) {
            line.text("fsStartTime", start);
            line.text("fsEndTime", end);
        }
        line.text("remark", "");
    }
}

fn missing(order: &SupplierOrder, what: &str) -> Fault {
    Fault::invalid(format!("order {}: Zhiyoubao asks for {what}, in readable form", order.order))
}

fn readable(field: &Option<GuestField>) -> Option<String> {
    field.as_ref().and_then(GuestField::plain).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// Real names: one for each ticket, or none at all (§3).
fn tickets(order: &SupplierOrder) -> Result<Vec<(String, String)>, Fault> {
    let named = |guest: &Guest| Some((readable(&guest.name)?, readable(&guest.document)?));
    let tickets: Vec<_> = order.units.iter().filter_map(|unit| unit.guests.first().and_then(named)).collect();
    match tickets.len() {
        0 => Ok(tickets),
        some if some == order.units.len() => Ok(tickets),
        some => Err(Fault::invalid(format!(
            "order {}: {some} of {} tickets have a name and a document; Zhiyoubao takes all of them or none",
            order.order,
            order.units.len()
        ))),
    }
}

/// Yuan with two decimals.
fn yuan(amount: Money) -> Result<String, Fault> {
    if amount.currency.as_str() != "CNY" || amount.amount_minor < 0 {
        return Err(Fault::invalid("Zhiyoubao takes amounts in CNY only"));
    }
    Ok(money::text(amount))
}

/// An order that is there. Whatever does not fit ours was answered about another one: nobody knows then.
fn issued(order: &SupplierOrder, answer: &Answer) -> Result<Booking, Fault> {
    let answered = answer.order().ok_or_else(|| Fault::garbled("the answer has no order"))?;
    let number = line_number(order);
    let mut lines = answered.lines().filter(|line| line.is(&number) || line.is(main_number(order)));
    let line = lines.next().ok_or_else(|| Fault::garbled("the answer does not name the order that was asked about"))?;
    if line.goods_code.as_deref().is_some_and(|goods| goods != order.product_code) {
        return Err(Fault::garbled("the answered order has other goods"));
    }
    if count("quantity", line.quantity.as_ref())? != order.count() {
        return Err(Fault::garbled("the answered order has another number of tickets"));
    }
    if count("returnNum", line.return_num.as_ref())? >= order.count() {
        return Ok(Booking::Cancelled);
    }
    let reference = answered.order_code.as_deref().and_then(|code| SupplierReference::parse(code).ok());
    match answered.assist_check_no.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
        // One code for the whole order (§10.3): each unit shows it.
        Some(code) => {
            let units = one_a_unit(order, CredentialKind::VoucherNumber, vec![code.to_owned(); order.units.len()])?;
            Ok(Booking::Issued { reference, units })
        }
        None => Ok(Booking::Pending { reference, wait: Wait::ms(5_000) }),
    }
}
