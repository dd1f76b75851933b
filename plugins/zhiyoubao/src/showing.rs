//! How much was used (§9), and tickets shown again (§5).

use entrepot_sdk::contract::supplier::{ResendWay, Resent, Usage, UsedUnits};
use entrepot_sdk::prelude::*;

use crate::answer::{count, same_line};
use crate::envelope::order_code;
use crate::settings::{CountBy, ShowAs};
use crate::{Zhiyoubao, line_number, main_number};

/// What the gates counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) used: u16,
    pub(crate) gone: u16,
    pub(crate) last_used_at: Option<Timestamp>,
    /// Units of the order.
    pub(crate) of: u16,
}

impl Counters {
    pub(crate) fn usage(self) -> Usage {
        Usage {
            used: UsedUnits::Count { count: self.used },
            gone: UsedUnits::Count { count: self.gone },
            last_used_at: self.last_used_at,
            ended: self.used.saturating_add(self.gone) >= self.of,
        }
    }
}

impl Zhiyoubao {
    /// Totals of the order's one line.
    pub(crate) async fn counters(&self, call: &Call<()>, order: &SupplierOrder) -> Result<Counters, Fault> {
        let number = main_number(order);
        let (question, name) = match self.settings.count_by {
            CountBy::Status => ("CHECK_STATUS_QUERY_REQ", "CHECK_STATUS_QUERY_RES"),
            CountBy::Records => ("QUERY_SUB_ORDER_CHECK_RECORD_REQ", "QUERY_SUB_ORDER_CHECK_RECORD_RES"),
        };
        let answer = self.transact(call, question, &[name], |envelope| order_code(envelope, number)).await?;
        if !answer.accepted() {
            return Err(Fault::unknown(FaultKind::Refused, answer.refusal().text));
        }
        let ours = line_number(order);
        let mut lines = answer.checked().iter().filter(|line| {
            line.order_code.as_deref().is_some_and(|code| same_line(code, &ours) || same_line(code, number))
        });
        let line =
            lines.next().ok_or_else(|| Fault::garbled("the answer does not name the line that was asked about"))?;
        let (used, gone) =
            (count("alreadyCheckNum", line.already_check_num.as_ref())?, count("returnNum", line.return_num.as_ref())?);
        let of = order.count();
        if used.saturating_add(gone) > of || count("needCheckNum", line.need_check_num.as_ref())? > of {
            return Err(Fault::garbled(format!("{used} used and {gone} returned of {of} tickets cannot be")));
        }
        let last =
            line.last_check_time.as_deref().and_then(|text| Zone::CHINA.instant("lastCheckTime", text.trim()).ok());
        Ok(Counters { used, gone, last_used_at: last.filter(|_| used > 0), of })
    }

    /// By the gateway's own message, as a link, or as a picture.
    pub(crate) async fn show_again(
        &self,
        call: &Call<()>,
        order: &SupplierOrder,
        how: ResendWay,
    ) -> Result<Resent, Fault> {
        let number = main_number(order);
        if how == ResendWay::Message {
            let template = &self.settings.message_template;
            let answer = self
                .transact(call, "SEND_SM_REQ", &["SEND_SM_RES"], |envelope| {
                    envelope.within("orderRequest", |body| {
                        body.within("order", |main| {
                            main.text("orderCode", number);
                            main.text("tplCode", template);
                        });
                    });
                })
                .await?;
            return Ok(if answer.accepted() { Resent::Sent } else { Resent::Refused(answer.refusal()) });
        }
        let show_as = self.settings.show_as;
        let (question, name) = match show_as {
            ShowAs::Link => ("QUERY_IMG_URL_REQ", "QUERY_IMG_URL_RES"),
            ShowAs::ShortLink => ("QUERY_SHORT_IMG_URL_REQ", "QUERY_SHORT_IMG_URL_RES"),
            ShowAs::Picture => ("SEND_CODE_IMG_REQ", "SEND_CODE_IMG_RES"),
        };
        let answer = self.transact(call, question, &[name], |envelope| order_code(envelope, number)).await?;
        if !answer.accepted() {
            return Ok(Resent::Refused(answer.refusal()));
        }
        let shown: Vec<Credential> = match show_as {
            ShowAs::Link | ShowAs::ShortLink => answer.images().filter_map(link).take(1).collect(),
            ShowAs::Picture => answer.images().map(picture).collect::<Option<_>>().unwrap_or_default(),
        };
        units_showing(order, &shown)
    }
}

fn link(text: &str) -> Option<Credential> {
    let is_link = text.starts_with("https://") || text.starts_with("http://");
    is_link.then(|| Credential { kind: CredentialKind::Url, value: text.to_owned(), document_kind: None })
}

/// Base64, without what a page would put before it.
fn picture(text: &str) -> Option<Credential> {
    let plain = text.rsplit_once("base64,").map_or(text, |(_, plain)| plain);
    let digits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let fits = plain.len() >= 4 && plain.len().is_multiple_of(4) && plain.bytes().all(digits);
    fits.then(|| Credential { kind: CredentialKind::Image, value: plain.to_owned(), document_kind: None })
}

/// One for all units, as an order of ours has one code (§3); where there are as many as units, each gets its own. Which is
/// whose is not told, but any of them opens the gate for one.
fn units_showing(order: &SupplierOrder, shown: &[Credential]) -> Result<Resent, Fault> {
    let left: Vec<u16> = order.units.iter().filter(|unit| !unit.gone).map(|unit| unit.number).collect();
    let first = shown.first().ok_or_else(|| Fault::garbled("the answer shows no ticket"))?;
    let each = shown.len() == left.len();
    let credential = |place: usize| if each { shown.get(place).unwrap_or(first) } else { first };
    let units = left
        .iter()
        .enumerate()
        .map(|(place, unit)| UnitCredentials { unit: *unit, credentials: vec![credential(place).clone()] });
    Ok(Resent::Credentials { units: units.collect() })
}
