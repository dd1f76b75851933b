//! A database of its own for each test: an SQLite file, or a database in the server that the test run names.

use entrepot_store::{GuestKeys, Options, SqlStorage};

/// A database that goes with the test.
pub struct Given {
    url: String,
    _folder: Option<tempfile::TempDir>,
}

/// Which databases this run is about: SQLite unless told otherwise.
fn wanted(kind: &str) -> bool {
    match std::env::var("ENTREPOT_TEST_DATABASE").as_deref() {
        Ok("both") => true,
        Ok(named) => named == kind,
        Err(_) => kind == "sqlite" || std::env::var("ENTREPOT_TEST_POSTGRES").is_ok(),
    }
}

pub fn sqlite() -> Option<Given> {
    wanted("sqlite").then(|| {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Given { url, _folder: Some(folder) }
    })
}

pub async fn postgres() -> Option<Given> {
    if !wanted("postgres") {
        return None;
    }
    let server = std::env::var("ENTREPOT_TEST_POSTGRES")
        .expect("ENTREPOT_TEST_POSTGRES names no server; run the tests with: cargo xtask test");
    let number = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let thread = format!("{:?}", std::thread::current().id()).replace(['(', ')'], "").to_lowercase();
    let name = format!("simulation_{number}_{thread}");
    let url = entrepot_store::create_database(&server, &name).await.unwrap();
    Some(Given { url, _folder: None })
}

pub async fn open(given: &Given) -> SqlStorage {
    let keys = GuestKeys::new("1", [42; 32]).unwrap();
    let options = Options { url: given.url.clone(), lanes: 1, readers: 2, connect_timeout_ms: 10_000, keys };
    let storage = SqlStorage::connect(options).await.unwrap();
    storage.migrate().await.unwrap();
    storage
}
