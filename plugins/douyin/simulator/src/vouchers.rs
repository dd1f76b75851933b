//! The rules for delivered vouchers (`spec/douyin-scenic-calendar.md` §1.5 "voucher" and §11 "Rules").

use crate::purchase::Purchase;
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest QR text (scenic §1.5).
const QR_CHARS_MAX: usize = 512;
/// Most voucher numbers of one item (scenic §1.5).
const NUMBERS_MAX: usize = 100;
/// Largest image of a code in bytes of Base64 (scenic §1.5; 1 MB).
const IMAGE_BYTES_MAX: usize = 1_048_576;

/// The gate or one extra item of a voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherItem {
    /// Unique within the order; named at redemption.
    pub project_id: String,
    /// The gate (entrance), not an extra item (projects).
    pub is_entrance: bool,
    /// Redeemed.
    pub used: bool,
}

/// The voucher of one copy.
#[derive(Clone, Debug, PartialEq)]
pub struct IssuedVoucher {
    /// As received.
    pub raw: Value,
    /// Its items.
    pub items: Vec<VoucherItem>,
}

impl IssuedVoucher {
    /// The project ids in order.
    pub fn project_ids(&self) -> Vec<String> {
        self.items.iter().map(|item| item.project_id.clone()).collect()
    }

    /// The items that carry this code, as QR text or voucher number.
    pub(crate) fn projects_of_code(&self, code: &str) -> Vec<String> {
        let projects = self.raw["projects"].as_array().into_iter().flatten();
        let items = std::iter::once(&self.raw["entrance"]).chain(projects);
        let carries =
            |item: &&Value| texts(item, "qrcodes").chain(texts(item, "certificate_nos")).any(|one| one == code);
        items.filter(carries).filter_map(|item| item["project_id"].as_str()).map(str::to_owned).collect()
    }

    /// The first code a guest could show: QR text, voucher number or document number.
    pub fn first_code(&self) -> Option<&str> {
        let projects = self.raw["projects"].as_array().into_iter().flatten();
        std::iter::once(&self.raw["entrance"]).chain(projects).find_map(|item| {
            item["qrcodes"][0]
                .as_str()
                .or(item["certificate_nos"][0].as_str())
                .or(item["credentials"][0]["credential_no"].as_str())
        })
    }
}

/// Checks delivered vouchers against the order; gives them parsed, or every rule they break.
pub(crate) fn check(vouchers: &Value, purchase: &Purchase) -> Result<Vec<IssuedVoucher>, Vec<String>> {
    let Some(list) = vouchers.as_array() else {
        return Err(vec!["scenic §11: vouchers is missing or not a list".into()]);
    };
    let mut check = Check { purchase, seen: BTreeSet::new(), broken: Vec::new() };
    if list.len() != purchase.count as usize {
        check.broken.push(format!("scenic §11: vouchers length {} is not copies {}", list.len(), purchase.count));
    }
    let issued: Vec<_> = list.iter().map(|voucher| check.voucher(voucher)).collect();
    if check.broken.is_empty() { Ok(issued) } else { Err(check.broken) }
}

struct Check<'a> {
    purchase: &'a Purchase,
    seen: BTreeSet<String>,
    broken: Vec<String>,
}

impl Check<'_> {
    fn voucher(&mut self, voucher: &Value) -> IssuedVoucher {
        let entrance = voucher.get("entrance").filter(|item| item.as_object().is_some_and(|o| !o.is_empty()));
        let projects = voucher["projects"].as_array().map_or(&[][..], Vec::as_slice);
        if entrance.is_none() && projects.is_empty() {
            self.broken.push("scenic §11: entrance and projects are both empty".into());
        }
        let mut items = Vec::new();
        for (item, is_entrance) in
            entrance.into_iter().map(|item| (item, true)).chain(projects.iter().map(|item| (item, false)))
        {
            let project_id = self.item(item, is_entrance);
            items.push(VoucherItem { project_id, is_entrance, used: false });
        }
        self.identity_returned(voucher);
        IssuedVoucher { raw: voucher.clone(), items }
    }

    fn item(&mut self, item: &Value, is_entrance: bool) -> String {
        let project_id = item["project_id"].as_str().unwrap_or_default().to_owned();
        if project_id.is_empty() {
            self.broken.push("scenic §1.5: project_id is missing or not a string".into());
        } else if !self.seen.insert(project_id.clone()) {
            self.broken.push(format!("scenic §1.5: project_id {project_id} is not unique in the order"));
        }
        if !is_entrance && item["name"].as_str().unwrap_or_default().is_empty() {
            self.broken.push(format!("common §12: project {project_id} has no name"));
        }
        self.kinds(item, &project_id);
        self.contents(item, &project_id);
        project_id
    }

    /// At least one credential kind, only listed ones, none longer than the people of a copy.
    fn kinds(&mut self, item: &Value, project_id: &str) {
        const KINDS: [(&str, i64); 6] = [
            ("credentials", 1),
            ("id_cards", 1),
            ("certificate_nos", 2),
            ("qrcodes", 3),
            ("gmcode_imgs", 3),
            ("urls", 6),
        ];
        let mut any = false;
        for (field, kind) in KINDS {
            let length = item[field].as_array().map_or(0, Vec::len);
            if length == 0 {
                continue;
            }
            any = true;
            if !self.purchase.code_sending_info.contains(&kind) {
                self.broken.push(format!("scenic §11: {field} of {project_id} is not in code_sending_info"));
            }
            if length > self.purchase.people_per_copy.max(1) as usize {
                self.broken.push(format!("scenic §11: {field} of {project_id} is longer than count"));
            }
        }
        if !any {
            self.broken.push(format!("scenic §11: {project_id} carries no credential"));
        }
    }

    fn contents(&mut self, item: &Value, project_id: &str) {
        for qr in texts(item, "qrcodes") {
            if qr.chars().count() > QR_CHARS_MAX {
                self.broken.push(format!("scenic §1.5: a QR code of {project_id} is longer than 512 characters"));
            }
        }
        if item["certificate_nos"].as_array().is_some_and(|list| list.len() > NUMBERS_MAX) {
            self.broken.push(format!("scenic §1.5: more than 100 certificate_nos in {project_id}"));
        }
        for image in texts(item, "gmcode_imgs") {
            if image.len() > IMAGE_BYTES_MAX {
                self.broken.push(format!("scenic §1.5: a code image of {project_id} is larger than 1 MB"));
            }
        }
        if texts(item, "gmcode_imgs").next().is_some() && texts(item, "qrcodes").next().is_some() {
            self.broken.push(format!("scenic §1.5: {project_id} has both gmcode_imgs and qrcodes"));
        }
        for number in documents(item) {
            if !self.purchase.tourists.iter().any(|person| person.license_id == number) {
                self.broken.push(format!("scenic §11: a document of {project_id} belongs to no tourist"));
            }
        }
    }

    /// With partial refund and collected identity cards the card must come back, where that kind is listed.
    fn identity_returned(&mut self, voucher: &Value) {
        let collected = self.purchase.tourists.iter().any(|person| person.license_type == 1);
        let needed = collected && self.purchase.can_refund_partly() && self.purchase.code_sending_info.contains(&1);
        let projects = voucher["projects"].as_array().into_iter().flatten();
        let mut items = std::iter::once(&voucher["entrance"]).chain(projects);
        if needed && !items.any(|item| documents(item).next().is_some()) {
            self.broken.push("scenic §11: partial refund with identity cards, but no card in a voucher".into());
        }
    }
}

fn texts<'a>(item: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    item[field].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn documents(item: &Value) -> impl Iterator<Item = &str> {
    let credentials = item["credentials"].as_array().into_iter().flatten();
    credentials.filter_map(|one| one["credential_no"].as_str()).chain(texts(item, "id_cards"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn voucher(project_id: &str) -> Value {
        json!({"entrance": {"project_id": project_id, "qrcodes": ["QR"]}})
    }

    #[test]
    fn good_vouchers_pass() {
        let issued = check(&json!([voucher("1"), voucher("2")]), &Purchase::sample()).expect("valid");
        assert_eq!(issued[1].project_ids(), ["2"]);
        assert_eq!(issued[0].first_code(), Some("QR"));
    }

    #[test]
    fn every_rule_is_named() {
        let purchase = Purchase::sample();
        let broken = |vouchers: Value| check(&vouchers, &purchase).expect_err("invalid").join("\n");
        assert!(broken(json!(null)).contains("not a list"));
        assert!(broken(json!([voucher("1")])).contains("length 1"));
        assert!(broken(json!([voucher("1"), voucher("1")])).contains("not unique"));
        assert!(broken(json!([voucher("1"), {"entrance": {}, "projects": []}])).contains("both empty"));
        assert!(broken(json!([voucher("1"), {"entrance": {"project_id": "2"}}])).contains("no credential"));
        let long = json!({"entrance": {"project_id": "2", "qrcodes": ["x".repeat(513)]}});
        assert!(broken(json!([voucher("1"), long])).contains("512"));
        let card = json!({"entrance": {"project_id": "2", "id_cards": ["110101199003070012"]}});
        let text = broken(json!([voucher("1"), card]));
        assert!(text.contains("belongs to no tourist") && text.contains("code_sending_info"));
        let two = json!({"entrance": {"project_id": "2", "qrcodes": ["a", "b"]}});
        assert!(broken(json!([voucher("1"), two])).contains("longer than count"));
        let unnamed = json!({"projects": [{"project_id": "2", "qrcodes": ["a"]}]});
        assert!(broken(json!([voucher("1"), unnamed])).contains("no name"));
    }

    #[test]
    fn identity_cards_must_come_back() {
        let mut purchase = Purchase::sample();
        purchase.code_sending_info = vec![1, 3];
        let err = check(&json!([voucher("1"), voucher("2")]), &purchase).expect_err("no card");
        assert_eq!(err.len(), 2);
    }
}
