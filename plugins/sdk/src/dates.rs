//! Dates and times as partners write them: local ones of a zone with a fixed distance to UTC. Instants stay UTC.
//!
//! ```
//! use entrepot_sdk::dates::Zone;
//! let at = Zone::CHINA.instant("paid_at", "2026-03-05 09:12:44").unwrap();
//! assert_eq!(at.to_string(), "2026-03-05T01:12:44.000Z");
//! assert_eq!(Zone::CHINA.text(at), "2026-03-05 09:12:44");
//! ```

use chrono::{Datelike, NaiveDateTime};
use entrepot_contract::fault::Fault;
use entrepot_contract::time::{Timestamp, VisitDate};

const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
/// How it is written, 0 for a digit: the parser alone would take spaces and signs, too.
const PATTERN: &[u8] = b"0000-00-00 00:00:00";
const MINUTE_MS: i64 = 60_000;
/// The zones of the earth are within 14 hours of UTC.
const AHEAD_LIMIT_MINUTES: i64 = 14 * 60;

/// A zone with a fixed distance to UTC. For a venue whose clocks change with the season, give the one of the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    ahead_ms: i64,
}

impl Zone {
    /// UTC itself.
    pub const UTC: Self = Self { ahead_ms: 0 };
    /// China time: eight hours ahead of UTC the whole year.
    pub const CHINA: Self = Self { ahead_ms: 8 * 60 * MINUTE_MS };

    /// So many minutes ahead of UTC, fewer than none behind it; `None` beyond 14 hours.
    #[must_use]
    pub fn minutes_ahead(minutes: i32) -> Option<Self> {
        let minutes = i64::from(minutes);
        (minutes.abs() <= AHEAD_LIMIT_MINUTES).then_some(Self { ahead_ms: minutes * MINUTE_MS })
    }

    /// An instant as `yyyy-MM-dd HH:mm:ss`; parts of a second are dropped.
    #[must_use]
    pub fn text(self, at: Timestamp) -> String {
        self.local(at).format(FORMAT).to_string()
    }

    /// The instant behind `yyyy-MM-dd HH:mm:ss`, exactly so written, between 2015 and 2100. Garbled otherwise; `what`
    /// names the field in the fault.
    pub fn instant(self, what: &str, text: &str) -> Result<Timestamp, Fault> {
        let written = text.len() == PATTERN.len()
            && text.bytes().zip(PATTERN).all(|(byte, pattern)| match pattern {
                b'0' => byte.is_ascii_digit(),
                separator => byte == *separator,
            });
        let local = NaiveDateTime::parse_from_str(text, FORMAT).ok().filter(|_| written);
        let local = local.filter(|local| (2015..=2100).contains(&local.year()));
        let local = local.ok_or_else(|| Fault::garbled(format!("{what} is no time written yyyy-MM-dd HH:mm:ss")))?;
        Ok(Timestamp::from_millis(local.and_utc().timestamp_millis()).plus_millis(-self.ahead_ms))
    }

    /// The date there at an instant; `None` outside 2015 to 2100.
    #[must_use]
    pub fn date(self, at: Timestamp) -> Option<VisitDate> {
        VisitDate::new(self.local(at).date())
    }

    fn local(self, at: Timestamp) -> NaiveDateTime {
        at.plus_millis(self.ahead_ms).to_utc().naive_utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_the_trip() {
        let at = Zone::CHINA.instant("at", "2026-03-05 09:12:44").unwrap();
        assert_eq!(at.to_utc().to_rfc3339(), "2026-03-05T01:12:44+00:00");
        assert_eq!(Zone::CHINA.text(at), "2026-03-05 09:12:44");
        assert_eq!(Zone::CHINA.text(at.plus_millis(999)), "2026-03-05 09:12:44");
        let newfoundland = Zone::minutes_ahead(-210).unwrap();
        assert_eq!(newfoundland.text(at), "2026-03-04 21:42:44");
        assert_eq!(newfoundland.instant("at", "2026-03-04 21:42:44").unwrap(), at);
    }

    #[test]
    fn the_date_is_the_one_over_there() {
        let at = Zone::UTC.instant("at", "2026-03-04 16:00:00").unwrap();
        assert_eq!(Zone::CHINA.date(at).unwrap().to_string(), "2026-03-05");
        assert_eq!(Zone::UTC.date(at).unwrap().to_string(), "2026-03-04");
        assert_eq!(Zone::UTC.date(Timestamp::from_millis(0)), None);
    }

    #[test]
    fn what_is_no_time_is_refused_without_being_repeated() {
        let bad = [
            "",
            "2026-03-05",
            "2026-03-05T09:12:44",
            "2026-3-5 9:12:44",
            "2026-02-30 00:00:00",
            "2026-03-05 24:00:00",
            " 2026-03-05 09:12:44",
            "2026-03-05 09:12:44 ",
            "1999-03-05 09:12:44",
            "+2026-03-05 9:12:44",
            "2026-03-05 09:12:4x",
        ];
        for given in bad {
            let fault = Zone::CHINA.instant("at", given).unwrap_err();
            assert_eq!(fault.text, "at is no time written yyyy-MM-dd HH:mm:ss", "{given}");
        }
        assert!(Zone::minutes_ahead(841).is_none());
    }
}
