//! How a plugin is reached: in this process, through a library's C table, or in a process of its own. All are the
//! contract's `Plugin` trait to the rest of the host.
//!
//! - [`child`]: a plugin in a process of its own, written in any language.
//! - [`direct`]: runs a plugin's future so that neither its panics nor its slowness get out.
//! - [`library`]: loads a library and speaks with it; the one file of the host with `unsafe`.
//! - `line`: the way to a plugin that runs elsewhere: a library's table, or a process's pipes.
//! - `remote`: an instance on the other side of a line as the contract's trait.
//! - `seats`: the numbers under which plugins elsewhere know their instances and calls.

pub mod child;
pub mod direct;
#[cfg(test)]
mod fake_library;
pub mod library;
mod line;
pub(crate) mod remote;
mod seats;
