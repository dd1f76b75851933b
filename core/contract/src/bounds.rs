//! How long texts and lists of a plugin's answers may be. A host believes no longer one: what a partner sends ends up in
//! rows, logs and messages to other partners, and each of those has to end somewhere. What the core says to a plugin is
//! bounded by its own rules.
//!
//! Ids have a limit of their own ([`crate::ids::ID_LIMIT_BYTES`]), and so has a memo; bodies of calls are bounded by the
//! message as a whole.

use std::fmt::Display;

use serde::ser::{self, Serialize};

/// The longest text that names something: names, keys, accounts, slots, traces.
pub const NAME_LIMIT_BYTES: usize = 512;
/// The longest text for people, the longest credential, page name or field of a guest, plain or sealed.
pub const TEXT_LIMIT_BYTES: usize = 4_096;
/// The longest credential that is an image, as base64.
pub const IMAGE_LIMIT_BYTES: usize = 1_500_000;
/// The longest list.
pub const LIST_LIMIT: usize = 10_000;

/// The longest list of prepared codes: one for each row of an import.
pub const ROWS_LIMIT: usize = 100_000;

/// Most units of one order of what admits so many people a unit: neither its units nor its guests are more than a list
/// may hold.
#[must_use]
pub fn units_limit(persons_per_unit: u16) -> u16 {
    let units = LIST_LIMIT / usize::from(persons_per_unit.max(1));
    u16::try_from(units).unwrap_or(u16::MAX)
}

/// Fields whose texts may be as long as [`TEXT_LIMIT_BYTES`]; all others are names.
const TEXTS: &[&str] = &[
    "challenge",
    "code",
    "content",
    "memo",
    "next",
    "page",
    "plain",
    "reason",
    "refused",
    "remark",
    "sealed",
    "text",
    "texts",
    "value",
];

/// A part that is too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} has {found} {of}, and may have {limit}")]
pub struct TooLong {
    /// Where in the message, by the names of its fields.
    pub place: String,
    /// How many there are.
    pub found: usize,
    /// Of what: bytes or entries.
    pub of: &'static str,
    /// How many there may be.
    pub limit: usize,
}

/// Looks through an answer. The first part that is too long is named, and nothing of it is repeated.
///
/// # Errors
/// What is too long.
pub fn check(message: &impl Serialize) -> Result<(), TooLong> {
    let mut walker = Walker { path: Vec::new(), is_image: false };
    message.serialize(&mut walker).map_err(|end| match end {
        End::TooLong(part) => part,
        // What cannot be said at all is found where it is written.
        End::Unsaid => {
            TooLong { place: "the answer".to_owned(), found: 1, of: "parts that cannot be written", limit: 0 }
        }
    })
}

/// As much of a text as may be said, in whole characters.
#[must_use]
pub fn cut(mut text: String, limit_bytes: usize) -> String {
    if text.len() > limit_bytes {
        let end = (0..=limit_bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    TooLong(TooLong),
    #[error("it cannot be said")]
    Unsaid,
}

impl ser::Error for End {
    fn custom<T: Display>(_: T) -> Self {
        Self::Unsaid
    }
}

/// Goes through a message as if it wrote it.
struct Walker {
    /// Names of the fields around what is looked at.
    path: Vec<&'static str>,
    /// Whether the credential that is looked at is an image: its kind stands before its value.
    is_image: bool,
}

impl Walker {
    fn within(&mut self, found: usize, limit: usize, of: &'static str) -> Result<(), End> {
        if found <= limit {
            return Ok(());
        }
        let place = if self.path.is_empty() { "the answer".to_owned() } else { self.path.join(".") };
        Err(End::TooLong(TooLong { place, found, of, limit }))
    }

    fn text(&mut self, text: &str) -> Result<(), End> {
        let field = self.path.last().copied().unwrap_or_default();
        let limit = match field {
            "value" if self.is_image => IMAGE_LIMIT_BYTES,
            field if TEXTS.contains(&field) => TEXT_LIMIT_BYTES,
            _ => NAME_LIMIT_BYTES,
        };
        self.within(text.len(), limit, "bytes")
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), End> {
        // A call's body is the partner's own, and bounded with the message.
        if name == "body" {
            return Ok(());
        }
        self.path.push(name);
        value.serialize(&mut *self)?;
        self.path.pop();
        Ok(())
    }

    fn list(&mut self, length: Option<usize>) -> Result<List<'_>, End> {
        let limit = if self.path.last() == Some(&"rows") { ROWS_LIMIT } else { LIST_LIMIT };
        self.within(length.unwrap_or(0), limit, "entries")?;
        Ok(List { walker: self, entries: 0, limit })
    }
}

/// A list, a table or a record under way.
struct List<'a> {
    walker: &'a mut Walker,
    entries: usize,
    limit: usize,
}

impl List<'_> {
    fn entry<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), End> {
        self.entries += 1;
        self.walker.within(self.entries, self.limit, "entries")?;
        value.serialize(&mut *self.walker)
    }
}

macro_rules! nothing_to_measure {
    ($($name:ident: $type:ty),*) => {
        $(fn $name(self, _: $type) -> Result<(), End> {
            Ok(())
        })*
    };
}

impl<'a> ser::Serializer for &'a mut Walker {
    type Ok = ();
    type Error = End;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = List<'a>;
    type SerializeStruct = List<'a>;
    type SerializeStructVariant = List<'a>;

    nothing_to_measure!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_unit_struct: &'static str
    );

    fn serialize_str(self, text: &str) -> Result<(), End> {
        self.text(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), End> {
        self.within(bytes.len(), TEXT_LIMIT_BYTES, "bytes")
    }

    fn serialize_none(self) -> Result<(), End> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), End> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), End> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), End> {
        if self.path.last() == Some(&"kind") {
            self.is_image = variant == "image";
        }
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), End> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), End> {
        self.field(variant, value)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List<'a>, End> {
        self.list(length)
    }

    fn serialize_tuple(self, length: usize) -> Result<List<'a>, End> {
        self.list(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List<'a>, End> {
        self.list(Some(length))
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, length: usize) -> Result<List<'a>, End> {
        self.list(Some(length))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<List<'a>, End> {
        self.list(length)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<List<'a>, End> {
        self.list(None)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<List<'a>, End> {
        self.list(None)
    }
}

macro_rules! entries {
    ($($trait:ident $method:ident),*) => {
        $(impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = End;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), End> {
                self.entry(value)
            }

            fn end(self) -> Result<(), End> {
                Ok(())
            }
        })*
    };
}

entries!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

impl ser::SerializeMap for List<'_> {
    type Ok = ();
    type Error = End;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), End> {
        self.entry(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), End> {
        value.serialize(&mut *self.walker)
    }

    fn end(self) -> Result<(), End> {
        Ok(())
    }
}

macro_rules! records {
    ($($trait:ident),*) => {
        $(impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = End;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), End> {
                self.walker.field(name, value)
            }

            fn end(self) -> Result<(), End> {
                Ok(())
            }
        })*
    };
}

records!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{ChannelResponse, Located, RawResponse};
    use crate::intent::Intent;
    use crate::message::Response;
    use crate::order::{Credential, CredentialKind, UnitCredentials};
    use crate::outcome::{Reason, Refusal};
    use crate::supplier::{Booking, SupplierResponse, Usage, UsedUnits};

    fn booked(kind: CredentialKind, bytes: usize) -> Result<(), TooLong> {
        let credential = Credential { kind, value: "x".repeat(bytes), document_kind: None };
        let units = vec![UnitCredentials { unit: 1, credentials: vec![credential] }];
        check(&Response::Supplier(SupplierResponse::Booking(Booking::Issued { reference: None, units })))
    }

    #[test]
    fn names_texts_and_images_have_limits_of_their_own() {
        let account = |bytes| {
            check(&ChannelResponse::Located(Located { account: Some("x".repeat(bytes)), ..Located::default() }))
        };
        assert!(account(NAME_LIMIT_BYTES).is_ok());
        let fault = account(NAME_LIMIT_BYTES + 1).unwrap_err();
        assert_eq!(fault.to_string(), "account has 513 bytes, and may have 512");
        assert!(booked(CredentialKind::QrCode, TEXT_LIMIT_BYTES).is_ok());
        let fault = booked(CredentialKind::QrCode, TEXT_LIMIT_BYTES + 1).unwrap_err();
        assert_eq!(fault.place, "units.credentials.value");
        assert!(booked(CredentialKind::Image, IMAGE_LIMIT_BYTES).is_ok());
        assert!(booked(CredentialKind::Image, IMAGE_LIMIT_BYTES + 1).is_err());
        let refusal = |text: String| Refusal { reason: Reason::Other, text, zh: None, calendar: Vec::new() };
        assert!(check(&refusal("x".repeat(TEXT_LIMIT_BYTES))).is_ok());
        assert!(check(&refusal("x".repeat(TEXT_LIMIT_BYTES + 1))).is_err());
    }

    #[test]
    fn lists_have_one_limit_and_bodies_none_of_their_own() {
        let used = |count: u16| {
            let numbers = UsedUnits::Number { numbers: (0..count).collect() };
            check(&Usage { used: numbers.clone(), gone: numbers, last_used_at: None, ended: false })
        };
        assert!(used(10_000).is_ok());
        assert_eq!(used(10_001).unwrap_err().to_string(), "used.numbers has 10001 entries, and may have 10000");
        let long = RawResponse::json(vec![b'x'; 2_000_000]);
        assert!(check(&ChannelResponse::Encoded { raw: long }).is_ok());
    }

    #[test]
    fn an_intent_inside_its_answer_is_looked_through() {
        let text = "x".repeat(NAME_LIMIT_BYTES + 1);
        let intent = Intent::Event { event: text, message: String::new(), order: None, names: Default::default() };
        let fault = check(&Response::Channel(ChannelResponse::Decoded { intent: Box::new(intent) })).unwrap_err();
        assert_eq!(fault.place, "intent.event");
        let challenge = serde_json::json!({ "any": { "depth": ["x".repeat(TEXT_LIMIT_BYTES + 1)] } });
        assert!(check(&Intent::Handshake { challenge }).is_err());
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("票票票".to_owned(), 7), "票票");
        assert_eq!(cut("abc".to_owned(), 3), "abc");
        assert_eq!(Refusal::new(Reason::Other, "x".repeat(9_000)).text.len(), TEXT_LIMIT_BYTES);
    }
}
