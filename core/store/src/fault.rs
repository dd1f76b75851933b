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
        // The machine has too little of something: disk, memory, connections, or its disk fails. It is no fault of what was
        // written, which is asked again; in PostgreSQL, then in SQLite.
        "53000" | "53100" | "53200" | "53300" | "53400" | "58030" => StorageFault::Lost(text),
        "7" | "10" | "13" => StorageFault::Lost(text),
        // SQLite's failures of the disk, each with its number in the second byte.
        other if other.parse::<u32>().is_ok_and(|number| other.len() < 5 && number & 0xff == 10) => {
            StorageFault::Lost(text)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A full disk is nobody's fault who writes: were it the command's, a channel would be refused for good.
    #[test]
    fn a_machine_at_its_end_is_asked_again() {
        for code in ["53100", "53200", "53300", "58030", "13", "10", "778", "7"] {
            assert!(matches!(by_code(code, String::new()), StorageFault::Lost(_)), "{code}");
        }
        for code in ["23505", "2067", "40001", "5"] {
            assert!(matches!(by_code(code, String::new()), StorageFault::Conflict(_)), "{code}");
        }
        for code in ["22001", "23502", "42P01", "1", "19", "20"] {
            assert!(matches!(by_code(code, String::new()), StorageFault::Data(_)), "{code}");
        }
    }
}
