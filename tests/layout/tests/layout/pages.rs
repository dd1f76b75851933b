//! The pages that must not rot.

use entrepot_layout::tree::{read, root};
use serde_json::Value;

use crate::assert_none;

const LEAST_QUESTIONS: usize = 10;

/// A reader who has only `docs/architecture.md` finds where things happen. The questions and their
/// answers are in `tests/layout/questions.json`; a file that moves takes its answer out of the page.
#[test]
fn the_architecture_page_answers_its_questions() {
    let Some(page) = read("docs/architecture.md") else {
        panic!("docs/architecture.md is missing");
    };
    let text = read("tests/layout/questions.json").unwrap_or_default();
    let questions: Vec<Value> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("tests/layout/questions.json: {error}"));
    let mut breaches: Vec<String> = questions.iter().flat_map(|q| faults(q, &page)).collect();
    if questions.len() < LEAST_QUESTIONS {
        breaches.push(format!("{} questions, at least {LEAST_QUESTIONS} are due", questions.len()));
    }
    assert_none("tests/layout/questions.json and docs/architecture.md:", &breaches);
}

fn faults(entry: &Value, page: &str) -> Vec<String> {
    let question = entry["question"].as_str().unwrap_or_default().trim();
    let files = entry["answer_files"].as_array().map(Vec::as_slice).unwrap_or_default();
    if question.is_empty() || files.is_empty() {
        return vec![format!("not {{\"question\": …, \"answer_files\": [ … ]}}: {entry}")];
    }
    let mut faults = Vec::new();
    for file in files {
        let path = file.as_str().unwrap_or_default();
        if path.is_empty() || !root().join(path).exists() {
            faults.push(format!("{question} There is no {file}"));
        } else if !page.contains(path) {
            faults.push(format!("{question} The page does not name {path}"));
        }
    }
    faults
}

#[test]
fn planted_answers_are_found() {
    let entry = |files: &str| -> Value {
        serde_json::from_str(&format!("{{\"question\": \"Where?\", \"answer_files\": {files}}}")).unwrap_or_default()
    };
    assert!(faults(&entry("[\"Cargo.toml\"]"), "see Cargo.toml").is_empty());
    assert_eq!(faults(&entry("[\"Cargo.toml\"]"), "see nothing"), ["Where? The page does not name Cargo.toml"]);
    assert_eq!(faults(&entry("[\"no/such.rs\"]"), "no/such.rs").len(), 1);
    assert_eq!(faults(&entry("[]"), "").len(), 1);
}
