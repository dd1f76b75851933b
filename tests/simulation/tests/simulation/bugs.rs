//! Every bug that is planted is found, and an optimised build has none.

use entrepot_domain::planted::{self, Bug};

/// Worlds in which a bug may hide before it counts as not found.
#[cfg(debug_assertions)]
const WORLDS: u64 = 600;

#[cfg(debug_assertions)]
#[test]
fn every_planted_bug_is_found() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use entrepot_simulation::world::run;

    let next = AtomicUsize::new(0);
    let survivors = std::sync::Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(bug) = Bug::ALL.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let planted = planted::Planted::new(bug);
                    let found = (0..WORLDS).map(|seed| run(seed, false)).find(|report| !report.broken.is_empty());
                    drop(planted);
                    match found {
                        Some(report) => println!("{bug:?}: seed {}: {}", report.seed, report.broken[0]),
                        None => survivors.lock().unwrap().push(bug),
                    }
                }
            });
        }
    });
    let survivors = survivors.into_inner().unwrap();
    assert!(survivors.is_empty(), "not found in {WORLDS} worlds: {survivors:?}");
}

/// The feature is on in this very build: the branches are gone because it is optimised.
#[cfg(not(debug_assertions))]
#[test]
fn an_optimised_build_has_no_bug_planted() {
    const { assert!(!planted::POSSIBLE) };
    for bug in Bug::ALL {
        assert!(!planted::is(bug));
    }
}
