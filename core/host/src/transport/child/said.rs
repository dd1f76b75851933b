//! What a process says on its standard error: lines for the log, of bounded length and rate, without the secrets that its
//! instances were given.

use std::sync::{Arc, Mutex, Weak};

use entrepot_contract::time::Clock;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::limits::TokenBucket;
use crate::locked;

/// Longest line that is kept, in bytes; the rest of it is dropped.
const LINE_LIMIT_BYTES: usize = 2 * 1024;
/// Lines that are logged within a second; more are counted and dropped.
const LINES_PER_SECOND: u32 = 20;
/// Longest part of the last line that a fault quotes, in characters.
const QUOTED_LIMIT_CHARS: usize = 300;

/// Takes what must not be shown out of a text.
pub(crate) type Scrub = Arc<Scrubbing>;
type Scrubbing = dyn Fn(&str) -> String + Send + Sync;

/// What the processes of one plugin say.
pub(super) struct StandardError {
    plugin: Arc<str>,
    clock: Arc<dyn Clock>,
    /// One for each instance that was opened; a line may hold the secrets of any.
    scrubs: Mutex<Vec<Weak<Scrubbing>>>,
    lines: Mutex<TokenBucket>,
    dropped: Mutex<u64>,
}

impl StandardError {
    pub(super) fn new(plugin: Arc<str>, clock: Arc<dyn Clock>) -> Self {
        let lines = Mutex::new(TokenBucket::new(LINES_PER_SECOND, 1_000, clock.now()));
        Self { plugin, clock, scrubs: Mutex::default(), lines, dropped: Mutex::default() }
    }

    /// From now on, as long as it is held, nothing is shown that this takes out.
    pub(super) fn scrub_with(&self, scrub: &Scrub) {
        let mut scrubs = locked(&self.scrubs);
        scrubs.retain(|known| known.strong_count() > 0);
        scrubs.push(Arc::downgrade(scrub));
    }

    /// Logs lines until the stream ends; the last one that says something is kept in `last`.
    pub(super) async fn listen(&self, stream: impl AsyncRead + Unpin, last: &Mutex<String>) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            let (used, ended) = match stream.fill_buf().await {
                Ok([]) | Err(_) => {
                    self.line(&line, last);
                    return;
                }
                Ok(piece) => {
                    let end = piece.iter().position(|byte| *byte == b'\n');
                    let text = &piece[..end.unwrap_or(piece.len())];
                    let room = LINE_LIMIT_BYTES.saturating_sub(line.len());
                    line.extend_from_slice(&text[..text.len().min(room)]);
                    (end.map_or(piece.len(), |end| end + 1), end.is_some())
                }
            };
            stream.consume(used);
            if ended {
                self.line(&line, last);
                line.clear();
            }
        }
    }

    fn line(&self, bytes: &[u8], last: &Mutex<String>) {
        let text = String::from_utf8_lossy(bytes);
        let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.is_empty() {
            return;
        }
        let text = self.scrubbed(text);
        let allowed = locked(&self.lines).take(self.clock.now()).is_ok();
        *locked(last) = text.chars().take(QUOTED_LIMIT_CHARS).collect();
        let plugin = &*self.plugin;
        if !allowed {
            *locked(&self.dropped) += 1;
            metrics::counter!("entrepot_plugin_error_lines_dropped_total", "plugin" => Arc::clone(&self.plugin))
                .increment(1);
            return;
        }
        match std::mem::take(&mut *locked(&self.dropped)) {
            0 => tracing::warn!(plugin, "{text}"),
            dropped => tracing::warn!(plugin, dropped, "{text}"),
        }
    }

    fn scrubbed(&self, text: String) -> String {
        let scrubs: Vec<Scrub> = locked(&self.scrubs).iter().filter_map(Weak::upgrade).collect();
        scrubs.iter().fold(text, |text, scrub| scrub(&text))
    }
}

#[cfg(test)]
mod tests {
    use entrepot_contract::time::SystemClock;

    use super::*;

    async fn last_of(bytes: &[u8], scrub: Option<&Scrub>) -> String {
        let heard = StandardError::new(Arc::from("p"), Arc::new(SystemClock));
        if let Some(scrub) = scrub {
            heard.scrub_with(scrub);
        }
        let last = Mutex::default();
        heard.listen(bytes, &last).await;
        last.into_inner().unwrap()
    }

    #[tokio::test]
    async fn the_last_line_that_says_something_is_kept() {
        assert_eq!(last_of(b"one\ntwo \x1b[1m\n\n  \n", None).await, "two  [1m");
        assert_eq!(last_of(b"without an end", None).await, "without an end");
        assert_eq!(last_of(b"", None).await, "");
        let long = [b"x".repeat(10_000), b"\n".to_vec()].concat();
        assert_eq!(last_of(&long, None).await.len(), QUOTED_LIMIT_CHARS);
        assert_eq!(last_of(&[long, b"y\n".to_vec()].concat(), None).await, "y", "the rest of a long line is no line");
    }

    #[tokio::test]
    async fn secrets_are_taken_out() {
        let scrub: Scrub = Arc::new(|text: &str| text.replace("s3cret", "***"));
        assert_eq!(last_of(b"token s3cret was refused\n", Some(&scrub)).await, "token *** was refused");
    }
}
