//! Dates and times as the gateway writes them: China time, eight hours before UTC the whole year.

use chrono::NaiveDateTime;
use entrepot_sdk::prelude::*;

const AHEAD_MS: i64 = 8 * 3_600_000;
const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// `yyyy-MM-dd HH:mm:ss`.
pub(crate) fn text(at: Timestamp) -> String {
    at.plus_millis(AHEAD_MS).to_utc().format(FORMAT).to_string()
}

/// The instant behind such a text.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let local = NaiveDateTime::parse_from_str(text.trim(), FORMAT).ok()?;
    Some(Timestamp::from_millis(local.and_utc().timestamp_millis()).plus_millis(-AHEAD_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_the_trip() {
        let at = instant("2026-03-05 09:12:44").unwrap();
        assert_eq!(at.to_utc().to_rfc3339(), "2026-03-05T01:12:44+00:00");
        assert_eq!(text(at), "2026-03-05 09:12:44");
        assert_eq!(instant(""), None);
    }
}
