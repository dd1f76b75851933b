//! This plugin as a loadable library.

entrepot_sdk::export_plugin!(douyin_groupbuy::plugin);
