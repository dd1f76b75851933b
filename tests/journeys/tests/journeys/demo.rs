//! `entrepot demo`, as scripts use it.

use serde_json::Value;

use entrepot_journeys::databases;
use entrepot_journeys::program::{self, Ended};

/// The names of an object's members, sorted.
fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Everything passed, in the shape that scripts read; the journeys and their steps by name.
pub fn passed(ended: &Ended) -> Vec<(String, Vec<String>)> {
    let report = ended.json();
    assert_eq!(ended.code, 0, "{report}\n{}", ended.err);
    assert_eq!(members(&report), ["invariants", "journeys"]);
    let invariants = report["invariants"].as_array().unwrap();
    assert!(!invariants.is_empty());
    for invariant in invariants {
        assert_eq!(members(invariant), ["held", "name"]);
        assert_eq!(invariant["held"], true, "{invariant}");
        assert!(invariant["name"].is_string());
    }
    let journeys = report["journeys"].as_array().unwrap();
    assert!(journeys.len() >= 3, "{report}");
    let told = |journey: &Value| {
        assert_eq!(members(journey), ["name", "passed", "steps"]);
        assert_eq!(journey["passed"], true, "{journey}");
        let steps = journey["steps"].as_array().unwrap();
        assert!(!steps.is_empty());
        let step = |step: &Value| {
            assert_eq!(members(step), ["detail", "ms", "name", "passed"]);
            assert_eq!(step["passed"], true, "{step}");
            assert!(step["ms"].is_u64() && step["detail"].is_string(), "{step}");
            step["name"].as_str().unwrap().to_owned()
        };
        (journey["name"].as_str().unwrap().to_owned(), steps.iter().map(step).collect())
    };
    journeys.iter().map(told).collect()
}

#[test]
fn it_needs_nothing() {
    passed(&program::run(&["demo", "--exit", "--json"]));
}

#[tokio::test]
async fn it_passes_again_on_the_same_database() {
    for given in databases::all().await {
        let arguments = ["demo", "--exit", "--json", "--database", &given.url];
        let first = passed(&program::run(&arguments));
        assert_eq!(passed(&program::run(&arguments)), first, "{}", given.url);
    }
}

#[test]
fn without_json_it_tells_a_story() {
    let story = program::run(&["demo", "--exit"]).done();
    for words in ["guest orders", "guest pays, order is accepted", "held", "7 of 7 journeys passed"] {
        assert!(story.contains(words), "{words}: {story}");
    }
}
