//! (being written)

use entrepot_sdk::demo::Journey;

/// Journeys.
#[must_use]
pub fn journeys() -> Vec<Box<dyn Journey>> {
    Vec::new()
}
