//! This plugin as a loadable library.

entrepot_sdk::export_plugin!(octo_supplier::plugin);
