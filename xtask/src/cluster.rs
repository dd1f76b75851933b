//! A throw-away PostgreSQL that never outlives this process.
//!
//! A small shell, the keeper, makes the cluster and runs the server. Its standard input is a pipe that
//! only we hold; when that closes, because we dropped it or because this process ended in whatever
//! way (see `leash.rs` for why), the keeper stops the server and removes the folder.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Result, failed, unfit, while_doing};
use crate::postgres;
use crate::unprivileged::PlainUser;

/// What the server promises about a crash of the machine.
#[derive(Clone, Copy, PartialEq)]
pub enum Durability {
    /// Nothing: for tests, which throw everything away.
    Forgetful,
    /// What a server in use promises: for figures.
    Durable,
}

/// Settings of every server we start.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "timezone=UTC",
    "logging_collector=off",
];
/// Settings added for each kind of durability.
const FORGETFUL: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
const DURABLE: &[&str] = &["fsync=on", "synchronous_commit=on", "full_page_writes=on"];

const USER: &str = "entrepot";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Another process may take the free port between our look and the server's start.
const PORT_ATTEMPTS: usize = 5;

/// A running server with an empty cluster.
pub struct Cluster {
    url: String,
    keeper: Child,
    pipe: Option<ChildStdin>,
}

impl Cluster {
    /// Makes a cluster in a new folder and starts a server on a free port of the loopback.
    pub fn start(durability: Durability) -> Result<Cluster> {
        let folder = new_folder(&std::env::temp_dir())?;
        let root = fs::metadata(&folder).map_err(while_doing(folder.display()))?.uid() == 0;
        fs::remove_dir(&folder).map_err(while_doing(folder.display()))?;
        let programs = postgres::find_or_install(root)?;
        let user = if root { Some(PlainUser::find()?) } else { None };
        let mut last = failed("no port was tried");
        for _ in 0..PORT_ATTEMPTS {
            match Cluster::attempt(durability, &programs, user.as_ref()) {
                Err(failure) if failure.message.contains("Address already in use") => last = failure,
                other => return other,
            }
        }
        Err(last)
    }

    /// The URL of the server's `postgres` database, as its superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn attempt(durability: Durability, programs: &postgres::Programs, user: Option<&PlainUser>) -> Result<Cluster> {
        let folder = reachable_folder(user)?;
        let password = random_hex(16)?;
        let port = free_port()?;
        let password_file = folder.join("password");
        fs::write(&password_file, &password).map_err(while_doing(password_file.display()))?;
        if let Some(user) = user {
            for path in [&password_file, &folder] {
                chown(path, Some(user.uid), Some(user.gid)).map_err(while_doing(path.display()))?;
            }
        }
        let script = keeper_script(&folder, &commands(&folder, port, durability, programs), user);
        let mut keeper = Command::new("sh")
            .args(["-c", &script])
            .current_dir(&folder)
            .env("LC_ALL", "C")
            .env_remove("PGDATA")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(while_doing("sh"))?;
        let pipe = keeper.stdin.take();
        let cluster = Cluster { url: format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres"), keeper, pipe };
        wait_until_ready(&folder)?;
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.keeper.wait();
    }
}

/// The commands that make the cluster and run the server.
fn commands(folder: &Path, port: u16, durability: Durability, programs: &postgres::Programs) -> [Vec<String>; 2] {
    let data = folder.join("data").display().to_string();
    let password_file = folder.join("password");
    let mut initdb = vec![programs.initdb.display().to_string()];
    initdb.extend(["-D", &data, "-U", USER, "-A", "scram-sha-256"].map(str::to_owned));
    initdb.push(format!("--pwfile={}", password_file.display()));
    initdb.extend(["--encoding=UTF8", "--locale=C", "--no-sync"].map(str::to_owned));
    let mut server = vec![programs.postgres.display().to_string(), "-D".to_owned(), data];
    let port = format!("port={port}");
    let promised = match durability {
        Durability::Forgetful => FORGETFUL,
        Durability::Durable => DURABLE,
    };
    for setting in SETTINGS.iter().chain(promised).copied().chain([port.as_str()]) {
        server.extend(["-c".to_owned(), setting.to_owned()]);
    }
    [initdb, server]
}

/// The server is asked to stop through the process id in its own file, so that it does not matter
/// whether the command that changes the user stays in between: first fast, then without ceremony.
fn keeper_script(folder: &Path, commands: &[Vec<String>; 2], user: Option<&PlainUser>) -> String {
    let [initdb, server] = commands.each_ref().map(|words| {
        let words = user.map_or_else(|| words.clone(), |user| user.wrap(words));
        quoted(&words)
    });
    let folder = quoted(&[folder.display().to_string()]);
    format!(
        r#"
folder={folder}
(
  {initdb} && {server}
  : > "$folder/ended"
) < /dev/null > "$folder/log" 2>&1 &
trap '' HUP INT TERM
while read -r _; do :; done
tries=0
while [ ! -e "$folder/ended" ] && [ "$tries" -lt 300 ]; do
  case $tries in
    ?|??) signal=INT ;;
    1??) signal=QUIT ;;
    *) signal=KILL ;;
  esac
  pid=$(head -n 1 "$folder/data/postmaster.pid" 2> /dev/null)
  if [ -n "$pid" ]; then kill -s "$signal" "$pid" 2> /dev/null; fi
  sleep 0.1
  tries=$((tries + 1))
done
cd / && rm -rf "$folder"
"#
    )
}

/// Words as a shell reads them back unchanged.
fn quoted(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("'{}'", w.replace('\'', r"'\''"))).collect();
    quoted.join(" ")
}

/// The server says so itself, in the last line of its process id file.
fn wait_until_ready(folder: &Path) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let status = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if status.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
            return Ok(());
        }
        let ended = folder.join("ended").exists();
        if ended || Instant::now() > deadline {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            let why = if ended { "ended at once" } else { "was not ready in time" };
            return Err(failed(format!("the throw-away PostgreSQL {why}; it said:\n{log}")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A new folder that the user can reach and write in; TMPDIR of root may be closed to others.
fn reachable_folder(user: Option<&PlainUser>) -> Result<PathBuf> {
    let Some(user) = user else {
        return new_folder(&std::env::temp_dir());
    };
    let candidates = [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    for base in &candidates {
        let folder = new_folder(base)?;
        let given = chown(&folder, Some(user.uid), Some(user.gid));
        if given.is_ok() && user.can_write_in(&folder) {
            return Ok(folder);
        }
        let _ = fs::remove_dir(&folder);
    }
    Err(unfit(format!(
        "we are root and the server is to run as `{}`, which can write in none of {candidates:?}; \
         set TMPDIR to a folder that is open to it",
        user.name
    )))
}

fn new_folder(base: &Path) -> Result<PathBuf> {
    let folder = base.join(format!("entrepot-postgres-{}", random_hex(8)?));
    fs::DirBuilder::new().mode(0o700).create(&folder).map_err(while_doing(folder.display()))?;
    Ok(folder)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(while_doing("looking for a free port"))?;
    let address = listener.local_addr().map_err(while_doing("looking for a free port"))?;
    Ok(address.port())
}

fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut random))
        .map_err(while_doing("/dev/urandom"))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        let words = ["printf", "%s|", "a b", "it's", "$HOME", "", "\"q\""].map(str::to_owned);
        let output = Command::new("sh").args(["-c", &quoted(&words)]).output().expect("sh");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a b|it's|$HOME||\"q\"|");
    }

    #[test]
    fn durability_is_one_switch_and_the_last_word() {
        let programs =
            postgres::Programs { initdb: PathBuf::from("/p/initdb"), postgres: PathBuf::from("/p/postgres") };
        let folder = Path::new("/f");
        let [_, forgetful] = commands(folder, 1, Durability::Forgetful, &programs);
        let [_, durable] = commands(folder, 1, Durability::Durable, &programs);
        assert!(forgetful.contains(&"fsync=off".to_owned()));
        assert!(durable.contains(&"fsync=on".to_owned()) && !durable.contains(&"fsync=off".to_owned()));
    }
}
