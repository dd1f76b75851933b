//! Finds an installed PostgreSQL server, or installs one where that is possible.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Result, unfit, while_doing};
use crate::unprivileged::in_path;

/// Limit of each apt-get command.
const INSTALL_LIMIT: Duration = Duration::from_secs(600);

const HOW_TO_INSTALL: &str = "Tests need a PostgreSQL server's programs (initdb, postgres); it need not be running.
  Debian, Ubuntu   apt-get install postgresql
  Fedora           dnf install postgresql-server
  Alpine           apk add postgresql
  macOS            brew install postgresql
Or leave PostgreSQL out: cargo xtask test --database sqlite";

/// The programs of one PostgreSQL installation.
#[derive(Debug, PartialEq)]
pub struct Programs {
    pub initdb: PathBuf,
    pub postgres: PathBuf,
}

/// An installed server; on Debian as root, one is installed if there is none.
pub fn find_or_install(root: bool) -> Result<Programs> {
    if let Some(programs) = find() {
        return Ok(programs);
    }
    if !(root && Path::new("/etc/debian_version").exists() && in_path("apt-get").is_some()) {
        return Err(unfit(format!("no PostgreSQL server found here.\n{HOW_TO_INSTALL}")));
    }
    eprintln!("no PostgreSQL server found: installing Debian's");
    apt_get(&["update"])?;
    apt_get(&["install", "-y", "--no-install-recommends", "postgresql"])?;
    find().ok_or_else(|| unfit(format!("installed, and still not found.\n{HOW_TO_INSTALL}")))
}

/// In PATH, then the newest of Debian's versions (which keeps them out of PATH), then pg_config's.
fn find() -> Option<Programs> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(debian_folders(Path::new("/usr/lib/postgresql")));
    let configured = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output();
    if let Ok(output) = configured {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    folders.iter().find_map(|folder| programs_in(folder))
}

fn programs_in(folder: &Path) -> Option<Programs> {
    // Links are resolved because initdb looks for its files beside itself.
    let program = |name: &str| {
        let file = folder.join(name).canonicalize().ok()?;
        file.is_file().then_some(file)
    };
    Some(Programs { initdb: program("initdb")?, postgres: program("postgres")? })
}

fn debian_folders(base: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(base)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn apt_get(args: &[&str]) -> Result<()> {
    let mut child = Command::new("apt-get")
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Keeps the package from starting a server of its own: we want the programs only.
        .env("RUNLEVEL", "1")
        .stdin(Stdio::null())
        .spawn()
        .map_err(while_doing("apt-get"))?;
    let deadline = Instant::now() + INSTALL_LIMIT;
    loop {
        match child.try_wait().map_err(while_doing("apt-get"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                let command = args.join(" ");
                return Err(unfit(format!("apt-get {command}: {status}.\n{HOW_TO_INSTALL}")));
            }
            None if Instant::now() > deadline => {
                let _ = child.kill();
                let _ = child.wait();
                let seconds = INSTALL_LIMIT.as_secs();
                return Err(unfit(format!("apt-get was not done in {seconds} s.\n{HOW_TO_INSTALL}")));
            }
            None => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_by_number_and_not_by_letter() {
        let base = std::env::temp_dir().join(format!("xtask-versions-{}", std::process::id()));
        for version in ["9", "15", "common", "16"] {
            std::fs::create_dir_all(base.join(version).join("bin")).expect("folder");
        }
        let found = debian_folders(&base);
        std::fs::remove_dir_all(&base).expect("removed");
        assert_eq!(found, ["16", "15", "9"].map(|v| base.join(v).join("bin")));
    }

    #[test]
    fn a_folder_without_the_programs_is_passed_over() {
        assert_eq!(programs_in(Path::new("/nowhere")), None);
    }
}
