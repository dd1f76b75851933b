//! A database of its own for each test: an SQLite file, or a database in the server that the test run names. Beside it,
//! whether the server's plugins are built in.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::program;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database and a folder; the folder goes with the test.
pub struct Given {
    /// As `database.url` names it.
    pub url: String,
    /// For the configuration and whatever else the test writes.
    pub folder: TempDir,
    /// The SQLite file; none on PostgreSQL.
    pub file: Option<PathBuf>,
    /// The folder of the libraries that plugins come from; none when they are built in.
    pub libraries: Option<PathBuf>,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A database in a server.
    Postgres,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// A new database of this kind.
    pub async fn give(self) -> Given {
        match self {
            Self::Sqlite => file(),
            Self::Postgres => postgres().await,
        }
    }
}

/// The kinds that this run covers: SQLite, unless it names something else.
pub fn kinds() -> Vec<Kind> {
    let wanted = std::env::var("ENTREPOT_TEST_DATABASE").unwrap_or_else(|_| "sqlite".to_owned());
    let mut kinds = vec![Kind::Sqlite, Kind::Postgres];
    kinds.retain(|kind| wanted == "both" || wanted == kind.name());
    assert!(!kinds.is_empty(), "ENTREPOT_TEST_DATABASE is none of sqlite, postgres and both");
    kinds
}

/// A SQLite file, whatever the run is about: for what has nothing to do with the kind of database.
pub fn file() -> Given {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    Given { url: format!("sqlite://{}", file.display()), folder, file: Some(file), libraries: None }
}

async fn postgres() -> Given {
    let server = std::env::var("ENTREPOT_TEST_POSTGRES")
        .expect("ENTREPOT_TEST_POSTGRES names no server; run the tests with: cargo xtask test");
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("journeys_{}_{number}", std::process::id());
    let url = entrepot_store::create_database(&server, &name).await.unwrap();
    Given { url, folder: tempfile::tempdir().unwrap(), file: None, libraries: None }
}

/// A database of each kind that this run covers, and a file once more for the plugins as libraries: a journey says the
/// same of all of them.
pub async fn all() -> Vec<Given> {
    let mut given = Vec::new();
    for kind in kinds() {
        given.push(kind.give().await);
    }
    if kinds().contains(&Kind::Sqlite) {
        given.push(Given { libraries: Some(program::libraries()), ..file() });
    }
    given
}
