//! A fresh database for each run: a file in a temporary folder, or a database on a PostgreSQL server.

use std::path::Path;

use xtask::cluster::{Cluster, Durability};

use crate::Result;

/// Which database a program runs on.
#[derive(Debug, Clone, clap::Args)]
pub struct Choice {
    /// `sqlite`, `postgres` (a throw-away server with durable settings), or postgres://… of a server on which databases
    /// are created; repeatable. Both kinds when left out
    #[arg(long = "database", value_name = "DATABASE")]
    names: Vec<String>,
}

/// Where fresh databases come from.
pub enum Source {
    /// Files in a folder that goes away at the end.
    Sqlite {
        /// The folder.
        folder: tempfile::TempDir,
    },
    /// Databases on a server.
    Postgres {
        /// Any database there.
        url: String,
        /// The server, when it is ours.
        _cluster: Option<Cluster>,
    },
}

impl Choice {
    /// The sources that were asked for, in order.
    pub fn sources(&self) -> Result<Vec<Source>> {
        let both = ["sqlite".to_owned(), "postgres".to_owned()];
        let names = if self.names.is_empty() { &both[..] } else { &self.names[..] };
        names.iter().map(|name| Source::named(name)).collect()
    }
}

impl Source {
    fn named(name: &str) -> Result<Self> {
        match name {
            "sqlite" => {
                let folder = tempfile::Builder::new().prefix("entrepot-bench-").tempdir();
                Ok(Self::Sqlite { folder: folder.map_err(|fault| fault.to_string())? })
            }
            "postgres" => {
                let cluster = Cluster::start(Durability::Durable).map_err(|failure| failure.to_string())?;
                Ok(Self::Postgres { url: cluster.url().to_owned(), _cluster: Some(cluster) })
            }
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres { url: url.to_owned(), _cluster: None })
            }
            other => Err(format!("--database {other}: expected sqlite, postgres or postgres://…")),
        }
    }

    /// `sqlite` or `postgres`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres { .. } => "postgres",
        }
    }

    /// The URL of an empty database of that name; made of small letters, digits and `_`.
    pub async fn fresh(&self, name: &str) -> Result<String> {
        match self {
            Self::Sqlite { folder } => Ok(format!("sqlite://{}", file(folder.path(), name))),
            Self::Postgres { url, .. } => {
                let name = format!("{name}_{}", std::process::id());
                entrepot_store::create_database(url, &name).await.map_err(|fault| fault.to_string())
            }
        }
    }
}

fn file(folder: &Path, name: &str) -> String {
    folder.join(format!("{name}.db")).display().to_string()
}
