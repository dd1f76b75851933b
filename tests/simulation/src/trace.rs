//! What happened in a world, as one number and, when asked for, as text.

use std::fmt::{self, Write};

/// Everything that happened, in order.
#[derive(Debug, Default)]
pub struct Trace {
    digest: Digest,
    count: u64,
    lines: Option<Vec<String>>,
}

/// FNV-1a over the text: cheap, and any difference shows.
#[derive(Debug)]
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        Ok(())
    }
}

impl Trace {
    /// An empty trace; keeps its lines when wanted.
    #[must_use]
    pub fn new(keep_lines: bool) -> Self {
        Self { lines: keep_lines.then(Vec::new), ..Self::default() }
    }

    /// Adds a line.
    pub fn note(&mut self, at_ms: i64, line: fmt::Arguments<'_>) {
        self.count += 1;
        // Writing into a number cannot fail.
        let _ = write!(self.digest, "{at_ms} {line}");
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>9.3} s  {line}", at_ms as f64 / 1000.0));
        }
    }

    /// The number that stands for all of it.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest.0
    }

    /// How many lines there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The lines, if they were kept.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
