//! Checks the simulated Douyin platform with Douyin's own SDK for Node (`tests/official-sdk`).
//!
//! The one chore that wants a package from outside: npm fetches what the lock file names into `target/official-sdk`,
//! so that the tree stays clean. Where that cannot be, nothing was checked, and the exit code says so.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::cargo::{self, Workspace};
use crate::leash::Leash;
use xtask::failure::{Failure, Result, failed, while_doing};
use xtask::in_path;

/// Exit code for "could not be checked here", which is neither well nor wrong.
const NOT_CHECKED: u8 = 3;
/// What npm calls it when it cannot reach a registry.
const UNREACHABLE: [&str; 9] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ETIMEDOUT",
    "ERR_SOCKET_TIMEOUT",
    "ENOTCACHED",
];

/// Fetches the SDK, builds the simulator's program and runs the check, which prints a line for each call.
///
/// # Errors
/// With exit code 3 where Node or the registry is missing; otherwise where a step fails.
pub fn check() -> Result<ExitCode> {
    let workspace = Workspace::read()?;
    for program in ["node", "npm"] {
        if in_path(program).is_none() {
            return Err(not_checked(format!("no {program} in PATH: install Node.js 20 or newer")));
        }
    }
    let source = workspace.root.join("tests/official-sdk");
    let modules = workspace.target.join("official-sdk");
    fetch(&source, &modules)?;
    let mut leash = Leash::start()?;
    let args = ["build", "--locked", "--workspace", "--example", "serve"].map(str::to_owned);
    let built = cargo::build(&mut leash, &workspace.root, &args)?;
    let found = built.into_iter().filter(|one| one.target.name == "serve").find_map(|one| one.executable);
    let program = found.ok_or_else(|| failed("cargo built no example `serve` (plugins/douyin/simulator)"))?;
    let mut node = Command::new("node");
    let status = leash.status(node.arg(source.join("check.mjs")).args([&modules, &program]))?;
    Ok(crate::exit_code(status))
}

/// Installs exactly what the lock file says, and runs nothing that comes with it.
fn fetch(source: &Path, modules: &Path) -> Result<()> {
    fs::create_dir_all(modules).map_err(while_doing(modules.display()))?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(source.join(name), modules.join(name)).map_err(while_doing(source.join(name).display()))?;
    }
    let output = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--fetch-retry-mintimeout=1000",
        ])
        .current_dir(modules)
        .stdin(Stdio::null())
        .output()
        .map_err(while_doing("npm ci"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    match reason(&words) {
        Some(reason) => Err(not_checked(format!("npm reaches no registry ({reason})"))),
        None => Err(failed(format!("npm ci in {} failed:\n{words}", modules.display()))),
    }
}

/// The code of npm's error, where it means that no registry was reached.
fn reason(words: &str) -> Option<&'static str> {
    let code = words.lines().find_map(|line| line.split_once(" code ").map(|(_, code)| code.trim()))?;
    UNREACHABLE.into_iter().find(|known| *known == code)
}

fn not_checked(why: String) -> Failure {
    Failure { message: format!("the official SDK was not checked: {why}"), code: NOT_CHECKED }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unreachable_registry_excuses() {
        assert_eq!(reason("npm error code ENOTFOUND\nnpm error syscall getaddrinfo"), Some("ENOTFOUND"));
        assert_eq!(reason("npm ERR! code ECONNREFUSED"), Some("ECONNREFUSED"));
        assert_eq!(reason("npm error code EINTEGRITY\nnpm error sha512 ENOTFOUND"), None);
        assert_eq!(reason("npm error code E404"), None);
        assert_eq!(reason(""), None);
    }
}
