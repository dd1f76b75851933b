//! What a test of the real executable over real HTTP works with. Of the house's own crates, the simulators are used, and
//! the store's way to make a PostgreSQL database. The journeys themselves are in `tests/journeys`.
//!
//! - [`program`]: the executable; [`databases`]: one for each test; [`serving`]: a server that runs; [`office`]: the
//!   admin API; [`signed`]: a platform's calls, signed by what the specification says; [`stage`]: all of it together;
//!   [`bought`]: an order on it, and the waits for what becomes of it;
//!   [`scenic`]: the same with a scenic area behind a gateway; [`harbour`]: with a museum whose supplier speaks OCTO;
//!   [`groupbuy`]: with vouchers whose day is reserved later;
//!   [`wait`]: until something is so.

// Everything here is for tests, where what cannot be had fails the test.
#![allow(clippy::unwrap_used)]

pub mod bought;
pub mod databases;
pub mod groupbuy;
pub mod harbour;
pub mod office;
pub mod program;
pub mod scenic;
pub mod serving;
pub mod signed;
pub mod stage;
pub mod wait;
