//! The C functions of a library, and the macro that exports them. The only unsafe code of the SDK.
//!
//! Rules (`contract::abi`): a buffer is borrowed for the call that passes it; every entry is guarded, because a host
//! cannot catch a foreign panic; all ids are numbers looked up in tables.
#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, OnceLock};

use entrepot_contract::abi::{ACCEPTED, CLOSED, CRASHED, HostTable, MESSAGE_LIMIT_BYTES, PluginTable, REFUSED};
use entrepot_contract::plugin::Plugin;
use entrepot_contract::version::ABI;

use crate::library::{Library, note_panics};

/// Makes a crate of type cdylib a loadable plugin. Takes the path of a `fn() -> Arc<dyn Plugin>`. It belongs into a
/// target of its own, never into the rlib that built-ins link.
///
/// ```
/// # mod acme { pub fn plugin() -> std::sync::Arc<dyn entrepot_sdk::contract::plugin::Plugin> { unimplemented!() } }
/// entrepot_sdk::export_plugin!(acme::plugin);
/// ```
#[macro_export]
macro_rules! export_plugin {
    ($make:path) => {
        /// The library's table.
        // SAFETY: the name is unique to plugin libraries, and a library exports one plugin; a second one in the same
        // link is an error of the linker.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        pub extern "C" fn entrepot_plugin_v1() -> *const $crate::contract::abi::PluginTable {
            $crate::export::table($make)
        }
    };
}

static TABLE: PluginTable =
    PluginTable { abi: ABI, size: size_of::<PluginTable>() as u32, manifest, open, submit, cancel, deliver, close };

static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();

/// The table of this library's plugin; null when making the plugin panicked. Called by [`export_plugin!`].
#[must_use]
pub fn table(make: fn() -> Arc<dyn Plugin>) -> *const PluginTable {
    let start = || {
        note_panics();
        Library::new(make())
    };
    let made = guarded(None, || LIBRARY.get_or_init(start).as_ref());
    if made.is_some() { &raw const TABLE } else { ptr::null() }
}

fn library() -> Option<&'static Library> {
    LIBRARY.get().and_then(Option::as_ref)
}

extern "C" fn manifest(sink: extern "C" fn(context: u64, data: *const u8, length: usize), context: u64) -> i32 {
    guarded(CRASHED, || {
        let Some(library) = library() else {
            return CLOSED;
        };
        sink(context, library.manifest.as_ptr(), library.manifest.len());
        ACCEPTED
    })
}

extern "C" fn open(host: *const HostTable, instance: u64, data: *const u8, length: usize) -> i32 {
    guarded(CRASHED, || {
        let Some(library) = library() else {
            return CLOSED;
        };
        // SAFETY: `open` is called by a host, which passes its own table; `read_host` checks what can be checked.
        let Some(host) = (unsafe { read_host(host) }) else {
            return REFUSED;
        };
        // SAFETY: the host lends `length` bytes at `data` until this function returns; `message` ends before.
        match unsafe { borrowed(&data, length) } {
            Some(message) => library.open(host, instance, message),
            None => REFUSED,
        }
    })
}

extern "C" fn submit(instance: u64, call: u64, data: *const u8, length: usize) -> i32 {
    guarded(CRASHED, || {
        let Some(library) = library() else {
            return CLOSED;
        };
        // SAFETY: the host lends `length` bytes at `data` until this function returns; `message` ends before.
        match unsafe { borrowed(&data, length) } {
            Some(message) => library.submit(instance, call, message),
            None => REFUSED,
        }
    })
}

extern "C" fn cancel(instance: u64, call: u64) {
    guarded((), || {
        if let Some(library) = library() {
            library.cancel(instance, call);
        }
    });
}

extern "C" fn deliver(instance: u64, service_call: u64, data: *const u8, length: usize) -> i32 {
    guarded(CRASHED, || {
        let Some(library) = library() else {
            return CLOSED;
        };
        // SAFETY: the host lends `length` bytes at `data` until this function returns; `message` ends before.
        let message = unsafe { borrowed(&data, length) };
        // Without a message the waiting call is told that the answer cannot be read.
        library.deliver(instance, service_call, message.unwrap_or_default())
    })
}

extern "C" fn close(instance: u64) {
    guarded((), || {
        if let Some(library) = library() {
            library.close(instance);
        }
    });
}

/// Copies the host's table when it is one of ours.
///
/// # Safety
/// `host` is null or points to a host's table, whose first eight bytes are `abi` and `size`; as many bytes as `size`
/// says can be read.
unsafe fn read_host(host: *const HostTable) -> Option<HostTable> {
    if host.is_null() || !host.is_aligned() {
        return None;
    }
    // SAFETY: not null and aligned; the caller vouches for the first eight bytes. The place is not made a reference,
    // because an older host's table may be shorter than ours.
    let (abi, size) = unsafe { ((&raw const (*host).abi).read(), (&raw const (*host).size).read()) };
    if abi != ABI || (size as usize) < size_of::<HostTable>() {
        return None;
    }
    // SAFETY: the table says that it is at least as long as ours and of the same layout; its fields are numbers and
    // functions that live as long as the process.
    Some(unsafe { host.read() })
}

/// The bytes of a message, or nothing when they cannot be one. The borrow of `data` ends with the entry's frame, so
/// the slice cannot outlive the call that lent it.
///
/// # Safety
/// When `data` is not null, `length` bytes at it can be read and do not change while the slice lives.
unsafe fn borrowed(data: &*const u8, length: usize) -> Option<&[u8]> {
    if length > MESSAGE_LIMIT_BYTES || data.is_null() {
        return None;
    }
    // SAFETY: not null; at most 4 MiB, so the length fits `isize`; the caller vouches for the bytes.
    Some(unsafe { std::slice::from_raw_parts(*data, length) })
}

/// Runs an entry; a panic ends here.
fn guarded<T>(crashed: T, entry: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(entry)).unwrap_or_else(|panic| {
        // Dropping the panic's value could panic again.
        std::mem::forget(panic);
        crashed
    })
}

/// A host for the tests of [`crate::library`]: it hands on what arrives, instance by instance.
#[cfg(test)]
pub(crate) mod recording {
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::{ABI, HostTable, PluginTable, borrowed};

    #[derive(Debug)]
    pub(crate) enum Event {
        Reply(u64, String),
        Request(u64, String),
        Log(String),
        Closed,
    }

    static SINKS: Mutex<Option<HashMap<u64, Sender<Event>>>> = Mutex::new(None);

    pub(crate) static HOST: HostTable =
        HostTable { abi: ABI, size: size_of::<HostTable>() as u32, reply, request, log, now, closed };

    pub(crate) fn listen(instance: u64) -> Receiver<Event> {
        let (sender, receiver) = channel();
        SINKS.lock().unwrap().get_or_insert_default().insert(instance, sender);
        receiver
    }

    /// The table of the library in this process.
    pub(crate) fn table_of(table: *const PluginTable) -> PluginTable {
        // SAFETY: tests pass what `super::table` gave: a static of this process.
        unsafe { *table }
    }

    fn tell(instance: u64, event: Event) {
        let sink = SINKS.lock().unwrap().as_ref().and_then(|sinks| sinks.get(&instance).cloned());
        let _ = sink.map(|sink| sink.send(event));
    }

    fn text(data: *const u8, length: usize) -> String {
        // SAFETY: the library lends `length` bytes at `data` until the callback returns; they are copied here.
        String::from_utf8_lossy(unsafe { borrowed(&data, length) }.unwrap_or_default()).into_owned()
    }

    extern "C" fn reply(instance: u64, call: u64, data: *const u8, length: usize) {
        tell(instance, Event::Reply(call, text(data, length)));
    }

    extern "C" fn request(instance: u64, service_call: u64, data: *const u8, length: usize) {
        tell(instance, Event::Request(service_call, text(data, length)));
    }

    extern "C" fn log(instance: u64, data: *const u8, length: usize) {
        tell(instance, Event::Log(text(data, length)));
    }

    extern "C" fn now() -> i64 {
        1_790_000_000_000
    }

    extern "C" fn closed(instance: u64) {
        tell(instance, Event::Closed);
    }
}
