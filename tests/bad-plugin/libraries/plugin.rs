//! The bad plugin as a loadable library.

entrepot_sdk::export_plugin!(bad_plugin::plugin);
