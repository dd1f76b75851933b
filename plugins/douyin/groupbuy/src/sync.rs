//! What Douyin decided without us (信息同步): our answer came too late, customer service stepped in, Laike's own audit decided.
//! Group-buy B11b and B16.5, fields `documented`; the units of times and amounts are settings.

use douyin_wire::kinds::SyncAfterSaleType;
use douyin_wire::number::{Fen, Int};
use douyin_wire::partner::body::{instant_ms, instant_s, order_id, text_id, wrong};
use douyin_wire::sync::{SyncItem, SyncLine, SyncRefund};
use douyin_wire::voucher::Voucher;
use entrepot_sdk::contract::intent::GivesBack;
use entrepot_sdk::contract::intent::decided::{AmountsBack, DecidedUnit, RecordDecision, TimeBack, TimesBack};
use entrepot_sdk::contract::listing::UnitNames;
use entrepot_sdk::prelude::*;

use crate::settings::{AmountUnit, ApplicationSettings, TimeUnit};

/// `audit_result`: its own numbers.
const AGREED: i64 = 1;
const REFUSED: i64 = 2;

pub(crate) fn decided(units: &ApplicationSettings, told: &SyncRefund) -> Result<Intent, Fault> {
    if told.notice_list.is_empty() {
        return Err(wrong("notice_list", "no certificate"));
    }
    let lines: Result<Vec<DecidedUnit>, Fault> =
        told.notice_list.iter().map(|line| decided_unit(units, line)).collect();
    Ok(Intent::RecordDecision(Box::new(RecordDecision {
        order: order_id("order_id", &told.order_id)?,
        refund: text_id("after_sale_id", told.after_sale_id.as_ref())?,
        gives_back: match told.after_sale_type {
            // The older form knows only this (B16.5).
            None | Some(SyncAfterSaleType::Refund) => GivesBack::Units,
            Some(SyncAfterSaleType::CancelBooking) => GivesBack::Reservation,
            Some(SyncAfterSaleType::RefundOnly) => GivesBack::Money,
            Some(SyncAfterSaleType::Other(_)) => GivesBack::Unknown,
        },
        units: lines?,
    })))
}

fn decided_unit(units: &ApplicationSettings, line: &SyncLine) -> Result<DecidedUnit, Fault> {
    let at = |field: &str, value: Option<Int>| {
        let at = value.map(|value| match units.sync_time_unit {
            TimeUnit::Milliseconds => instant_ms(field, value),
            TimeUnit::Seconds => instant_s(field, value),
        });
        at.transpose()
    };
    let code = line.code.as_ref().map(|code| code.reveal().to_owned());
    Ok(DecidedUnit {
        names: UnitNames {
            certificate: text_id("certificate_id", line.certificate_id.as_ref())?,
            item: None,
            code: None,
        },
        agreed: match line.audit_result {
            Some(Int(AGREED)) => Some(true),
            Some(Int(REFUSED)) => Some(false),
            _ => None,
        },
        asked_at: at("apply_time", line.apply_time)?,
        decided_at: at("audit_time", line.audit_time)?,
        times: times(units, line)?,
        credentials: code
            .into_iter()
            .map(|value| Credential { kind: CredentialKind::Other, value, document_kind: None })
            .chain(of_voucher(line))
            .collect(),
    })
}

/// The figures of a card of several uses; none where the line has none of them.
fn times(units: &ApplicationSettings, line: &SyncLine) -> Result<Option<TimesBack>, Fault> {
    let counts = [line.total_count, line.verify_count, line.refund_count];
    let sums = [line.origin_amount, line.refund_amount, line.deduct_fee_amount];
    if counts.iter().chain(&sums).all(Option::is_none) && line.sub_item_list.is_empty() {
        return Ok(None);
    }
    let count = |field: &str, value: Option<Int>| {
        let number = value.map_or(0, |Int(number)| number);
        u32::try_from(number).map_err(|_| wrong(field, "not a number of uses"))
    };
    let [total, used, refunded] = counts;
    let each: Result<Vec<TimeBack>, Fault> = line.sub_item_list.iter().map(|item| one_use(units, item)).collect();
    Ok(Some(TimesBack {
        total: count("total_count", total)?,
        used: count("verify_count", used)?,
        refunded: count("refund_count", refunded)?,
        amounts: amounts(units, sums)?,
        each: each?,
    }))
}

fn one_use(units: &ApplicationSettings, item: &SyncItem) -> Result<TimeBack, Fault> {
    let part = |field: &str, value: Option<Int>| value.map(|value| money(units, field, Some(value))).transpose();
    Ok(TimeBack {
        id: text_id("sub_item_id", item.sub_item_id.as_ref())?,
        amounts: amounts(units, [item.origin_amount, item.refund_amount, item.deduct_fee_amount])?,
        subsidy: part("marketing_amount", item.marketing_amount)?,
        guest: part("user_amount", item.user_amount)?,
    })
}

fn amounts(units: &ApplicationSettings, [due, back, kept]: [Option<Int>; 3]) -> Result<AmountsBack, Fault> {
    Ok(AmountsBack {
        due: money(units, "origin_amount", due)?,
        back: money(units, "refund_amount", back)?,
        kept: money(units, "deduct_fee_amount", kept)?,
    })
}

fn money(units: &ApplicationSettings, field: &str, value: Option<Int>) -> Result<Money, Fault> {
    let number = value.map_or(0, |Int(number)| number);
    let fen = match units.sync_amount_unit {
        AmountUnit::Fen => Some(number),
        AmountUnit::Yuan => number.checked_mul(100),
    };
    let fen = fen.and_then(Fen::new).ok_or_else(|| wrong(field, "not an amount"))?;
    Ok(Money::fen(fen.get()))
}

/// One voucher, JSON in a text. What cannot be read of it changes nothing: the code stands beside it.
fn of_voucher(line: &SyncLine) -> Vec<Credential> {
    let voucher = line.voucher.as_ref().and_then(|text| serde_json::from_str::<Voucher>(text.reveal()).ok());
    let Some(voucher) = voucher else { return Vec::new() };
    let mut shown = Vec::new();
    for item in voucher.items() {
        let kinds = [
            (CredentialKind::QrCode, &item.qr_codes),
            (CredentialKind::VoucherNumber, &item.certificate_nos),
            (CredentialKind::Url, &item.urls),
        ];
        for (kind, values) in kinds {
            shown.extend(values.iter().map(|value| Credential {
                kind,
                value: value.reveal().to_owned(),
                document_kind: None,
            }));
        }
    }
    shown
}
