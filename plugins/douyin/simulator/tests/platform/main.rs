//! The simulator against a stub of the other side: one test binary.

mod bills;
mod calls;
mod flows;
mod goods;
mod groupbuy;
mod mishaps;
mod openapi;
mod queries;
mod stub;
