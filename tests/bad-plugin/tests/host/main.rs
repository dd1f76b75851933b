//! A host beside whose healthy plugins a bad one runs, from compiled files: whatever it does, the host lives, the others
//! answer, and the health page names the instance, what, and since when.
//!
//! - `stage`: a host with a clock that stands still, and the files.
//! - `loading`: files that cannot be loaded, each told in one sentence. - `opening`: what goes wrong while opening and closing.
//! - `calls`: what goes wrong in calls. - `table`: what goes wrong at the C table. - `threads`: workers that block or spin.
#![allow(clippy::unwrap_used)]

mod calls;
mod loading;
mod opening;
mod stage;
mod table;
mod threads;
