//! Reading bodies. A fault names the field and never repeats what stood in it.

use douyin_wire::number::{Fen, Id, Int};
use douyin_wire::time::seconds;
use entrepot_sdk::contract::ids::ID_LIMIT_BYTES;
use entrepot_sdk::prelude::*;
use serde::de::DeserializeOwned;

/// Reads a body. The fault says where, and for JSON that is none at which place; parser texts quote values, so they
/// are left out.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
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
pub(crate) fn wrong(field: &str, why: &str) -> Fault {
    Fault::invalid(format!("{field}: {why}"))
}

/// A required field.
pub(crate) fn need<T>(field: &str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| wrong(field, "missing"))
}

/// Douyin's order id.
pub(crate) fn order_id(field: &str, id: &Id) -> Result<ChannelOrderId, Fault> {
    ChannelOrderId::parse(id.as_str()).map_err(|_| wrong(field, "not an id"))
}

/// An id as text, of bounded length and without control characters.
pub(crate) fn text_id(field: &str, id: Option<&Id>) -> Result<Option<String>, Fault> {
    match id.map(Id::as_str) {
        Some(text) if !plausible(text) => Err(wrong(field, "not an id")),
        found => Ok(found.map(str::to_owned)),
    }
}

/// Whether a text can be an id.
pub(crate) fn plausible(text: &str) -> bool {
    !text.is_empty() && text.len() <= ID_LIMIT_BYTES && !text.chars().any(char::is_control)
}

/// A number of copies: at least one.
pub(crate) fn copies(field: &str, Int(count): Int) -> Result<u32, Fault> {
    u32::try_from(count).ok().filter(|count| *count > 0).ok_or_else(|| wrong(field, "not a number of copies"))
}

/// A field of seconds since 1970. Common §10, `documented`.
pub(crate) fn instant(field: &str, value: Int) -> Result<Timestamp, Fault> {
    let instant = seconds(value).map_err(|_| wrong(field, "not a time of 2015 to 2100"))?;
    Ok(Timestamp::from_millis(instant.get()))
}

/// An amount of yuan. Common §10, `documented`.
pub(crate) fn yuan(fen: Fen) -> Money {
    Money::fen(fen.get())
}
