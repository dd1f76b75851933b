//! Many seeds, none broken; and each of them the same every time.

use entrepot_simulation::many::run_all;
use entrepot_simulation::world::run;

/// Worlds of a test run.
const SEEDS: u64 = 2_000;

#[test]
fn every_world_is_well() {
    let sum = run_all(0..SEEDS, |_| {});
    let broken: Vec<String> =
        sum.broken.iter().map(|report| format!("seed {}: {:#?}", report.seed, report.broken)).collect();
    assert!(broken.is_empty(), "replay with: cargo xtask simulate --trace SEED\n{}", broken.join("\n"));
    assert_eq!(sum.worlds, SEEDS);
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    for seed in [0, 1, 2, 3, 5, 8, 13, 21] {
        let (one, other) = (run(seed, true), run(seed, true));
        let differs = one.lines.iter().zip(&other.lines).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!((one.digest, one.steps, one.commits), (other.digest, other.steps, other.commits), "seed {seed}");
    }
}
