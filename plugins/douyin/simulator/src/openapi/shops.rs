//! Shops and their matching (scenic §21, fulfilment §12). The bodies of the matching tasks are seen in client code
//! alone.

use super::fields::{Answer, Fields, Refusal};
use super::request::Request;
use crate::shops::{Match, Shop};
use serde_json::{Map, Value, json};

/// Largest page number and page (fulfilment §12).
const PAGES: (usize, usize) = (10_000, 50);
/// Most of our ids in one question (scenic §21).
const EXT_IDS_MAX: usize = 200;

/// `GET /goodlife/v1/shop/poi/query/`.
pub(crate) fn query(request: &Request<'_>) -> Answer {
    const PARAMETERS: [&str; 6] = ["account_id", "page", "size", "poi_id", "relation_type", "third_id"];
    request.known_parameters("fulfilment §12", &PARAMETERS);
    let account_id = request.account()?;
    let (pages, sizes) = PAGES;
    let page = request.number_in("page", 1, pages)?;
    let size = request.number_in("size", 1, sizes)?;
    if request.parameter("relation_type").is_some() {
        request.number_in("relation_type", 0, 2)?;
    }
    let (poi_id, third_id) = (request.parameter("poi_id"), request.parameter("third_id"));
    let world = request.shared.world();
    let wanted = |shop: &&Shop| {
        poi_id.is_none_or(|id| shop.poi_id == id) && third_id.is_none_or(|id| shop.ext_id.as_deref() == Some(id))
    };
    let found: Vec<&Shop> = world.shops.of(account_id).filter(wanted).collect();
    let shown: Vec<Value> = found.iter().skip((page - 1) * size).take(size).map(|shop| describe(shop)).collect();
    let mut payload = Map::new();
    payload.insert("total".into(), found.len().into());
    payload.insert("pois".into(), shown.into());
    Ok(payload)
}

fn describe(shop: &Shop) -> Value {
    let account =
        |id: &str, kind: &str| json!({"account_id": id, "account_name": format!("{kind} {id}"), "account_type": kind});
    json!({
        "poi": {
            "poi_id": shop.poi_id,
            "poi_name": shop.name,
            "address": shop.address,
            "latitude": shop.latitude,
            "longitude": shop.longitude,
        },
        "account": {
            "parent_account": account(&shop.account_id, "merchant"),
            "poi_account": account(&shop.poi_id, "shop"),
        },
        "root_account": account(&shop.account_id, "merchant"),
    })
}

fn shown(one: &Match, status: &str) -> Value {
    json!({"ext_id": one.ext_id, "match_poi_id": one.poi_id.clone().unwrap_or_default(), status: one.status()})
}

/// `GET /goodlife/v1/poi/match/relation/query/`.
pub(crate) fn relations(request: &Request<'_>) -> Answer {
    request.known_parameters("scenic §21", &["ext_ids"]);
    let ids = request.list("ext_ids");
    if ids.is_empty() || ids.len() > EXT_IDS_MAX {
        return Err(Refusal::parameter("ext_ids must name 1 to 200 shops"));
    }
    let world = request.shared.world();
    let relations: Vec<Value> = ids.iter().map(|id| shown(&world.shops.matched(id), "match_relation_status")).collect();
    let mut payload = Map::new();
    payload.insert("relations".into(), relations.into());
    Ok(payload)
}

/// `POST /goodlife/v1/poi/match/task/submit/`: `datas[{ext_id, poi_id, poi_name, province, city, address, longitude,
/// latitude}]`; the task is done at once.
pub(crate) fn submit(request: &Request<'_>) -> Answer {
    let mut wishes = Vec::new();
    for entry in request.fields().list("datas")? {
        let fields = Fields::of(entry);
        let ext_id = fields.text("ext_id")?.to_owned();
        let poi_id = fields.text_opt("poi_id")?.map(str::to_owned);
        wishes.push((ext_id, poi_id, fields.text("poi_name")?.to_owned()));
    }
    if wishes.len() > EXT_IDS_MAX {
        return Err(Refusal::parameter("datas holds more than 200 shops"));
    }
    let task_id = request.shared.ids.number();
    request.shared.world().shops.submit(task_id, &wishes);
    let mut payload = Map::new();
    payload.insert("task_id".into(), request.long(i64::try_from(task_id).unwrap_or(i64::MAX)));
    Ok(payload)
}

/// `GET /goodlife/v1/poi/match/task/query/`.
pub(crate) fn task(request: &Request<'_>) -> Answer {
    request.known_parameters("scenic §21", &["task_id"]);
    let task_id = request.need("task_id")?.parse().ok();
    let world = request.shared.world();
    let found = task_id.and_then(|task_id| world.shops.task(task_id));
    let found = found.ok_or_else(|| Refusal::parameter("task_id does not exist"))?;
    let results: Vec<Value> = found.iter().map(|one| shown(one, "match_status")).collect();
    let mut payload = Map::new();
    payload.insert("results".into(), results.into());
    Ok(payload)
}
