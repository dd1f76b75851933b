//! Three nodes on one PostgreSQL under one load.
