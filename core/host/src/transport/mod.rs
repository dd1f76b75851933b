//! How a plugin is reached: in this process, or through a library's C table. Both are the contract's `Plugin` trait to
//! the rest of the host.
//!
//! - [`direct`]: runs a plugin's future so that neither its panics nor its slowness get out.
//! - [`library`]: loads a library and speaks with it; the one file of the host with `unsafe`.
//! - `remote`: a plugin in a library as the contract's traits.
//! - `seats`: the numbers under which libraries know their instances and calls.

pub mod direct;
#[cfg(test)]
mod fake_library;
pub mod library;
pub(crate) mod remote;
mod seats;
