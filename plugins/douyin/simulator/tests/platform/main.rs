//! The simulator against a stub of the other side: one test binary.

mod calls;
mod flows;
mod openapi;
mod stub;
