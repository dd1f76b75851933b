//! The real executable under load, killed with -9 again and again: what it acknowledged stays true, and everything it
//! took on comes to an end. The suites themselves are in `tests/endurance`: `crash` kills one server, `nodes` one of
//! three on one PostgreSQL.
//!
//! The moments of the kills come from a seed that is printed. `ENTREPOT_ENDURANCE_SEED` gives one,
//! `ENTREPOT_ENDURANCE_KILLS` another number of kills than 200; ten thousand of them, on both databases:
//!
//! ```sh
//! cargo build --release && cargo xtask postgres -- sh -c 'ENTREPOT_TEST_POSTGRES=$DATABASE_URL \
//!     ENTREPOT_TEST_DATABASE=both ENTREPOT_ENDURANCE_KILLS=10000 cargo test --release -p entrepot-endurance'
//! ```
//!
//! - [`run`]: how many kills, from which seed; [`dice`]: what comes from it; [`moment`]: when to kill.
//! - [`house`]: how the servers are set up, and what they sell.
//! - [`world`]: the partners, the doors of the servers that are open, and what was acknowledged.
//! - [`said`]: calls and their acknowledged answers; [`life`]: what becomes of one order; [`load`]: many at once.
//! - [`checks`]: what has to be so after a kill, and once all is at rest.

// Everything here is for tests, where what cannot be had fails the test.
#![allow(clippy::unwrap_used)]

pub mod checks;
pub mod dice;
pub mod house;
pub mod life;
pub mod load;
pub mod moment;
pub mod run;
pub mod said;
pub mod world;
