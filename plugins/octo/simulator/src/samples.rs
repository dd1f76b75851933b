//! A made-up catalogue that reaches every branch of the page: both availability types, both methods of delivery, both
//! ways of pricing, free sale, late confirmation, a name list instead of tickets, an option that is always sold out.

use chrono::NaiveTime;

use crate::catalogue::{
    AvailabilityType, Cutoff, DeliveryMethod, Price, PricingPer, Product, ProductOption, Schedule, Tax, Unit,
};

/// OPENING_HOURS, a TICKET for each unit item, priced by unit in CNY and USD.
pub const MUSEUM: &str = "museum";
/// The only option of [`MUSEUM`]: at most six units, cancellable until a day before.
pub const MUSEUM_DAY: &str = "museum-day";
/// START_TIME, one VOUCHER for the booking.
pub const BOAT: &str = "boat";
/// Departures of [`BOAT`] at 09:00 and 14:00 with ten places; a full name is asked for.
pub const BOAT_DAY: &str = "boat-day";
/// The departure of [`BOAT`] at 18:00, always sold out.
pub const BOAT_SUNSET: &str = "boat-sunset";
/// START_TIME, priced by booking, confirmed by hand (PENDING), voucher and tickets.
pub const CHARTER: &str = "charter";
/// The only option of [`CHARTER`].
pub const CHARTER_DAY: &str = "charter-day";
/// FREESALE without a date; a ticket of code and link.
pub const PASS: &str = "pass";
/// The only option of [`PASS`].
pub const PASS_ANY: &str = "pass-any";
/// A walk with a name list: MANIFEST, no tickets.
pub const WALK: &str = "walk";
/// The only option of [`WALK`].
pub const WALK_DAY: &str = "walk-day";

/// The catalogue.
#[must_use]
pub fn catalogue() -> Vec<Product> {
    vec![museum(), boat(), charter(), pass(), walk()]
}

fn at(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
}

fn price(currency: &str, retail: i64) -> Price {
    let (original, net) = (retail + retail / 10, retail * 4 / 5);
    let tax = Tax { name: "VAT".to_owned(), original: original / 20, retail: retail / 20, net: Some(net / 20) };
    Price { currency: currency.to_owned(), precision: 2, original, retail, net: Some(net), taxes: vec![tax] }
}

fn prices(cny: i64) -> Vec<Price> {
    vec![price("CNY", cny), price("USD", cny / 7)]
}

fn unit(id: &str, kind: &'static str, ages: (u8, u8), cny: i64) -> Unit {
    Unit {
        id: id.to_owned(),
        internal_name: id.to_owned(),
        reference: Some(format!("REF-{id}")),
        kind,
        required_contact_fields: Vec::new(),
        ages,
        id_required: false,
        min_quantity: None,
        max_quantity: None,
        pax_count: 1,
        accompanied_by: Vec::new(),
        prices: prices(cny),
    }
}

fn option(id: &str, schedule: Schedule, units: Vec<Unit>) -> ProductOption {
    ProductOption {
        id: id.to_owned(),
        internal_name: id.to_owned(),
        reference: None,
        default: true,
        schedule,
        cutoff: Cutoff::Days(1),
        required_contact_fields: Vec::new(),
        min_units: None,
        max_units: None,
        units,
        prices: Vec::new(),
    }
}

fn product(id: &str, availability_type: AvailabilityType, options: Vec<ProductOption>) -> Product {
    Product {
        id: id.to_owned(),
        internal_name: id.to_owned(),
        reference: None,
        locale: "en",
        time_zone: "Asia/Shanghai",
        utc_offset_minutes: 480,
        allow_freesale: false,
        instant_confirmation: true,
        instant_delivery: true,
        availability_required: true,
        availability_type,
        delivery_formats: vec!["QRCODE"],
        delivery_methods: vec![DeliveryMethod::Ticket],
        redemption_method: "DIGITAL",
        pricing_per: PricingPer::Unit,
        default_currency: "CNY".to_owned(),
        available_currencies: vec!["CNY".to_owned(), "USD".to_owned()],
        options,
    }
}

fn departures(times: &[NaiveTime], capacity: u32) -> Schedule {
    Schedule {
        start_times: times.to_vec(),
        minutes: 120,
        opening_hours: Vec::new(),
        capacity: Some(capacity),
        booking_cutoff_minutes: 60,
    }
}

fn hours(from: NaiveTime, to: NaiveTime, capacity: Option<u32>) -> Schedule {
    let opening_hours = vec![(from, to)];
    Schedule { start_times: Vec::new(), minutes: 0, opening_hours, capacity, booking_cutoff_minutes: 30 }
}

fn museum() -> Product {
    let child = Unit { accompanied_by: vec!["adult".to_owned()], ..unit("child", "CHILD", (6, 17), 6_000) };
    let senior = Unit { id_required: true, max_quantity: Some(2), ..unit("senior", "SENIOR", (60, 99), 8_000) };
    let units = vec![unit("adult", "ADULT", (18, 59), 12_000), child, senior];
    let day = option(MUSEUM_DAY, hours(at(9, 0), at(17, 30), Some(200)), units);
    product(MUSEUM, AvailabilityType::OpeningHours, vec![ProductOption { max_units: Some(6), ..day }])
}

fn boat() -> Product {
    let units = || vec![unit("adult", "ADULT", (18, 99), 20_000), unit("youth", "YOUTH", (12, 17), 15_000)];
    let day = ProductOption {
        cutoff: Cutoff::Hours(48),
        required_contact_fields: vec!["fullName"],
        ..option(BOAT_DAY, departures(&[at(9, 0), at(14, 0)], 10), units())
    };
    let sunset = ProductOption { default: false, ..option(BOAT_SUNSET, departures(&[at(18, 0)], 0), units()) };
    Product {
        delivery_methods: vec![DeliveryMethod::Voucher],
        delivery_formats: vec!["QRCODE", "PDF_URL"],
        ..product(BOAT, AvailabilityType::StartTime, vec![day, sunset])
    }
}

fn charter() -> Product {
    let family = Unit { pax_count: 4, ..unit("family", "FAMILY", (0, 99), 0) };
    let guest = Unit { required_contact_fields: vec!["firstName", "lastName"], ..unit("guest", "OTHER", (0, 99), 0) };
    let day = ProductOption {
        min_units: Some(2),
        max_units: Some(8),
        prices: prices(300_000),
        ..option(CHARTER_DAY, departures(&[at(10, 30)], 8), vec![guest, family])
    };
    Product {
        instant_confirmation: false,
        instant_delivery: false,
        delivery_methods: vec![DeliveryMethod::Voucher, DeliveryMethod::Ticket],
        pricing_per: PricingPer::Booking,
        ..product(CHARTER, AvailabilityType::StartTime, vec![day])
    }
}

fn pass() -> Product {
    let units = vec![unit("adult", "ADULT", (18, 99), 30_000)];
    let any =
        ProductOption { cutoff: Cutoff::Minutes(0), ..option(PASS_ANY, hours(at(0, 0), at(23, 59), None), units) };
    Product {
        allow_freesale: true,
        availability_required: false,
        delivery_formats: vec!["CODE128", "PKPASS_URL"],
        ..product(PASS, AvailabilityType::OpeningHours, vec![any])
    }
}

fn walk() -> Product {
    let units = vec![unit("adult", "ADULT", (18, 99), 4_000)];
    Product {
        delivery_methods: Vec::new(),
        delivery_formats: Vec::new(),
        redemption_method: "MANIFEST",
        ..product(WALK, AvailabilityType::StartTime, vec![option(WALK_DAY, departures(&[at(8, 0)], 15), units)])
    }
}
