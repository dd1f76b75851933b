//! A database of its own for each test: an SQLite file, or a database in the server that the test run names.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database and a folder; the folder goes with the test.
pub struct Given {
    /// As `database.url` names it.
    pub url: String,
    /// For the configuration and whatever else the test writes.
    pub folder: TempDir,
    /// The SQLite file; none on PostgreSQL.
    pub file: Option<PathBuf>,
}

/// SQLite, unless the run names something else.
fn wanted(kind: &str) -> bool {
    match std::env::var("ENTREPOT_TEST_DATABASE").as_deref() {
        Ok("both") => true,
        Ok(named) => named == kind,
        Err(_) => kind == "sqlite",
    }
}

/// A SQLite file, whatever the run is about: for what has nothing to do with the kind of database.
pub fn file() -> Given {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    Given { url: format!("sqlite://{}", file.display()), folder, file: Some(file) }
}

/// Whether this run covers PostgreSQL, on which several nodes may work.
pub fn covers_postgres() -> bool {
    wanted("postgres")
}

/// A database in the PostgreSQL server of the test run.
pub async fn postgres() -> Given {
    let server = std::env::var("ENTREPOT_TEST_POSTGRES")
        .expect("ENTREPOT_TEST_POSTGRES names no server; run the tests with: cargo xtask test");
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("journeys_{}_{number}", std::process::id());
    let url = entrepot_store::create_database(&server, &name).await.unwrap();
    Given { url, folder: tempfile::tempdir().unwrap(), file: None }
}

/// The databases of this run.
pub async fn all() -> Vec<Given> {
    let mut given = Vec::new();
    if wanted("sqlite") {
        given.push(file());
    }
    if wanted("postgres") {
        given.push(postgres().await);
    }
    assert!(!given.is_empty(), "ENTREPOT_TEST_DATABASE is none of sqlite, postgres and both");
    given
}
