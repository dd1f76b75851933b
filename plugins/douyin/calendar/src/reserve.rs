//! Codes for Douyin's own pool (预置码), as the fewest import calls. Fulfilment §7.
//!
//! Douyin takes a call's codes all or not at all: one that it has already refuses the others. So what is refused for that
//! is divided until the code is found, from the first code to the last, so that what an interrupted notice had not told
//! yet is always its end.

use std::collections::VecDeque;

use douyin_wire::number::{Id, Int};
use douyin_wire::partner::calls::account;
use douyin_wire::person::Private;
use douyin_wire::reserved::ImportCodes;
use entrepot_sdk::contract::ids::CodeId;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::notice::{CodesNotice, EarlierCodes, RefusedCode};
use entrepot_sdk::prelude::*;

use crate::DouyinCalendar;
use crate::connection::ConnectionSettings;

/// Import. Fulfilment §7, `documented`.
const IMPORT: (&str, &str) = ("reserve_code_import", "/goodlife/v1/fulfilment/reserve_code/batch_import/");

/// Most calls of one notice beyond the first, to find out which codes were refused: enough for three codes among five
/// hundred. What is not settled by then, or by the deadline, is told again.
const NARROWING_LIMIT: usize = 64;

/// Of codes that an earlier call may have brought: so many of their last are asked one by one, and when Douyin has all
/// of these, it has the others.
const PROBES: usize = 3;

/// One code as Douyin knows it.
struct Code {
    id: CodeId,
    text: Private,
}

/// What an earlier call may have done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing: what Douyin has, it has from elsewhere.
    Nothing,
    /// All or nothing.
    AllOrNothing,
    /// Something.
    Something,
}

pub(crate) async fn deliver(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &CodesNotice,
) -> Result<Told, Fault> {
    let joiner = &channel.partner.shared.password_joiner;
    let codes: Result<VecDeque<Code>, Fault> = notice
        .codes
        .iter()
        .map(|code| Ok(Code { id: code.id.clone(), text: text(&code.credentials, joiner)? }))
        .collect();
    let (third_sku_id, sku_id) = specification(&notice.names)?;
    let mut import = Import {
        channel,
        call,
        body: ImportCodes {
            account_id: account(call)?,
            third_sku_id,
            sku_id,
            codes: Vec::new(),
            expired_time: notice.expires_at.map(|at| Int(at.millis().div_euclid(1_000))),
        },
        before: match notice.earlier {
            None => Before::Nothing,
            Some(EarlierCodes::Together) => Before::AllOrNothing,
            Some(EarlierCodes::Parts) => Before::Something,
        },
        calls: 0,
        slowest_ms: 0,
        settled: false,
        loads: VecDeque::from([Vec::from(codes?)]),
        refused: Vec::new(),
        unclear: Vec::new(),
    };
    import.run().await?;
    Ok(import.told())
}

/// What the guest shows, with its password behind it: Douyin has no field for passwords (`inferred`).
pub(crate) fn text(credentials: &[Credential], joiner: &str) -> Result<Private, Fault> {
    let shown =
        |credential: &&Credential| matches!(credential.kind, CredentialKind::QrCode | CredentialKind::VoucherNumber);
    let password = credentials.iter().find(|credential| credential.kind == CredentialKind::Password);
    let shown = credentials.iter().find(shown);
    let shown = shown
        .ok_or_else(|| Fault::invalid("Douyin's pool takes voucher numbers and QR codes, and a code is neither"))?;
    Ok(match password {
        Some(password) => Private::from([shown.value.as_str(), joiner, password.value.as_str()].concat()),
        None => Private::from(shown.value.as_str()),
    })
}

/// Our specification and Douyin's: at least one of them is named (`inferred`, the page requires neither).
pub(crate) fn specification(names: &ListingNames) -> Result<(Option<Id>, Option<Id>), Fault> {
    let ids = (names.sku_out.clone().and_then(Id::new), names.sku.clone().and_then(Id::new));
    match ids {
        (None, None) => Err(Fault::invalid("the listing has no SKU id that Douyin knows: neither sku_out nor sku")),
        ids => Ok(ids),
    }
}

struct Import<'a> {
    channel: &'a DouyinCalendar,
    call: &'a Call<ConnectionSettings>,
    /// Without its codes.
    body: ImportCodes,
    before: Before,
    calls: usize,
    /// How long the slowest call took so far, in milliseconds.
    slowest_ms: u64,
    /// Whether Douyin took anything, or certainly has it.
    settled: bool,
    /// What is left, in order.
    loads: VecDeque<Vec<Code>>,
    refused: Vec<RefusedCode>,
    unclear: Vec<CodeId>,
}

/// What Douyin made of one call.
enum Sent {
    Taken,
    /// It has one of them already.
    Duplicate(String),
    /// The notice ends here.
    Ends,
}

impl Import<'_> {
    async fn run(&mut self) -> Result<(), Fault> {
        while let Some(load) = self.loads.pop_front() {
            match self.send(&load).await? {
                Sent::Taken => self.settled = true,
                Sent::Ends => {
                    self.loads.push_front(load);
                    return Ok(());
                }
                Sent::Duplicate(reason) => {
                    if !self.narrow(load, reason).await? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Divides what was refused for a code that Douyin has. False: the notice ends here.
    async fn narrow(&mut self, mut load: Vec<Code>, reason: String) -> Result<bool, Fault> {
        if self.before != Before::Nothing {
            match self.probe(&mut load).await? {
                // Its last codes are there: so are the others, by the call that nobody heard the answer of.
                Some(true) => return Ok(true),
                Some(false) => {}
                None => {
                    self.loads.push_front(load);
                    return Ok(false);
                }
            }
        }
        match load.len() {
            0 => {}
            1 => {
                self.settled = true;
                // What may be there by a call of ours is counted as that.
                let named = self.before == Before::Nothing;
                let load = load.into_iter().filter(|_| named);
                self.refused.extend(load.map(|code| RefusedCode { code: code.id, reason: reason.clone() }));
            }
            several => {
                let second = load.split_off(several / 2);
                self.loads.push_front(second);
                self.loads.push_front(load);
            }
        }
        Ok(true)
    }

    /// Whether Douyin has the last codes; what it takes meanwhile leaves the load, and tells that an earlier call which
    /// brings all or nothing brought nothing. None: the notice ends here.
    async fn probe(&mut self, load: &mut Vec<Code>) -> Result<Option<bool>, Fault> {
        let first = load.len().saturating_sub(PROBES);
        for place in (first..load.len()).rev() {
            // A single code that was refused is there, and need not be asked again.
            if load.len() == 1 {
                break;
            }
            let one: Vec<Code> = load.drain(place..=place).collect();
            match self.send(&one).await? {
                Sent::Taken => {
                    self.settled = true;
                    if self.before == Before::AllOrNothing {
                        self.before = Before::Nothing;
                    }
                    return Ok(Some(false));
                }
                Sent::Duplicate(_) => load.splice(place..place, one).for_each(drop),
                Sent::Ends => {
                    load.splice(place..place, one).for_each(drop);
                    return Ok(None);
                }
            }
        }
        self.settled = true;
        Ok(Some(true))
    }

    /// Whether one more call is allowed and ends before the deadline, twice as slow as the slowest one so far. The first
    /// always is.
    fn affords(&self) -> bool {
        self.calls == 0
            || (self.calls <= NARROWING_LIMIT && self.slowest_ms.saturating_mul(2) < self.call.remaining_ms())
    }

    async fn send(&mut self, load: &[Code]) -> Result<Sent, Fault> {
        if !self.affords() {
            return Ok(Sent::Ends);
        }
        let first = self.calls == 0;
        self.calls += 1;
        let began = self.call.now();
        let body = ImportCodes { codes: load.iter().map(|code| code.text.clone()).collect(), ..self.body.clone() };
        let sent = self.channel.partner.client.post(self.call, IMPORT.0, IMPORT.1, &body).await;
        let took_ms = u64::try_from(self.call.now().since(began)).unwrap_or(0);
        self.slowest_ms = self.slowest_ms.max(took_ms);
        let Err(fault) = sent else { return Ok(Sent::Taken) };
        let code = fault.partner_code.as_ref().and_then(|code| code.parse::<i64>().ok());
        if code.is_some_and(|code| self.channel.settings.reserved_duplicate_codes.contains(&code)) {
            return Ok(Sent::Duplicate(fault.text));
        }
        // Of a first call the core knows that it was about all; of nothing settled, that nothing happened.
        if first || (!self.settled && fault.effect == Effect::NotDone) {
            return Err(fault);
        }
        if fault.effect != Effect::NotDone {
            self.unclear.extend(load.iter().map(|code| code.id.clone()));
        }
        Ok(Sent::Ends)
    }

    fn told(self) -> Told {
        let lost = self.unclear;
        let rest = self.loads.into_iter().flatten().map(|code| code.id).filter(|code| !lost.contains(code)).collect();
        let (untold, unclear) = match self.before {
            Before::Nothing => (rest, lost),
            Before::AllOrNothing | Before::Something => (Vec::new(), [lost, rest].concat()),
        };
        if self.refused.is_empty() && untold.is_empty() && unclear.is_empty() {
            return Told::Done;
        }
        Told::Codes { refused: self.refused, untold, unclear }
    }
}
