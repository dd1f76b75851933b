//! The supplier that answers at once, as a library.

#[path = "../src/at_once.rs"]
mod at_once;

entrepot_sdk::export_plugin!(at_once::plugin);
