//! The tables that batches write. Columns are in the order of the rows that [`crate::write`] makes.

use crate::rows::Kind::{Number, Optional, Text};
use crate::rows::{OnConflict, Table};

pub(crate) const CHANNEL_REFS: Table = Table {
    name: "channel_refs",
    columns: &[
        ("application", Text),
        ("channel_order", Text),
        ("merchant", Optional),
        ("order_id", Optional),
        ("connection", Optional),
        ("facts", Optional),
    ],
    key: &["channel_order", "application"],
    on_conflict: OnConflict::Replace(&["merchant", "order_id", "connection", "facts"]),
};

/// References that were not there: one that is, by now, is another writer's.
pub(crate) const NEW_CHANNEL_REFS: Table = Table { on_conflict: OnConflict::Fail, ..CHANNEL_REFS };

/// Orders that are new.
pub(crate) const NEW_ORDERS: Table = Table { on_conflict: OnConflict::Fail, ..ORDERS };

pub(crate) const ORDERS: Table = Table {
    name: "orders",
    columns: &[
        ("id", Text),
        ("merchant", Text),
        ("family", Text),
        ("connection", Text),
        ("channel_order", Text),
        ("state", Text),
        ("product", Text),
        ("sku", Text),
        ("arrive", Optional),
        ("created_at", Number),
        ("next_deadline_at", Number),
        ("body", Text),
        ("supplier_reference", Optional),
        ("guests", Optional),
        ("credentials", Optional),
    ],
    key: &["id"],
    on_conflict: OnConflict::ReplaceOrKeep(
        &["state", "next_deadline_at", "body", "supplier_reference"],
        &["guests", "credentials"],
    ),
};

pub(crate) const REFUNDS: Table = Table {
    name: "refunds",
    columns: &[("id", Text), ("merchant", Text), ("order_id", Text), ("state", Text), ("body", Text)],
    key: &["id"],
    on_conflict: OnConflict::Replace(&["state", "body"]),
};

pub(crate) const REFUND_LINES: Table = Table {
    name: "refund_lines",
    columns: &[
        ("order_id", Text),
        ("key", Text),
        ("line", Number),
        ("merchant", Text),
        ("refund_key", Optional),
        ("unit", Number),
        ("names", Text),
        ("gives_back", Text),
        ("agreed", Number),
        ("asked_at", Number),
        ("decided_at", Number),
        ("told_at", Number),
        ("applied", Number),
        ("uses", Number),
        ("used", Number),
        ("refunded", Number),
        ("due_minor", Number),
        ("back_minor", Number),
        ("kept_minor", Number),
        ("currencies", Optional),
        ("items", Optional),
        ("faults", Optional),
        ("secret", Optional),
    ],
    key: &["order_id", "key", "line"],
    on_conflict: OnConflict::Fail,
};

pub(crate) const STOCK: Table = Table {
    name: "stock",
    columns: &[
        ("merchant", Text),
        ("bucket", Text),
        ("date", Text),
        ("slot", Text),
        ("capacity", Number),
        ("held", Number),
        ("sold", Number),
    ],
    key: &["merchant", "bucket", "date", "slot"],
    on_conflict: OnConflict::Replace(&["capacity", "held", "sold"]),
};

pub(crate) const ACCOUNTS: Table = Table {
    name: "accounts",
    columns: &[
        ("merchant", Text),
        ("distributor", Text),
        ("currency", Text),
        ("limit_minor", Number),
        ("balance_minor", Number),
        ("held_minor", Number),
        ("sequence", Number),
    ],
    key: &["merchant", "distributor"],
    on_conflict: OnConflict::Replace(&["limit_minor", "balance_minor", "held_minor", "sequence"]),
};

pub(crate) const POSTINGS: Table = Table {
    name: "postings",
    columns: &[
        ("merchant", Text),
        ("distributor", Text),
        ("sequence", Number),
        ("kind", Text),
        ("from_book", Text),
        ("to_book", Text),
        ("amount_minor", Number),
        ("balance_after_minor", Number),
        ("held_after_minor", Number),
        ("order_id", Optional),
        ("refund_id", Optional),
        ("at", Number),
        ("by_whom", Text),
        ("note", Optional),
    ],
    key: &["merchant", "distributor", "sequence"],
    on_conflict: OnConflict::Fail,
};

pub(crate) const POOLS: Table = Table {
    name: "pools",
    columns: &[
        ("merchant", Text),
        ("name", Text),
        ("available", Number),
        ("threshold", Number),
        ("expiring_days", Number),
    ],
    key: &["merchant", "name"],
    on_conflict: OnConflict::Replace(&["available", "threshold", "expiring_days"]),
};

pub(crate) const CODES: Table = Table {
    name: "codes",
    columns: &[
        ("id", Text),
        ("merchant", Text),
        ("pool", Text),
        ("code_index", Text),
        ("credentials", Text),
        ("state", Text),
        ("batch", Text),
        ("valid_from", Text),
        ("valid_to", Text),
        ("face_minor", Number),
        ("face_currency", Optional),
    ],
    key: &["id"],
    on_conflict: OnConflict::Fail,
};

pub(crate) const CODE_BATCHES: Table = Table {
    name: "code_batches",
    columns: &[("merchant", Text), ("pool", Text), ("id", Text), ("state", Text), ("by_whom", Text), ("at", Number)],
    key: &["merchant", "pool", "id"],
    on_conflict: OnConflict::Replace(&["state"]),
};

pub(crate) const CODE_WAITS: Table = Table {
    name: "code_waits",
    columns: &[
        ("order_id", Text),
        ("merchant", Text),
        ("pool", Text),
        ("wanted", Number),
        ("first_day", Text),
        ("last_day", Text),
        ("since", Number),
    ],
    key: &["order_id"],
    on_conflict: OnConflict::Keep,
};

pub(crate) const UPLOADS: Table = Table {
    name: "uploads",
    columns: &[("id", Text), ("merchant", Text), ("pool", Text), ("standing", Text), ("body", Text)],
    key: &["id"],
    on_conflict: OnConflict::Replace(&["standing", "body"]),
};

pub(crate) const UNIT_CODES: Table = Table {
    name: "unit_codes",
    columns: &[("merchant", Text), ("code_index", Text), ("order_id", Text), ("unit", Number)],
    key: &["merchant", "code_index", "order_id", "unit"],
    on_conflict: OnConflict::Keep,
};

pub(crate) const EVENTS: Table = Table {
    name: "events",
    columns: &[("merchant", Text), ("order_id", Text), ("body", Text)],
    key: &["seq"],
    on_conflict: OnConflict::Fail,
};

pub(crate) const COMMAND_KEYS: Table = Table {
    name: "command_keys",
    columns: &[
        ("merchant", Text),
        ("scope", Text),
        ("kind", Text),
        ("key", Text),
        ("fingerprint", Text),
        ("answer", Text),
        ("at", Number),
    ],
    key: &["merchant", "scope", "kind", "key"],
    on_conflict: OnConflict::Fail,
};

pub(crate) const CATALOGUE_ENTRIES: Table = Table {
    name: "catalogue_entries",
    columns: &[("merchant", Text), ("kind", Text), ("id", Text), ("body", Text), ("revision", Number)],
    key: &["merchant", "kind", "id"],
    on_conflict: OnConflict::Replace(&["body", "revision"]),
};

pub(crate) const CALENDAR_DAYS: Table = Table {
    name: "calendar_days",
    columns: &[("merchant", Text), ("sku", Text), ("date", Text), ("body", Text), ("revision", Number)],
    key: &["merchant", "sku", "date"],
    on_conflict: OnConflict::Replace(&["body", "revision"]),
};

pub(crate) const INTERFACE_LOG: Table = Table {
    name: "interface_log",
    columns: &[("at", Number), ("merchant", Optional), ("application", Text), ("order_ref", Optional), ("body", Text)],
    key: &["seq"],
    on_conflict: OnConflict::Fail,
};

const LIMIT_COLUMNS: &[(&str, crate::rows::Kind)] =
    &[("merchant", Text), ("product", Text), ("per", Text), ("period", Text), ("subject", Text), ("units", Number)];

const LIMIT_KEY: &[&str] = &["merchant", "product", "per", "period", "subject"];

pub(crate) const LIMITS: Table = Table {
    name: "limit_counters",
    columns: LIMIT_COLUMNS,
    key: LIMIT_KEY,
    on_conflict: OnConflict::Replace(&["units"]),
};

/// Claiming makes the counter that is locked next; one that is there stays as it is.
pub(crate) const CLAIMED_LIMITS: Table =
    Table { name: "limit_counters", columns: LIMIT_COLUMNS, key: LIMIT_KEY, on_conflict: OnConflict::Keep };

pub(crate) const HISTORY: Table = Table {
    name: "history",
    columns: &[
        ("merchant", Text),
        ("at", Number),
        ("by_whom", Text),
        ("kind", Text),
        ("subject", Text),
        ("first_date", Text),
        ("last_date", Text),
        ("body", Text),
    ],
    key: &["seq"],
    on_conflict: OnConflict::Fail,
};
