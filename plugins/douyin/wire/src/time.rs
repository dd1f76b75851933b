//! Instants and days. Three units exist on the wire, so the *field* decides which reader is used, never a guess.
//!
//! Common spec §10, `documented` (units, years 2015…2100); the zone of days is China Standard Time, `inferred`.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde::{Serialize, Serializer};

use crate::number::Int;

/// First accepted instant: 2015-01-01T00:00:00Z, in milliseconds of the Unix epoch.
const FIRST_MS: i64 = 1_420_070_400_000;
/// First instant no longer accepted: 2101-01-01T00:00:00Z, in milliseconds of the Unix epoch.
const END_MS: i64 = 4_133_980_800_000;

/// The unit of a time field. Common spec §10, `documented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `*_unix`, verify_time, msg_time, extra.now, start and expire time of the scenic issue call.
    Seconds,
    /// SPI query `timestamp`; apply and audit time of the refund information call.
    Milliseconds,
    /// Start and expire time of the group ticket V2 issue call.
    Nanoseconds,
}

/// An instant within the years 2015 to 2100, in milliseconds of the Unix epoch (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// An instant from milliseconds of the Unix epoch; refused outside 2015…2100.
    pub fn new(milliseconds: i64) -> Result<Self, TimeFault> {
        milliseconds_from(milliseconds, Unit::Milliseconds)
    }

    /// Milliseconds of the Unix epoch.
    pub fn get(self) -> i64 {
        self.0
    }

    /// Seconds of the Unix epoch, rounded down: what verify_time and its like want.
    pub fn to_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// A time or day that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeFault {
    /// The number, read in the field's unit, is outside the years 2015 to 2100.
    #[error("time {value} read as {unit:?} is outside 2015 to 2100")]
    OutOfRange {
        /// The number as received.
        value: i64,
        /// The unit of its field.
        unit: Unit,
    },
    /// Not `yyyy-MM-dd`, not a day of the calendar, or outside the years 2015 to 2100.
    #[error("not a day of 2015 to 2100 written yyyy-MM-dd")]
    NotADay,
}

/// Reads a field of seconds. Common spec §10, `documented`.
pub fn seconds(value: Int) -> Result<UnixMillis, TimeFault> {
    milliseconds_from(value.0, Unit::Seconds)
}

/// Reads a field of milliseconds. Common spec §10, `documented`.
pub fn milliseconds(value: Int) -> Result<UnixMillis, TimeFault> {
    milliseconds_from(value.0, Unit::Milliseconds)
}

/// Reads a field of nanoseconds; parts of a millisecond are dropped. Common spec §10, `documented`.
pub fn nanoseconds(value: Int) -> Result<UnixMillis, TimeFault> {
    milliseconds_from(value.0, Unit::Nanoseconds)
}

fn milliseconds_from(value: i64, unit: Unit) -> Result<UnixMillis, TimeFault> {
    let converted = match unit {
        Unit::Seconds => value.checked_mul(1000),
        Unit::Milliseconds => Some(value),
        Unit::Nanoseconds => Some(value.div_euclid(1_000_000)),
    };
    converted.filter(|ms| (FIRST_MS..END_MS).contains(ms)).map(UnixMillis).ok_or(TimeFault::OutOfRange { value, unit })
}

/// A day of the calendar, written `yyyy-MM-dd`, within 2015 to 2100. Common spec §10, `documented` (zone China
/// Standard Time, `inferred`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(NaiveDate);

impl Day {
    /// Reads `yyyy-MM-dd`: exactly ten characters, real days only.
    pub fn parse(text: &str) -> Result<Self, TimeFault> {
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shape {
            return Err(TimeFault::NotADay);
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(Self::from_date).ok_or(TimeFault::NotADay)
    }

    /// A day from a calendar date; `None` outside 2015 to 2100.
    pub fn from_date(date: NaiveDate) -> Option<Self> {
        (2015..=2100).contains(&date.year()).then_some(Self(date))
    }

    /// The calendar date.
    pub fn date(self) -> NaiveDate {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| {
            let quoted: String = text.chars().take(20).collect();
            D::Error::invalid_value(Unexpected::Str(&quoted), &"a day of 2015 to 2100 written yyyy-MM-dd")
        })
    }
}
