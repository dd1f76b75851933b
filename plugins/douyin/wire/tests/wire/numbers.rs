//! Common spec §1, §10.

use douyin_wire::number::{FEN_LIMIT, Fen, Id, Int, Text};
use douyin_wire::time::{Day, TimeFault, Unit, UnixMillis, milliseconds, nanoseconds, seconds};
use proptest::prelude::*;
use serde_json::{Value, from_str, json, to_string};

fn refusal<T: serde::de::DeserializeOwned>(json: &str) -> String {
    from_str::<T>(json).err().map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn ids_are_exact_texts() {
    for (json, text) in [
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("\"18446744073709551616\"", "18446744073709551616"),
        ("\"007 a\"", "007 a"),
        ("0", "0"),
    ] {
        let id: Id = from_str(json).unwrap();
        assert_eq!(id.as_str(), text);
        assert_eq!(to_string(&id).unwrap(), format!("\"{text}\""));
    }
    for json in ["1.0", "1e3", "18446744073709551616", "-1", "\"\"", "null", "true", "[]", "{}"] {
        assert!(refusal::<Id>(json).contains("expected an id"), "{json}: {}", refusal::<Id>(json));
    }
    assert!(refusal::<Id>("1.5").contains("1.5"));
    assert_eq!(Id::new(""), None);
}

#[test]
fn ints_come_as_number_or_text() {
    for (json, value) in [("5", 5), ("\"5\"", 5), ("-5", -5), ("\"-5\"", -5), ("\"007\"", 7)] {
        assert_eq!(from_str::<Int>(json).unwrap(), Int(value));
    }
    assert_eq!(from_str::<Int>("9223372036854775807").unwrap(), Int(i64::MAX));
    assert_eq!(from_str::<Int>("\"-9223372036854775808\"").unwrap(), Int(i64::MIN));
    let bad = [
        "9223372036854775808",
        "\"9223372036854775808\"",
        "1.0",
        "\"1.0\"",
        "\"+1\"",
        "\" 1\"",
        "\"\"",
        "\"-\"",
        "null",
    ];
    for json in bad.into_iter().chain(["true", "\"0x1\"", "\"１\""]) {
        assert!(refusal::<Int>(json).contains("expected a whole 64-bit number"), "{json}");
    }
    assert!(refusal::<Int>("\"abc\"").contains("abc"));
    let long = "张".repeat(100);
    assert!(refusal::<Int>(&format!("\"{long}\"")).len() < 200);
    assert_eq!(to_string(&Int(7)).unwrap(), "7");
}

#[test]
fn options_of_them_work() {
    let read: Vec<Option<Int>> = serde_json::from_value(json!([1, "2", null])).unwrap();
    assert_eq!(read, [Some(Int(1)), Some(Int(2)), None]);
    let read: Vec<Option<Id>> = serde_json::from_value(json!([1, "2", null])).unwrap();
    assert_eq!(read, [Id::new("1"), Id::new("2"), None]);
}

#[test]
fn money_is_bounded() {
    assert_eq!(from_str::<Fen>("\"20000\"").unwrap().get(), 20000);
    assert_eq!(Fen::new(FEN_LIMIT).map(Fen::get), Some(FEN_LIMIT));
    assert_eq!(Fen::new(FEN_LIMIT + 1), None);
    for json in ["-1", "1000000000001", "\"-1\"", "1.5"] {
        assert!(!refusal::<Fen>(json).is_empty(), "{json}");
    }
    assert!(refusal::<Fen>("-1").contains("fen"));
    assert_eq!(to_string(&Fen::new(5).unwrap()).unwrap(), "5");
    assert_eq!(from_str::<Text>("13800138000").unwrap().as_str(), "13800138000");
}

#[test]
fn times_are_read_by_unit() {
    let at = |ms: i64| UnixMillis::new(ms);
    assert_eq!(seconds(Int(1_790_000_000)), at(1_790_000_000_000));
    assert_eq!(milliseconds(Int(1_790_000_000_123)), at(1_790_000_000_123));
    assert_eq!(nanoseconds(Int(1_790_000_000_123_456_789)), at(1_790_000_000_123));
    assert_eq!(at(1_790_000_000_999).unwrap().to_seconds(), 1_790_000_000);
    // A value of another unit never fits.
    for wrong in [0, -1, i64::MIN, i64::MAX, 1_790_000_000_000] {
        assert_eq!(seconds(Int(wrong)), Err(TimeFault::OutOfRange { value: wrong, unit: Unit::Seconds }));
    }
    assert!(milliseconds(Int(1_790_000_000)).is_err());
    assert!(nanoseconds(Int(1_790_000_000_000)).is_err());
    assert!(seconds(Int(1_420_070_400)).is_ok() && seconds(Int(1_420_070_399)).is_err());
    assert!(seconds(Int(4_133_980_799)).is_ok() && seconds(Int(4_133_980_800)).is_err());
}

#[test]
fn days_are_real() {
    for text in ["2015-01-01", "2100-12-31", "2028-02-29", "2026-10-01"] {
        let day: Day = from_str(&format!("\"{text}\"")).unwrap();
        assert_eq!(day.to_string(), text);
        assert_eq!(to_string(&day).unwrap(), format!("\"{text}\""));
    }
    let bad = ["2014-12-31", "2101-01-01", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-01-00"];
    for text in
        bad.into_iter().chain(["2026-1-01", "20261001", "2026/10/01", "2026-10-01 ", "+026-10-01", "二〇二六-1", ""])
    {
        assert_eq!(Day::parse(text), Err(TimeFault::NotADay), "{text}");
    }
    assert!(refusal::<Day>("\"2026-02-30\"").contains("2026-02-30"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122), ..ProptestConfig::default() })]

    #[test]
    fn number_and_text_are_the_same_id(value in any::<u64>()) {
        let number: Id = from_str(&value.to_string()).unwrap();
        let text: Id = from_str(&format!("\"{value}\"")).unwrap();
        prop_assert_eq!(number.as_str(), value.to_string());
        prop_assert_eq!(number, text);
    }

    #[test]
    fn number_and_text_are_the_same_int(value in any::<i64>()) {
        prop_assert_eq!(from_str::<Int>(&value.to_string()).unwrap(), Int(value));
        prop_assert_eq!(from_str::<Int>(&format!("\"{value}\"")).unwrap(), Int(value));
        prop_assert_eq!(serde_json::to_value(Int(value)).unwrap(), Value::from(value));
    }

    #[test]
    fn no_fraction_is_an_id(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        let json = Value::from(value).to_string();
        prop_assert!(from_str::<Id>(&json).is_err());
        prop_assert!(from_str::<Int>(&json).is_err());
    }
}
