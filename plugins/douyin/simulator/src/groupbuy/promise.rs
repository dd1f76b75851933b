//! Family F2, group-buy V2: the pre-order before payment, the codes by certificate, and the names that differ between
//! the answer and the callback (groupbuy B15).

use crate::bodies::Seal;
use crate::groupbuy::Event;
use crate::orders::{Order, OrderState, Unit};
use crate::platform::World;
use crate::purchase::Purchase;
use crate::reply::SpiReply;
use crate::vouchers::{IssuedVoucher, VoucherItem};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// `biz_type` of online reservation in this family (B15.1).
const ONLINE_RESERVATION: i64 = 3;
/// Longest code (B15.2).
const CODE_CHARS_MAX: usize = 64;
/// Nanoseconds of a second: the unit of this family's validity (B15.2).
const NS: i64 = 1_000_000_000;

/// The names of one way by which codes come.
pub(crate) struct Names {
    list: &'static str,
    codes: &'static str,
    code_type: &'static str,
    credentials: &'static str,
    /// Whether `certificate_id` is a number.
    id_is_number: bool,
    section: &'static str,
}

/// The answer of the issue call (B15.2).
pub(crate) const ANSWER: Names = Names {
    list: "certificate_info",
    codes: "certificate",
    code_type: "certificate_type",
    credentials: "credential",
    id_is_number: false,
    section: "groupbuy B15.2",
};

/// The callback (B15.3).
pub(crate) const CALLBACK: Names = Names {
    list: "certificate_info_list",
    codes: "certificate_list",
    code_type: "ccertificate_type",
    credentials: "credential_list",
    id_is_number: true,
    section: "groupbuy B15.3",
};

/// The pre-order (B15.1). The guest's phone is all of the contact (rule 20).
pub(crate) fn create(order_id: &str, units: &[Unit], purchase: &Purchase, now_ms: i64, seal: Seal<'_>) -> Value {
    let items: Vec<Value> =
        units.iter().map(|unit| json!({"order_item_id": unit.item_order_id, "sku_id": purchase.sku_id})).collect();
    let mut contact = json!({"phone": seal(&purchase.buyer.phone)});
    if !purchase.buyer.name.is_empty() {
        contact["name"] = seal(&purchase.buyer.name).into();
    }
    let answers: Vec<Value> =
        purchase.answers.iter().map(|(question, answer)| json!({"question": question, "answers": [answer]})).collect();
    let body = json!({
        "order_id": order_id,
        "open_id": purchase.open_id,
        "biz_type": ONLINE_RESERVATION,
        "create_order_time": now_ms / 1000,
        "currency_code": "CNY",
        "original_amount": purchase.origin_amount_fen(),
        "order_item_list": items,
        "sku_info_list": [{
            "product_id": purchase.product_id,
            "sku_id": purchase.sku_id,
            "product_out_id": purchase.product_out_id,
            "sku_out_id": purchase.sku_out_id,
        }],
        "contact_list": [contact],
        "remark_info": {"question_and_answer_list": answers},
    });
    crate::bodies::lay_over(body, &purchase.overrides)
}

/// The issue call (B15.2): certificate ids are text, validity is in nanoseconds.
pub(crate) fn issue(order: &Order) -> Value {
    let (start_s, expire_s) = order.purchase.valid_s().unwrap_or_default();
    let row = |unit: &Unit| {
        json!({
            "certificate_id": unit.certificate_id,
            "sku_id": order.purchase.sku_id,
            "start_time": start_s * NS,
            "expire_time": expire_s * NS,
            "order_item_id": unit.item_order_id,
        })
    };
    let rows: Vec<Value> = order.units.iter().map(row).collect();
    let mut body =
        json!({"order_id": order.order_id, "open_id": order.purchase.open_id, "certificate_info_list": rows});
    if let Some(out_id) = &order.order_out_id {
        body["out_order_id"] = out_id.clone().into();
    }
    body
}

/// The answer of a pre-order of F2 or F3. Without one the order counts as created; a malformed one allows it in F3
/// alone (B15.1, B16.1).
pub(crate) fn created(world: &mut World, order_id: &str, reply: &SpiReply, now_ms: i64) {
    let Some(order) = world.orders.get_mut(order_id) else {
        return;
    };
    let is_f2 = order.purchase.solution.family() == Some(crate::Family::F2);
    let mut broken = Vec::new();
    match reply.error_code() {
        None if reply.is_unanswered() || !is_f2 => order.assumed_created = order.order_out_id.is_none(),
        None => refuse(order, None, now_ms),
        Some(0) => broken = known(order, reply.data(), is_f2),
        Some(_) if order.order_out_id.is_some() => {
            broken.push("groupbuy B20: a repeated pre-order was refused after it had succeeded".to_owned());
        }
        Some(code) => refuse(order, Some(code), now_ms),
    }
    for rule in broken {
        world.violation(now_ms, Some(order_id), rule);
    }
}

fn refuse(order: &mut Order, code: Option<i64>, now_ms: i64) {
    if order.state == OrderState::Created {
        order.refusal_code = code;
        order.enter(OrderState::Refused, now_ms);
    }
}

/// Stores our id; gives the rules that the answer breaks.
fn known(order: &mut Order, data: &Value, is_f2: bool) -> Vec<String> {
    let mut broken = Vec::new();
    order.assumed_created = false;
    if is_f2 && data["order_id"].as_str() != Some(order.order_id.as_str()) {
        broken.push("groupbuy B15.1: order_id is missing or another one".to_owned());
    }
    match (data["ext_order_id"].as_str().filter(|id| !id.is_empty()), &order.order_out_id) {
        (Some(new), Some(old)) if new != old => {
            broken.push(format!("groupbuy B20: a repeated pre-order answered {new} instead of {old}"));
        }
        (Some(new), _) => order.order_out_id = Some(new.to_owned()),
        (None, _) => {}
    }
    broken
}

/// Codes as this family gives them: for each certificate of the order one voucher, or every rule they break.
pub(crate) fn read(order: &Order, given: &Value, names: &Names) -> Result<Vec<IssuedVoucher>, Vec<String>> {
    let mut check = Check { names, seen: BTreeSet::new(), broken: Vec::new() };
    let rows = given[names.list].as_array().map_or(&[][..], Vec::as_slice);
    if rows.len() != order.units.len() {
        check.breaks(format!("{} has {} rows for {} certificates", names.list, rows.len(), order.units.len()));
    }
    for row in rows {
        let id = check.id_of(row);
        if !order.units.iter().any(|unit| unit.certificate_id == id) {
            check.breaks(format!("certificate_id {id:?} is none of the order, or of the wrong JSON type"));
        }
    }
    let of = |unit: &Unit| rows.iter().find(|row| id_text(row) == unit.certificate_id);
    let vouchers: Vec<IssuedVoucher> =
        order.units.iter().filter_map(of).map(|row| check.voucher(&row["project_list"])).collect();
    if check.broken.is_empty() { Ok(vouchers) } else { Err(check.broken) }
}

fn id_text(row: &Value) -> String {
    let id = &row["certificate_id"];
    id.as_str().map_or_else(|| id.as_i64().map(|id| id.to_string()).unwrap_or_default(), str::to_owned)
}

struct Check<'a> {
    names: &'a Names,
    seen: BTreeSet<String>,
    broken: Vec<String>,
}

impl Check<'_> {
    fn breaks(&mut self, rule: String) {
        self.broken.push(format!("{}: {rule}", self.names.section));
    }

    /// The certificate of a row; empty when its JSON type is not the one of this way.
    fn id_of(&self, row: &Value) -> String {
        let is_right = if self.names.id_is_number {
            row["certificate_id"].as_i64().is_some()
        } else {
            row["certificate_id"].is_string()
        };
        if is_right { id_text(row) } else { String::new() }
    }

    fn voucher(&mut self, projects: &Value) -> IssuedVoucher {
        let projects = projects.as_array().map_or(&[][..], Vec::as_slice);
        if projects.is_empty() {
            self.breaks("project_list is empty".into());
        }
        let raw: Vec<Value> = projects.iter().map(|project| self.project(project)).collect();
        let item = |project: &Value| VoucherItem {
            project_id: project["project_id"].as_str().unwrap_or_default().to_owned(),
            is_entrance: false,
            used: false,
        };
        let items = raw.iter().map(item).collect();
        IssuedVoucher { raw: json!({ "projects": raw }), items }
    }

    /// One project in the shape of B5, which is how the platform keeps it.
    fn project(&mut self, project: &Value) -> Value {
        let project_id = project["project_id"].as_str().unwrap_or_default().to_owned();
        if project_id.is_empty() || !self.seen.insert(project_id.clone()) {
            self.breaks(format!("project_id {project_id:?} is missing or not unique in the order"));
        }
        if project["name"].as_str().unwrap_or_default().is_empty() {
            self.breaks(format!("project {project_id} has no name"));
        }
        let (codes, credentials) = (&project[self.names.codes], &project[self.names.credentials]);
        let count = |list: &Value| list.as_array().map_or(0, Vec::len);
        if count(codes) + count(credentials) == 0 {
            let (codes, credentials) = (self.names.codes, self.names.credentials);
            self.breaks(format!("project {project_id} has neither {codes} nor {credentials}"));
        }
        let mut kept = Map::new();
        for code in codes.as_array().into_iter().flatten() {
            let (kind, number) = self.code(code);
            if let Some(list) = kept.entry(kind).or_insert_with(|| json!([])).as_array_mut() {
                list.push(number.into());
            }
        }
        for credential in credentials.as_array().into_iter().flatten() {
            let fits = credential["credential_type"].as_i64().is_some_and(|kind| (1..=7).contains(&kind));
            if !fits || credential["credential_no"].as_str().unwrap_or_default().is_empty() {
                self.breaks(format!("a credential of {project_id} has no number or no type from 1 to 7"));
            }
        }
        if count(credentials) > 0 {
            kept.insert("credentials".into(), credentials.clone());
        }
        kept.insert("project_id".into(), project_id.into());
        kept.insert("name".into(), project["name"].clone());
        Value::Object(kept)
    }

    fn code(&mut self, code: &Value) -> (&'static str, String) {
        let number = code["certificate_no"].as_str().unwrap_or_default().to_owned();
        if number.is_empty() || number.chars().count() > CODE_CHARS_MAX {
            self.breaks(format!("certificate_no {number:?} is empty or longer than {CODE_CHARS_MAX} characters"));
        }
        let kind = match code[self.names.code_type].as_i64() {
            Some(1) => "qrcodes",
            Some(2) => "urls",
            Some(3) => "certificate_nos",
            _ => {
                self.breaks(format!("{} is missing or not 1 to 3", self.names.code_type));
                "qrcodes"
            }
        };
        (kind, number)
    }
}

/// Stores codes that came by the callback; gives whether they were new.
pub(crate) fn deliver(order: &mut Order, vouchers: Vec<IssuedVoucher>, now_ms: i64) {
    order.note(Event::IssueCallback, now_ms);
    order.take_vouchers(vouchers, now_ms);
}
