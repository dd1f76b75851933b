//! 64-bit fields and loosely typed texts.
//!
//! Common spec §1 (`inferred` rule): every 64-bit field may come as a JSON number or as a JSON string, and ids are
//! longer than 2^53, so they stay strings end to end. Whole numbers are read exactly; fractions and exponents are
//! refused rather than rounded.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BoolDeserializer, I64Deserializer, MapAccessDeserializer, StrDeserializer, U64Deserializer};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// The greatest amount accepted, in fen: 10^12, ten billion yuan. `inferred`: nothing sold here costs more.
pub const FEN_LIMIT: i64 = 1_000_000_000_000;

/// An id of Douyin's or ours, never empty, kept as the text received. Written as a JSON string. Common spec §1,
/// `inferred` rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

impl Id {
    /// An id from our side. `None` for an empty text.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then_some(Self(text))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl Visitor<'_> for IdVisitor {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a string that is not empty, or a whole number from 0")
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Id, E> {
                Ok(Id(value.to_string()))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Id, E> {
                u64::try_from(value)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
                    .and_then(|value| self.visit_u64(value))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Id, E> {
                Id::new(value).ok_or_else(|| E::invalid_value(Unexpected::Str(value), &self))
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}

/// A signed 64-bit number from a JSON number or a decimal string. Written as a JSON number. Common spec §1,
/// `inferred` rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Int(pub i64);

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntVisitor;
        impl Visitor<'_> for IntVisitor {
            type Value = Int;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole 64-bit number, or a string holding one")
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Int, E> {
                i64::try_from(value).map(Int).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Int, E> {
                Ok(Int(value))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Int, E> {
                whole(value).map(Int).ok_or_else(|| E::invalid_value(Unexpected::Str(shown(value)), &self))
            }
        }
        deserializer.deserialize_any(IntVisitor)
    }
}

/// An amount of money in fen (1/100 yuan), from 0 to [`FEN_LIMIT`]. Number or string on the wire, written as a
/// number. Common spec §10, `documented` (unit); the bounds are `inferred`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Fen(i64);

impl Fen {
    /// An amount of fen. `None` below 0 or above [`FEN_LIMIT`].
    pub fn new(fen: i64) -> Option<Self> {
        (0..=FEN_LIMIT).contains(&fen).then_some(Self(fen))
    }

    /// The amount in fen.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Fen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Int(fen) = Int::deserialize(deserializer)?;
        Self::new(fen).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Signed(fen), &"an amount in fen from 0 to 1000000000000")
        })
    }
}

/// A text whose JSON type no page states: string or whole number, kept as text. `inferred` tolerance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Text(String);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a whole number")
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
                Ok(Text(value.to_owned()))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// For `deserialize_with` on `Option` fields: a missing value, `null` and `""` are all `None`. `inferred` tolerance:
/// string-typed clients send empty strings for what is absent.
pub fn blank_as_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct BlankVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for BlankVisitor<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value, null or an empty string")
        }
        fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }
        fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
            deserializer.deserialize_any(self)
        }
        fn visit_str<E: Error>(self, value: &str) -> Result<Option<T>, E> {
            if value.is_empty() {
                return Ok(None);
            }
            let inner: StrDeserializer<'_, E> = value.into_deserializer();
            T::deserialize(inner).map(Some)
        }
        fn visit_bool<E: Error>(self, value: bool) -> Result<Option<T>, E> {
            let inner: BoolDeserializer<E> = value.into_deserializer();
            T::deserialize(inner).map(Some)
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<Option<T>, E> {
            let inner: U64Deserializer<E> = value.into_deserializer();
            T::deserialize(inner).map(Some)
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<Option<T>, E> {
            let inner: I64Deserializer<E> = value.into_deserializer();
            T::deserialize(inner).map(Some)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_option(BlankVisitor(PhantomData))
}

/// For `deserialize_with` on list fields: `null` is the empty list. `inferred` tolerance.
pub fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A decimal whole number: optional minus, digits, nothing else.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// What a refusal quotes of a text: at most 40 bytes, on a character boundary.
fn shown(text: &str) -> &str {
    let end = (0..=text.len().min(40)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}
