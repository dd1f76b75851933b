//! China time (UTC+8), in which the wire speaks.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

const CHINA_OFFSET_MS: i64 = 8 * 3_600_000;

/// The local time in China at a Unix instant; the epoch for what no calendar holds.
pub(crate) fn china(unix_ms: i64) -> NaiveDateTime {
    DateTime::from_timestamp_millis(unix_ms.saturating_add(CHINA_OFFSET_MS)).unwrap_or_default().naive_utc()
}

/// `yyyy-MM-dd HH:mm:ss` in China.
pub(crate) fn stamp(unix_ms: i64) -> String {
    china(unix_ms).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A date as the wire writes it; `None` for anything else.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.to_string() == text)
}

/// Whether this is a `requestTime`: working clients send a date or date and time (§2).
pub(crate) fn is_request_time(text: &str) -> bool {
    date(text).is_some() || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_eight_hours_early() {
        assert_eq!(stamp(1_772_328_600_000), "2026-03-01 09:30:00");
        assert_eq!(stamp(1_772_294_400_000), "2026-03-01 00:00:00");
    }

    #[test]
    fn only_full_dates_are_dates() {
        assert!(date("2026-03-05").is_some());
        for text in ["2026-3-5", "2026-02-30", "2026-03-05 00:00:00", ""] {
            assert_eq!(date(text), None, "{text}");
        }
        for (text, taken) in [("2026-03-05", true), ("2026-03-05 09:30:00", true), ("2026-03-05T09:30:00", false)] {
            assert_eq!(is_request_time(text), taken, "{text}");
        }
    }
}
