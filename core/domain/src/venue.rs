//! Venue-local dates and the instants they stand for.

use chrono::{LocalResult, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use entrepot_contract::calendar::SalesClose;
use entrepot_contract::order::Visit;
use entrepot_contract::product::Validity;
use entrepot_contract::time::{Timestamp, VisitDate};

use crate::planted::{self, Bug};

/// A zone by its IANA name; `None` when nobody knows it.
#[must_use]
pub fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The instant of a local time at the venue. A local time that a clock change skips means the instant after the gap,
/// one that it repeats means the first.
#[must_use]
pub fn instant(zone: Tz, date: NaiveDate, minute_of_day: u16) -> Timestamp {
    let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute_of_day).min(1439) * 60, 0)
        .unwrap_or(NaiveTime::MIN);
    let local = date.and_time(time);
    let utc = match zone.from_local_datetime(&local) {
        LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found.timestamp_millis(),
        LocalResult::None => {
            let later = local + chrono::TimeDelta::hours(1);
            zone.from_local_datetime(&later).earliest().map_or(0, |found| found.timestamp_millis())
        }
    };
    Timestamp::from_millis(utc)
}

/// Today at the venue.
#[must_use]
pub fn today(zone: Tz, now: Timestamp) -> Option<VisitDate> {
    VisitDate::new(now.to_utc().with_timezone(&zone).date_naive())
}

/// The instant at which sales for a date end.
#[must_use]
pub fn sales_end(zone: Tz, date: VisitDate, close: Option<SalesClose>) -> Timestamp {
    let Some(close) = close else {
        return start_of(zone, date).plus_millis(24 * 3_600_000);
    };
    let day = date.date().checked_sub_days(chrono::Days::new(u64::from(close.days_before))).unwrap_or(date.date());
    instant(zone, day, close.minute_of_day)
}

/// 00:00 at the venue of a date.
#[must_use]
pub fn start_of(zone: Tz, date: VisitDate) -> Timestamp {
    instant(zone, date.date(), 0)
}

/// First and last date on which something sold can be used.
#[must_use]
pub fn usable(validity: Validity, visit: Option<&Visit>) -> Option<(VisitDate, VisitDate)> {
    match (validity, visit) {
        (Validity::Window { from, to }, _) => Some((from, to)),
        (Validity::VisitDay, Some(visit)) => Some((visit.arrive, visit.leave)),
        (Validity::DaysAfterVisit { days }, Some(visit)) => {
            let days = u32::from(days) + u32::from(planted::is(Bug::OneDayMore));
            Some((visit.arrive, visit.arrive.plus_days(days).unwrap_or(visit.arrive)))
        }
        (_, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_offs_are_read_at_the_venue() {
        let zone = zone("Asia/Shanghai").unwrap();
        let date: VisitDate = "2026-10-01".parse().unwrap();
        let close = SalesClose { days_before: 1, minute_of_day: 18 * 60 };
        assert_eq!(sales_end(zone, date, Some(close)).to_string(), "2026-09-30T10:00:00.000Z");
        assert_eq!(sales_end(zone, date, None).to_string(), "2026-10-01T16:00:00.000Z");
        let late = "2026-09-30T17:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!(today(zone, Timestamp::from_millis(late.timestamp_millis())), Some(date));
    }

    #[test]
    fn validity_of_several_days_counts_from_the_visit() {
        let day = |text: &str| text.parse::<VisitDate>().unwrap();
        let visit = Visit { arrive: day("2024-06-26"), leave: day("2024-06-26") };
        let range = usable(Validity::DaysAfterVisit { days: 2 }, Some(&visit));
        assert_eq!(range, Some((day("2024-06-26"), day("2024-06-28"))));
    }
}
