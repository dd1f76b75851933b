//! The executable under test and its commands.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where cargo puts what it builds: this test is `<there>/deps/…`.
fn built() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(Path::parent).unwrap().to_owned()
}

/// The executable.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("ENTREPOT_BINARY").map(PathBuf::from);
    let path = named.unwrap_or_else(|| built().join("entrepot"));
    assert!(path.is_file(), "there is no executable at {}; build it with: cargo build", path.display());
    path
}

/// The folder of the plugin libraries.
pub fn libraries() -> PathBuf {
    let named = std::env::var_os("ENTREPOT_LIBRARIES").map(PathBuf::from);
    let path = named.unwrap_or_else(|| built().join("plugins"));
    assert!(path.is_dir(), "there are no libraries at {}; build them with: cargo xtask libraries", path.display());
    path
}

/// The configuration of the demo, as it lies in the repository.
pub fn demo_config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/demo.toml").canonicalize().unwrap()
}

/// A command that knows nothing of the environment's configuration.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::null()).env_remove("RUST_LOG");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ENTREPOT_")) {
        command.env_remove(name);
    }
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// Standard output, when the command did what was asked.
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self.out
    }

    /// Standard output as JSON, whatever the exit code.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|fault| panic!("{fault}: {}\n{}", self.out, self.err))
    }
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Ended {
    finish(command(arguments), "")
}

/// The same, with something on standard input.
pub fn finish(mut command: Command, input: &str) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that does not read may have closed its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}
