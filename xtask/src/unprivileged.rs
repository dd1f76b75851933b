//! Runs a command as a plain user when we are root: PostgreSQL refuses to run as root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Result, unfit};

/// A user without rights of its own, and how to become it.
#[derive(Debug)]
pub struct PlainUser {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    /// Words to put in front of a command.
    prefix: Vec<String>,
}

impl PlainUser {
    /// The user for servers that refuse to run as root: `postgres` where it exists, else `nobody`.
    pub fn find() -> Result<PlainUser> {
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id("-u", name), id("-g", name)) {
                let prefix = prefix(name, gid)?;
                return Ok(PlainUser { name: name.to_owned(), uid, gid, prefix });
            }
        }
        Err(unfit(
            "PostgreSQL does not run as root and there is neither a user `postgres` nor `nobody` here; \
             make one with `useradd --system postgres`",
        ))
    }

    /// The command's words, run as this user.
    pub fn wrap(&self, words: &[String]) -> Vec<String> {
        self.prefix.iter().chain(words).cloned().collect()
    }

    /// Can this user write in the folder? (A folder below root's home may be closed to it.)
    pub fn can_write_in(&self, folder: &Path) -> bool {
        let words = ["test", "-w", &folder.to_string_lossy()].map(str::to_owned);
        let wrapped = self.wrap(&words);
        wrapped.split_first().is_some_and(|(program, args)| {
            Command::new(program)
                .args(args)
                .current_dir("/")
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })
    }
}

/// `setpriv` and `runuser` are Linux's; `su` is everywhere. The first one found is used.
fn prefix(user: &str, gid: u32) -> Result<Vec<String>> {
    let words: Vec<&str> = if in_path("setpriv").is_some() {
        let gid = gid.to_string();
        let words = ["setpriv", "--reuid", user, "--regid", &gid, "--clear-groups", "--"];
        return Ok(words.map(str::to_owned).to_vec());
    } else if in_path("runuser").is_some() {
        vec!["runuser", "-u", user, "--"]
    } else if in_path("su").is_some() {
        vec!["su", "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--", user]
    } else {
        return Err(unfit(
            "we are root, PostgreSQL is not to be, and there is none of setpriv, runuser and su here; \
             on Debian: apt-get install util-linux",
        ));
    };
    Ok(words.into_iter().map(str::to_owned).collect())
}

/// Where a program is in PATH.
pub fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn id(option: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([option, user]).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
