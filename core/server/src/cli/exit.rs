//! How a command ends.

use std::process::ExitCode;

use super::print;
use crate::client::ClientFault;
use crate::config::Faults;

/// Exit codes; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed or refused.
    Failed,
    /// 2: the configuration or the usage is wrong.
    Usage,
    /// 3: the database or the server cannot be reached.
    Unreachable,
}

impl Exit {
    /// For the operating system.
    #[must_use]
    pub fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
        })
    }
}

/// Why a command did not do what was asked, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the command ends.
    pub exit: Exit,
    /// For the person who gave the command.
    pub text: String,
}

impl Failure {
    /// Failed or refused.
    #[must_use]
    pub fn failed(text: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, text: text.into() }
    }

    /// The configuration or the usage is wrong.
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }

    /// The database or the server cannot be reached.
    #[must_use]
    pub fn unreachable(text: impl Into<String>) -> Self {
        Self { exit: Exit::Unreachable, text: text.into() }
    }

    /// Says it on standard error.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        print::note(&format!("error: {}", self.text));
        self.exit.code()
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::usage(faults.to_string())
    }
}

impl From<ClientFault> for Failure {
    fn from(fault: ClientFault) -> Self {
        match fault {
            ClientFault::Problem { detail, .. } => Self::failed(detail),
            ClientFault::Unreachable(text) => Self::unreachable(text),
            ClientFault::Failed(text) => Self::failed(text),
        }
    }
}
