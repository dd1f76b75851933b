//! The admin API on a real application: a database of its own, the demo's configuration, requests through the router.
//! Every test runs on each database that `ENTREPOT_TEST_DATABASE` names; on SQLite alone when it says nothing.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

mod access;
mod alerts;
mod beside;
mod calendar;
mod catalogue;
mod clock;
mod configuration;
mod credit;
mod desk;
mod differences;
mod document;
mod health;
mod history;
mod house;
mod input;
mod life;
mod market;
mod pairs;
mod pools;
mod queue;
mod stock;
mod webhooks;
