//! People: buyers, travellers, and the texts about them. Nothing here shows personal data in its `Debug` form.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kinds::{CrowdType, LicenseType};
use crate::number::{Int, Text, blank_as_none, null_as_empty};

/// A text about a person, or a credential. Encrypted or in clear as its field says; string or whole number on the
/// wire, written as a string. `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(Text);

impl Private {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

impl From<String> for Private {
    fn from(text: String) -> Self {
        Self(Text::from(text))
    }
}

impl From<&str> for Private {
    fn from(text: &str) -> Self {
        Self(Text::from(text.to_owned()))
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Private({} bytes)", self.reveal().len())
    }
}

/// A value whose type no page states, kept as it came. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unstated(pub Value);

impl fmt::Debug for Unstated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unstated(hidden)")
    }
}

/// A buyer or a traveller. Scenic §1.5: name and phone `seen in client code`, heads `documented`; the other keys were
/// seen in a sample only, so their types are not relied on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// Name, encrypted (common §8). Always sent for a buyer.
    #[serde(deserialize_with = "blank_as_none")]
    pub name: Option<Private>,
    /// Phone, encrypted (common §8). Always sent for a buyer.
    #[serde(deserialize_with = "blank_as_none")]
    pub phone: Option<Private>,
    /// Document number; encrypted if it looks so (`inferred`).
    #[serde(deserialize_with = "blank_as_none")]
    pub license_id: Option<Private>,
    /// Kind of document.
    #[serde(deserialize_with = "blank_as_none")]
    pub license_type: Option<LicenseType>,
    /// Validity of the document.
    pub license_validity: Option<Unstated>,
    /// E-mail address; encrypted if it looks so (`inferred`).
    #[serde(deserialize_with = "blank_as_none")]
    pub email: Option<Private>,
    /// First name.
    #[serde(deserialize_with = "blank_as_none")]
    pub first_name: Option<Private>,
    /// Last name.
    #[serde(deserialize_with = "blank_as_none")]
    pub last_name: Option<Private>,
    /// First name in Latin letters.
    #[serde(deserialize_with = "blank_as_none")]
    pub en_first_name: Option<Private>,
    /// Last name in Latin letters.
    #[serde(deserialize_with = "blank_as_none")]
    pub en_last_name: Option<Private>,
    /// Sex.
    pub sex: Option<Unstated>,
    /// Age.
    pub age: Option<Unstated>,
    /// Birthday.
    pub birthday: Option<Unstated>,
    /// Kind of visitor.
    #[serde(deserialize_with = "blank_as_none")]
    pub crowd_type: Option<CrowdType>,
    /// Marital status.
    pub marital_status: Option<Unstated>,
    /// Room.
    pub room_index: Option<Unstated>,
}

/// A traveller of the issue call. Scenic §11, `seen in client code`; encryption not stated, samples are in clear:
/// detect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueTourist {
    /// Name.
    #[serde(deserialize_with = "blank_as_none")]
    pub name: Option<Private>,
    /// Phone.
    #[serde(deserialize_with = "blank_as_none")]
    pub phone: Option<Private>,
    /// Document number, whatever the document.
    #[serde(rename = "id_card", deserialize_with = "blank_as_none")]
    pub document_no: Option<Private>,
    /// Kind of document.
    #[serde(deserialize_with = "blank_as_none")]
    pub credential_type: Option<LicenseType>,
}

/// How many visitors of which kind one copy admits. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TravelerInfo {
    /// Visitors in all; the source marks it required.
    #[serde(deserialize_with = "blank_as_none")]
    pub total_num: Option<Int>,
    /// Whether kinds of visitor are told apart; the source marks it required.
    #[serde(deserialize_with = "blank_as_none")]
    pub diff_target_crowd: Option<bool>,
    /// Visitors by kind.
    #[serde(deserialize_with = "null_as_empty")]
    pub crowd_list: Vec<Crowd>,
}

/// Visitors of one kind. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crowd {
    /// The kind.
    #[serde(deserialize_with = "blank_as_none")]
    pub crowd_type: Option<CrowdType>,
    /// How many.
    #[serde(deserialize_with = "blank_as_none")]
    pub traveler_num: Option<Int>,
}
