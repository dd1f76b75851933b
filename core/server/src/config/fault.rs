//! What is wrong with a configuration, as its author needs to read it.

use std::fmt;

use serde_json::Value;

use super::key::Key;

/// Longest value repeated in a fault, in characters.
const SHOWN_CHARS: usize = 60;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The file, environment variable or other source that holds the value.
    pub file_or_origin: String,
    /// The dotted key; empty where the source as a whole is meant.
    pub key: String,
    /// What is wrong, in a few words.
    pub problem: String,
    /// What stands there; never a secret.
    pub found: Option<String>,
    /// What is allowed.
    pub expected: Option<String>,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

impl ConfigFault {
    /// A fault without details.
    pub fn new(origin: impl Into<String>, key: &Key, problem: impl Into<String>) -> Self {
        Self {
            file_or_origin: origin.into(),
            key: key.to_string(),
            problem: problem.into(),
            found: None,
            expected: None,
            suggestion: None,
        }
    }

    /// Says what stands there.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// Says what is allowed.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says what may have been meant.
    #[must_use]
    pub fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_or_origin)?;
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.problem)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean {suggestion:?}?")?;
        }
        if let Some(found) = &self.found {
            write!(f, "\n    found: {found}")?;
        }
        if let Some(expected) = &self.expected {
            write!(f, "\n    allowed: {expected}")?;
        }
        Ok(())
    }
}

/// Every fault of a configuration, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<ConfigFault>);

impl Faults {
    /// Sorts them and drops repeated ones.
    #[must_use]
    pub fn new(mut faults: Vec<ConfigFault>) -> Self {
        faults.sort_by(|a, b| (&a.key, &a.problem).cmp(&(&b.key, &b.problem)));
        faults.dedup();
        Self(faults)
    }

    /// The faults.
    #[must_use]
    pub fn list(&self) -> &[ConfigFault] {
        &self.0
    }

    /// The faults, owned.
    #[must_use]
    pub fn into_vec(self) -> Vec<ConfigFault> {
        self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "the configuration has {count} {}", if count == 1 { "fault" } else { "faults" })?;
        for fault in &self.0 {
            write!(f, "\n{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// A value in words; `secret` keeps the value itself out.
pub(super) fn describe(value: &Value, secret: bool) -> String {
    match value {
        Value::Null => "nothing (null)".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) if secret => {
            format!("{} (not shown)", kind(value))
        }
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() > SHOWN_CHARS => {
            let start: String = text.chars().take(SHOWN_CHARS).collect();
            format!("the text {start:?}…")
        }
        Value::String(text) => format!("the text {text:?}"),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(table) if table.is_empty() => "an empty table".to_owned(),
        Value::Object(table) => {
            format!("a table with {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
    }
}

/// What kind of value it is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing (null)",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// The candidate most like the word, if any is like it at all.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let word = plain(word);
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed || strsim::jaro_winkler(&word, &plain(candidate)) >= 0.9)
        .min()
        .map(|(_, candidate)| candidate)
}
