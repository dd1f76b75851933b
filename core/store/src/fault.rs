//! What a database error means for the engine.

use entrepot_engine::storage::StorageFault;
use sea_orm::DbErr;
use sea_orm::RuntimeErr;
use sea_orm::sqlx::Error as SqlxError;

/// Sorts an error: conflict, data, or lost.
pub(crate) fn sort(error: DbErr) -> StorageFault {
    let text = error.to_string();
    let inner = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner,
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return StorageFault::Lost(text),
        _ => return StorageFault::Data(text),
    };
    match inner {
        SqlxError::Database(database) => match database.code().as_deref() {
            Some(code) => by_code(code, text),
            None => StorageFault::Data(text),
        },
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => StorageFault::Lost(text),
        _ => StorageFault::Data(text),
    }
}

fn by_code(code: &str, text: String) -> StorageFault {
    match code {
        // PostgreSQL: serialization, deadlock, unique, lock and statement time-outs.
        "40001" | "40P01" | "23505" | "55P03" | "57014" => StorageFault::Conflict(text),
        // SQLite: busy and locked with their variants, unique and primary key.
        "5" | "6" | "261" | "262" | "517" | "2067" | "1555" => StorageFault::Conflict(text),
        // PostgreSQL: the server is going down, or the session was ended.
        "57P01" | "57P02" | "57P03" | "25P03" | "08000" | "08003" | "08006" => StorageFault::Lost(text),
        _ => StorageFault::Data(text),
    }
}

/// The same for a commit: a broken connection leaves its outcome unknown.
pub(crate) fn sort_commit(error: DbErr) -> StorageFault {
    match sort(error) {
        StorageFault::Lost(text) => StorageFault::CommitUnknown(text),
        other => other,
    }
}

/// A value in a row that this build cannot read.
pub(crate) fn unreadable(what: &str, why: impl std::fmt::Display) -> StorageFault {
    StorageFault::Data(format!("a stored {what} cannot be read: {why}"))
}
