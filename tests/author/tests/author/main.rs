//! What an author of a plugin goes through.

#![allow(clippy::unwrap_used)]

mod built_in;
mod in_c;
mod in_rust;
