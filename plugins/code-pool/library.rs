//! This plugin as a loadable library.

entrepot_sdk::export_plugin!(code_pool::plugin);
