//! Journeys of the real executable over real HTTP. Everything is in `tests/journeys`.
