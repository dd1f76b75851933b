//! Loads a library and speaks with it: the one file of the host with `unsafe`.
//!
//! A library is trusted code: what it does with its own memory is beyond any guard here. What this file guarantees is
//! the boundary: exact path, hash before opening, one symbol, a table that is checked before it is read, buffers that
//! are borrowed for one call and copied, no pointer kept, no unwinding across, never unloaded.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::mem::{offset_of, size_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use entrepot_contract::abi::{ACCEPTED, HostTable, MESSAGE_LIMIT_BYTES, PluginTable, SYMBOL};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_contract::version::ABI;
use sha2::{Digest, Sha256};

use super::seats::{self, Seat};
use crate::fault::HostFault;
use crate::locked;
use crate::manifest;
use crate::masking::hex;

/// A library whose table stands under the symbol of one of so many ABIs is told from one that is no plugin.
const ABIS_LOOKED_FOR: u32 = 16;

/// What every library is given; it lives as long as the process.
pub(super) static HOST: HostTable = HostTable {
    abi: ABI,
    size: size_of::<HostTable>() as u32,
    reply: on_reply,
    request: on_request,
    log: on_log,
    now: on_now,
    closed: on_closed,
};

static LOADED: Mutex<BTreeMap<PathBuf, Arc<LibraryPlugin>>> = Mutex::new(BTreeMap::new());
static CLOCK: Mutex<Option<Arc<dyn Clock>>> = Mutex::new(None);
static MANIFESTS: Mutex<BTreeMap<u64, Option<Vec<u8>>>> = Mutex::new(BTreeMap::new());
static MANIFEST_NUMBERS: AtomicU64 = AtomicU64::new(1);

/// Sets the clock that libraries read. There is one for the process, because the table's `now` names no instance.
pub(crate) fn set_clock(clock: &Arc<dyn Clock>) {
    *locked(&CLOCK) = Some(Arc::clone(clock));
}

/// A plugin in a library.
pub struct LibraryPlugin {
    path: PathBuf,
    sha256: String,
    pub(super) table: PluginTable,
    pub(super) manifest: Manifest,
}

impl LibraryPlugin {
    #[cfg(test)]
    pub(super) fn for_tests(table: PluginTable, manifest: Manifest) -> Self {
        let (path, sha256) = (PathBuf::new(), String::new());
        Self { path, sha256, table, manifest }
    }

    /// The file it was loaded from, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hash of the file's bytes when it was loaded.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// Loads a library, or gives the one that was loaded from that file before. The hash, where one is given, is compared
/// before the file is opened as code. Errors are one sentence that a person can act on.
pub fn load(path: &Path, sha256: Option<&str>) -> Result<Arc<LibraryPlugin>, HostFault> {
    let shown = path.display();
    let refuse = |text: String| Err(HostFault::Library(text));
    let (path, found) = match path.canonicalize().and_then(|path| hash(&path).map(|found| (path, found))) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return refuse(format!(
                "the library {shown} does not exist; build the libraries with `cargo xtask libraries`, or correct the path"
            ));
        }
        Err(error) => {
            return refuse(format!("the library {shown} cannot be read ({error}); check its path and its permissions"));
        }
    };
    if let Some(expected) = sha256.filter(|expected| !expected.trim().eq_ignore_ascii_case(&found)) {
        return refuse(format!(
            "the library {shown} has the sha256 {found}, the configuration expects {expected}; it was not opened"
        ));
    }
    let mut loaded = locked(&LOADED);
    if let Some(plugin) = loaded.get(&path) {
        if plugin.sha256 == found {
            return Ok(Arc::clone(plugin));
        }
        return refuse(format!("the library {shown} has changed since it was loaded; restart to use the new one"));
    }
    let table = open_table(&path)?;
    let manifest = read_manifest(&table, &path)?;
    let plugin = Arc::new(LibraryPlugin { path: path.clone(), sha256: found, table, manifest });
    loaded.insert(path, Arc::clone(&plugin));
    Ok(plugin)
}

/// The hash of a file's bytes, read piece by piece.
fn hash(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&hasher.finalize())),
            length => hasher.update(&piece[..length]),
        }
    }
}

/// Opens the file as code and copies its table. The library stays mapped for ever, also when something is wrong.
fn open_table(path: &Path) -> Result<PluginTable, HostFault> {
    let fault = |text: String| HostFault::Library(format!("the library {} {text}", path.display()));
    // SAFETY: opening a library runs its initialisers, which is trusted code: the file is named by configuration, and
    // its hash was compared where one is given. The path is absolute, so nothing is searched.
    let library = unsafe { open_library(path) }
        .map_err(|error| fault(format!("cannot be loaded as code for this machine: {error}")))?;
    // SAFETY: the symbol is declared by the contract as `extern "C" fn() -> *const PluginTable`; the name carries the
    // version of that promise, so a library that exports it with another type breaks the contract it names.
    let entry = unsafe { library.get::<extern "C" fn() -> *const PluginTable>(SYMBOL) }.map(|symbol| *symbol);
    let other = entry.is_err().then(|| symbol_of_another_abi(&library)).flatten();
    // Never unloaded: code of it may run on its own threads until the process ends.
    std::mem::forget(library);
    let entry = entry.map_err(|_| {
        let symbol = String::from_utf8_lossy(SYMBOL);
        fault(match other {
            Some(other) => {
                format!("speaks another ABI ({other}, this host asks for {symbol}); take a build for this host")
            }
            None => format!("has no symbol {symbol}: it is no Entrepot plugin; correct the path, or export the plugin"),
        })
    })?;
    let table = entry();
    if table.is_null() || !table.is_aligned() {
        return Err(fault("gives no table: its code failed while it was loaded".to_owned()));
    }
    // SAFETY: not null, aligned; `abi` and `size` are the first two words of every version of the table, and the
    // contract says that the table is static.
    let (abi, size) = unsafe { ((&raw const (*table).abi).read(), (&raw const (*table).size).read()) };
    if abi != ABI {
        return Err(fault(format!("speaks ABI {abi}, this host speaks {ABI}; take a build for this host")));
    }
    if (size as usize) < size_of::<PluginTable>() {
        return Err(fault(format!("has a table of {size} bytes, {} are needed", size_of::<PluginTable>())));
    }
    let first = offset_of!(PluginTable, manifest);
    let pointers = (size_of::<PluginTable>() - first) / size_of::<usize>();
    // SAFETY: the library says that its table has at least this size; it is read as plain words, because a null word
    // would be no valid function.
    let whole = (0..pointers).all(|at| unsafe { table.byte_add(first).cast::<usize>().add(at).read() } != 0);
    if !whole {
        return Err(fault("has a table with a missing function".to_owned()));
    }
    // SAFETY: size checked, no function is null; the table is `Copy` and static.
    Ok(unsafe { table.read() })
}

/// The symbol under which a library offers a table that this host does not know.
fn symbol_of_another_abi(library: &libloading::Library) -> Option<String> {
    let names = (1..=ABIS_LOOKED_FOR).map(|abi| format!("entrepot_plugin_v{abi}"));
    // SAFETY: the symbol is looked for and neither called nor read.
    names.into_iter().find(|name| unsafe { library.get::<extern "C" fn()>(name.as_bytes()) }.is_ok())
}

/// # Safety
/// The library's initialisers are run.
unsafe fn open_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    #[cfg(unix)]
    {
        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
        // SAFETY: the caller's.
        unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
    }
    #[cfg(not(unix))]
    // SAFETY: the caller's.
    unsafe {
        libloading::Library::new(path)
    }
}

fn read_manifest(table: &PluginTable, path: &Path) -> Result<Manifest, HostFault> {
    let fault = |text: String| HostFault::Library(format!("the library {} {text}", path.display()));
    let number = MANIFEST_NUMBERS.fetch_add(1, Ordering::Relaxed);
    locked(&MANIFESTS).insert(number, None);
    let code = (table.manifest)(on_manifest, number);
    let bytes = locked(&MANIFESTS).remove(&number).flatten();
    let bytes = bytes.filter(|_| code == ACCEPTED).ok_or_else(|| fault(format!("gives no manifest (code {code})")))?;
    let manifest = manifest::read(&bytes).map_err(fault)?;
    if manifest.panic != "unwind" {
        return Err(fault(format!(
            "was built with panic = {:?}, so that its first failure would end this process; build it with panic = \"unwind\"",
            manifest.panic
        )));
    }
    Ok(manifest)
}

/// Borrows a message of the library. `None` when it is longer than a message may be, or nowhere.
///
/// # Safety
/// `data` must point to `length` bytes that stay as they are for `'a`.
unsafe fn message<'a>(data: *const u8, length: usize) -> Option<&'a [u8]> {
    if data.is_null() || length > MESSAGE_LIMIT_BYTES {
        return None;
    }
    // SAFETY: not null; the caller promises the rest; the limit is far below `isize::MAX`.
    Some(unsafe { std::slice::from_raw_parts(data, length) })
}

/// Runs a callback so that no panic crosses into the library.
fn guarded(run: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
        std::mem::forget(panic);
    }
}

extern "C" fn on_manifest(context: u64, data: *const u8, length: usize) {
    guarded(|| {
        // SAFETY: the library lends the buffer for the length of this call; it is copied within it.
        let bytes = unsafe { message(data, length) }.map(<[u8]>::to_vec);
        if let Some(slot) = locked(&MANIFESTS).get_mut(&context)
            && slot.is_none()
        {
            *slot = bytes;
        }
    });
}

extern "C" fn on_reply(instance: u64, call: u64, data: *const u8, length: usize) {
    // SAFETY: the library lends the buffer for the length of this call; it is read within it.
    guarded(|| seats::replied(instance, call, unsafe { message(data, length) }));
}

extern "C" fn on_request(instance: u64, service_call: u64, data: *const u8, length: usize) {
    // SAFETY: the library lends the buffer for the length of this call; it is copied within it.
    guarded(|| seats::requested(instance, service_call, unsafe { message(data, length) }));
}

extern "C" fn on_log(instance: u64, data: *const u8, length: usize) {
    // SAFETY: the library lends the buffer for the length of this call; it is read within it.
    guarded(|| seats::logged(instance, unsafe { message(data, length) }));
}

extern "C" fn on_now() -> i64 {
    let read = || locked(&CLOCK).as_ref().map_or_else(|| SystemClock.now(), |clock| clock.now()).millis();
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(0)
}

extern "C" fn on_closed(instance: u64) {
    guarded(|| Seat::leave(instance));
}
