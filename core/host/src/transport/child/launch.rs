//! How a process is started: its command, its folder and its environment, and why it cannot be.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use entrepot_contract::ids::PluginId;
use tokio::process::{Child, Command};

/// Variables that every process is given, besides those that configuration names.
const PASSED: &[&str] = &["PATH", "LANG"];

/// A process that configuration names. Nothing of it is secret: every user of the machine can read a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessDeclaration {
    /// The plugin expected in it.
    pub plugin: PluginId,
    /// The program: a name to be found in `PATH`, or a path from the folder.
    pub program: String,
    /// What it is given to begin with.
    pub arguments: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Names of environment variables that it gets from the host's, besides `PATH` and `LANG`. No others.
    pub environment: Vec<String>,
}

impl ProcessDeclaration {
    /// The command as one types it.
    #[must_use]
    pub fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Starts it, in a process group of its own. The fault is one sentence.
    pub(super) fn spawn(&self) -> Result<Child, String> {
        if !self.folder.is_dir() {
            return Err(format!("the folder {} that it is to run in is not there", self.folder.display()));
        }
        let path = self.program.contains(std::path::MAIN_SEPARATOR).then(|| self.folder.join(&self.program));
        let mut command = Command::new(path.as_deref().unwrap_or(Path::new(&self.program)));
        let environment = PASSED.iter().copied().chain(self.environment.iter().map(String::as_str));
        let passed = environment.filter_map(|name| Some((name, std::env::var_os(name)?)));
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(passed)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|error| self.unfit(path.as_deref(), &error))
    }

    fn unfit(&self, path: Option<&Path>, error: &std::io::Error) -> String {
        let program = &self.program;
        match (path, error.kind()) {
            (None, ErrorKind::NotFound) => {
                format!("the program {program} is not found in PATH; install it, or name its path in `command`")
            }
            (Some(path), ErrorKind::NotFound) if path.exists() => {
                format!("the interpreter that the first line of {} names is not there", path.display())
            }
            (Some(path), ErrorKind::NotFound) => {
                format!("the program {} is not there; correct `command`", path.display())
            }
            (_, ErrorKind::PermissionDenied) => {
                format!("the program {program} is not executable; allow it (chmod +x), or name its interpreter first")
            }
            _ => format!("the program {program} cannot be started ({error}); is it one for this machine?"),
        }
    }
}
