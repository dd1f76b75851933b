//! The house rules as tests. The rules themselves are in `tests/layout/`; here is what they look with.
//!
//! - [`scan`]: Rust source as text: code without comments and strings, words, functions, names of plugins.
//! - [`tree`]: the workspace: its packages, as cargo tells them, and its files.

pub mod scan;
pub mod tree;
