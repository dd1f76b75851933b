//! What comes back (§2). An answer bears no signature, often lacks its own name when it is an error, and says in three
//! transactions three things by its code 6: whoever reads one knows what was asked.

use entrepot_sdk::prelude::*;
use entrepot_sdk::xml;
use serde::Deserialize;

/// What is read at most: a picture of a code is the largest, and one text.
pub(crate) const LIMITS: xml::Limits =
    xml::Limits { bytes: 1024 * 1024, depth: 32, elements: 20_000, text_bytes: 1024 * 1024 };
/// Longest text of an answer that is passed on, in characters.
const TEXT_LIMIT: usize = 200;

/// An answer, with the parts that any of the transactions may bear.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Answer {
    transaction_name: Option<String>,
    code: Option<String>,
    description: Option<String>,
    order: Option<AnsweredOrder>,
    order_response: Option<OrderResponse>,
    sub_orders: Option<SubOrders>,
    data: Option<Data>,
    retreat_batch_no: Option<String>,
    #[serde(alias = "image", alias = "url")]
    img: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OrderResponse {
    order: Option<AnsweredOrder>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data {
    sub_orders: Option<SubOrders>,
}

/// An order as it is answered (§§3, 4). Money is left alone: it is fen or yuan, depending on the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AnsweredOrder {
    /// The gateway's number in most answers.
    pub(crate) order_code: Option<String>,
    /// The code that is typed at the gate (辅助检票号).
    pub(crate) assist_check_no: Option<String>,
    ticket_orders: Option<TicketOrders>,
    scenic_orders: Option<ScenicOrders>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TicketOrders {
    ticket_order: Vec<Line>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ScenicOrders {
    scenic_order: Vec<Line>,
}

/// A line of an order (子订单).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Line {
    order_code: Option<String>,
    scenic_third_code: Option<String>,
    ticket_third_code: Option<String>,
    pub(crate) goods_code: Option<String>,
    pub(crate) quantity: Option<String>,
    pub(crate) return_num: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SubOrders {
    sub_order: Vec<CheckedLine>,
}

/// A line's counters (§9).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CheckedLine {
    pub(crate) order_code: Option<String>,
    pub(crate) need_check_num: Option<String>,
    pub(crate) already_check_num: Option<String>,
    pub(crate) return_num: Option<String>,
    pub(crate) last_check_time: Option<String>,
}

impl Line {
    /// Whether it is the line of that number. Where both of the partner's fields for our number stand, they agree; a
    /// line may lack every name (§4), and then the question is all that ties it to our order.
    pub(crate) fn is(&self, number: &str) -> bool {
        let named = |codes: &[&Option<String>]| -> Vec<String> {
            codes.iter().filter_map(|code| code.as_deref()).filter(|code| !code.is_empty()).map(str::to_owned).collect()
        };
        let mut names = named(&[&self.scenic_third_code, &self.ticket_third_code]);
        if names.is_empty() {
            names = named(&[&self.order_code]);
        }
        names.iter().all(|code| same_line(code, number))
    }
}

/// The line's number comes back as it is, or with `_1` behind it (§9).
pub(crate) fn same_line(told: &str, number: &str) -> bool {
    told == number || told.strip_prefix(number).is_some_and(|rest| rest.starts_with('_'))
}

impl AnsweredOrder {
    /// Its lines, in the new form or the old one.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Line> {
        let new = self.ticket_orders.iter().flat_map(|lines| &lines.ticket_order);
        new.chain(self.scenic_orders.iter().flat_map(|lines| &lines.scenic_order))
    }
}

impl Answer {
    /// Reads an answer that may bear one of these names. What cannot be read, or answers another question, leaves the
    /// outcome unknown.
    pub(crate) fn read(response: &HttpResponse, names: &[&str]) -> Result<Self, Fault> {
        if response.status != 200 {
            return Err(http::unexpected_status(response));
        }
        let answer: Self = xml::read(&response.body, "PWBResponse", LIMITS)?;
        match answer.transaction_name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) if !names.contains(&name) => {
                Err(Fault::garbled(format!("the answer is to another question; expected {}", names.join(" or "))))
            }
            _ if answer.code().is_none() => Err(Fault::garbled("the answer has no code")),
            _ => Ok(answer),
        }
    }

    /// Its code, where it is a number.
    pub(crate) fn code(&self) -> Option<i32> {
        self.code.as_deref()?.trim().parse().ok()
    }

    /// Whether it was accepted.
    pub(crate) fn accepted(&self) -> bool {
        self.code() == Some(0)
    }

    /// Its text, for people.
    pub(crate) fn text(&self) -> String {
        self.description.as_deref().unwrap_or_default().trim().chars().take(TEXT_LIMIT).collect()
    }

    /// A certain no in the gateway's words.
    pub(crate) fn refusal(&self) -> Refusal {
        let code = self.code().unwrap_or_default();
        let text = self.text();
        let reason = if text.contains("库存不足") { Reason::SoldOut } else { Reason::SupplierRefused };
        Refusal::new(reason, format!("Zhiyoubao says {code}: {text}"))
    }

    /// The order, under the root or one deeper (§4).
    pub(crate) fn order(&self) -> Option<&AnsweredOrder> {
        self.order.as_ref().or_else(|| self.order_response.as_ref()?.order.as_ref())
    }

    /// The lines' counters, under the root or one deeper (§9).
    pub(crate) fn checked(&self) -> &[CheckedLine] {
        let deeper = || self.data.as_ref()?.sub_orders.as_ref();
        self.sub_orders.as_ref().or_else(deeper).map_or(&[], |lines| &lines.sub_order)
    }

    /// The number under which a cancellation is audited (退单批次号).
    pub(crate) fn batch(&self) -> Option<Memo> {
        Memo::new(self.retreat_batch_no.as_deref()?.trim())
    }

    /// Pictures or links of codes (§5).
    pub(crate) fn images(&self) -> impl Iterator<Item = &str> {
        self.img.iter().map(|image| image.trim()).filter(|image| !image.is_empty())
    }
}

/// A count of tickets; garbled when it is none.
pub(crate) fn count(what: &str, text: Option<&String>) -> Result<u16, Fault> {
    let text = text.map_or("0", |text| text.trim());
    let text = if text.is_empty() { "0" } else { text };
    text.parse().map_err(|_| Fault::garbled(format!("{what} is no count of tickets")))
}
