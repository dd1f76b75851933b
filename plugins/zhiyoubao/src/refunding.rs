//! Cancellations (退票) and their audit (§7). What is accepted is not yet given back.

use entrepot_sdk::contract::order::GuestField;
use entrepot_sdk::prelude::*;

use crate::booking::CODE_SIX;
use crate::envelope::order_code;
use crate::{Zhiyoubao, line_number, main_number};

impl Zhiyoubao {
    /// Asks for units back: the whole order by its own transaction, a part by its count.
    pub(crate) async fn ask_back(
        &self,
        call: &Call<()>,
        order: &SupplierOrder,
        units: &[u16],
        key: &str,
    ) -> Result<Cancellation, Fault> {
        let wanted = u16::try_from(units.len()).unwrap_or(u16::MAX);
        // A question that fails here leaves the cancellation unclear to the core; it inquires, and asks anew.
        let counters = self.counters(call, order).await?;
        // §10.5, with what went back before: the gateway's own count may or may not shrink by it.
        if counters.used.saturating_add(counters.gone).saturating_add(wanted) > order.count() {
            let text = format!("{} of {} tickets were used, {} returned", counters.used, order.count(), counters.gone);
            return Ok(Cancellation::Refused(Refusal::new(Reason::StateForbids, text)));
        }
        let whole = usize::from(wanted) == order.units.len();
        let answer = if whole {
            let names = ["SEND_CODE_CANCEL_RES", "SEND_CODE_CANCEL_NEW_RES", "CANCEL_SPOT_ORDER_RES"];
            let (number, question) = (main_number(order), self.settings.pay_method.cancel());
            self.transact(call, question, &names, |envelope| order_code(envelope, number)).await?
        } else {
            let documents = documents(order, units);
            self.transact(call, "RETURN_TICKET_NUM_NEW_REQ", &["RETURN_TICKET_NUM_NEW_RES"], |envelope| {
                envelope.within("orderRequest", |body| {
                    body.within("returnTicket", |ticket| {
                        ticket.text("orderCode", &line_number(order));
                        ticket.text("returnNum", &wanted.to_string());
                        ticket.text("thirdReturnCode", key);
                        ticket.text_if("idCards", &documents);
                    });
                });
            })
            .await?
        };
        let text = answer.text();
        if answer.accepted() && !rejected(&text) {
            return Ok(Cancellation::Waiting(self.wait(answer.batch())));
        }
        // Asked for before, by us: it is under way. The page gives no code for it, so the words decide.
        if text.contains("已存在") || text.contains("重复") {
            return Ok(Cancellation::Waiting(self.wait(None)));
        }
        Ok(Cancellation::Refused(answer.refusal()))
    }

    /// How does the audit stand? By its batch number where one is known, otherwise by what was given back.
    pub(crate) async fn audit(
        &self,
        call: &Call<()>,
        order: &SupplierOrder,
        units: &[u16],
        memo: Option<Memo>,
    ) -> Result<Cancellation, Fault> {
        let Some(batch) = memo else { return self.audit_by_counters(call, order, units).await };
        let answer = self
            .transact(call, "QUERY_RETREAT_STATUS_REQ", &["QUERY_RETREAT_STATUS_RES"], |envelope| {
                envelope.within("orderRequest", |body| {
                    body.within("order", |main| main.text("retreatBatchNo", batch.as_str()));
                });
            })
            .await?;
        let text = answer.text();
        // The text first: a rejection may bear code 0 (§7).
        if rejected(&text) {
            return Ok(Cancellation::Refused(answer.refusal()));
        }
        match answer.code() {
            Some(0) if text.contains("审核完成") => Ok(Cancellation::Done { fee: None }),
            Some(0 | CODE_SIX) => Ok(Cancellation::Waiting(self.wait(Some(batch)))),
            _ => Err(Fault::unknown(FaultKind::Refused, answer.refusal().text)),
        }
    }

    /// The answer to the request was lost, and its number with it.
    async fn audit_by_counters(
        &self,
        call: &Call<()>,
        order: &SupplierOrder,
        units: &[u16],
    ) -> Result<Cancellation, Fault> {
        let counters = self.counters(call, order).await?;
        let before = order.units.iter().filter(|unit| unit.gone).count();
        if usize::from(counters.gone) >= before + units.len() {
            return Ok(Cancellation::Done { fee: None });
        }
        // An audit that is still open looks the same from here; asking again under the same number is answered as
        // known then.
        Ok(Cancellation::NotAsked)
    }

    fn wait(&self, batch: Option<Memo>) -> Wait {
        Wait::ms(self.settings.audit_poll_ms).with_memo(batch)
    }
}

/// Whether the text of an audit is a no (§7).
fn rejected(text: &str) -> bool {
    text.contains("未通过") || text.to_ascii_lowercase().contains("failure")
}

/// The documents of the tickets that go back, comma separated; empty for goods without real names.
fn documents(order: &SupplierOrder, units: &[u16]) -> String {
    let going = order.units.iter().filter(|unit| units.contains(&unit.number));
    let documents: Vec<&str> =
        going.filter_map(|unit| unit.guests.first()?.document.as_ref().and_then(GuestField::plain)).collect();
    if documents.len() == units.len() { documents.join(",") } else { String::new() }
}
