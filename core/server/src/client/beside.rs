//! What a server leaves beside its SQLite file: `<file>.server`, readable by its own user only, with its address and a
//! token for the commands on this machine. The server holds a lock on it for as long as it lives, and the operating
//! system ends that lock with the process: so a file that a killed server left behind is told from a live one's, and
//! two servers never share a database file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Longest note read, in bytes.
const NOTE_LIMIT_BYTES: u64 = 4096;
/// A command that looks holds the lock for an instant; a server that starts tries so often.
const TRIES: u32 = 10;
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Where the server is, and the way in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its address, without a slash at the end.
    pub url: String,
    /// The local token.
    pub token: String,
    /// Its process.
    pub pid: u32,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} at {}", self.pid, self.url)
    }
}

/// What lies beside a database file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing.
    Nobody,
    /// What a server that is gone left behind.
    Stale,
    /// A server lives that has not left its address yet.
    Starting,
    /// A server lives here.
    Running(Note),
}

/// The file of a SQLite database as the driver opens it; none for PostgreSQL.
#[must_use]
pub fn database_file(config: &Config) -> Option<PathBuf> {
    config.database.url.sqlite_path().map(|path| PathBuf::from(decoded(path)))
}

/// `<file>.server`, for SQLite.
#[must_use]
pub fn path_of(config: &Config) -> Option<PathBuf> {
    let mut name = database_file(config)?.into_os_string();
    name.push(".server");
    Some(name.into())
}

/// A URL's path without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// 64 hexadecimal digits of the system's randomness.
pub fn new_token() -> Result<String, String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|fault| format!("the operating system gives no randomness: {fault}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Looks who is there.
pub fn look(path: &Path) -> io::Result<Look> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Look::Nobody),
        Err(fault) => return Err(fault),
    };
    match file.try_lock_shared() {
        // Closing the file gives the lock back.
        Ok(()) => Ok(Look::Stale),
        Err(TryLockError::Error(fault)) => Err(fault),
        Err(TryLockError::WouldBlock) => Ok(read(&mut file)?.map_or(Look::Starting, Look::Running)),
    }
}

fn read(file: &mut File) -> io::Result<Option<Note>> {
    let mut text = String::new();
    file.take(NOTE_LIMIT_BYTES).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text).ok())
}

/// A server's place beside its database; dropping it gives the place back.
#[derive(Debug)]
pub struct Place {
    file: File,
    path: PathBuf,
}

/// Why a server cannot have the place.
#[derive(Debug)]
pub enum Taken {
    /// Another server has it.
    By(Option<Note>),
    /// The file cannot be made or locked.
    Fault(io::Error),
}

impl From<io::Error> for Taken {
    fn from(fault: io::Error) -> Self {
        Self::Fault(fault)
    }
}

impl Place {
    /// Takes the place; what lay there is emptied.
    pub fn take(path: &Path) -> Result<Self, Taken> {
        let mut holder = None;
        for _ in 0..TRIES {
            let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
            let mut file = open?;
            match file.try_lock() {
                Ok(()) if is_at(&file, path)? => {
                    file.set_permissions(PermissionsExt::from_mode(0o600))?;
                    file.set_len(0)?;
                    return Ok(Self { file, path: path.to_owned() });
                }
                // A server that stopped in this instant removed the file.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    holder = read(&mut file)?;
                    std::thread::sleep(TRY_AGAIN);
                }
                Err(TryLockError::Error(fault)) => return Err(fault.into()),
            }
        }
        Err(Taken::By(holder))
    }

    /// Leaves the address and the token.
    pub fn publish(&mut self, note: &Note) -> io::Result<()> {
        let text = serde_json::to_vec(note)?;
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&text)?;
        self.file.sync_all()
    }
}

/// Leaving removes the file while its lock is still held.
impl Drop for Place {
    fn drop(&mut self) {
        if let Err(fault) = std::fs::remove_file(&self.path) {
            tracing::warn!(%fault, file = %self.path.display(), "the file beside the database could not be removed");
        }
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok(own.ino() == there.ino() && own.dev() == there.dev()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Note {
        Note { url: "http://127.0.0.1:1".to_owned(), token: new_token().unwrap(), pid: 7 }
    }

    #[test]
    fn a_place_is_taken_told_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db.server");
        assert_eq!(look(&path).unwrap(), Look::Nobody);
        let mut place = Place::take(&path).unwrap();
        assert_eq!(look(&path).unwrap(), Look::Starting);
        let note = note();
        place.publish(&note).unwrap();
        assert_eq!(look(&path).unwrap(), Look::Running(note.clone()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(Place::take(&path), Err(Taken::By(Some(holder))) if holder == note));
        drop(place);
        assert_eq!(look(&path).unwrap(), Look::Nobody);
    }

    #[test]
    fn what_a_killed_server_left_is_stale_and_can_be_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db.server");
        std::fs::write(&path, serde_json::to_vec(&note()).unwrap()).unwrap();
        assert_eq!(look(&path).unwrap(), Look::Stale);
        let place = Place::take(&path).unwrap();
        assert_eq!(look(&path).unwrap(), Look::Starting, "what lay there is emptied");
        drop(place);
    }

    #[test]
    fn the_token_is_not_printed() {
        let note = note();
        assert!(!format!("{note:?}").contains(&note.token));
    }

    #[test]
    fn percent_signs_are_read_as_the_driver_reads_them() {
        assert_eq!(decoded("my%20shop.db"), "my shop.db");
        assert_eq!(decoded("50%.db"), "50%.db");
    }
}
