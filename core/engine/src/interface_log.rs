//! The interface log's queue: lines are written in batches, beside the business. What finds no place is counted, never
//! waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entrepot_contract::ids::MerchantId;
use entrepot_host::{Direction, InterfaceEntry, InterfaceLog, cut};
use tokio::sync::Notify;

use crate::records::{InterfaceLine, Record};
use crate::storage::Storage;

/// Lines of one write.
const BATCH_LINES: usize = 200;

/// How long a line may wait for company, in milliseconds.
const PAUSE_MS: u64 = 100;

/// How much of one body is kept where nothing else is said, in bytes.
const BODY_LIMIT_BYTES: usize = 16 * 1024;

/// The queue. One for each process.
pub struct InterfaceQueue {
    waiting: Mutex<Vec<InterfaceLine>>,
    limit: usize,
    body_limit_bytes: usize,
    arrived: Notify,
    closed: AtomicBool,
}

impl InterfaceQueue {
    /// A queue of at most `limit` lines, and the task that writes it; the task ends once the queue is closed.
    #[must_use]
    pub fn start(storage: Arc<dyn Storage>, limit: usize) -> (Arc<Self>, tokio::task::JoinHandle<()>) {
        Self::start_keeping(storage, limit, BODY_LIMIT_BYTES)
    }

    /// The same, with how much of one body is kept, in bytes; 0 keeps no bodies.
    #[must_use]
    pub fn start_keeping(
        storage: Arc<dyn Storage>,
        limit: usize,
        body_limit_bytes: usize,
    ) -> (Arc<Self>, tokio::task::JoinHandle<()>) {
        let queue = Arc::new(Self {
            waiting: Mutex::default(),
            limit,
            body_limit_bytes,
            arrived: Notify::new(),
            closed: AtomicBool::new(false),
        });
        let task = tokio::spawn(queue.clone().write(storage));
        (queue, task)
    }

    /// As much of a masked body as is kept.
    pub(crate) fn kept(&self, mut body: String) -> String {
        if self.body_limit_bytes == 0 {
            return String::new();
        }
        cut(&mut body, self.body_limit_bytes);
        body
    }

    /// Puts a line in the queue, or counts it as lost.
    pub fn push(&self, line: InterfaceLine) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= self.limit {
            metrics::counter!("entrepot_interface_lines_lost_total").increment(1);
            return;
        }
        waiting.push(line);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Takes no more lines; what waits is still written.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.arrived.notify_one();
    }

    async fn write(self: Arc<Self>, storage: Arc<dyn Storage>) {
        loop {
            self.arrived.notified().await;
            if !self.closed.load(Ordering::Acquire) {
                tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
            }
            let mut lines = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            while !lines.is_empty() {
                let rest = lines.split_off(lines.len().min(BATCH_LINES));
                let count = lines.len();
                if let Err(fault) = storage.record(Record::Interface(lines)).await {
                    metrics::counter!("entrepot_interface_lines_lost_total").increment(count as u64);
                    tracing::warn!(%fault, count, "lines of the interface log were lost");
                }
                lines = rest;
            }
            if self.closed.load(Ordering::Acquire) {
                return;
            }
        }
    }
}

/// Tells whose a connection is.
type MerchantOf = Box<dyn Fn(&str) -> Option<MerchantId> + Send + Sync>;

/// The plugins' outbound calls.
pub struct OutboundLog {
    queue: Arc<InterfaceQueue>,
    merchant_of: MerchantOf,
}

impl OutboundLog {
    /// Writes into this queue; `merchant_of` tells whose a connection is.
    pub fn new(
        queue: Arc<InterfaceQueue>,
        merchant_of: impl Fn(&str) -> Option<MerchantId> + Send + Sync + 'static,
    ) -> Self {
        Self { queue, merchant_of: Box::new(merchant_of) }
    }
}

impl InterfaceLog for OutboundLog {
    fn record(&self, entry: InterfaceEntry) {
        let connection = entry.connection.map(|connection| connection.to_string());
        let direction = match entry.direction {
            Direction::Inbound => "in",
            Direction::Outbound => "out",
        };
        let (request, response) = (self.queue.kept(entry.request_body), self.queue.kept(entry.response_body));
        let response = match entry.fault {
            Some(fault) => format!("{fault} {response}"),
            None => response,
        };
        self.queue.push(InterfaceLine {
            at: entry.at,
            direction: direction.to_owned(),
            application: entry.application.to_string(),
            merchant: connection.as_deref().and_then(&self.merchant_of),
            connection,
            order: entry.order,
            api: entry.api,
            status: entry.status,
            partner_trace: None,
            trace: entry.trace.to_string(),
            request: format!("{} {} {request}", entry.method, entry.url).trim_end().to_owned(),
            response: response.trim().to_owned(),
            took_ms: u32::try_from(entry.duration_ms).unwrap_or(u32::MAX),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(request: &str, response: &str) -> InterfaceEntry {
        InterfaceEntry {
            at: entrepot_contract::time::Timestamp::from_millis(1),
            direction: Direction::Outbound,
            application: "acme".parse().unwrap(),
            plugin: "acme-tickets".parse().unwrap(),
            connection: None,
            order: None,
            trace: "t-1".parse().unwrap(),
            api: "confirm".to_owned(),
            method: "POST".to_owned(),
            url: "https://open.test/confirm".to_owned(),
            status: Some(200),
            fault: None,
            request_body: request.to_owned(),
            response_body: response.to_owned(),
            duration_ms: 1,
        }
    }

    /// The request and the response that are kept of a call that went out.
    fn kept(body_limit_bytes: usize) -> (String, String) {
        let queue = Arc::new(InterfaceQueue {
            waiting: Mutex::default(),
            limit: 10,
            body_limit_bytes,
            arrived: Notify::new(),
            closed: AtomicBool::new(false),
        });
        OutboundLog::new(queue.clone(), |_| None).record(entry(&"票".repeat(10), &"b".repeat(30)));
        let line = queue.waiting.lock().unwrap().remove(0);
        (line.request, line.response)
    }

    #[test]
    fn of_a_body_as_much_is_kept_as_is_said() {
        assert_eq!(kept(30), (format!("POST https://open.test/confirm {}", "票".repeat(10)), "b".repeat(30)));
        assert_eq!(kept(10), ("POST https://open.test/confirm 票票票…".to_owned(), "bbbbbbbbbb…".to_owned()));
        assert_eq!(kept(0), ("POST https://open.test/confirm".to_owned(), String::new()));
    }
}
