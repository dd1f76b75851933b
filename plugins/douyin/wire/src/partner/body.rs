//! Reading bodies. A fault names the field and never repeats what stood in it.

use entrepot_sdk::contract::ids::ID_LIMIT_BYTES;
use entrepot_sdk::prelude::*;
use serde::de::DeserializeOwned;

use crate::number::{Fen, Id, Int};
use crate::time::{TimeFault, UnixMillis, milliseconds, nanoseconds, seconds};

/// Reads a body. The fault says where, and for JSON that is none at which place; parser texts quote values, so they
/// are left out.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Fault::invalid("the body is no JSON object"));
    }
    let reader = &mut serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut *reader).map_err(|fault| {
        let (path, inner) = (fault.path().to_string(), fault.inner());
        Fault::invalid(match inner.classify() {
            serde_json::error::Category::Data if path == "." => {
                "the body lacks a required field, or one of them is of the wrong kind".to_owned()
            }
            serde_json::error::Category::Data => {
                format!("{path}: missing, or not a value this field can have")
            }
            _ => not_json(inner),
        })
    })?;
    reader.end().map_err(|fault| Fault::invalid(not_json(&fault)))?;
    Ok(value)
}

fn not_json(fault: &serde_json::Error) -> String {
    let (line, column) = (fault.line(), fault.column());
    format!("the body is not JSON at line {line} column {column}")
}

/// A field of the body cannot be meant.
#[must_use]
pub fn wrong(field: &str, why: &str) -> Fault {
    Fault::invalid(format!("{field}: {why}"))
}

/// A required field.
pub fn need<T>(field: &str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| wrong(field, "missing"))
}

/// Douyin's order id.
pub fn order_id(field: &str, id: &Id) -> Result<ChannelOrderId, Fault> {
    ChannelOrderId::parse(id.as_str()).map_err(|_| wrong(field, "not an id"))
}

/// An id as text, of bounded length and without control characters.
pub fn text_id(field: &str, id: Option<&Id>) -> Result<Option<String>, Fault> {
    match id.map(Id::as_str) {
        Some(text) if !plausible(text) => Err(wrong(field, "not an id")),
        found => Ok(found.map(str::to_owned)),
    }
}

/// Whether a text can be an id.
#[must_use]
pub fn plausible(text: &str) -> bool {
    !text.is_empty() && text.len() <= ID_LIMIT_BYTES && !text.chars().any(char::is_control)
}

/// A number of copies: at least one.
pub fn copies(field: &str, Int(count): Int) -> Result<u32, Fault> {
    u32::try_from(count).ok().filter(|count| *count > 0).ok_or_else(|| wrong(field, "not a number of copies"))
}

/// A field of seconds since 1970. Common §10, `documented`. The unit belongs to the field and is never guessed.
pub fn instant_s(field: &str, value: Int) -> Result<Timestamp, Fault> {
    instant(field, seconds(value))
}

/// A field of milliseconds since 1970. Common §10, `documented`.
pub fn instant_ms(field: &str, value: Int) -> Result<Timestamp, Fault> {
    instant(field, milliseconds(value))
}

/// A field of nanoseconds since 1970; parts of a millisecond are dropped. Common §10, `documented`.
pub fn instant_ns(field: &str, value: Int) -> Result<Timestamp, Fault> {
    instant(field, nanoseconds(value))
}

fn instant(field: &str, read: Result<UnixMillis, TimeFault>) -> Result<Timestamp, Fault> {
    let instant = read.map_err(|_| wrong(field, "not a time of 2015 to 2100"))?;
    Ok(Timestamp::from_millis(instant.get()))
}

/// An amount of yuan. Common §10, `documented`.
#[must_use]
pub fn yuan(fen: Fen) -> Money {
    Money::fen(fen.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fields_unit_is_not_guessed() {
        let at = Timestamp::from_millis(1_790_000_000_000);
        assert_eq!(instant_s("t", Int(1_790_000_000)), Ok(at));
        assert_eq!(instant_ms("t", Int(1_790_000_000_000)), Ok(at));
        assert_eq!(instant_ns("t", Int(1_790_000_000_000_999_999)), Ok(at));
        for wrong in [
            instant_s("t", Int(1_790_000_000_000)),
            instant_ms("t", Int(1_790_000_000)),
            instant_ns("t", Int(1_790_000_000)),
        ] {
            assert_eq!(wrong.map_err(|fault| fault.text), Err("t: not a time of 2015 to 2100".to_owned()));
        }
    }
}
