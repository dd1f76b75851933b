//! A use (核销) as an OpenAPI call: the trip industry's (scenic §13) or the general one (common §13).

use entrepot_sdk::prelude::*;
use serde_json::{Map, Value, json};

use super::Partner;
use super::settings::RedeemBy;
use super::vouchers::{naming, project_id};
use crate::client::logid;
use crate::envelope::{ApiAnswer, ItemResult, item_results};
use crate::faults::{FaultClass, classify, lookup};
use crate::time::UnixMillis;

impl RedeemBy {
    /// Its name in limits and the interface log, and its path. Scenic §13; common §13, fulfilment §3: `documented`.
    const fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::Trip => ("certificate_verify", "/goodlife/v1/trip/certificate/verify/"),
            Self::General | Self::Codes => {
                ("general_certificate_verify", "/goodlife/v1/fulfilment/certificate/verify/")
            }
        }
    }

    /// Where an item of its answer says its code.
    const fn code_field(self) -> &'static str {
        match self {
            Self::Trip => "code",
            Self::General | Self::Codes => "result",
        }
    }
}

/// After a refused refund a use has to lie before the question (scenic §13), whose time at Douyin is a little earlier than
/// the one at which it came here; in milliseconds.
const BEFORE_REFUND_MS: i64 = 60_000;

/// A general item's code when a repeat finds the voucher redeemed, beside 1208. Fulfilment §3, `documented`.
const REDEEMED_BEFORE: i64 = 2;

/// A use as one call, with the same token each time it is repeated; a fault that says which of its vouchers were not redeemed.
/// Scenic §13; common §13.
pub async fn redeemed<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    notice: &OrderNotice,
    by: RedeemBy,
) -> Result<(), Fault> {
    let OrderEvent::Redeemed { token, units, whole, at, shop, refund_refused, tickets } = &notice.event else {
        return Err(Fault::unsupported(notice.event.name()));
    };
    let at = refund_refused.map_or(*at, |asked| asked.plus_millis(-BEFORE_REFUND_MS).min(*at));
    let use_ = Use {
        notice,
        token,
        units,
        tickets,
        whole: *whole,
        seconds: UnixMillis::new(at.millis()).map_err(|fault| Fault::invalid(fault.to_string()))?.to_seconds(),
        shop: shop.as_deref().or(call.connection.shops.first().map(String::as_str)),
    };
    let body = match by {
        RedeemBy::Trip => use_.trip()?,
        RedeemBy::General => use_.general("vouchers", use_.by_project()?)?,
        RedeemBy::Codes => use_.general("code_with_time_list", use_.by_code()?)?,
    };
    let (api, path) = by.call();
    let answer = partner.client.post(call, api, path, &body).await?;
    each_is_done(partner, by, &answer)
}

struct Use<'a> {
    notice: &'a OrderNotice,
    token: &'a str,
    units: &'a [u16],
    tickets: &'a [UnitCredentials],
    whole: bool,
    seconds: i64,
    shop: Option<&'a str>,
}

impl Use<'_> {
    /// Scenic §13. `verify_time` always goes along: it is required after a refused refund. Vouchers are named only for a
    /// part: left out means the whole order.
    fn trip(&self) -> Result<Value, Fault> {
        let mut body = Map::new();
        body.insert("order_id".to_owned(), json!(self.notice.channel_order));
        body.insert("verify_token".to_owned(), json!(self.token));
        body.insert("verify_time".to_owned(), json!(self.seconds));
        if let Some(shop) = self.shop {
            body.insert("poi_id".to_owned(), json!(shop));
        }
        if !self.whole {
            body.insert("vouchers".to_owned(), json!(naming(&self.notice.order, self.some_units()?)));
        }
        Ok(Value::Object(body))
    }

    /// Common §13: the shop is required, and so is the order for vouchers of ours; they are named in exactly one way.
    fn general(&self, way: &str, vouchers: Vec<Value>) -> Result<Value, Fault> {
        let Some(shop) = self.shop else {
            let text = "redeem_by = \"general\" and \"codes\" need a shop: the connection has no shop_ids";
            return Err(Fault::invalid(text));
        };
        Ok(json!({
            "order_id": self.notice.channel_order,
            "verify_token": self.token,
            "poi_id": shop,
            way: vouchers,
        }))
    }

    /// As scenic vouchers are named. Common §13.
    fn by_project(&self) -> Result<Vec<Value>, Fault> {
        let of_unit =
            |unit: &u16| json!({"project_id": project_id(&self.notice.order, *unit), "verify_time": self.seconds});
        Ok(self.some_units()?.iter().map(of_unit).collect())
    }

    /// Each code that was issued for these units, with the time of its use as a text. Fulfilment §3.
    fn by_code(&self) -> Result<Vec<Value>, Fault> {
        let mut codes = Vec::new();
        for unit in self.some_units()? {
            let tickets = self.tickets.iter().filter(|ticket| ticket.unit == *unit);
            let shown = |credential: &&Credential| {
                matches!(credential.kind, CredentialKind::QrCode | CredentialKind::VoucherNumber)
            };
            let before = codes.len();
            for credential in tickets.flat_map(|ticket| &ticket.credentials).filter(shown) {
                codes.push(json!({"code": credential.value, "verify_time": self.seconds.to_string()}));
            }
            if codes.len() == before {
                let text = format!("redeem_by = \"codes\": unit {unit} has neither a voucher number nor a QR code");
                return Err(Fault::invalid(text));
            }
        }
        Ok(codes)
    }

    fn some_units(&self) -> Result<&[u16], Fault> {
        match self.units {
            [] => Err(Fault::invalid("a redemption of no unit")),
            units => Ok(units),
        }
    }
}

/// Every item has to be redeemed now or before. Scenic §13, codes `inferred`; common §13, `documented`.
fn each_is_done(partner: &Partner, by: RedeemBy, answer: &ApiAnswer) -> Result<(), Fault> {
    let (api, _) = by.call();
    let logid = logid(answer.logid.as_deref());
    let results = item_results(&answer.data, "verify_results", by.code_field()).unwrap_or_default();
    if results.is_empty() {
        return Err(Fault::garbled(format!("{api}: the answer lists no verify_results{logid}")));
    }
    let settings = &partner.shared;
    let is_done = |item: &&ItemResult| {
        let code = item.code.as_ref();
        code.is_some_and(|code| {
            let before = by != RedeemBy::Trip && *code == REDEEMED_BEFORE;
            before || settings.verify_success_codes.contains(code) || settings.verify_already_codes.contains(code)
        })
    };
    let failed: Vec<&ItemResult> = results.iter().filter(|item| !is_done(item)).collect();
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let done = results.len() - failed.len();
    let text = format!(
        "{api}: {} of {} vouchers were not redeemed, the first with {}{logid}",
        failed.len(),
        results.len(),
        meaning(first)
    );
    let (class, unclear) = first.code.map_or((FaultClass::Retry, true), |code| classify(code, None));
    let kind = match class {
        FaultClass::Retry | FaultClass::RefreshToken => FaultKind::Unavailable,
        FaultClass::BackOff => FaultKind::RateLimited,
        FaultClass::Refused | FaultClass::Operator => FaultKind::Refused,
    };
    let fault = if done > 0 || unclear { Fault::unknown(kind, text) } else { Fault::not_done(kind, text) };
    let code = first.code.map(|code| code.to_string());
    Err(Fault { partner_code: code, ..fault })
}

/// The code and what the pages say of it; Douyin's own text may quote what we sent.
fn meaning(item: &ItemResult) -> String {
    match item.code {
        None => "no readable code".to_owned(),
        Some(code) => {
            let row = lookup(code).map_or("a code no page lists", |row| row.meaning);
            format!("code {code} ({row})")
        }
    }
}
