//! What a person is told when something cannot go on, and the exit code that goes with it.

use std::fmt;

/// Something a person has to act on; `code` becomes the exit code of the process.
#[derive(Debug)]
pub struct Failure {
    /// Says what is wrong and what to do about it.
    pub message: String,
    /// 1: something was tried and failed; 2: the request or the machine is not fit for it.
    pub code: u8,
}

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Something was tried and failed (exit code 1).
pub fn failed(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), code: 1 }
}

/// The request or the machine is not fit for it (exit code 2).
pub fn unfit(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), code: 2 }
}

/// Puts what was being done in front of an I/O error.
pub fn while_doing<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Failure {
    move |error| failed(format!("{what}: {error}"))
}
