//! What is sold (§2 `GET /products`) and what it costs by day or slot (§2 `POST /availability/calendar`, `POST
//! /availability`).

use std::collections::BTreeMap;

use entrepot_sdk::contract::reading::{
    CELLS_LIMIT, CalendarPage, CataloguePage, GOODS_LIMIT, Slot, SupplierCell, SupplierGood, Vacancies,
};
use entrepot_sdk::prelude::*;
use serde_json::{Value, json};

use crate::OctoSupplier;
use crate::exchange::wrong;
use crate::price::Price;
use crate::product_code::ProductCode;
use crate::wire::{
    Availability, AvailabilityStatus, AvailabilityType, CalendarDay, Product, ProductOption, Supplier, Unit,
};

/// Most dates of one question for a calendar.
pub(crate) const DAYS_LIMIT: u16 = 92;

/// Dates of one page of a product with slots: even one every half hour fits into a page.
const DAYS_OF_SLOTS: u32 = 14;

impl OctoSupplier {
    /// One good for each product, option and unit type, in the order of their codes. A page is named by the last code
    /// before it.
    pub(crate) async fn goods(&self, call: &Call<()>, page: Option<String>) -> Result<CataloguePage, Fault> {
        if page.is_none() {
            self.greet(call).await?;
        }
        let products = match self.get::<Vec<Product>>(call, "products", "/products").await? {
            Ok(products) => products,
            Err(no) => return Err(no.fault("products")),
        };
        let mut goods = BTreeMap::new();
        for product in &products {
            check_product("products", product)?;
            for option in &product.options {
                for unit in &option.units {
                    let good = good(product, option, unit);
                    if goods.insert(good.product_code.clone(), good).is_some() {
                        return Err(wrong("products", "id", "each product, option and unit once"));
                    }
                }
            }
        }
        if page.as_ref().is_some_and(|page| !goods.contains_key(page)) {
            return Err(Fault::invalid("products: no good bears the name of this page; read from the beginning"));
        }
        let mut rest = goods.into_values().filter(|good| page.as_ref().is_none_or(|page| good.product_code > *page));
        let goods: Vec<SupplierGood> = rest.by_ref().take(GOODS_LIMIT).collect();
        let next = rest.next().and(goods.last()).map(|last| last.product_code.clone());
        Ok(CataloguePage { goods, next })
    }

    /// Asks who is there (§2 `GET /supplier`), so that a wrong address is seen before anything is sold.
    async fn greet(&self, call: &Call<()>) -> Result<(), Fault> {
        let supplier = match self.get::<Supplier>(call, "supplier", "/supplier").await? {
            Ok(supplier) => supplier,
            Err(no) => return Err(no.fault("supplier")),
        };
        if supplier.id.is_empty() || supplier.name.is_empty() {
            return Err(wrong("supplier", "id and name", "texts"));
        }
        if supplier.endpoint.trim_end_matches('/') != self.base_url {
            call.log(LogLevel::Warn, "the supplier names another endpoint than the connection's base_url");
        }
        Ok(())
    }

    /// Prices and stock from the first to the last date. A product with slots is read in pages, each named by its first
    /// date.
    pub(crate) async fn cells(
        &self,
        call: &Call<()>,
        product_code: &str,
        (first, last): (VisitDate, VisitDate),
        page: Option<String>,
    ) -> Result<CalendarPage, Fault> {
        let code = ProductCode::parse(product_code)?;
        let first = match page {
            Some(page) => page.parse().map_err(|_| Fault::invalid("the page is named by a date"))?,
            None => first,
        };
        if first > last {
            return Err(Fault::invalid("the page begins behind the last date"));
        }
        let product = self.product(call, &code).await?;
        if product.availability_type == AvailabilityType::OpeningHours {
            return Ok(CalendarPage { cells: self.days(call, &code, (first, last)).await?, next: None });
        }
        let end = first.plus_days(DAYS_OF_SLOTS - 1).map_or(last, |end| end.min(last));
        let cells = self.slots(call, &code, (first, end)).await?;
        let next = (end < last).then(|| end.plus_days(1)).flatten().map(|next| next.to_string());
        Ok(CalendarPage { cells, next })
    }

    async fn product(&self, call: &Call<()>, code: &ProductCode) -> Result<Product, Fault> {
        let path = format!("/products/{}", http::segment(&code.product));
        let product = match self.get::<Product>(call, "product", &path).await? {
            Ok(product) => product,
            Err(no) => return Err(no.fault("product")),
        };
        check_product("product", &product)?;
        if product.id != code.product {
            return Err(wrong("product", "id", "the one asked about"));
        }
        let option = product.options.iter().find(|option| option.id == code.option);
        let sold = option.is_some_and(|option| option.units.iter().any(|unit| unit.id == code.unit));
        let unknown = || Fault::not_done(FaultKind::NotFound, format!("product: {code} has no such option or unit"));
        sold.then_some(product).ok_or_else(unknown)
    }

    fn question(&self, code: &ProductCode, (first, last): (VisitDate, VisitDate)) -> Value {
        let mut body = json!({
            "productId": code.product, "optionId": code.option, "localDateStart": first, "localDateEnd": last,
            "units": [{"id": code.unit, "quantity": 1}],
        });
        self.add_currency(&mut body);
        body
    }

    /// One cell a day.
    async fn days(
        &self,
        call: &Call<()>,
        code: &ProductCode,
        dates: (VisitDate, VisitDate),
    ) -> Result<Vec<SupplierCell>, Fault> {
        const API: &str = "calendar";
        let body = self.question(code, dates);
        let days = match self.post::<Vec<CalendarDay>>(call, API, "/availability/calendar", &body).await? {
            Ok(days) => days,
            Err(no) => return Err(no.fault(API)),
        };
        let mut cells: BTreeMap<VisitDate, SupplierCell> = BTreeMap::new();
        for (at, day) in days.iter().enumerate() {
            let date = within(API, &format!("[{at}].localDate"), Some(day.local_date.0), dates)?;
            agreeing(API, at, day.available, day.status)?;
            let price = day.prices().of(API, &code.unit, &self.settings)?;
            let cell = cell(date, day.available, vacancies(day.status, day.vacancies), price);
            if cells.insert(date, cell).is_some() {
                return Err(wrong(API, &format!("[{at}].localDate"), "each date once"));
            }
        }
        Ok(cells.into_values().collect())
    }

    /// One cell a slot.
    async fn slots(
        &self,
        call: &Call<()>,
        code: &ProductCode,
        dates: (VisitDate, VisitDate),
    ) -> Result<Vec<SupplierCell>, Fault> {
        const API: &str = "availability";
        let body = self.question(code, dates);
        let slots = match self.post::<Vec<Availability>>(call, API, "/availability", &body).await? {
            Ok(slots) => slots,
            Err(no) => return Err(no.fault(API)),
        };
        if slots.len() > CELLS_LIMIT {
            return Err(wrong(API, "the list", &format!("at most {CELLS_LIMIT} slots")));
        }
        let mut cells = BTreeMap::new();
        for (at, slot) in slots.iter().enumerate() {
            let (start, end) = (slot.local_date_time_start, slot.local_date_time_end);
            let date = within(API, &format!("[{at}].localDateTimeStart"), start.date(), dates)?;
            agreeing(API, at, slot.available, slot.status)?;
            if end.instant() < start.instant() {
                return Err(wrong(API, &format!("[{at}].localDateTimeEnd"), "a time behind its start"));
            }
            let price = slot.prices().of(API, &code.unit, &self.settings)?;
            let mut cell = cell(date, slot.available, vacancies(slot.status, slot.vacancies), price);
            cell.slot = Some(Slot { id: slot.id.clone(), starts: start.time(), ends: end.time() });
            cell.cutoff = Some(slot.utc_cutoff_at.0);
            // By its start, then by its id: an id may come once only (§3).
            if slot.id.is_empty() || slots[..at].iter().any(|before| before.id == slot.id) {
                return Err(wrong(API, &format!("[{at}].id"), "an id of its own"));
            }
            cells.insert((start.instant(), slot.id.clone()), cell);
        }
        Ok(cells.into_values().collect())
    }
}

fn check_product(api: &str, product: &Product) -> Result<(), Fault> {
    let missing = |field: &str| Err(wrong(api, field, "at least one, each with an id"));
    if product.id.is_empty() || product.options.is_empty() {
        return missing("options");
    }
    for option in &product.options {
        if option.id.is_empty() || option.units.is_empty() || option.units.iter().any(|unit| unit.id.is_empty()) {
            return missing("options.units");
        }
    }
    Ok(())
}

fn good(product: &Product, option: &ProductOption, unit: &Unit) -> SupplierGood {
    let ids = (product.id.clone(), option.id.clone(), unit.id.clone());
    let code = ProductCode { product: ids.0, option: ids.1, unit: ids.2 };
    let least = option.restrictions.min_units.max(unit.restrictions.min_quantity);
    let most = [option.restrictions.max_units, unit.restrictions.max_quantity].into_iter().flatten().min();
    SupplierGood {
        product_code: code.to_string(),
        name: format!("{} / {} / {}", product.internal_name, option.internal_name, unit.internal_name),
        dated: product.availability_required,
        slotted: product.availability_required && product.availability_type == AvailabilityType::StartTime,
        minimum_units: least,
        maximum_units: most,
        time_zone: product.time_zone.clone(),
    }
}

fn cell(date: VisitDate, open: bool, vacancies: Vacancies, price: Option<Price>) -> SupplierCell {
    SupplierCell { date, slot: None, open, vacancies, cost: price.and_then(|price| price.net), cutoff: None }
}

/// `vacancies` is null for free sale (§3); otherwise a null says nothing.
fn vacancies(status: AvailabilityStatus, told: Option<u32>) -> Vacancies {
    match (status, told) {
        (_, Some(units)) => Vacancies::Limited { units },
        (AvailabilityStatus::Freesale, None) => Vacancies::Unlimited,
        (_, None) => Vacancies::Unknown,
    }
}

fn agreeing(api: &str, at: usize, available: bool, status: AvailabilityStatus) -> Result<(), Fault> {
    if available == status.available() {
        Ok(())
    } else {
        Err(wrong(api, &format!("[{at}].available"), "what status says"))
    }
}

fn within(
    api: &str,
    field: &str,
    date: Option<VisitDate>,
    (first, last): (VisitDate, VisitDate),
) -> Result<VisitDate, Fault> {
    let date = date.filter(|date| (first..=last).contains(date));
    date.ok_or_else(|| wrong(api, field, "a date that was asked about"))
}
