//! The OpenAPI document: whole, and consistent with itself and with the routes.

use entrepot_server::api::endpoints;
use serde_json::Value;

use crate::house::everywhere;

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(to)) = map.get("$ref") {
                found.push(to.clone());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_lists_every_endpoint_and_every_reference_resolves() {
    everywhere(async |house| {
        let document = house.raw("GET", "/api/v1/openapi.json", &[], Vec::new()).await.ok();
        assert_eq!(document["openapi"], "3.1.0");
        let mut count = 0;
        for endpoint in endpoints() {
            let path = format!("/api/v1{}", endpoint.path);
            let operation = &document["paths"][&path][endpoint.method.as_str().to_lowercase()];
            assert!(operation["summary"].is_string(), "{} {path}", endpoint.method);
            assert_eq!(operation["requestBody"].is_object(), endpoint.body.is_some(), "{path}");
            let places = path.matches('{').count();
            let parameters = operation["parameters"].as_array().unwrap();
            assert_eq!(parameters.iter().filter(|one| one["in"] == "path").count(), places, "{path}");
            let keyed = parameters.iter().any(|one| one["name"] == "Idempotency-Key");
            assert_eq!(keyed, endpoint.writes(), "{path}");
            count += 1;
        }
        let listed: usize =
            document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(listed, count, "an endpoint is listed twice, or one that is not there");

        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 10);
        for to in found {
            let pointer = to.strip_prefix('#').unwrap_or_else(|| panic!("{to} leads outside"));
            assert!(document.pointer(pointer).is_some(), "{to} leads nowhere");
        }
        for schema in document["components"]["schemas"].as_object().unwrap().values() {
            jsonschema::meta::validate(schema).unwrap_or_else(|fault| panic!("{fault}: {schema}"));
        }
    })
    .await;
}
