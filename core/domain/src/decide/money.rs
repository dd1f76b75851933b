//! A distributor's account by hand: top-ups, corrections, transfers, limits.

use entrepot_contract::ids::DistributorId;
use entrepot_contract::money::Money;
use entrepot_contract::outcome::{Reason, Refusal};

use super::Stop;
use super::draft::Draft;
use crate::answer::Answer;
use crate::change::{HistoryCell, HistoryKind};
use crate::credit::{Account, PostingCause, PostingKind};

pub(super) fn top_up(
    draft: &mut Draft<'_>,
    distributor: &DistributorId,
    amount: Money,
    note: Option<String>,
) -> Result<Answer, Stop> {
    if amount.amount_minor <= 0 {
        return Err(Refusal::new(Reason::Malformed, format!("a top-up is positive, found {amount}")).into());
    }
    account(draft, distributor)?;
    draft.post(distributor, PostingKind::TopUp, amount, PostingCause { note, ..PostingCause::default() })?;
    posted(draft, distributor)
}

pub(super) fn adjust(
    draft: &mut Draft<'_>,
    distributor: &DistributorId,
    amount: Money,
    note: &str,
) -> Result<Answer, Stop> {
    let size = amount
        .amount_minor
        .checked_abs()
        .filter(|size| *size > 0)
        .ok_or_else(|| Refusal::new(Reason::Malformed, format!("a correction moves an amount, found {amount}")))?;
    account(draft, distributor)?;
    let kind = if amount.amount_minor > 0 { PostingKind::AdjustUp } else { PostingKind::AdjustDown };
    let cause = PostingCause { note: Some(note.to_owned()), ..PostingCause::default() };
    draft.post(distributor, kind, Money::new(size, amount.currency), cause)?;
    posted(draft, distributor)
}

pub(super) fn set_limit(draft: &mut Draft<'_>, distributor: &DistributorId, limit: Money) -> Result<Answer, Stop> {
    let account = account(draft, distributor)?;
    if limit.currency != account.currency || limit.amount_minor < 0 {
        let text =
            format!("the limit of {distributor} is an amount of {:?} from zero up, found {limit}", account.currency);
        return Err(Refusal::new(Reason::Malformed, text).into());
    }
    let after = Account { limit_minor: limit.amount_minor, ..account.clone() };
    if after.available_minor() < 0 {
        let owed = Money::new(-after.balance_minor, after.currency);
        let text = format!(
            "distributor {distributor} owes {owed}, so the limit cannot become {limit}; to end his sales, pause the \
             connection"
        );
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    let line =
        HistoryCell { date: None, slot: None, before: account.limit_minor.into(), after: after.limit_minor.into() };
    draft.remember(HistoryKind::CreditLimit, distributor.as_str(), vec![line]);
    draft.watch_credit(&account, &after);
    draft.set_account(after, None);
    posted(draft, distributor)
}

pub(super) fn transfer(
    draft: &mut Draft<'_>,
    from: &DistributorId,
    to: &DistributorId,
    amount: Money,
    note: Option<String>,
) -> Result<Answer, Stop> {
    if amount.amount_minor <= 0 || from == to {
        let text =
            format!("a transfer moves a positive amount between two distributors, found {amount} from {from} to {to}");
        return Err(Refusal::new(Reason::Malformed, text).into());
    }
    account(draft, from)?;
    account(draft, to)?;
    let cause = |other: &DistributorId| PostingCause {
        note: Some(note.as_ref().map_or_else(|| other.to_string(), |note| format!("{other}: {note}"))),
        ..PostingCause::default()
    };
    draft.post(from, PostingKind::TransferOut, amount, cause(to))?;
    draft.post(to, PostingKind::TransferIn, amount, cause(from))?;
    posted(draft, from)
}

fn account(draft: &Draft<'_>, distributor: &DistributorId) -> Result<Account, Stop> {
    draft.account(distributor)?.ok_or_else(|| {
        let merchant = &draft.state.rules.merchant;
        Refusal::new(Reason::OrderUnknown, format!("merchant {merchant} has no distributor {distributor}")).into()
    })
}

fn posted(draft: &Draft<'_>, distributor: &DistributorId) -> Result<Answer, Stop> {
    let account = account(draft, distributor)?;
    Ok(Answer::Posted { balance_minor: account.balance_minor, available_minor: account.available_minor() })
}
