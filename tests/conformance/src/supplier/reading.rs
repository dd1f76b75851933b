//! Goods and calendars, page by page.

use std::collections::BTreeSet;
use std::sync::Arc;

use entrepot_contract::money::Money;
use entrepot_contract::reading::{CELLS_LIMIT, GOODS_LIMIT, SupplierCell, SupplierGood, Vacancies};
use entrepot_contract::time::VisitDate;

use crate::ability::{calendar_days, has_calendar, has_catalogue};
use crate::side::Button;
use crate::stand::Stand;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, visit_day};

pub(crate) const CHECKS: &[Check] = checks! {
    catalogue_names_what_is_sold if has_catalogue, "tell every good that can be booked, by the code that a booking sends";
    catalogue_ends if has_catalogue, "the last page has no next, and no page leads back to one before";
    catalogue_tells_each_good_once if has_catalogue, "no good stands on two pages";
    catalogue_page_again_is_the_same if has_catalogue, "the same page name gives the same page";
    goods_can_be_used if has_catalogue, "a good has a code and a name, and at least as many units at most as at least";
    made_up_catalogue_page_is_refused if has_catalogue, "a page name that is none is a fault, never an empty last page";
    lost_catalogue_page_is_no_page if has_catalogue, "an answer that never came is a fault, never an empty last page";
    calendar_stays_within_its_dates if has_calendar, "tell only dates that were asked for";
    calendar_ends if has_calendar, "the last page has no next, and no page leads back to one before";
    calendar_tells_each_cell_once if has_calendar, "no date and slot stands twice";
    calendar_page_again_is_the_same if has_calendar, "the same page name gives the same page";
    prices_survive if has_calendar, "costs are whole numbers of minor units of 64 bits: never a float";
    vacancies_survive if has_calendar, "tell how many units are left, and 0 when there are none";
    closed_dates_are_closed if has_calendar, "a date that is not on sale has open = false";
    calendar_slots_are_told if has_calendar, "a slot's id is what a booking sends";
    calendar_of_a_stranger_sells_nothing if has_calendar, "a product that the partner does not know is a fault or has no open date";
    lost_calendar_page_is_no_page if has_calendar, "an answer that never came is a fault, never an empty last page";
};

/// More pages than any partner has.
const PAGES_LIMIT: usize = 1_000;

async fn goods(stand: &Stand) -> Outcome<Vec<SupplierGood>> {
    let (mut all, mut page) = (Vec::new(), None);
    let mut seen = BTreeSet::new();
    for _ in 0..PAGES_LIMIT {
        let read = fine("read_catalogue", stand.catalogue(page).await)?;
        ensure(read.goods.len() <= GOODS_LIMIT, || format!("a page of {} goods", read.goods.len()))?;
        all.extend(read.goods);
        let Some(next) = read.next else { return Ok(all) };
        ensure(seen.insert(next.clone()), || "a page leads back to one before".to_owned())?;
        page = Some(next);
    }
    fail(format!("no end within {PAGES_LIMIT} pages"))
}

async fn catalogue_names_what_is_sold(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let product = &trial.supplier_side()?.product;
    let there = goods(&stand).await?.iter().any(|good| good.product_code == *product);
    ensure(there, || format!("{product} can be booked and is not in the catalogue"))
}

async fn catalogue_ends(trial: Arc<Trial>) -> Outcome {
    goods(&trial.stand().await?).await.map(|_| ())
}

async fn catalogue_tells_each_good_once(trial: Arc<Trial>) -> Outcome {
    let mut codes = BTreeSet::new();
    for good in goods(&trial.stand().await?).await? {
        ensure(codes.insert(good.product_code.clone()), || format!("{} stands twice", good.product_code))?;
    }
    Ok(())
}

async fn catalogue_page_again_is_the_same(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let first = fine("read_catalogue", stand.catalogue(None).await)?;
    for page in [None, first.next.clone()] {
        let (one, other) = (stand.catalogue(page.clone()).await, stand.catalogue(page).await);
        let same = fine("read_catalogue", one)? == fine("read_catalogue", other)?;
        ensure(same, || "the same page is another when it is read again".to_owned())?;
    }
    Ok(())
}

async fn goods_can_be_used(trial: Arc<Trial>) -> Outcome {
    for good in goods(&trial.stand().await?).await? {
        let named = !good.product_code.trim().is_empty() && !good.name.trim().is_empty();
        ensure(named, || format!("{good:?} has no code or no name"))?;
        let (least, most) = (good.minimum_units.unwrap_or(1), good.maximum_units.unwrap_or(u16::MAX));
        ensure(0 < least && least <= most, || format!("{}: {least} to {most} units", good.product_code))?;
    }
    Ok(())
}

async fn made_up_catalogue_page_is_refused(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    failed("a page that nobody named", stand.catalogue(Some("no-such-page-4711".to_owned())).await).map(|_| ())
}

async fn lost_catalogue_page_is_no_page(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.lose_answers(true);
    failed("a page whose answer was lost", stand.catalogue(None).await).map(|_| ())
}

/// The first dates that may be asked for at once.
fn range(trial: &Trial) -> Outcome<(VisitDate, VisitDate)> {
    let days = u32::from(calendar_days(&trial.manifest()).unwrap_or(1).clamp(1, 31));
    let first = visit_day()?;
    let last = first.plus_days(days - 1).ok_or_else(|| "no such date".to_owned())?;
    Ok((first, last))
}

async fn cells(trial: &Trial, stand: &Stand, product: &str) -> Outcome<Vec<SupplierCell>> {
    let (mut all, mut page, mut seen) = (Vec::new(), None, BTreeSet::new());
    for _ in 0..PAGES_LIMIT {
        let read = fine("read_calendar", stand.calendar(product, range(trial)?, page).await)?;
        ensure(read.cells.len() <= CELLS_LIMIT, || format!("a page of {} cells", read.cells.len()))?;
        all.extend(read.cells);
        let Some(next) = read.next else { return Ok(all) };
        ensure(seen.insert(next.clone()), || "a page leads back to one before".to_owned())?;
        page = Some(next);
    }
    fail(format!("no end within {PAGES_LIMIT} pages"))
}

async fn calendar_stays_within_its_dates(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let (first, last) = range(&trial)?;
    let cells = cells(&trial, &stand, trial.supplier_side()?.of_calendar()).await?;
    ensure(!cells.is_empty(), || "no date is told".to_owned())?;
    let other = cells.iter().map(|cell| cell.date).find(|date| !(first..=last).contains(date));
    ensure(other.is_none(), || format!("{first} to {last} were asked for, {other:?} is told"))
}

async fn calendar_ends(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    cells(&trial, &stand, trial.supplier_side()?.of_calendar()).await.map(|_| ())
}

async fn calendar_tells_each_cell_once(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let mut seen = BTreeSet::new();
    for cell in cells(&trial, &stand, trial.supplier_side()?.of_calendar()).await? {
        let key = (cell.date, cell.slot.map(|slot| slot.id));
        ensure(seen.insert(key.clone()), || format!("{} stands twice", key.0))?;
    }
    Ok(())
}

async fn calendar_page_again_is_the_same(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let product = trial.supplier_side()?.of_calendar();
    let (one, other) = (cells(&trial, &stand, product).await?, cells(&trial, &stand, product).await?);
    ensure(one == other, || "the same calendar is another when it is read again".to_owned())
}

/// The cells of a date that the other side was told to sell so.
async fn offered(trial: &Trial, open: bool, cost: Money, units: u32, slot: Option<&str>) -> Outcome<Vec<SupplierCell>> {
    let stand = trial.stand().await?;
    let (first, _) = range(trial)?;
    stand.press(Button::Offer { date: first, open, cost, units, slot: slot.map(str::to_owned) })?;
    let all = cells(trial, &stand, trial.supplier_side()?.of_calendar()).await?;
    let of_date: Vec<SupplierCell> = all.into_iter().filter(|cell| cell.date == first).collect();
    ensure(!of_date.is_empty(), || format!("{first} is not told"))?;
    Ok(of_date)
}

async fn prices_survive(trial: Arc<Trial>) -> Outcome {
    for minor in [0, 1, 19_999, 9_007_199_254_740_993] {
        let cost = Money::fen(minor);
        let told = offered(&trial, true, cost, 5, None).await?[0].cost;
        ensure(told == Some(cost), || format!("{cost} is told as {told:?}"))?;
    }
    Ok(())
}

async fn vacancies_survive(trial: Arc<Trial>) -> Outcome {
    for units in [0, 1, 70_000] {
        let told = offered(&trial, true, Money::fen(1), units, None).await?[0].vacancies;
        ensure(told == Vacancies::Limited { units }, || format!("{units} left are told as {told:?}"))?;
    }
    Ok(())
}

async fn closed_dates_are_closed(trial: Arc<Trial>) -> Outcome {
    let told = offered(&trial, false, Money::fen(1), 5, None).await?[0].open;
    ensure(!told, || "a closed date is told as open".to_owned())
}

async fn calendar_slots_are_told(trial: Arc<Trial>) -> Outcome {
    const SLOT: &str = "09:00-10:30";
    let told = offered(&trial, true, Money::fen(1), 5, Some(SLOT)).await?;
    let there = told.iter().any(|cell| cell.slot.as_ref().is_some_and(|slot| slot.id == SLOT));
    ensure(there, || format!("the slot {SLOT} is told as {:?}", told[0].slot))
}

async fn calendar_of_a_stranger_sells_nothing(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    match stand.calendar("no-such-product-4711", range(&trial)?, None).await {
        Err(_) => Ok(()),
        Ok(page) => {
            let open = page.cells.iter().find(|cell| cell.open);
            ensure(open.is_none(), || format!("nobody sells it, and {:?} is open", open.map(|cell| cell.date)))
        }
    }
}

async fn lost_calendar_page_is_no_page(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.lose_answers(true);
    let product = trial.supplier_side()?.of_calendar();
    failed("a page whose answer was lost", stand.calendar(product, range(&trial)?, None).await).map(|_| ())
}
