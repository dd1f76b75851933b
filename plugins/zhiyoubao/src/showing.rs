//! How much was used (§9), and tickets shown again (§5).

use entrepot_sdk::contract::supplier::{ResendWay, Resent, Usage, UsedUnits};
use entrepot_sdk::prelude::*;

use crate::answer::{count, same_line};
use crate::envelope::order_code;
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
        let answer = self
            .transact(call, "CHECK_STATUS_QUERY_REQ", &["CHECK_STATUS_QUERY_RES"], |envelope| {
                order_code(envelope, number);
            })
            .await?;
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

    /// By the gateway's own message, or as a link.
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
        let names = ["QUERY_IMG_URL_RES"];
        let answer = self.transact(call, "QUERY_IMG_URL_REQ", &names, |envelope| order_code(envelope, number)).await?;
        if !answer.accepted() {
            return Ok(Resent::Refused(answer.refusal()));
        }
        let link = answer.images().next().filter(|link| link.starts_with("https://") || link.starts_with("http://"));
        let link = link.ok_or_else(|| Fault::garbled("the answer has no link"))?;
        let left = order.units.iter().filter(|unit| !unit.gone);
        let credential = || vec![Credential { kind: CredentialKind::Url, value: link.to_owned(), document_kind: None }];
        let units = left.map(|unit| UnitCredentials { unit: unit.number, credentials: credential() });
        Ok(Resent::Credentials { units: units.collect() })
    }
}
