//! A C table written by hand, wrong in the way that the library's mark says. What is wrong with its answers is so for the
//! first [`BAD_CALLS`] calls; after that it answers well, so that a breaker can close again.
// SAFETY: the exported name is unique to plugin libraries, and this one exports no second plugin. There is no other
// unsafe code: host and library are Rust, so the pointers of the table may be spelled as references.
#![allow(unsafe_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bad_plugin::plugin::{answer, card};
use entrepot_sdk::contract::abi::{ACCEPTED, HostTable, REFUSED};
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::message::{Opened, Response};
use entrepot_sdk::contract::version::ABI;
use serde_json::json;

/// Calls that go wrong.
const BAD_CALLS: u64 = 3;

static CALLS: AtomicU64 = AtomicU64::new(0);
static HOST: OnceLock<HostTable> = OnceLock::new();

type Sink = extern "C" fn(u64, *const u8, usize);

/// As [`entrepot_sdk::contract::abi::PluginTable`], but with places for functions that are not there.
#[repr(C)]
pub struct Table {
    abi: u32,
    size: u32,
    manifest: Option<extern "C" fn(Sink, u64) -> i32>,
    open: Option<extern "C" fn(&'static HostTable, u64, *const u8, usize) -> i32>,
    submit: Option<extern "C" fn(u64, u64, *const u8, usize) -> i32>,
    cancel: Option<extern "C" fn(u64, u64)>,
    deliver: Option<extern "C" fn(u64, u64, *const u8, usize) -> i32>,
    close: Option<extern "C" fn(u64)>,
}

static WHOLE: Table = table(ABI, size_of::<Table>() as u32, Some(deliver));
static OTHER_ABI: Table = table(99, size_of::<Table>() as u32, Some(deliver));
static SHORT: Table = table(ABI, 16, Some(deliver));
static HOLE: Table = table(ABI, size_of::<Table>() as u32, None);

const fn table(abi: u32, size: u32, deliver: Option<extern "C" fn(u64, u64, *const u8, usize) -> i32>) -> Table {
    Table {
        abi,
        size,
        manifest: Some(manifest),
        open: Some(open),
        submit: Some(submit),
        cancel: Some(cancel),
        deliver,
        close: Some(close),
    }
}

/// The table that the mark asks for.
#[unsafe(no_mangle)]
pub extern "C" fn entrepot_plugin_v1() -> Option<&'static Table> {
    match bad_plugin::mark() {
        "null-table" => None,
        "other-abi" => Some(&OTHER_ABI),
        "short-table" => Some(&SHORT),
        "null-function" => Some(&HOLE),
        _ => Some(&WHOLE),
    }
}

extern "C" fn manifest(sink: Sink, context: u64) -> i32 {
    let mut card = card("bad-table");
    match bad_plugin::mark() {
        "no-manifest" => return ACCEPTED,
        "garbage-manifest" => {
            sink(context, b"{\"id\": bad".as_ptr(), 10);
            return ACCEPTED;
        }
        "newer-card" => {
            card["contract"]["minor"] = json!(77);
            card["kind"] = json!({"reseller": {"depth": 2}});
        }
        _ => {}
    }
    let bytes = card.to_string();
    sink(context, bytes.as_ptr(), bytes.len());
    ACCEPTED
}

extern "C" fn open(host: &'static HostTable, instance: u64, _: *const u8, _: usize) -> i32 {
    HOST.get_or_init(|| *host);
    let opened = serde_json::to_vec(&Ok::<_, Fault>(Opened::default())).unwrap_or_default();
    reply(instance, 0, &opened);
    if bad_plugin::mark() == "twice" {
        reply(instance, 0, b"{\"Err\": \"and closed again\"}");
    }
    ACCEPTED
}

extern "C" fn submit(instance: u64, call: u64, _: *const u8, length: usize) -> i32 {
    let mark = bad_plugin::mark();
    if length == 0 {
        return heartbeat(mark, instance, call);
    }
    if CALLS.fetch_add(1, Ordering::SeqCst) >= BAD_CALLS {
        reply(instance, call, &answered("well"));
        return ACCEPTED;
    }
    match mark {
        "twice" => {
            reply(instance, call, &answered("first"));
            reply(instance, call, &answered("second"));
        }
        "other-number" => {
            reply(instance, call + 1, &answered("the next call's"));
            reply(instance + 1, call, &answered("another instance's"));
            reply(u64::MAX, u64::MAX, &answered("nobody's"));
        }
        "megabytes" => reply(instance, call, &vec![b' '; 64 * 1024 * 1024]),
        "garbage" => reply(instance, call, &[0xff, 0x00, b'{', 0xfe]),
        "empty" => reply(instance, call, &[]),
        "stops" => {
            if let Some(host) = HOST.get() {
                (host.closed)(instance);
            }
        }
        "odd-code" => return 77,
        "null-answer" => {
            if let Some(host) = HOST.get() {
                (host.reply)(instance, call, std::ptr::null(), 5);
            }
        }
        // "late" answers when the host has given up; "dead" and others never do.
        _ => {}
    }
    ACCEPTED
}

/// A library without threads of its own refuses; a dead one takes everything and answers nothing.
fn heartbeat(mark: &str, instance: u64, call: u64) -> i32 {
    match mark {
        "dead" => {}
        "no-heart" => return REFUSED,
        _ => reply(instance, call, &[]),
    }
    ACCEPTED
}

extern "C" fn cancel(instance: u64, call: u64) {
    if bad_plugin::mark() == "late" {
        reply(instance, call, &answered("late"));
    }
}

extern "C" fn deliver(_: u64, _: u64, _: *const u8, _: usize) -> i32 {
    ACCEPTED
}

extern "C" fn close(instance: u64) {
    if let Some(host) = HOST.get() {
        (host.closed)(instance);
    }
}

fn answered(reason: &str) -> Vec<u8> {
    serde_json::to_vec(&Ok::<Response, Fault>(answer(reason))).unwrap_or_default()
}

fn reply(instance: u64, call: u64, bytes: &[u8]) {
    if let Some(host) = HOST.get() {
        (host.reply)(instance, call, bytes.as_ptr(), bytes.len());
    }
}
