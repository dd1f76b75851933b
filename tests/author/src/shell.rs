//! Commands as a stranger types them: in a folder outside of the repository, with the executable on the path, offline.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use entrepot_journeys::program::{self, Ended};

/// A terminal in some folder.
pub struct Shell {
    /// The folder in which the next command is run.
    pub folder: PathBuf,
}

/// Where cargo puts what this workspace builds: this test is `<there>/PROFILE/deps/…`.
fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// Where cargo puts what the stranger builds: kept from run to run, because most of it is other people's crates.
pub fn strangers_target() -> PathBuf {
    let folder = target().join("author");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// An empty folder outside of the repository, always the same one for this clone: cargo takes crates elsewhere for others.
pub fn empty_folder(name: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    target().hash(&mut hasher);
    let folder = std::env::temp_dir().join(format!("entrepot-{name}-{:016x}", hasher.finish()));
    match fs::remove_dir_all(&folder) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => panic!("{}: {fault}", folder.display()),
        _ => fs::create_dir(&folder).unwrap(),
    }
    folder.canonicalize().unwrap()
}

impl Shell {
    /// A terminal in a folder.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A command line, not yet run.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).current_dir(&self.folder);
        for (name, _) in std::env::vars() {
            // Nothing of the test's own run: neither the house's configuration nor what cargo tells its tests.
            let cargos = name.starts_with("CARGO_") && name != "CARGO_HOME";
            if name.starts_with("ENTREPOT_") || cargos || name == "RUST_LOG" || name == "RUSTFLAGS" {
                command.env_remove(name);
            }
        }
        let executable = program::binary().canonicalize().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", executable.parent().unwrap().display()));
        // Nobody looks for a line of code here, and it is half the work of the linker.
        command.envs([("CARGO_NET_OFFLINE", "true"), ("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_TERM_COLOR", "never")]);
        command
    }

    /// Runs a command line to its end.
    pub fn run(&mut self, line: &str) -> Ended {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.folder = self.folder.join(folder).canonicalize().unwrap();
            return Ended { code: 0, out: String::new(), err: String::new() };
        }
        program::finish(self.command(line), "")
    }

    /// Runs a command line that has to do what it says; its standard output.
    ///
    /// # Panics
    /// When it does not.
    pub fn does(&mut self, line: &str) -> String {
        let ended = self.run(line);
        assert_eq!(ended.code, 0, "{line}\n(in {})\n{}\n{}", self.folder.display(), ended.out, ended.err);
        ended.out
    }
}
