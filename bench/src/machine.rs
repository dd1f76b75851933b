//! What the figures were taken on.

use std::fs::{self, File};
use std::io::Write;
use std::time::Instant;

use serde::Serialize;

use crate::Result;

/// The machine, and how busy it was.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Cores this process may use.
    pub cores: usize,
    /// The processor's own name.
    pub processor: String,
    /// Memory, in mebibytes.
    pub memory_mib: u64,
    /// Load of the last minute when the program began.
    pub load_1m: f64,
    /// One write of 4 KiB with its sync to disk, the median of many, in microseconds.
    pub fsync_us: u64,
    /// Whether this is a release build.
    pub release_build: bool,
}

impl Machine {
    /// Looks around.
    pub fn look() -> Result<Self> {
        Ok(Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            memory_mib: field("/proc/meminfo", "MemTotal").map_or(0, |text| digits(&text) / 1024),
            load_1m: load().unwrap_or_default(),
            fsync_us: fsync_us().map_err(|fault| format!("measuring a sync to disk: {fault}"))?,
            release_build: !cfg!(debug_assertions),
        })
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let build = if self.release_build { "release build" } else { "DEBUG BUILD: the figures mean nothing" };
        format!(
            "{} cores ({}), {} MiB, load {:.2}, one fsync {} us, {build}",
            self.cores, self.processor, self.memory_mib, self.load_1m, self.fsync_us
        )
    }
}

/// The load of the last minute.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// Memory that this process holds, in mebibytes.
pub fn resident_mib() -> u64 {
    field("/proc/self/status", "VmRSS").map_or(0, |text| digits(&text) / 1024)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn digits(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// In the folder where the databases are made.
fn fsync_us() -> std::io::Result<u64> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("synced"))?;
    let mut took = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        took.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    took.sort_unstable();
    Ok(took[took.len() / 2])
}
