//! A library for another ABI: its table stands under the symbol of the next one.
// SAFETY: the name is unique to plugin libraries; nothing else is linked with this one.
#![allow(unsafe_code)]

/// Never called by a host of this ABI.
#[unsafe(no_mangle)]
pub extern "C" fn entrepot_plugin_v2() -> *const u8 {
    std::ptr::null()
}
