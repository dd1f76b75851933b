//! Supplier, products, capabilities, prices on products (§2, §3, §6).

use octo_simulator::PriceChange;
use octo_simulator::catalogue::Price;
use serde_json::Value;

use crate::support::*;

#[test]
fn the_supplier_tells_its_endpoint() {
    let desk = desk_with(|options| options.endpoint = "https://supplier.example/octo".to_owned());
    let supplier = ok(&get(&desk, "/supplier"));
    assert_eq!(supplier["endpoint"], "https://supplier.example/octo");
    assert!(supplier["id"].is_string() && supplier["name"].is_string() && supplier["contact"].is_object());
}

#[test]
fn products_are_told_in_the_forms_of_the_page() {
    let desk = desk();
    let products = ok(&get(&desk, "/products"));
    let products = products.as_array().unwrap();
    assert_eq!(products.len(), 5);
    for product in products {
        assert_eq!(&ok(&get(&desk, &format!("/products/{}", product["id"].as_str().unwrap()))), product);
        let by_time = product["availabilityType"] == "START_TIME";
        for option in product["options"].as_array().unwrap() {
            let times = option["availabilityLocalStartTimes"].as_array().unwrap();
            assert_eq!(!times.is_empty(), by_time, "§7: none for OPENING_HOURS");
            assert!(!option["units"].as_array().unwrap().is_empty());
        }
    }
    let museum = &products[0]["options"][0];
    assert_eq!(museum["cancellationCutoffAmount"], 1);
    assert_eq!(museum["cancellationCutoffUnit"], "day");
    assert_eq!(museum["units"][1]["type"], "CHILD");
    assert_eq!(museum["units"][1]["restrictions"]["accompaniedBy"][0], "adult");
    assert_eq!(products[1]["options"][0]["availabilityLocalStartTimes"][0], "09:00");
    refused(&get(&desk, "/products/none"), 400, "INVALID_PRODUCT_ID");
    assert_eq!(get(&desk, "/products/none").value()["productId"], "none");
}

#[test]
fn prices_are_there_only_when_asked_for() {
    let desk = desk();
    let plain = get(&desk, "/products").body;
    assert!(!plain.contains("pricing") && !plain.contains("urrenc"), "{plain}");
    let museum = get_priced(&desk, "/products/museum");
    assert_eq!(museum["defaultCurrency"], "CNY");
    assert_eq!(museum["pricingPer"], "UNIT");
    let pricing = &museum["options"][0]["units"][0]["pricingFrom"];
    assert_eq!(pricing.as_array().unwrap().len(), 2, "one in each currency");
    assert_eq!(pricing[0]["retail"], 12_000);
    assert_eq!(pricing[0]["net"], 9_600);
    assert_eq!(pricing[0]["currencyPrecision"], 2);
    assert_eq!(pricing[0]["includedTaxes"][0]["retail"], 600);
    assert_eq!(museum["options"][0]["pricingFrom"], Value::Null);
    let charter = get_priced(&desk, "/products/charter");
    assert_eq!(charter["pricingPer"], "BOOKING");
    assert_eq!(charter["options"][0]["pricingFrom"][0]["retail"], 300_000);
    assert_eq!(charter["options"][0]["units"][0]["pricingFrom"], Value::Null);
}

#[test]
fn a_price_changes_for_products_told_later() {
    let desk = desk();
    let price =
        Price { currency: "CNY".to_owned(), precision: 2, original: 900, retail: 800, net: None, taxes: Vec::new() };
    let change = PriceChange { product: "museum", option: "museum-day", unit: Some("adult"), date: None, price };
    desk.set_price(change.clone()).unwrap();
    let museum = get_priced(&desk, "/products/museum");
    assert_eq!(museum["options"][0]["units"][0]["pricingFrom"][0]["retail"], 800);
    assert_eq!(museum["options"][0]["units"][0]["pricingFrom"][0]["net"], Value::Null);
    assert!(desk.set_price(PriceChange { unit: Some("none"), ..change }).is_err());
}

#[test]
fn capabilities_are_listed() {
    let list = ok(&get(&desk(), "/capabilities"));
    assert_eq!(list[0]["id"], "octo/pricing");
    assert_eq!(list[0]["required"], false);
    assert!(list[0]["dependencies"].is_array());
}
