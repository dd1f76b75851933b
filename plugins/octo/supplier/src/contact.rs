//! Guests as contacts (§3 `Contact`): what is known and readable of them, and nothing else.

use entrepot_sdk::contract::order::{Guest, GuestField};
use serde_json::{Map, Value};

use crate::settings::{Names, OctoSettings};

/// Double surnames (复姓) that are common enough to meet.
const DOUBLE_SURNAMES: [&str; 14] =
    ["欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "夏侯", "令狐", "宇文", "长孙"];

/// A contact; fields that nobody knows are left out.
pub(crate) fn contact(settings: &OctoSettings, guest: Option<&Guest>) -> Value {
    let mut contact = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.trim().is_empty() {
            contact.insert(name.to_owned(), Value::String(value.trim().to_owned()));
        }
    };
    let known = |field: fn(&Guest) -> &Option<GuestField>| {
        guest.and_then(|guest| field(guest).as_ref()?.plain()).unwrap_or_default()
    };
    let name = known(|guest| &guest.name);
    let (given, family) = split(settings.names, name.trim());
    put("fullName", name);
    put("firstName", given);
    put("lastName", family);
    let phone = known(|guest| &guest.phone).trim();
    if phone.is_empty() || phone.starts_with('+') {
        put("phoneNumber", phone);
    } else {
        put("phoneNumber", &format!("{}{phone}", settings.phone_prefix));
    }
    put("emailAddress", &settings.contact_email);
    put("country", &settings.contact_country);
    if settings.documents_in_notes {
        put("notes", known(|guest| &guest.document));
    }
    Value::Object(contact)
}

/// Given and family name; empty where they are not told apart.
fn split(names: Names, name: &str) -> (&str, &str) {
    match names {
        Names::Full => ("", ""),
        Names::GivenFirst => name.rsplit_once(char::is_whitespace).unwrap_or((name, "")),
        Names::FamilyFirst => {
            if let Some((family, given)) = name.split_once(char::is_whitespace) {
                return (given, family);
            }
            let double = DOUBLE_SURNAMES.iter().any(|surname| name.starts_with(surname));
            let cut = name.char_indices().nth(if double { 2 } else { 1 }).map_or(name.len(), |(at, _)| at);
            (&name[cut..], &name[..cut])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_split_as_it_was_set_up() {
        for (names, name, expected) in [
            (Names::Full, "张三", ("", "")),
            (Names::FamilyFirst, "张三", ("三", "张")),
            (Names::FamilyFirst, "欧阳测试", ("测试", "欧阳")),
            (Names::FamilyFirst, "Zhang San", ("San", "Zhang")),
            (Names::GivenFirst, "Anna Maria Muster", ("Anna Maria", "Muster")),
            (Names::GivenFirst, "Anna", ("Anna", "")),
            (Names::FamilyFirst, "", ("", "")),
        ] {
            assert_eq!(split(names, name), expected, "{name}");
        }
    }

    #[test]
    fn only_what_is_known_and_readable_is_sent() {
        let plain = |text: &str| Some(GuestField::Plain(text.to_owned()));
        let guest = Guest {
            name: plain("测试甲"),
            phone: plain("19900000000"),
            document: plain("999999199001010016"),
            document_kind: None,
        };
        let settings = OctoSettings { phone_prefix: "+86".to_owned(), ..OctoSettings::default() };
        let sent = contact(&settings, Some(&guest));
        assert_eq!(sent, json!({"fullName": "测试甲", "phoneNumber": "+8619900000000"}));
        let settings = OctoSettings { documents_in_notes: true, contact_country: "CN".to_owned(), ..settings };
        assert_eq!(contact(&settings, Some(&guest))["notes"], "999999199001010016");
        assert_eq!(contact(&settings, None), json!({"country": "CN"}));
        let sealed = Guest { name: Some(GuestField::Sealed("x".to_owned())), ..Guest::default() };
        assert_eq!(contact(&OctoSettings::default(), Some(&sealed)), json!({}));
    }
}
